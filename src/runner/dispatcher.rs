//! Moves attempts on, used by one thread at a time: takes in what happened, asks the engine what follows, commits that,
//! and only then acts upon it.
//!
//! What has come in while a step was committed is worked off together and committed as one transaction, so that a
//! hundred tasks that end at once cost one write.

use super::active::Active;
use super::job::Job;
use super::pending_logs::PendingLogs;
use super::shared::Shared;
use super::task_log::TaskLog;
use super::workers::Workers;
use crate::engine::{self, Change, Event, IllegalTransition, Limits};
use crate::logs::{Level, LogRecord};
use crate::model::{Attempt, AttemptId, Task, TaskId, TaskState, Time};
use crate::operators::CancelStage;
use crate::store::commit::{self, Applied};
use crate::store::{Durability, StoreError};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the dispatcher is told.
pub(super) enum Message {
    /// A new attempt is in the store; its first tasks are to be started.
    Adopt(Box<Active>, Vec<TaskId>),
    /// Something happened to a task. Its log is written with the step that follows.
    Happened { attempt: AttemptId, event: Event, log: Arc<TaskLog> },
    /// A log has text that is to be written within a second.
    LogPending(Arc<TaskLog>),
    /// Everything is to be canceled, or killed.
    Cancel(CancelStage),
    /// The store failed somewhere else.
    StoreFailed(StoreError),
}

/// How long commands have after they were asked to end.
const GRACE: Duration = Duration::from_secs(10);
/// Nothing is waited for longer at a time; a time beyond the end of the clock would not be one.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// Attempts cannot be moved on any more.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("attempt {0} was taken over by another process")]
    TakenOver(AttemptId),
    #[error("attempt {attempt} is not where it should be: {source}")]
    Illegal { attempt: AttemptId, source: IllegalTransition },
    #[error("no thread can be started for tasks")]
    Thread(#[source] std::io::Error),
}

pub(super) struct Dispatcher {
    shared: Arc<Shared>,
    workers: Workers<Job>,
    limits: Limits,
    active: BTreeMap<AttemptId, Active>,
    /// Jobs that were given to workers and have not come back.
    running: usize,
    stage: CancelStage,
    kill_at: Option<Instant>,
    logs: PendingLogs,
}

impl Dispatcher {
    pub(super) fn new(shared: Arc<Shared>, workers: Workers<Job>, limits: Limits) -> Self {
        Self {
            shared,
            workers,
            limits,
            active: BTreeMap::new(),
            running: 0,
            stage: CancelStage::Running,
            kill_at: None,
            logs: PendingLogs::default(),
        }
    }

    /// Whether every attempt that was given to it has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.active.values().all(|active| active.attempt.outcome.is_some())
    }

    /// Gives the attempts back, or says why they did not end.
    pub(super) fn end(mut self, failure: Option<RunError>) -> Result<Vec<Attempt>, RunError> {
        let ended = failure.map_or_else(|| self.write_logs(), Err);
        if ended.is_err() {
            // Commands must not outlive the program, whatever the reason for its end.
            self.signal(CancelStage::Killed);
        }
        ended.map(|()| std::mem::take(&mut self.active).into_values().map(|active| active.attempt).collect())
    }

    /// When there is something to do even if nobody tells of anything: a retry, logs, the end of commands.
    pub(super) fn alarm(&self) -> Option<Instant> {
        let tick = self.next_tick().map(|at| {
            let wait = (at - self.shared.now()).to_std().unwrap_or(Duration::ZERO);
            Instant::now() + wait.min(LONGEST_WAIT)
        });
        [tick, self.kill_at, self.logs.write_at()].into_iter().flatten().min()
    }

    /// As `alarm`. A clock that stands still is moved on when there is nothing left to do but wait.
    pub(super) fn alarm_after_stepping(&self) -> Option<Instant> {
        if let Some(at) = self.next_tick().filter(|_| self.waits_for_time_only()) {
            self.shared.clock.step_to(at);
        }
        self.alarm()
    }

    /// No task runs, and some wait for their time.
    pub(super) fn waits_for_time_only(&self) -> bool {
        self.running == 0 && self.next_tick().is_some()
    }

    fn next_tick(&self) -> Option<Time> {
        let waiting = self.active.values().filter(|active| active.attempt.outcome.is_none());
        let times = |active: &Active| {
            [engine::next_tick(&active.attempt), active.sla.as_ref().map(|sla| sla.at)]
                .into_iter()
                .flatten()
                .min()
        };
        waiting.filter_map(times).min()
    }

    /// Works messages off, and what is due by now.
    pub(super) fn handle(&mut self, messages: Vec<Message>) -> Result<(), RunError> {
        let mut events = vec![];
        for message in messages {
            match message {
                Message::Adopt(active, start) => self.adopt(*active, &start)?,
                Message::Happened { attempt, event, log } => {
                    self.running -= 1;
                    if log.end() {
                        self.logs.add(log);
                    }
                    events.push((attempt, event));
                }
                Message::LogPending(log) => self.logs.add(log),
                Message::Cancel(stage) => {
                    if self.stage == CancelStage::Running {
                        events.extend(self.unfinished().map(|id| (id, Event::CancelRequested)));
                    }
                    self.signal(stage);
                }
                Message::StoreFailed(error) => return Err(error.into()),
            }
        }
        let now = Instant::now();
        if self.kill_at.is_some_and(|at| at <= now) {
            self.signal(CancelStage::Killed);
        }
        if self.logs.write_at().is_some_and(|at| at <= now) {
            self.write_logs()?;
        }
        let time = self.shared.now();
        let due = |active: &Active| engine::next_tick(&active.attempt).is_some_and(|at| at <= time);
        let due: Vec<AttemptId> = self.unfinished().filter(|id| due(&self.active[id])).collect();
        events.extend(due.into_iter().map(|id| (id, Event::Tick)));
        for (id, active) in &mut self.active {
            let missed = active.sla.take_if(|sla| sla.at <= time && active.attempt.outcome.is_none());
            events.extend(missed.map(|sla| (*id, Event::SlaMissed(sla))));
        }
        self.step(events)
    }

    /// Works out what follows from events, commits it all at once, and acts.
    fn step(&mut self, events: Vec<(AttemptId, Event)>) -> Result<(), RunError> {
        let mut steps: Vec<(AttemptId, Vec<Change>)> = vec![];
        for (id, event) in events {
            let Some(active) = self.active.get_mut(&id) else { continue };
            let succeeded = match &event {
                Event::Succeeded { task, .. } => Some(*task),
                _ => None,
            };
            let changes = engine::advance(&active.attempt, event, self.shared.clock.now(), self.limits)
                .map_err(|source| RunError::Illegal { attempt: id, source })?;
            engine::apply(&mut active.attempt, &changes);
            if let Some(task) = succeeded {
                self.report_rejected(id, task);
            }
            steps.push((id, changes));
        }
        if steps.is_empty() {
            return Ok(());
        }
        let ended = |change: &Change| matches!(change, Change::Finished { .. } | Change::CancelRequested);
        let told = steps.iter().any(|(_, changes)| changes.iter().any(ended));
        let logs = self.logs.take_ended();
        let chunks: Vec<_> = logs.iter().filter_map(|log| log.take()).collect();
        let now = self.shared.now();
        let owner = self.shared.starter.owner();
        self.shared.store.write(if told { Durability::Full } else { Durability::Normal }, |writer| {
            for chunk in &chunks {
                chunk.write(writer, now)?;
            }
            for (id, changes) in &steps {
                if commit::apply(writer, *id, owner, changes)? == Applied::Conflict {
                    return Ok(Err(RunError::TakenOver(*id)));
                }
            }
            Ok(Ok(()))
        })??;
        let look = steps.iter().flat_map(|(_, changes)| changes).any(|change| match change {
            Change::Finished { .. } => true,
            Change::Changed { task, .. } => awaited_attempt(task).is_some(),
            _ => false,
        });
        for (id, changes) in steps {
            self.act(id, changes)?;
        }
        if look { self.wake() } else { Ok(()) }
    }

    /// Wakes the tasks that wait for attempts that have ended. A task may be put off just after that end, when its
    /// worker looked just before it: so this is done then, too.
    fn wake(&mut self) -> Result<(), RunError> {
        let ended =
            |id: AttemptId| self.active.get(&id).is_some_and(|active| active.attempt.outcome.is_some());
        let waiting = |id: AttemptId| {
            let tasks = self.active[&id].attempt.tasks().iter();
            let waiting = tasks.filter(move |task| awaited_attempt(task).is_some_and(ended));
            waiting.map(move |task| (id, Event::Wake { task: task.id }))
        };
        let wakes = self.unfinished().flat_map(waiting).collect();
        self.step(wakes)
    }

    /// Acts upon changes that are committed.
    fn act(&mut self, id: AttemptId, changes: Vec<Change>) -> Result<(), RunError> {
        for change in changes {
            match change {
                Change::Added(task) | Change::Changed { task, .. } => self.shared.observer.changed(&task),
                Change::Dispatch(task) => self.dispatch(id, task)?,
                Change::Finished { success, .. } => self.shared.starter.ended(id, success),
                Change::CancelRequested => {}
            }
        }
        Ok(())
    }

    /// Takes an attempt that is in the store, and starts its first tasks.
    pub(super) fn adopt(&mut self, active: Active, start: &[TaskId]) -> Result<(), RunError> {
        let id = active.attempt.id;
        active.cancellation.advance(self.stage);
        self.active.insert(id, active);
        start.iter().try_for_each(|task| self.dispatch(id, *task))
    }

    fn dispatch(&mut self, id: AttemptId, task: TaskId) -> Result<(), RunError> {
        let Some(active) = self.active.get_mut(&id) else { return Ok(()) };
        let Some(job) = active.job(task) else { return Ok(()) };
        self.running += 1;
        self.logs.add(Arc::clone(&job.log));
        self.workers.give(job).map_err(RunError::Thread)
    }

    /// The engine may find that what an operator generated cannot be run; the worker could not know.
    fn report_rejected(&self, id: AttemptId, task: TaskId) {
        let Some(active) = self.active.get(&id) else { return };
        let Some(task) = active.attempt.task(task).filter(|task| !task.error.is_empty()) else { return };
        let reason = task.error.get("message").and_then(|message| message.as_str()).unwrap_or_default();
        let message = format!("Configuration error at task {}: {reason}", task.full_name);
        let (time, task) = (self.shared.now(), Some(active.log_task(task)));
        self.shared.observer.log(&LogRecord { time, level: Level::Error, task, message: &message });
    }

    fn unfinished(&self) -> impl Iterator<Item = AttemptId> + '_ {
        self.active.iter().filter(|(_, active)| active.attempt.outcome.is_none()).map(|(id, _)| *id)
    }

    /// Tells running commands to end. They are killed when they take too long.
    fn signal(&mut self, stage: CancelStage) {
        if stage <= self.stage {
            return;
        }
        self.stage = stage;
        self.kill_at = (stage == CancelStage::Terminating).then(|| Instant::now() + GRACE);
        for active in self.active.values() {
            active.cancellation.advance(stage);
        }
    }

    fn write_logs(&mut self) -> Result<(), RunError> {
        let logs = self.logs.take();
        let chunks: Vec<_> = logs.iter().filter_map(|log| log.take()).collect();
        if chunks.is_empty() {
            return Ok(());
        }
        let now = self.shared.now();
        self.shared.store.write(Durability::Normal, |writer| {
            chunks.iter().try_for_each(|chunk| chunk.write(writer, now))
        })?;
        Ok(())
    }
}

/// The attempt that a waiting `require>` was told to wait for.
fn awaited_attempt(task: &Task) -> Option<AttemptId> {
    let local = &task.config.local;
    let requires = match local.get("_type") {
        Some(kind) => kind == "require",
        None => local.contains_key("require>"),
    };
    let waits = requires && task.state == TaskState::RetryWaiting;
    let target = task.state_params.get("target_attempt_id").filter(|_| waits)?;
    target.as_i64().map(AttemptId)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TaskConfig;
    use crate::model::TaskKind;
    use crate::store::testing::{object, task};
    use serde_json::json;

    #[test]
    fn tasks_that_require_an_attempt_wait_for_it() {
        let target = json!({"target_attempt_id": 7});
        let waiting = TaskState::RetryWaiting;
        for (local, state, state_params, expected) in [
            (json!({"require>": "w"}), waiting, target.clone(), Some(AttemptId(7))),
            (json!({"_type": "require", "_command": "w"}), waiting, target.clone(), Some(AttemptId(7))),
            (json!({"_type": "sh", "require>": "w"}), waiting, target.clone(), None),
            (json!({"sh>": "w"}), waiting, target.clone(), None),
            (json!({"require>": "w"}), TaskState::Running, target, None),
            (json!({"require>": "w"}), waiting, json!({}), None),
        ] {
            let mut task = task(2, "+wf+a", TaskKind::Operator, state);
            task.config = Arc::new(TaskConfig { local: object(local.clone()), ..TaskConfig::default() });
            task.state_params = object(state_params);
            assert_eq!(awaited_attempt(&task), expected, "{local} {state}");
        }
    }
}
