//! A world for tests: it plays an attempt on a clock that is stepped, and says how each run of an operator ends.
//!
//! Every step is checked against the rules that hold for all of them, so each test is a test of those, too. With a
//! store, every step is committed, and what the store then holds must be what is in memory.

mod rules;

use super::tree::visible_params;
use super::{
    Change, Event, GenerateError, Limits, RetryPolicy, advance, apply, begin, lost_tasks, next_tick,
};
use crate::dig::{IncludeError, load_workflow};
use crate::model::{
    Attempt, AttemptId, Params, Plan, Task, TaskId, TaskKind, TaskResult, TaskState, Time, Zone, merge,
};
use crate::store::commit::{self, Applied};
use crate::store::testing::{self, object};
use crate::store::{Durability, OwnerId, Store, attempts};
use chrono::TimeDelta;
use rules::check_step;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt::Write;
use std::time::Duration;

/// How a run of an operator ends.
#[derive(Debug, Clone)]
pub(super) enum End {
    Success(Box<TaskResult>),
    Failure(String),
    Poll(u64),
}

pub(super) fn succeeds() -> End {
    End::Success(Box::default())
}

pub(super) fn success(result: TaskResult) -> End {
    End::Success(Box::new(result))
}

/// A failure. Operators named `sh>` are run again when their `_retry` allows it, as the runner does.
pub(super) fn fails(message: &str) -> End {
    End::Failure(message.to_owned())
}

/// The operator asks to be run again after so many seconds.
pub(super) fn polls(seconds: u64) -> End {
    End::Poll(seconds)
}

/// Success that leaves subtasks behind.
pub(super) fn generates(subtasks: Value) -> End {
    success(TaskResult { subtask_config: object(subtasks), ..TaskResult::default() })
}

/// Success that stores parameters.
pub(super) fn stores(params: Value) -> End {
    success(TaskResult { store_params: object(params), ..TaskResult::default() })
}

impl End {
    /// Adds to a success.
    pub(super) fn with(mut self, add: impl FnOnce(&mut TaskResult)) -> Self {
        match &mut self {
            Self::Success(result) => add(result),
            other => panic!("{other:?} has no result"),
        }
        self
    }
}

type Chooser = Box<dyn Fn(&Attempt, &Task) -> End>;

pub(super) struct World {
    pub(super) attempt: Attempt,
    pub(super) now: Time,
    /// Dispatched tasks whose end has not been told yet.
    pub(super) running: Vec<TaskId>,
    /// How often each task was dispatched.
    pub(super) runs: HashMap<TaskId, usize>,
    plan: Plan,
    limits: Limits,
    script: HashMap<String, VecDeque<End>>,
    otherwise: Chooser,
    /// Chooses among running tasks; none for the one that was dispatched first.
    seed: Option<u64>,
    seen: BTreeMap<String, Vec<Params>>,
    trace: String,
    mirror: Option<Mirror>,
}

/// The store that is to agree with the memory.
struct Mirror {
    store: Store,
    owner: OwnerId,
}

impl World {
    /// An attempt of the workflow `wf`.
    pub(super) fn new(dig: &str) -> Self {
        let loaded = load_workflow("wf", "wf.dig", dig.into(), &|_| Err(IncludeError::NotFound), &[]);
        Self::of_plan(loaded.unwrap_or_else(|errors| panic!("{errors}")).plan)
    }

    pub(super) fn of_plan(plan: Plan) -> Self {
        Self {
            attempt: Attempt::new(AttemptId(1), Zone::utc(), Params::new(), vec![]),
            now: Time::UNIX_EPOCH,
            running: vec![],
            runs: HashMap::new(),
            plan,
            limits: Limits::default(),
            script: HashMap::new(),
            otherwise: Box::new(|_, _| succeeds()),
            seed: None,
            seen: BTreeMap::new(),
            trace: String::new(),
            mirror: None,
        }
    }

    /// Says how the runs of a task end, one after another; `+a` is `+wf+a`. Later runs succeed.
    pub(super) fn on(mut self, name: &str, ends: impl IntoIterator<Item = End>) -> Self {
        self.script.insert(format!("+wf{name}"), ends.into_iter().collect());
        self
    }

    /// Says how all runs end that `on` says nothing of.
    pub(super) fn otherwise(mut self, choose: impl Fn(&Attempt, &Task) -> End + 'static) -> Self {
        self.otherwise = Box::new(choose);
        self
    }

    /// Running tasks end in an order that depends on a seed.
    pub(super) fn shuffled(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    pub(super) fn with_limit(mut self, max_tasks: usize) -> Self {
        self.limits = Limits { max_tasks };
        self
    }

    /// Commits every step to a store.
    pub(super) fn with_store(mut self) -> Self {
        let store = Store::memory().unwrap();
        let owner = testing::owner(&store);
        self.mirror = Some(Mirror { store, owner });
        self
    }

    pub(super) fn start(self) -> Self {
        self.try_start().unwrap_or_else(|error| panic!("{error}"))
    }

    pub(super) fn try_start(mut self) -> Result<Self, GenerateError> {
        let changes = begin(&self.attempt, self.plan.clone(), self.now, self.limits)?;
        if let Some(mirror) = &self.mirror {
            let workflow = testing::workflow(&mirror.store, "p", "wf");
            self.attempt.id = testing::insert(&mirror.store, workflow, 0, "", Some(mirror.owner), &[]);
        }
        self.commit(changes);
        Ok(self)
    }

    /// Plays the attempt to its end.
    pub(super) fn run(mut self) -> Self {
        if self.attempt.tasks().is_empty() {
            self = self.start();
        }
        while self.step() {}
        self
    }

    /// Lets one running task end, or time pass until the next retry. Tells whether there was something to do.
    pub(super) fn step(&mut self) -> bool {
        if self.attempt.outcome.is_some() {
            assert!(self.running.is_empty(), "an attempt ended before its tasks");
            return false;
        }
        if let Some(place) = self.choose() {
            let task = self.running.remove(place);
            let event = self.end_of(task);
            self.tell(event);
        } else {
            let at = next_tick(&self.attempt).unwrap_or_else(|| panic!("stuck:\n{}", self.tree()));
            self.now = at.max(self.now);
            self.tell(Event::Tick);
        }
        true
    }

    /// Lets a running task end.
    pub(super) fn end(mut self, name: &str) -> Self {
        let id = self.id(name);
        let place = self.running.iter().position(|task| *task == id).expect(name);
        self.running.remove(place);
        let event = self.end_of(id);
        self.tell(event);
        self
    }

    pub(super) fn cancel(mut self) -> Self {
        self.tell(Event::CancelRequested);
        self
    }

    pub(super) fn wake(mut self, name: &str) -> Self {
        let task = self.id(name);
        self.tell(Event::Wake { task });
        self
    }

    /// Lets time pass.
    pub(super) fn wait(mut self, seconds: i64) -> Self {
        self.now += TimeDelta::seconds(seconds);
        self.tell(Event::Tick);
        self
    }

    /// The process ends without a word, and another one takes the attempt over from the store, if there is one.
    pub(super) fn crash(mut self) -> Self {
        if let Some(mirror) = &self.mirror {
            self.attempt = mirror.load(self.attempt.id);
        }
        self.running.clear();
        for event in lost_tasks(&self.attempt) {
            self.tell(event);
        }
        self
    }

    /// What has happened, a line for each change of a task.
    pub(super) fn trace(&self) -> &str {
        &self.trace
    }

    /// All tasks, indented below their parents.
    pub(super) fn tree(&self) -> String {
        let mut text = String::new();
        if let Some(root) = self.attempt.root() {
            self.write_tree(&mut text, root, 0);
        }
        text
    }

    /// The parameters that the last run of a task saw.
    pub(super) fn saw(&self, name: &str) -> String {
        let seen = self.seen.get(&format!("+wf{name}")).and_then(|runs| runs.last());
        seen.map(|params| Value::Object(params.clone()).to_string()).expect(name)
    }

    /// The parameters that all runs of all tasks saw, by name.
    pub(super) fn all_seen(&self) -> &BTreeMap<String, Vec<Params>> {
        &self.seen
    }

    /// The newest task of this name.
    pub(super) fn id(&self, name: &str) -> TaskId {
        let name = format!("+wf{name}");
        let found = self.attempt.tasks().iter().rev().find(|task| task.full_name == name);
        found.map(|task| task.id).expect(&name)
    }

    pub(super) fn state(&self, name: &str) -> TaskState {
        self.attempt.task(self.id(name)).map(|task| task.state).expect(name)
    }

    fn write_tree(&self, text: &mut String, task: &Task, depth: usize) {
        let parent = task.parent.and_then(|parent| self.attempt.task(parent));
        let name = parent.and_then(|parent| task.full_name.strip_prefix(&parent.full_name));
        let name = name.unwrap_or(&task.full_name);
        writeln!(text, "{:indent$}{name} {}", "", described(task), indent = 2 * depth).unwrap();
        for child in self.attempt.children(task.id).iter().filter_map(|id| self.attempt.task(*id)) {
            self.write_tree(text, child, depth + 1);
        }
    }

    fn choose(&mut self) -> Option<usize> {
        let count = self.running.len();
        (count > 0).then(|| self.seed.as_mut().map_or(0, |seed| (scramble(seed) % count as u64) as usize))
    }

    fn end_of(&mut self, task: TaskId) -> Event {
        let task_id = task;
        let task = self.attempt.task(task).unwrap();
        let scripted = self.script.get_mut(&task.full_name).and_then(VecDeque::pop_front);
        match scripted.unwrap_or_else(|| (self.otherwise)(&self.attempt, task)) {
            End::Success(result) => Event::Succeeded { task: task_id, result: *result },
            End::Poll(seconds) => postponed(task, Duration::from_secs(seconds), task.state_params.clone()),
            End::Failure(message) => match retry(task) {
                Some((wait, state_params)) => postponed(task, wait, state_params),
                None => Event::Failed { task: task_id, error: object(json!({ "message": message })) },
            },
        }
    }

    pub(super) fn tell(&mut self, event: Event) {
        let changes = advance(&self.attempt, event, self.now, self.limits).unwrap();
        self.commit(changes);
    }

    fn commit(&mut self, changes: Vec<Change>) {
        let before = self.attempt.clone();
        for change in &changes {
            self.write_trace(change);
        }
        apply(&mut self.attempt, &changes);
        check_step(&before, &changes, &self.attempt);
        if let Some(mirror) = &self.mirror {
            mirror.commit(&self.attempt, &changes);
        }
        for change in changes {
            let Change::Dispatch(id) = change else { continue };
            let task = self.attempt.task(id).unwrap();
            let params = visible_params(&self.attempt, task, self.attempt.params.clone());
            self.seen.entry(task.full_name.clone()).or_default().push(params);
            *self.runs.entry(id).or_default() += 1;
            self.running.push(id);
        }
    }

    fn write_trace(&mut self, change: &Change) {
        let seconds = (self.now - Time::UNIX_EPOCH).num_seconds();
        let line = match change {
            Change::Added(task) => format!("{} new -> {}", task.full_name, described(task)),
            Change::Changed { before, task } => {
                format!("{} {before} -> {}", task.full_name, described(task))
            }
            Change::CancelRequested => "cancel requested".to_owned(),
            Change::Finished { success, .. } => {
                format!("finished: {}", if *success { "success" } else { "failure" })
            }
            Change::Dispatch(_) => return,
        };
        writeln!(self.trace, "{seconds}s {line}").unwrap();
    }
}

impl Mirror {
    fn load(&self, id: AttemptId) -> Attempt {
        self.store.read(|r| attempts::load(r, id)).unwrap().unwrap()
    }

    fn commit(&self, attempt: &Attempt, changes: &[Change]) {
        let apply = |w: &_| commit::apply(w, attempt.id, self.owner, changes);
        assert_eq!(self.store.write(Durability::Normal, apply).unwrap(), Applied::Yes);
        assert_eq!(self.load(attempt.id), *attempt);
    }
}

fn postponed(task: &Task, after: Duration, state_params: Params) -> Event {
    Event::Postponed { task: task.id, after, state_params }
}

fn retry(task: &Task) -> Option<(Duration, Params)> {
    let mut options = task.config.export.clone();
    merge(&mut options, &task.config.local);
    let retries = options.contains_key("sh>");
    RetryPolicy::read(&options).ok().filter(|_| retries)?.next(&task.state_params)
}

/// The state of a task, and what else there is to say about it.
fn described(task: &Task) -> String {
    let mut text = task.state.to_string();
    if let Some(at) = task.retry_at {
        write!(text, " until {}s", (at - Time::UNIX_EPOCH).num_seconds()).unwrap();
    }
    if task.kind == TaskKind::Operator && task.state == TaskState::Planned && task.flags.delayed_error {
        text += " after failure";
    }
    if task.state == TaskState::Planned && task.flags.delayed_group_error {
        text += " after failed children";
    }
    if task.flags.cancel_requested && !task.state.is_done() {
        text += " (to be canceled)";
    }
    if let Some(message) = task.error.get("message").and_then(Value::as_str) {
        write!(text, ": {message}").unwrap();
    }
    text
}

/// The next of a row of numbers that look random.
pub(super) fn scramble(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *seed;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
