//! All schedules: those that are due are attended to, some at a time, each as `due` decides.

use super::known::{self, KnownWorkflows};
use super::late::{self, Fate};
use super::settings::SchedulerSettings;
use super::starter::SessionStarter;
use super::unbroken::Unbroken;
use super::waiting::Waiting;
use crate::clock::Clock;
use crate::logs::{Level, LogRecord};
use crate::model::{ScheduleId, Time};
use crate::runner::Observer;
use crate::store::schedules::{self, Position, ScheduleRow};
use crate::store::{Durability, Store, StoreError};
use chrono::TimeDelta;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
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

/// Told when there is a notification to be sent.
pub type Notified = Arc<dyn Fn() + Send + Sync>;

/// The schedules in the store.
pub(super) struct Agenda {
    pub(super) store: Arc<Store>,
    pub(super) clock: Clock,
    pub(super) starter: Arc<dyn SessionStarter>,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) notified: Notified,
    pub(super) settings: SchedulerSettings,
    pub(super) unbroken: Unbroken,
    pub(super) waiting: Arc<Waiting>,
    /// Whether sessions wait because as many attempts run as may.
    pub(super) crowded: AtomicBool,
    pub(super) known: KnownWorkflows,
    /// What is due then has been read.
    pub(super) ready_for: Mutex<Option<Time>>,
    pub(super) health: Mutex<Health>,
}

/// So long before sessions are due, what they need is read.
const AHEAD: TimeDelta = TimeDelta::seconds(1);

/// How many schedules are attended to at a time: so many sessions are started in one transaction. The disk is waited for
/// once for all of them, and the first of them does not wait long for the last.
const BATCH: u32 = 100;

/// The tasks of so many batches begin together: while sessions are being started, their tasks would take the processors
/// and the file from those that are to start at the same time.
const BATCHES_AT_ONCE: usize = 5;

impl Agenda {
    /// Attends to all schedules that are due. Returns when this is to be done again.
    ///
    /// # Errors
    ///
    /// The store cannot be read or written. All is to be done again later.
    pub(super) fn run_once(&self, now: Time) -> Result<Option<Time>, StoreError> {
        self.waiting.clear();
        let attended = self.attend_to_all(now);
        self.starter.begin();
        attended?;
        self.waiting.forget_put_off(now);
        self.fill_room(now)?;
        self.outlook(now)
    }

    fn attend_to_all(&self, now: Time) -> Result<(), StoreError> {
        let mut last = None;
        for number in 1.. {
            let page = self.store.read(|reader| schedules::due(reader, now, last.as_ref(), BATCH))?;
            let count = page.len();
            last = page.last().cloned();
            self.attend(page, now)?;
            if count < BATCH as usize {
                break;
            }
            if number % BATCHES_AT_ONCE == 0 {
                self.starter.begin();
            }
        }
        Ok(())
    }

    /// Attends to the schedules that waited for an attempt which has ended, and to as many of those that wait for room as
    /// there is room for. Returns when all are to be looked at again.
    ///
    /// # Errors
    ///
    /// As [`run_once`](Self::run_once).
    pub(super) fn run_ready(&self, ready: &[ScheduleId], now: Time) -> Result<Option<Time>, StoreError> {
        let attended = self.enabled(ready).and_then(|rows| self.attend(rows, now));
        self.starter.begin();
        attended?;
        self.fill_room(now)?;
        self.outlook(now)
    }

    /// Reads, shortly before a time, the workflows that are due then: when the time has come, there is only to be written.
    /// Tells when to wake up: at that time, or before it, to read.
    pub(super) fn get_ready(&self, due: Time, now: Time) -> Time {
        let mut ready_for = self.ready_for.lock().unwrap_or_else(PoisonError::into_inner);
        if due <= now || *ready_for == Some(due) {
            return due;
        }
        if now < due - AHEAD {
            return due - AHEAD;
        }
        *ready_for = Some(due);
        // What cannot be read now is told when it is to be started.
        let _ = self.store.read(|reader| {
            let rows = schedules::due(reader, due, None, known::MOST)?;
            rows.iter().for_each(|row| drop(self.known.get(reader, row)));
            Ok(())
        });
        due
    }

    pub(super) fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn log(&self, level: Level, message: &str) {
        self.observer.log(&LogRecord { time: self.clock.now(), level, task: None, message });
    }

    /// Goes on with those that wait for room. An attempt that ends from now on is told of, one that ended before counts
    /// no more.
    fn fill_room(&self, now: Time) -> Result<(), StoreError> {
        while self.waiting.count_for_room() > 0 {
            let room = self.starter.room()?.min(BATCH as usize);
            let next = self.waiting.take_for_room(room);
            if next.is_empty() {
                break;
            }
            let attended = self.enabled(&next).and_then(|rows| self.attend(rows, now));
            self.starter.begin();
            attended?;
        }
        Ok(())
    }

    fn enabled(&self, ids: &[ScheduleId]) -> Result<Vec<ScheduleRow>, StoreError> {
        if ids.is_empty() {
            return Ok(vec![]);
        }
        let rows = self.store.read(|reader| {
            ids.iter().map(|&id| schedules::by_id(reader, id)).collect::<Result<Vec<_>, _>>()
        })?;
        Ok(rows.into_iter().flatten().filter(|row| row.disabled_at.is_none()).collect())
    }

    /// Starts and skips whatever is due of some schedules. A mistake of the program that shows with one of them must not
    /// keep the others from running.
    fn attend(&self, rows: Vec<ScheduleRow>, now: Time) -> Result<(), StoreError> {
        let work = || {
            let mut left = rows.clone();
            while !left.is_empty() {
                left = self.round(left, now)?;
            }
            Ok(())
        };
        match (catch_unwind(AssertUnwindSafe(work)), rows.as_slice()) {
            (Ok(done), _) => done,
            (Err(_), [row]) => {
                self.put_off(row, "the scheduler panicked; please report this", now);
                Ok(())
            }
            // Some of them may have gone on by now.
            (Err(_), rows) => {
                let ids: Vec<ScheduleId> = rows.iter().map(|row| row.id).collect();
                self.enabled(&ids)?.into_iter().try_for_each(|row| self.attend(vec![row], now))
            }
        }
    }

    fn outlook(&self, now: Time) -> Result<Option<Time>, StoreError> {
        self.tell_of_crowd();
        let next_late = self.tell_of_late(now)?;
        let next_due = self.store.read(|reader| schedules::earliest(reader, now))?;
        let mut health = self.health();
        health.next_due = next_due;
        health.waiting = self.waiting.len();
        Ok(next_due.into_iter().chain(self.waiting.earliest()).chain(next_late).min())
    }

    /// Tells of sessions that are due and have not started in time. Returns when there is the next one to be told of.
    fn tell_of_late(&self, now: Time) -> Result<Option<Time>, StoreError> {
        let Some(late_after) = self.settings.late_after else { return Ok(None) };
        loop {
            let rows = self.store.read(|reader| schedules::late(reader, now - late_after, BATCH))?;
            if rows.is_empty() {
                let next = self.store.read(|reader| schedules::next_late(reader, now))?;
                return Ok(next.map(|run| run + late_after));
            }
            let messages: Vec<String> = rows
                .iter()
                .map(|row| late::message(row, &Fate::Waits(self.waiting.reason(row)), now))
                .collect();
            let told = self.store.write(Durability::Full, |writer| {
                let mut told = vec![];
                for (row, message) in rows.iter().zip(&messages) {
                    let late_session_time = late::untold(row, self.settings.late_after, now);
                    let to = Position { late_session_time, ..row.position() };
                    if schedules::advance(writer, row, to)? {
                        late::tell(writer, row, message, now)?;
                        told.push(message);
                    }
                }
                Ok(told)
            })?;
            if told.is_empty() {
                // Somebody has moved all of them meanwhile, and wakes this thread up.
                return Ok(None);
            }
            told.iter().for_each(|message| self.log(Level::Warn, message));
            (self.notified)();
        }
    }

    /// Says once that sessions wait for room.
    fn tell_of_crowd(&self) {
        let count = self.waiting.count_for_room();
        if count > 0 && !self.crowded.load(Ordering::Relaxed) {
            let sessions = if count == 1 { "1 session waits" } else { &format!("{count} sessions wait") };
            self.log(
                Level::Warn,
                &format!("{sessions} for room: as many attempts run as may, or the disk is full"),
            );
        }
        self.crowded.store(count > 0, Ordering::Relaxed);
    }
}
