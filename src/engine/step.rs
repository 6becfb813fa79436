//! One step in the making: an attempt as it would be, on top of the attempt as it is.
//!
//! Nothing of the attempt is touched; what differs is handed out as changes at the end.

use super::change::Change;
use super::transition::{Cause, IllegalTransition, next_state};
use crate::model::{
    Attempt, Params, Plan, PlannedTask, Task, TaskFlags, TaskId, TaskKind, TaskResult, TaskState, Time,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

pub(super) struct Step<'a> {
    base: &'a Attempt,
    pub(super) now: Time,
    touched: BTreeMap<TaskId, Task>,
    added_children: HashMap<TaskId, Vec<TaskId>>,
    next_id: TaskId,
    dispatched: BTreeSet<TaskId>,
    pub(super) cancel_requested: bool,
    /// Tasks whose situation may allow a further move.
    unsettled: BTreeSet<TaskId>,
    /// Whether the attempt succeeded, once it has ended.
    finished: Option<bool>,
}

impl<'a> Step<'a> {
    pub(super) fn new(base: &'a Attempt, now: Time) -> Self {
        Self {
            base,
            now,
            touched: BTreeMap::new(),
            added_children: HashMap::new(),
            next_id: base.next_task_id(),
            dispatched: BTreeSet::new(),
            cancel_requested: base.cancel_requested,
            unsettled: BTreeSet::new(),
            finished: None,
        }
    }

    pub(super) fn task(&self, id: TaskId) -> Option<&Task> {
        self.touched.get(&id).or_else(|| self.base.task(id))
    }

    pub(super) fn state(&self, id: TaskId) -> Option<TaskState> {
        self.task(id).map(|task| task.state)
    }

    /// All tasks as they were before this step.
    pub(super) fn base_tasks(&self) -> &'a [Task] {
        self.base.tasks()
    }

    /// How many tasks the attempt has now, finished and replaced ones included.
    pub(super) fn task_count(&self) -> usize {
        (self.next_id.0 - 1) as usize
    }

    /// The children of a task, oldest first.
    pub(super) fn children(&self, id: TaskId) -> impl DoubleEndedIterator<Item = &Task> {
        let added = self.added_children.get(&id).map_or(&[][..], Vec::as_slice);
        self.base.children(id).iter().chain(added).filter_map(|child| self.task(*child))
    }

    /// Changes a task without moving it to another state.
    pub(super) fn change(&mut self, id: TaskId, change: impl FnOnce(&mut Task)) {
        let base = self.base;
        let known = self.touched.contains_key(&id);
        if let Some(original) = base.task(id).filter(|_| !known) {
            self.touched.insert(id, original.clone());
        }
        if let Some(task) = self.touched.get_mut(&id) {
            change(task);
            task.updated_at = self.now;
        }
    }

    /// Has a task looked at before the step ends.
    pub(super) fn look_at(&mut self, id: TaskId) {
        self.unsettled.insert(id);
    }

    /// The next task to look at: those with higher ids first, so that children come before their parents.
    pub(super) fn next_unsettled(&mut self) -> Option<TaskId> {
        self.unsettled.pop_last()
    }

    /// Whether nothing keeps a blocked task from starting.
    pub(super) fn may_start(&self, task: &Task) -> bool {
        let parent = task.parent.and_then(|parent| self.state(parent));
        parent.is_none_or(TaskState::can_run_children)
            && task.upstreams.iter().all(|up| self.state(*up) == Some(TaskState::Success))
    }

    /// Moves a task to the state that the cause leads to. It and those that this may set going are looked at.
    pub(super) fn advance(&mut self, id: TaskId, cause: Cause) -> Result<(), IllegalTransition> {
        let Some(task) = self.task(id) else { return Ok(()) };
        let (state, parent) = (next_state(task.state, cause)?, task.parent);
        let now = self.now;
        self.change(id, |task| {
            task.state = state;
            if !matches!(state, TaskState::RetryWaiting | TaskState::GroupRetryWaiting) {
                task.retry_at = None;
            }
            if state == TaskState::Running {
                task.started_at.get_or_insert(now);
            }
        });
        self.look_at(id);
        match state {
            TaskState::Running => {
                self.dispatched.insert(id);
            }
            TaskState::Planned => self.look_at_all(|step| step.children(id).map(|child| child.id).collect()),
            TaskState::Success => self.look_at_all(|step| step.downstreams(id, parent)),
            _ => {}
        }
        match parent {
            Some(parent) if state.is_done() => self.look_at(parent),
            None if state.is_done() => self.finished = Some(state == TaskState::Success),
            _ => {}
        }
        Ok(())
    }

    /// Adds the tasks of a plan below `parent`. The plan's first task waits for `upstreams`. Returns its id.
    pub(super) fn add_plan(&mut self, plan: Plan, parent: Option<TaskId>, upstreams: &[TaskId]) -> TaskId {
        let first = self.next_id;
        let id_at = |place: usize| TaskId(first.0 + place as i64);
        for (place, planned) in plan.tasks.into_iter().enumerate() {
            let PlannedTask { full_name, parent: inner_parent, upstreams: inner, kind, config } = planned;
            let mut task = self.blocked_task(inner_parent.map(id_at).or(parent), full_name, kind);
            task.upstreams = inner.into_iter().map(id_at).collect();
            if place == 0 {
                task.upstreams.extend(upstreams);
            }
            task.config = config;
            task.flags.initial = place > 0 || parent.is_none();
            self.add(task);
        }
        first
    }

    /// Adds a copy of a task, as it was before it ever ran. Returns the copy's id.
    pub(super) fn add_copy(&mut self, original: &Task, parent: TaskId, upstreams: Vec<TaskId>) -> TaskId {
        let mut task = self.blocked_task(Some(parent), original.full_name.clone(), original.kind);
        task.upstreams = upstreams;
        task.config = original.config.clone();
        task.flags.initial = true;
        let id = task.id;
        self.add(task);
        id
    }

    /// The changes of the step, tasks in order of their ids.
    pub(super) fn into_changes(self) -> Vec<Change> {
        let mut changes = vec![];
        if self.cancel_requested && !self.base.cancel_requested {
            changes.push(Change::CancelRequested);
        }
        for task in self.touched.into_values() {
            changes.push(match self.base.task(task.id) {
                None => Change::Added(task),
                Some(before) => Change::Changed { before: before.state, task },
            });
        }
        changes.extend(self.finished.map(|success| Change::Finished { success, at: self.now }));
        changes.extend(self.dispatched.into_iter().map(Change::Dispatch));
        changes
    }

    fn look_at_all(&mut self, choose: impl FnOnce(&Self) -> Vec<TaskId>) {
        let chosen = choose(self);
        self.unsettled.extend(chosen);
    }

    /// The blocked siblings that wait for a task.
    fn downstreams(&self, id: TaskId, parent: Option<TaskId>) -> Vec<TaskId> {
        let siblings = parent.into_iter().flat_map(|parent| self.children(parent));
        let waiting =
            siblings.filter(|task| task.state == TaskState::Blocked && task.upstreams.contains(&id));
        waiting.map(|task| task.id).collect()
    }

    fn blocked_task(&self, parent: Option<TaskId>, full_name: String, kind: TaskKind) -> Task {
        Task {
            id: self.next_id,
            parent,
            upstreams: vec![],
            full_name,
            kind,
            config: Arc::default(),
            state: TaskState::Blocked,
            flags: TaskFlags { cancel_requested: self.cancel_requested, ..TaskFlags::default() },
            state_params: Params::new(),
            retry_count: 0,
            retry_at: None,
            started_at: None,
            updated_at: self.now,
            result: TaskResult::default(),
            error: Params::new(),
        }
    }

    fn add(&mut self, task: Task) {
        if let Some(parent) = task.parent {
            self.added_children.entry(parent).or_default().push(task.id);
        }
        self.look_at(task.id);
        self.next_id = TaskId(task.id.0 + 1);
        self.touched.insert(task.id, task);
    }
}
