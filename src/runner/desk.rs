//! Where the dispatcher works: one thread at a time, whichever has news.
//!
//! A worker that has ended a task does the next step itself and then runs what follows, so that one task after another
//! costs no change of threads. While somebody is at work, others leave their news, and it is worked off together. One
//! more thread waits for what comes from outside, and for time to pass.

use super::active::Active;
use super::dispatcher::Dispatcher;
use super::inbox::Inbox;
use super::message::Message;
use super::run_error::RunError;
use crate::model::{Attempt, TaskId};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

pub(super) struct Desk {
    inbox: Arc<Inbox>,
    /// None once everything has ended.
    work: Mutex<Option<Work>>,
}

struct Work {
    dispatcher: Dispatcher,
    /// Why it cannot go on.
    failure: Option<RunError>,
}

impl Desk {
    /// A desk that nobody works at yet.
    pub(super) fn new(inbox: Arc<Inbox>) -> Self {
        Self { inbox, work: Mutex::new(None) }
    }

    /// Tells of something, and works off everything there is to work off, unless somebody is doing so.
    pub(super) fn tell(&self, message: Message) {
        self.inbox.put(message);
        while !self.inbox.is_empty() {
            let mut work = match self.work.try_lock() {
                Ok(work) => work,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                // Whoever is at work looks into the inbox again afterwards.
                Err(TryLockError::WouldBlock) => return,
            };
            let Some(work) = work.as_mut() else { return };
            work.look(&self.inbox);
            if work.has_ended() || work.dispatcher.waits_for_time_only() {
                self.inbox.wake();
            } else if let Some(at) = work.dispatcher.alarm() {
                self.inbox.wake_by(at);
            }
        }
    }

    /// Opens the desk: attempts are started, and whoever has news can tell it.
    pub(super) fn open(&self, dispatcher: Dispatcher, first: Vec<(Active, Vec<TaskId>)>) {
        *self.lock() = Some(Work { dispatcher, failure: None });
        self.with(|work| {
            let mut adopted = first.into_iter().map(|(active, start)| work.dispatcher.adopt(active, &start));
            work.failure = adopted.find_map(Result::err);
        });
    }

    /// Works until there is nothing left to do. Returns the attempts.
    pub(super) fn work(&self) -> Result<Vec<Attempt>, RunError> {
        loop {
            let alarm = self.with(|work| {
                work.look(&self.inbox);
                if work.has_ended() { None } else { Some(work.dispatcher.alarm_after_stepping()) }
            });
            match alarm.flatten() {
                None => break,
                Some(alarm) if self.inbox.is_empty() => self.inbox.wait(alarm),
                Some(_) => {}
            }
        }
        let work = self.lock().take();
        // The workers end here; they find nobody to tell any more.
        work.map_or(Ok(vec![]), |work| work.dispatcher.end(work.failure))
    }

    fn with<T>(&self, f: impl FnOnce(&mut Work) -> T) -> Option<T> {
        self.lock().as_mut().map(f)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Work>> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Work {
    fn look(&mut self, inbox: &Inbox) {
        if self.failure.is_none() {
            self.failure = self.dispatcher.handle(inbox.take()).err();
        }
    }

    fn has_ended(&self) -> bool {
        self.failure.is_some() || self.dispatcher.has_ended()
    }
}
