//! Moves attempts on, used by one thread at a time: takes in what happened, asks the engine what follows, commits that,
//! and only then acts upon it.
//!
//! What has come in while a step was committed is worked off together and committed as one transaction, so that a
//! hundred tasks that end at once cost one write.

mod commit;
mod dispatch;
mod tell;
mod trouble;

use self::trouble::Trouble;
use super::active::Active;
use super::advance::advance;
use super::alert::Alert;
use super::awaited::awaited_attempt;
use super::ended::Ended;
use super::job::Job;
use super::message::Message;
use super::pending_logs::PendingLogs;
use super::run_error::RunError;
use super::shared::Shared;
use super::slots::Gate;
use super::workers::Workers;
use crate::engine::{self, Change, Event};
use crate::logs::Level;
use crate::model::{Attempt, AttemptId, TaskId, Time};
use crate::operators::CancelStage;
use crate::store::Durability;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the dispatcher is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To bring the attempts that it was given to their end, and give them back.
    Run,
    /// To run whatever is started, until it is told to stop.
    Serve,
}

/// Nothing is waited for longer at a time; a time beyond the end of the clock would not be one.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// Changes of one attempt.
type Step = (AttemptId, Vec<Change>);

pub(super) struct Dispatcher {
    shared: Arc<Shared>,
    workers: Workers<Job>,
    purpose: Purpose,
    active: BTreeMap<AttemptId, Active>,
    /// Those that are not in `active` any more.
    ended: Ended,
    /// Jobs that were given to workers and have not come back.
    running: usize,
    /// Where jobs wait that need a slot.
    gate: Gate<Job>,
    /// Attempts were canceled since it was last looked whether tasks of theirs wait for a slot.
    canceled: bool,
    stage: CancelStage,
    draining: bool,
    logs: PendingLogs,
    /// What people are to be told with the next commit.
    alerts: Vec<Alert>,
    /// What was told of commits that fail, and of logs that cannot be written.
    commit_trouble: Trouble,
    log_trouble: Trouble,
}

impl Dispatcher {
    pub(super) fn new(shared: Arc<Shared>, workers: Workers<Job>, purpose: Purpose) -> Self {
        let gate = Gate::new(shared.options.slots.clone());
        shared.load.use_slots(gate.usage());
        Self {
            shared,
            workers,
            purpose,
            active: BTreeMap::new(),
            ended: Ended::default(),
            running: 0,
            gate,
            canceled: false,
            stage: CancelStage::Running,
            draining: false,
            logs: PendingLogs::default(),
            alerts: vec![],
            commit_trouble: Trouble::default(),
            log_trouble: Trouble::default(),
        }
    }

    /// Whether there is nothing left to do.
    pub(super) fn has_ended(&self) -> bool {
        match self.purpose {
            Purpose::Run => self.active.values().all(Active::has_ended),
            Purpose::Serve => self.draining && self.running == 0,
        }
    }

    /// Gives the attempts back, or says why they did not end.
    pub(super) fn end(mut self, failure: Option<RunError>) -> Result<Vec<Attempt>, RunError> {
        let ended = failure.map_or_else(|| self.write_logs(), Err);
        if ended.is_err() {
            // Commands must not outlive the program, whatever the reason for its end.
            self.signal_all(CancelStage::Killed);
        }
        ended.map(|()| std::mem::take(&mut self.active).into_values().map(|active| active.attempt).collect())
    }

    /// When there is something to do even if nobody tells of anything: a retry, logs, the end of commands.
    pub(super) fn alarm(&self) -> Option<Instant> {
        let tick = self.next_tick().map(|at| {
            let wait = (at - self.shared.now()).to_std().unwrap_or(Duration::ZERO);
            Instant::now() + wait.min(LONGEST_WAIT)
        });
        let kill = self.active.values().filter_map(|active| active.kill_at).min();
        let again = self.shared.starter.again_at().filter(|_| !self.draining);
        [tick, kill, again, self.logs.write_at()].into_iter().flatten().min()
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
        self.running == 0 && self.purpose == Purpose::Run && self.next_tick().is_some()
    }

    fn next_tick(&self) -> Option<Time> {
        if self.draining {
            return None;
        }
        self.active.values().filter_map(Active::alarm).min()
    }

    /// Works messages off, and what is due by now.
    pub(super) fn handle(&mut self, messages: Vec<Message>) -> Result<(), RunError> {
        let mut events = vec![];
        let mut killed = vec![];
        for message in messages {
            match message {
                Message::Adopt(active, start) => self.adopt(*active, &start)?,
                Message::Happened { attempt, event, log, slots } => {
                    self.running -= 1;
                    if log.end() {
                        self.logs.add(log);
                    }
                    self.release(&slots);
                    // A command that was ended because the program ends has neither failed nor succeeded.
                    if self.stage == CancelStage::Running
                        || !self.draining
                        || matches!(event, Event::Succeeded { .. })
                    {
                        events.push((attempt, event));
                    }
                }
                Message::LogPending(log) => self.logs.add(log),
                Message::Cancel(stage) => {
                    if self.stage == CancelStage::Running {
                        events.extend(self.unfinished().map(|id| (id, Event::CancelRequested)));
                    }
                    self.signal_all(stage);
                }
                Message::Kill(id, heard) => {
                    if let Some(active) = self.active.get_mut(&id).filter(|active| !active.has_ended()) {
                        if !active.attempt.cancel_requested {
                            events.push((id, Event::CancelRequested));
                        }
                        active.signal(CancelStage::Terminating);
                        self.canceled = true;
                        killed.push(heard);
                    } else {
                        // Nobody may be listening any more.
                        let _ = heard.send(false);
                    }
                }
                Message::Drain => {
                    self.draining = true;
                    self.give_up_waiting();
                }
                Message::Abort(stage) => self.signal_all(stage),
                Message::Slots(settings) => self.configure(settings),
                Message::StoreMoved(error) => return Err(error.into()),
                Message::StoreFailed(error) if self.purpose == Purpose::Run => return Err(error.into()),
                Message::StoreFailed(error) => self.logs_failed(&error),
            }
        }
        let now = Instant::now();
        for active in self.active.values_mut() {
            if active.kill_at.take_if(|at| *at <= now).is_some() {
                active.signal(CancelStage::Killed);
            }
        }
        if self.logs.write_at().is_some_and(|at| at <= now) {
            self.write_logs()?;
        }
        self.add_due(&mut events);
        events.extend(self.withdraw_canceled());
        self.admit()?;
        self.step(events)?;
        if !self.draining {
            for (active, start) in self.shared.starter.again(&self.shared) {
                self.adopt(active, &start)?;
            }
        }
        for heard in killed {
            let _ = heard.send(true);
        }
        Ok(())
    }

    /// What the time has brought.
    fn add_due(&mut self, events: &mut Vec<(AttemptId, Event)>) {
        if self.draining {
            return;
        }
        let now = self.shared.now();
        let mut alerts = vec![];
        for (id, active) in &mut self.active {
            if active.alarm().is_some_and(|at| at <= now) {
                let (due, raised) = active.due(&self.shared, now);
                events.extend(due.into_iter().map(|event| (*id, event)));
                alerts.extend(raised);
            }
        }
        self.canceled |= !alerts.is_empty();
        alerts.iter().for_each(|alert| self.tell(alert.level(), &alert.log_line()));
        self.alerts.extend(alerts);
    }

    /// Works out what follows from events, commits it all at once, and acts.
    fn step(&mut self, events: Vec<(AttemptId, Event)>) -> Result<(), RunError> {
        let mut steps: Vec<Step> = vec![];
        for (id, event) in events {
            match self.advance(id, event) {
                Ok(changes) => steps.extend(changes.map(|changes| (id, changes))),
                Err(error) if self.purpose == Purpose::Run => return Err(error),
                Err(error) => self.forget(id, &error),
            }
        }
        if steps.is_empty() && self.alerts.is_empty() {
            return Ok(());
        }
        let steps = self.commit(steps)?;
        let look = steps.iter().flat_map(|(_, changes)| changes).any(|change| match change {
            Change::Finished { .. } => true,
            Change::Changed { task, .. } => awaited_attempt(task).is_some(),
            _ => false,
        });
        for (id, changes) in steps {
            self.act(id, changes)?;
        }
        if self.purpose == Purpose::Serve {
            self.active.retain(|_, active| !active.has_ended());
        }
        if look { self.wake() } else { Ok(()) }
    }

    fn advance(&mut self, id: AttemptId, event: Event) -> Result<Option<Vec<Change>>, RunError> {
        let Some(active) = self.active.get_mut(&id) else { return Ok(None) };
        let changes = advance(&self.shared, active, event)
            .map_err(|source| RunError::Illegal { attempt: id, source })?;
        engine::apply(&mut active.attempt, &changes);
        active.set_alarm(&self.shared);
        Ok(Some(changes))
    }

    /// Wakes the tasks that wait for attempts that have ended. A task may be put off just after that end, when its
    /// worker looked just before it: so this is done then, too.
    fn wake(&mut self) -> Result<(), RunError> {
        let ended =
            |id: AttemptId| self.active.get(&id).map_or_else(|| self.ended.contains(id), Active::has_ended);
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
                Change::Finished { success, .. } => self.finished(id, success)?,
                Change::CancelRequested => {}
            }
        }
        Ok(())
    }

    /// Takes an attempt that is in the store, and starts its first tasks.
    pub(super) fn adopt(&mut self, mut active: Active, start: &[TaskId]) -> Result<(), RunError> {
        let id = active.attempt.id;
        active.signal(self.stage);
        let outcome = active.attempt.outcome;
        self.active.insert(id, active);
        start.iter().try_for_each(|task| self.dispatch(id, *task))?;
        match outcome.filter(|_| self.purpose == Purpose::Serve) {
            Some(outcome) => {
                self.finished(id, outcome.success)?;
                self.active.remove(&id);
                self.wake()
            }
            None => Ok(()),
        }
    }

    fn finished(&mut self, id: AttemptId, success: bool) -> Result<(), RunError> {
        let Some(active) = self.active.get(&id) else { return Ok(()) };
        let session = active.origin.session_id;
        self.ended.remember(id);
        self.shared.load.ended(success, active.attempt.cancel_requested);
        for (next, start) in self.shared.starter.ended(&self.shared, id, session, success) {
            self.adopt(next, &start)?;
        }
        Ok(())
    }

    /// Lets go of an attempt that cannot be moved on. Others go on.
    fn forget(&mut self, id: AttemptId, reason: &RunError) {
        self.tell(Level::Error, &reason.to_string());
        if let Some(mut active) = self.active.remove(&id) {
            active.signal(CancelStage::Killed);
            self.canceled = true;
        }
    }

    fn unfinished(&self) -> impl Iterator<Item = AttemptId> + '_ {
        self.active.iter().filter(|(_, active)| !active.has_ended()).map(|(id, _)| *id)
    }

    fn signal_all(&mut self, stage: CancelStage) {
        self.stage = self.stage.max(stage);
        self.canceled = true;
        self.active.values_mut().for_each(|active| active.signal(stage));
    }

    fn write_logs(&mut self) -> Result<(), RunError> {
        let logs = self.logs.take();
        let chunks: Vec<_> = logs.iter().filter_map(|log| log.take()).collect();
        if chunks.is_empty() {
            return Ok(());
        }
        let now = self.shared.now();
        let written = self
            .shared
            .store
            .write(Durability::Normal, |writer| chunks.iter().try_for_each(|chunk| chunk.write(writer, now)));
        match written {
            Err(error) if self.purpose == Purpose::Serve => {
                // The log of the program has it at least; the work goes on.
                self.logs_failed(&error);
                Ok(())
            }
            written => {
                written?;
                if self.log_trouble.worked() {
                    self.tell(Level::Info, "Task logs are written again");
                }
                Ok(())
            }
        }
    }
}
