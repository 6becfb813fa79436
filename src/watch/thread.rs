//! The thread that waits for changes. It waits without a limit of time while nothing has changed and nothing is polled.

use super::health::WatchHealth;
use super::roster::Roster;
use super::source::News;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

/// Watches directories in the background until it is stopped or dropped.
pub struct Watcher {
    news: Sender<News>,
    thread: Mutex<Option<JoinHandle<()>>>,
    health: Arc<Mutex<WatchHealth>>,
}

impl Watcher {
    /// Starts the thread. `changed` is called after schedules have changed, `looking` before each look at directories of
    /// which there is news. Neither must take long.
    ///
    /// # Errors
    ///
    /// The system has no thread left.
    pub fn start(
        mut roster: Roster,
        looking: impl Fn() + Send + 'static,
        changed: impl Fn() + Send + 'static,
    ) -> io::Result<Self> {
        // It was for the source, which has it by now.
        let (news, told) = std::mem::replace(&mut roster.news, channel());
        let health = Arc::clone(&roster.health);
        let work = move || {
            loop {
                looking();
                if roster.attend(Instant::now()) {
                    changed();
                }
                let first = wait(&told, roster.next());
                for item in first.into_iter().chain(told.try_iter()) {
                    match item {
                        News::Change(change) => roster.take_change(&change, Instant::now()),
                        News::Failed(error) => roster.fail(&error, Instant::now()),
                        News::Look => roster.touch_all(Instant::now()),
                        News::Stop => return,
                    }
                }
            }
        };
        let thread = std::thread::Builder::new().name("watcher".to_owned()).spawn(work)?;
        Ok(Self { news, thread: Mutex::new(Some(thread)), health })
    }

    /// Looks at all directories, whether anything has changed or not.
    pub fn look_again(&self) {
        // It fails when it has been stopped.
        let _ = self.news.send(News::Look);
    }

    /// Whether the thread is there.
    pub fn is_alive(&self) -> bool {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// What was found when directories were looked at last.
    pub fn health(&self) -> WatchHealth {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Registers nothing more from when this returns.
    pub fn stop(&self) {
        let _ = self.news.send(News::Stop);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic in it has been told already.
            let _ = thread.join();
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Waits until something is told of, or until something is due.
fn wait(told: &Receiver<News>, due: Option<Instant>) -> Option<News> {
    let told = match due {
        None => told.recv().map_err(RecvTimeoutError::from),
        Some(due) => told.recv_timeout(due.saturating_duration_since(Instant::now())),
    };
    match told {
        Err(RecvTimeoutError::Timeout) => None,
        told => Some(told.unwrap_or(News::Stop)),
    }
}
