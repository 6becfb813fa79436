//! Sends the notifications that are pending in the store, one after another, and records what was answered.
//!
//! One thread sleeps until somebody rings, or until one that nobody took is to be sent again. What is pending when the
//! server ends is sent by the next one; a notification is sent twice only when the server is killed between the two.

use crate::clock::Clock;
use crate::logs::{Level, LogRecord};
use crate::model::Time;
use crate::notifications::Sender;
use crate::runner::Observer;
use crate::store::notifications::{
    NotificationState, PendingNotification, Progress, end, next_pending, put_off,
};
use crate::store::{Durability, Store, StoreError};
use chrono::TimeDelta;
use std::io;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Sends in the background until it is stopped or dropped.
pub struct Outbox {
    shared: Arc<Shared>,
    /// Of the thread, once there is one: says nothing, and is closed when it ends.
    ended: Mutex<Option<Receiver<()>>>,
}

struct Shared {
    store: Arc<Store>,
    clock: Clock,
    observer: Arc<dyn Observer>,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// None when nobody is to be told.
    sender: Option<Arc<Sender>>,
    rung: bool,
    stopped: bool,
}

/// What has become of one that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Ended(NotificationState),
    PutOff(Time),
}

/// While the store fails, it is tried so much later.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

impl Outbox {
    /// Sends nothing yet.
    pub fn new(store: Arc<Store>, clock: Clock, observer: Arc<dyn Observer>, sender: Option<Sender>) -> Self {
        let state = State { sender: sender.map(Arc::new), rung: false, stopped: false };
        let shared =
            Arc::new(Shared { store, clock, observer, state: Mutex::new(state), changed: Condvar::new() });
        Self { shared, ended: Mutex::default() }
    }

    /// Starts the thread, which sends at once what is pending. To be called once.
    ///
    /// On a clock that is stepped, time passes between calls of [`wake`](Self::wake) only.
    ///
    /// # Errors
    ///
    /// The system has no thread left.
    pub fn start(&self) -> io::Result<()> {
        let (alive, ended) = mpsc::channel();
        let working = Arc::clone(&self.shared);
        let work = move || {
            working.work();
            drop(alive);
        };
        thread::Builder::new().name("outbox".to_owned()).spawn(work)?;
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(ended);
        Ok(())
    }

    /// Sends in another way from now on.
    pub fn configure(&self, sender: Option<Sender>) {
        self.shared.lock().sender = sender.map(Arc::new);
        self.wake();
    }

    /// There is something to send, or a stepped clock was stepped.
    pub fn wake(&self) {
        self.shared.wake();
    }

    /// The same, for whoever raises notifications.
    pub fn waker(&self) -> Arc<dyn Fn() + Send + Sync> {
        let shared = Arc::clone(&self.shared);
        Arc::new(move || shared.wake())
    }

    /// Sends nothing more. What is being sent at this moment may take so long; it is sent again by the next server when
    /// that was not enough.
    pub fn stop(&self, patience: Duration) {
        self.shared.lock().stopped = true;
        self.shared.changed.notify_all();
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ended) = &*ended {
            // It is closed, or the time has passed: nobody ever says anything.
            let _ = ended.recv_timeout(patience);
        }
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.stop(Duration::ZERO);
    }
}

impl Shared {
    fn wake(&self) {
        self.lock().rung = true;
        self.changed.notify_all();
    }

    fn work(&self) {
        let mut failing = false;
        while !self.lock().stopped {
            let next = self.store.read(next_pending);
            self.tell(&mut failing, next.as_ref().err());
            match next {
                Err(_) => self.sleep(Some(AFTER_FAILURE)),
                Ok(None) => self.sleep(None),
                Ok(Some(pending)) => match self.wait_for(&pending) {
                    None => self.attend(&pending),
                    // A stepped clock does not move while anybody sleeps.
                    Some(_) if self.clock.is_stepped() => self.sleep(None),
                    Some(wait) => self.sleep(Some(wait)),
                },
            }
        }
    }

    /// How long it is until it is to be sent; none when that is now.
    fn wait_for(&self, pending: &PendingNotification) -> Option<Duration> {
        let wait = (pending.retry_at - self.clock.now()).to_std().ok()?;
        // One that was never tried waits for nothing, though the clock may have been turned back since.
        (!wait.is_zero() && pending.tries > 0).then_some(wait)
    }

    /// Sends one, and records how it went.
    fn attend(&self, pending: &PendingNotification) {
        let sender = self.lock().sender.clone();
        let Some(sender) = sender else {
            let message = format!(
                "Notification {} goes to nobody, for notification.type is not set: {}",
                pending.id, pending.message
            );
            self.log(Level::Warn, &message);
            let progress = Progress { tries: pending.tries, channel: None, answer: None };
            return self.record(pending, &progress, Fate::Ended(NotificationState::Dropped));
        };
        let sent = sender.send(&pending.payload, self.clock.now(), &|_, wait| wait());
        let (tries, retries) = (pending.tries.saturating_add(1), sender.retries());
        let (fate, level, message) = match &sent {
            Ok(answer) => (
                Fate::Ended(NotificationState::Sent),
                Level::Info,
                format!("Notification {} was sent by {}: {answer}", pending.id, sender.channel()),
            ),
            Err(error) => match retries.wait(pending.tries) {
                Some(wait) => (
                    Fate::PutOff(self.clock.now() + TimeDelta::from_std(wait).unwrap_or(TimeDelta::days(1))),
                    Level::Warn,
                    format!(
                        "Sending notification {} failed: retry {tries} of {}: {error}",
                        pending.id,
                        retries.limit()
                    ),
                ),
                None => (
                    Fate::Ended(NotificationState::Failed),
                    Level::Error,
                    format!("Notification {} cannot be sent: {error}: {}", pending.id, pending.message),
                ),
            },
        };
        self.log(level, &message);
        let answer = sent.unwrap_or_else(|error| error.answer());
        let progress = Progress { tries, channel: Some(sender.channel()), answer: Some(&answer) };
        self.record(pending, &progress, fate);
    }

    /// Tries until it is written: on a disk that is full, what was sent once would be sent over and over otherwise.
    fn record(&self, pending: &PendingNotification, progress: &Progress<'_>, fate: Fate) {
        let mut failing = false;
        loop {
            let now = self.clock.now();
            let written = match fate {
                Fate::Ended(state) => {
                    self.store.write(Durability::Full, |writer| end(writer, pending.id, state, progress, now))
                }
                Fate::PutOff(until) => self
                    .store
                    .write(Durability::Normal, |writer| put_off(writer, pending.id, progress, until)),
            };
            self.tell(&mut failing, written.as_ref().err());
            if written.is_ok() || self.lock().stopped {
                return;
            }
            self.sleep(Some(AFTER_FAILURE));
        }
    }

    /// Sleeps until somebody rings, or for so long at most.
    fn sleep(&self, longest: Option<Duration>) {
        let quiet = |state: &mut State| !state.rung && !state.stopped;
        let state = self.lock();
        let mut state = match longest {
            None => self.changed.wait_while(state, quiet).unwrap_or_else(PoisonError::into_inner),
            Some(longest) => {
                self.changed
                    .wait_timeout_while(state, longest, quiet)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
        };
        state.rung = false;
    }

    /// Tells once when the store begins to fail.
    fn tell(&self, failing: &mut bool, failure: Option<&StoreError>) {
        if let Some(failure) = failure.filter(|_| !*failing) {
            self.log(Level::Error, &format!("Notifications wait: {failure}"));
        }
        *failing = failure.is_some();
    }

    fn log(&self, level: Level, message: &str) {
        self.observer.log(&LogRecord { time: self.clock.now(), level, task: None, message });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Params, Settings, Task};
    use crate::store::Page;
    use crate::store::notifications::{NewNotification, NotificationKind, NotificationRow, insert, list};
    use crate::store::testing::{at, store};
    use std::path::Path;
    use tempfile::TempDir;

    /// Takes lines, and lets a test wait for the next one.
    struct Lines(Mutex<mpsc::Sender<String>>);

    impl Observer for Lines {
        fn log(&self, record: &LogRecord<'_>) {
            let _ = self.0.lock().unwrap().send(format!("{:?} {}", record.level, record.message));
        }

        fn output(&self, _: &str, _: &[u8]) {}

        fn started(&self, _: &Task) {}

        fn changed(&self, _: &Task) {}
    }

    struct Fixture {
        store: Arc<Store>,
        clock: Clock,
        lines: Receiver<String>,
        observer: Arc<Lines>,
        dir: TempDir,
    }

    impl Fixture {
        fn new() -> Self {
            let (store, dir) = store();
            let (sender, lines) = mpsc::channel();
            let observer = Arc::new(Lines(Mutex::new(sender)));
            Self { store: Arc::new(store), clock: Clock::stepped(at(100)), lines, observer, dir }
        }

        fn start(&self, sender: Option<Sender>) -> Outbox {
            let (store, clock) = (Arc::clone(&self.store), self.clock.clone());
            let outbox = Outbox::new(store, clock, self.observer.clone(), sender);
            outbox.start().unwrap();
            outbox
        }

        fn raise(&self, message: &str) {
            let payload = Params::from_iter([("message".to_owned(), message.into())]);
            let new = NewNotification {
                kind: NotificationKind::Late,
                project_name: Some("p"),
                workflow_name: Some("wf"),
                attempt: None,
                message,
                payload: &payload,
            };
            self.store.write(Durability::Full, |w| insert(w, &new, self.clock.now())).unwrap();
        }

        fn line(&self) -> String {
            self.lines.recv_timeout(Duration::from_secs(20)).unwrap()
        }

        /// The newest one, once its state is this.
        fn until(&self, state: NotificationState, tries: u64) -> NotificationRow {
            for _ in 0..20_000 {
                let row = self.store.read(|r| list(r, Page::first(1))).unwrap().remove(0);
                if (row.state, row.tries) == (state, tries) {
                    return row;
                }
                thread::yield_now();
                thread::park_timeout(Duration::from_millis(1));
            }
            panic!("never {state:?}");
        }
    }

    fn shell(dir: &Path, command: &str) -> Option<Sender> {
        let mut settings = Settings::default();
        settings.set("notification.type", "shell");
        settings.set("notification.retries", "2");
        settings.set("notification.shell.command", format!("cd '{}' && {command}", dir.display()));
        Sender::read(&settings, |_| None).unwrap()
    }

    #[test]
    fn what_is_pending_is_sent_at_the_start_and_when_it_rings() {
        let fixture = Fixture::new();
        fixture.raise("first");
        let outbox = fixture.start(shell(fixture.dir.path(), "cat >> sent; echo >> sent"));
        assert_eq!(fixture.line(), "Info Notification 1 was sent by shell: exit code = 0");
        let row = fixture.until(NotificationState::Sent, 1);
        assert_eq!((row.channel.as_deref(), row.answer.as_deref()), (Some("shell"), Some("exit code = 0")));
        assert_eq!(row.ended_at, Some(at(100)));
        fixture.raise("second");
        (outbox.waker())();
        fixture.until(NotificationState::Sent, 1);
        let sent = std::fs::read_to_string(fixture.dir.path().join("sent")).unwrap();
        assert_eq!(sent, "{\"message\":\"first\"}\n{\"message\":\"second\"}\n");
        outbox.stop(Duration::from_secs(20));
    }

    #[test]
    fn failures_are_tried_again_after_a_while_and_over_a_restart() {
        let fixture = Fixture::new();
        let failing = || shell(fixture.dir.path(), "exit 3");
        fixture.raise("m");
        let outbox = fixture.start(failing());
        let row = fixture.until(NotificationState::Pending, 1);
        assert_eq!((row.retry_at, row.answer.as_deref()), (Some(at(101)), Some("exit code = 3")));
        assert!(fixture.line().starts_with("Warn Sending notification 1 failed: retry 1 of 2: "));
        outbox.wake();
        outbox.stop(Duration::from_secs(20));
        drop(outbox);
        // The clock has not come that far: the next one waits, too.
        let outbox = fixture.start(failing());
        fixture.clock.step_to(at(101));
        outbox.wake();
        assert_eq!(fixture.until(NotificationState::Pending, 2).retry_at, Some(at(104)));
        assert!(fixture.line().starts_with("Warn Sending notification 1 failed: retry 2 of 2: "));
        fixture.clock.step_to(at(104));
        outbox.wake();
        fixture.until(NotificationState::Failed, 3);
        let line = fixture.line();
        assert!(line.starts_with("Error Notification 1 cannot be sent: ") && line.ends_with(": m"), "{line}");
    }

    #[test]
    fn without_settings_it_is_dropped_until_there_are_some() {
        let fixture = Fixture::new();
        let outbox = fixture.start(None);
        fixture.raise("it is late");
        outbox.wake();
        fixture.until(NotificationState::Dropped, 0);
        assert_eq!(
            fixture.line(),
            "Warn Notification 1 goes to nobody, for notification.type is not set: it is late"
        );
        outbox.configure(shell(fixture.dir.path(), "true"));
        fixture.raise("again");
        outbox.wake();
        fixture.until(NotificationState::Sent, 1);
    }

    #[test]
    fn stopping_does_not_wait_for_retries() {
        let fixture = Fixture::new();
        fixture.raise("m");
        let outbox = fixture.start(shell(fixture.dir.path(), "false"));
        fixture.line();
        outbox.stop(Duration::from_secs(20));
        fixture.until(NotificationState::Pending, 1);
    }
}
