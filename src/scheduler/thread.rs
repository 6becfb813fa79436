//! The thread that attends to schedules when they are due.

use super::agenda::{Agenda, Health, Notified};
use super::alarm::Alarm;
use super::known::KnownWorkflows;
use super::settings::SchedulerSettings;
use super::starter::SessionStarter;
use super::unbroken::Unbroken;
use super::waiting::Waiting;
use crate::clock::Clock;
use crate::logs::Level;
use crate::logs::local_time::span;
use crate::model::{AttemptId, Time};
use crate::runner::Observer;
use crate::store::Store;
use chrono::TimeDelta;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

/// Starts sessions in the background until it is stopped or dropped.
pub struct Scheduler {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    agenda: Agenda,
    alarm: Alarm,
    waiting: Arc<Waiting>,
    /// Schedules were changed: all that are due are to be looked at.
    changed: AtomicBool,
    stopped: AtomicBool,
}

/// While the store fails, it is tried so much later.
const AFTER_FAILURE: TimeDelta = TimeDelta::seconds(10);

/// Attempts of other processes end without telling: schedules that wait are looked at so often.
const LOOK_AFTER_WAITING: TimeDelta = TimeDelta::seconds(60);

impl Scheduler {
    /// Starts the thread, which attends to what was missed at once. `notified` is called after a notification was written.
    ///
    /// On a clock that is stepped, time passes between calls of [`wake`](Self::wake) only.
    ///
    /// # Errors
    ///
    /// The system has no thread or timer left.
    pub fn start(
        store: Arc<Store>,
        clock: Clock,
        starter: Arc<dyn SessionStarter>,
        observer: Arc<dyn Observer>,
        notified: Notified,
        settings: SchedulerSettings,
    ) -> io::Result<Self> {
        let waiting = Arc::new(Waiting::default());
        let agenda = Agenda {
            store,
            unbroken: Unbroken::begin(clock.now(), Instant::now()),
            clock,
            starter,
            observer,
            notified,
            settings,
            waiting: Arc::clone(&waiting),
            crowded: AtomicBool::new(false),
            known: KnownWorkflows::default(),
            ready_for: Mutex::default(),
            health: Mutex::default(),
        };
        let shared = Arc::new(Shared {
            agenda,
            alarm: Alarm::new()?,
            waiting,
            changed: AtomicBool::new(true),
            stopped: AtomicBool::new(false),
        });
        let working = Arc::clone(&shared);
        let work = move || working.work();
        let thread = std::thread::Builder::new().name("scheduler".to_owned()).spawn(work)?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// Schedules were added, moved, enabled, disabled or removed, or a stepped clock was stepped.
    pub fn wake(&self) {
        self.shared.changed.store(true, Ordering::Release);
        self.shared.alarm.ring();
    }

    /// An attempt has ended: a session may have waited for it.
    pub fn attempt_ended(&self, attempt: AttemptId) {
        if self.shared.waiting.ended(attempt) {
            self.shared.alarm.ring();
        }
    }

    /// Ends the sleep as it ends when the clock of the machine was set or the machine goes on after a sleep.
    #[cfg(test)]
    pub(super) fn clock_was_set(&self) {
        self.shared.alarm.ring();
    }

    /// Starts nothing more from when this returns.
    pub fn stop(&self) {
        self.shared.stopped.store(true, Ordering::Release);
        self.shared.alarm.ring();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic in it has been told already.
            let _ = thread.join();
        }
    }

    /// Whether the thread is there.
    pub fn is_alive(&self) -> bool {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    pub fn health(&self) -> Health {
        self.shared.agenda.health().clone()
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn work(&self) {
        let mut next_due: Option<Time> = None;
        while !self.stopped.load(Ordering::Acquire) {
            let now = self.agenda.clock.now();
            self.look_for_break(now);
            let ready = self.waiting.take_ready();
            let all = self.changed.swap(false, Ordering::AcqRel) || next_due.is_some_and(|due| due <= now);
            let done = if all { self.agenda.run_once(now) } else { self.agenda.run_ready(&ready, now) };
            let result = done.map_err(|error| error.to_string());
            self.tell(result.as_ref().err());
            next_due = match result {
                Ok(next) if self.waiting.len() > 0 => {
                    let look = now + LOOK_AFTER_WAITING;
                    Some(next.map_or(look, |next| next.min(look)))
                }
                Ok(next) => next,
                Err(_) => {
                    self.changed.store(true, Ordering::Release);
                    Some(now + AFTER_FAILURE)
                }
            };
            // A stepped clock does not move while anybody sleeps.
            let until = next_due.filter(|_| !self.agenda.clock.is_stepped());
            if self.stopped.load(Ordering::Acquire) {
                break;
            }
            let until = until.map(|due| self.agenda.get_ready(due, self.agenda.clock.now()));
            if let Err(error) = self.alarm.sleep(until, &self.agenda.clock) {
                self.agenda.log(Level::Error, &format!("The scheduler cannot sleep: {error}"));
                return;
            }
        }
    }

    /// Notices that the machine was asleep or its clock was set.
    fn look_for_break(&self, now: Time) {
        let Some(further) = self.agenda.unbroken.look(now, Instant::now()) else { return };
        let (level, message) = if further > TimeDelta::zero() {
            let message = "The clock has gone forward by {}: the machine was asleep, or the clock was set";
            (Level::Info, message.replace("{}", &span(further)))
        } else {
            let message = "The clock was put back by {}: sessions that were run before do not run again";
            (Level::Warn, message.replace("{}", &span(-further)))
        };
        // A stepped clock is moved on by whoever waits.
        if !self.agenda.clock.is_stepped() {
            self.agenda.log(level, &message);
        }
    }

    /// Tells once when the store begins to fail, and once when it has recovered.
    fn tell(&self, failure: Option<&String>) {
        let before = std::mem::replace(&mut self.agenda.health().failure, failure.cloned());
        match (before, failure) {
            (None, Some(failure)) => {
                self.agenda.log(Level::Error, &format!("No session can be started: {failure}"));
            }
            (Some(_), None) => self.agenda.log(Level::Info, "Sessions are started again"),
            _ => {}
        }
    }
}
