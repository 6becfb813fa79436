//! All schedules: those that are due are attended to, each as `due` decides.

use super::catch_up::CatchUpSettings;
use super::due::{Previous, Situation, Skipped, Step, decide};
use super::starter::SessionStarter;
use super::waiting::Waiting;
use crate::actions::schedules::{ScheduleActionError, schedule_of};
use crate::actions::start::{StartError, StartRequest, Started};
use crate::clock::Clock;
use crate::dig::schedule::{Schedule, ScheduleTime};
use crate::engine::GenerateError;
use crate::logs::{Level, LogRecord};
use crate::model::time::whole_seconds;
use crate::model::{Params, ScheduleId, SessionTime, Time};
use crate::runner::Observer;
use crate::store::schedules::{self, Position, ScheduleRow, UnfinishedAttempt};
use crate::store::{Durability, Store, StoreError, Writer};
use chrono::TimeDelta;
use serde_json::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How the scheduler is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// Sessions started since the server was.
    pub started: u64,
    /// Sessions that were not run since the server was started.
    pub skipped: u64,
    /// How long after its time the last session was started.
    pub lateness: Option<TimeDelta>,
    /// When the next session is to run.
    pub next_due: Option<Time>,
    /// How many schedules wait for an attempt to end.
    pub waiting: usize,
    /// Why nothing can be started at present.
    pub failure: Option<String>,
}

/// The schedules in the store.
pub(super) struct Agenda {
    pub(super) store: Arc<Store>,
    pub(super) clock: Clock,
    pub(super) starter: Arc<dyn SessionStarter>,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) catch_up: CatchUpSettings,
    /// When this process began.
    pub(super) since: Time,
    pub(super) waiting: Arc<Waiting>,
    pub(super) health: Mutex<Health>,
}

/// How many schedules are read at a time.
const PAGE: u32 = 500;

/// When a limit is reached, a session is tried again so much later.
const AFTER_LIMIT: TimeDelta = TimeDelta::minutes(10);
/// When something is wrong with a workflow.
const AFTER_ERROR: TimeDelta = TimeDelta::hours(1);

/// What has become of a schedule.
enum Attended {
    /// A session was started: the schedule goes on from here.
    On(ScheduleRow),
    /// Nothing more is to be done now.
    Done,
}

impl Agenda {
    /// Attends to all schedules that are due. Returns when this is to be done again.
    ///
    /// # Errors
    ///
    /// The store cannot be read or written. All is to be done again later.
    pub(super) fn run_once(&self, now: Time) -> Result<Option<Time>, StoreError> {
        self.waiting.clear();
        let mut last = None;
        loop {
            let page = self.store.read(|reader| schedules::due(reader, now, last.as_ref(), PAGE))?;
            for row in &page {
                self.attend(row, now)?;
            }
            last = page.last().cloned();
            if page.len() < PAGE as usize {
                return self.outlook(now);
            }
        }
    }

    /// Attends to the schedules that waited for an attempt which has ended. Returns when all are to be
    /// looked at again.
    ///
    /// # Errors
    ///
    /// As [`run_once`](Self::run_once).
    pub(super) fn run_ready(&self, ready: &[ScheduleId], now: Time) -> Result<Option<Time>, StoreError> {
        for &id in ready {
            let row = self.store.read(|reader| schedules::by_id(reader, id))?;
            if let Some(row) = row.filter(|row| row.disabled_at.is_none()) {
                self.attend(&row, now)?;
            }
        }
        self.outlook(now)
    }

    pub(super) fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn log(&self, level: Level, message: &str) {
        self.observer.log(&LogRecord { time: self.clock.now(), level, task: None, message });
    }

    fn outlook(&self, now: Time) -> Result<Option<Time>, StoreError> {
        let next_due = self.store.read(|reader| schedules::earliest(reader, now))?;
        let mut health = self.health();
        health.next_due = next_due;
        health.waiting = self.waiting.len();
        Ok(next_due.into_iter().chain(self.waiting.earliest()).min())
    }

    /// Starts and skips whatever is due of a schedule. A mistake of the program that shows with one schedule must not keep
    /// the others from running.
    fn attend(&self, row: &ScheduleRow, now: Time) -> Result<(), StoreError> {
        let steps = || {
            let mut row = row.clone();
            while let Attended::On(moved) = self.step(row, now)? {
                row = moved;
            }
            Ok(())
        };
        catch_unwind(AssertUnwindSafe(steps)).unwrap_or_else(|_| {
            self.put_off(row, "the scheduler panicked; please report this", now).map(drop)
        })
    }

    /// Starts or skips what is next of a schedule.
    fn step(&self, row: ScheduleRow, now: Time) -> Result<Attended, StoreError> {
        let (schedule, overtime, unfinished) = match self.look(&row) {
            Ok(seen) => seen,
            Err(error) => return self.put_off_unreadable(&row, error, now),
        };
        let situation = Situation {
            schedule: &schedule,
            next: row.next,
            policy: self.catch_up.of(&row.project_name, &row.workflow_name),
            overtime,
            previous: unfinished.map(|attempt| self.previous(&attempt)),
        };
        let Some(decision) = decide(&situation, now) else { return Ok(Attended::Done) };
        let skipped = &decision.skipped;
        match decision.step {
            Step::Sleep(next) => self.move_to(&row, next, skipped).map(|()| Attended::Done),
            Step::Wait { session, until } => {
                let Some(attempt) = unfinished else { return Ok(Attended::Done) };
                self.waiting.add(attempt.id, row.id, until);
                self.move_to(&row, session, skipped)?;
                self.wait_for(attempt, row.id)
            }
            Step::Start { session, next } => self.start(row, session, next, skipped, now),
        }
    }

    fn previous(&self, attempt: &UnfinishedAttempt) -> Previous {
        let (session, started_at) = (attempt.session_time, attempt.created_at);
        Previous { session, started_at, runs_since: started_at.max(self.since) }
    }

    fn look(
        &self,
        row: &ScheduleRow,
    ) -> Result<(Schedule, bool, Option<UnfinishedAttempt>), ScheduleActionError> {
        self.store.read(|reader| {
            let schedule = match schedule_of(reader, row) {
                Ok(schedule) => schedule,
                Err(error) => return Ok(Err(error)),
            };
            let overtime = schedule.skip_on_overtime() && schedules::is_overtime(reader, row)?;
            let unfinished = schedules::unfinished(reader, row)?;
            Ok(Ok((schedule, overtime, unfinished)))
        })?
    }

    fn start(
        &self,
        row: ScheduleRow,
        session: ScheduleTime,
        next: ScheduleTime,
        skipped: &[Skipped],
        now: Time,
    ) -> Result<Attended, StoreError> {
        let session_time = SessionTime::new(session.session);
        let to = Position { next, last_session_time: Some(session_time) };
        let request = StartRequest {
            workflow: row.workflow_id,
            session_time,
            name: String::new(),
            resume: None,
            params: params(&row),
        };
        let started = self.starter.start(&request, &|writer| advance(writer, &row, to));
        let wait = match started {
            Ok(started) => {
                self.tell_skipped(&row, skipped);
                // Otherwise somebody has started this session by hand.
                if matches!(started, Started::New(_)) {
                    let mut health = self.health();
                    health.started += 1;
                    health.lateness = Some(self.clock.now() - session.run);
                }
                return Ok(Attended::On(moved(row, to)));
            }
            // Somebody else has moved the schedule. What they made of it is looked at anew.
            Err(StartError::Conflict(_)) => return self.reload(&row),
            Err(StartError::Store(error)) => return self.put_off_unreadable(&row, error.into(), now),
            Err(error) => {
                let limit = matches!(
                    error,
                    StartError::TooManyAttempts { .. }
                        | StartError::Tasks(GenerateError::TooManyTasks { .. })
                );
                let (wait, level) =
                    if limit { (AFTER_LIMIT, Level::Warn) } else { (AFTER_ERROR, Level::Error) };
                self.tell_put_off(&row, session, wait, level, &error.to_string());
                wait
            }
        };
        let put_off = ScheduleTime { run: whole_seconds(now) + wait, ..session };
        self.move_to(&row, put_off, skipped).map(|()| Attended::Done)
    }

    /// Lets a schedule go on at once whose attempt has ended just before it was known that somebody waits.
    fn wait_for(&self, attempt: UnfinishedAttempt, id: ScheduleId) -> Result<Attended, StoreError> {
        let (row, unfinished) = self.store.read(|reader| {
            let row = schedules::by_id(reader, id)?.filter(|row| row.disabled_at.is_none());
            let unfinished = row.as_ref().map(|row| schedules::unfinished(reader, row)).transpose()?;
            Ok((row, unfinished.flatten()))
        })?;
        if unfinished == Some(attempt) {
            return Ok(Attended::Done);
        }
        self.waiting.remove(attempt.id);
        Ok(row.map_or(Attended::Done, Attended::On))
    }

    /// A schedule or workflow that cannot be read must not keep the others from running, a store that fails keeps all.
    fn put_off_unreadable(
        &self,
        row: &ScheduleRow,
        error: ScheduleActionError,
        now: Time,
    ) -> Result<Attended, StoreError> {
        match error {
            ScheduleActionError::Store(
                error @ (StoreError::Unreadable { .. } | StoreError::Refused { .. }),
            ) => self.put_off(row, &error.to_string(), now),
            ScheduleActionError::Store(error) => Err(error),
            error => self.put_off(row, &error.to_string(), now),
        }
    }

    fn put_off(&self, row: &ScheduleRow, reason: &str, now: Time) -> Result<Attended, StoreError> {
        self.tell_put_off(row, row.next, AFTER_ERROR, Level::Error, reason);
        let later = ScheduleTime { run: whole_seconds(now) + AFTER_ERROR, ..row.next };
        self.move_to(row, later, &[]).map(|()| Attended::Done)
    }

    /// Moves a schedule on without having started anything. One that somebody else has moved stays as they left it: they
    /// wake the scheduler.
    fn move_to(&self, row: &ScheduleRow, next: ScheduleTime, skipped: &[Skipped]) -> Result<(), StoreError> {
        let to = Position { next, ..row.position() };
        if to != row.position()
            && self.store.write(Durability::Full, |writer| schedules::advance(writer, row, to))?
        {
            self.tell_skipped(row, skipped);
        }
        Ok(())
    }

    fn reload(&self, seen: &ScheduleRow) -> Result<Attended, StoreError> {
        let row = self.store.read(|reader| schedules::by_id(reader, seen.id))?;
        let changed = row.filter(|row| row.disabled_at.is_none() && row != seen);
        Ok(changed.map_or(Attended::Done, Attended::On))
    }

    fn tell_skipped(&self, row: &ScheduleRow, skipped: &[Skipped]) {
        for Skipped { first, last, count, reason } in skipped {
            self.health().skipped += count;
            let (id, zone) = (row.id, &row.timezone);
            let sessions = if first == last {
                format!("session {}", first.iso(zone))
            } else {
                format!("{count} sessions from {} to {}", first.iso(zone), last.iso(zone))
            };
            let from = zone.local(first.time()).format("%Y-%m-%d %H:%M:%S");
            let message = format!(
                "{}/{}: {sessions} not run: {reason}. To run: dibble backfill {id} --from '{from}' --count {count}",
                row.project_name, row.workflow_name
            );
            self.log(Level::Warn, &message);
        }
    }

    fn tell_put_off(
        &self,
        row: &ScheduleRow,
        session: ScheduleTime,
        wait: TimeDelta,
        level: Level,
        reason: &str,
    ) {
        let (project, workflow) = (&row.project_name, &row.workflow_name);
        let session = SessionTime::new(session.session).iso(&row.timezone);
        let minutes = wait.num_minutes();
        let message =
            format!("{project}/{workflow}: session {session} is tried again in {minutes} minutes: {reason}");
        self.log(level, &message);
    }
}

/// What only sessions that a schedule starts have; their neighbours are added when they are accepted.
fn params(row: &ScheduleRow) -> Params {
    let last = row.last_session_time.map(|time| Value::from(time.iso(&row.timezone)));
    last.map(|last| ("last_executed_session_time".to_owned(), last)).into_iter().collect()
}

fn advance(writer: &Writer, row: &ScheduleRow, to: Position) -> Result<(), StartError> {
    if schedules::advance(writer, row, to)? {
        return Ok(());
    }
    Err(StartError::Conflict(format!("schedule id={} has been changed", row.id)))
}

fn moved(row: ScheduleRow, to: Position) -> ScheduleRow {
    ScheduleRow { next: to.next, last_session_time: to.last_session_time, ..row }
}
