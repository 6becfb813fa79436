//! The thread that keeps the history within its limits.

use super::{Pace, tidy_up};
use crate::actions::prune::{Pruned, RetentionLimits};
use crate::clock::Clock;
use crate::logs::{Level, LogRecord};
use crate::model::show_rounded_size;
use crate::runner::Observer;
use crate::store::Store;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Attempts become too old, so it is looked so often.
const INTERVAL: Duration = Duration::from_secs(3600);
/// When so many attempts have ended since the last time, there may be too many of them before that.
const MANY: u32 = 200;

/// Keeps the history within its limits in the background, until it is stopped or dropped.
pub struct Housekeeping {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    store: Arc<Store>,
    clock: Clock,
    observer: Arc<dyn Observer>,
    ended: AtomicU32,
    /// How long what has just begun is left alone.
    delay: Duration,
    orders: Mutex<Orders>,
    changed: Condvar,
}

struct Orders {
    /// None when nothing is to be removed.
    limits: Option<RetentionLimits>,
    /// When to go through the history next.
    due: Instant,
    is_over: bool,
}

impl Housekeeping {
    /// How long a server leaves the history alone after its start, and when much has happened at once.
    pub const DELAY: Duration = Duration::from_secs(30);

    /// Starts the thread; it begins to work after `delay`, and so long after many attempts have ended.
    ///
    /// # Errors
    ///
    /// The system has no thread left.
    pub fn start(
        store: Arc<Store>,
        clock: Clock,
        observer: Arc<dyn Observer>,
        limits: Option<RetentionLimits>,
        delay: Duration,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            store,
            clock,
            observer,
            ended: AtomicU32::new(0),
            delay,
            orders: Mutex::new(Orders { limits, due: Instant::now() + delay, is_over: false }),
            changed: Condvar::new(),
        });
        let working = Arc::clone(&shared);
        let work = move || working.work();
        let thread = std::thread::Builder::new().name("housekeeping".to_owned()).spawn(work)?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// Follows other limits from now on.
    pub fn configure(&self, limits: Option<RetentionLimits>) {
        let mut orders = self.shared.orders();
        if orders.limits != limits {
            orders.due = Instant::now();
        }
        orders.limits = limits;
        self.shared.changed.notify_all();
    }

    /// An attempt has ended.
    pub fn attempt_ended(&self) {
        if self.shared.ended.fetch_add(1, Ordering::Relaxed) + 1 == MANY {
            let mut orders = self.shared.orders();
            orders.due = orders.due.min(Instant::now() + self.shared.delay);
            self.shared.changed.notify_all();
        }
    }

    /// Removes nothing more from when this returns.
    pub fn stop(&self) {
        self.shared.orders().is_over = true;
        self.shared.changed.notify_all();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic in it has been told already.
            let _ = thread.join();
        }
    }
}

impl Drop for Housekeeping {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn work(&self) {
        // Said once, until it has changed.
        let mut last_said = None;
        while self.wait_until_due() {
            self.ended.store(0, Ordering::Relaxed);
            let Some(limits) = self.orders().limits else { continue };
            let mut pace = Pace::new(|pause| self.pause(pause));
            match tidy_up(&self.store, limits, self.clock.now(), &mut pace) {
                Ok(pruned) => {
                    self.tell(&pruned);
                    let said = pruned.still_over.map(|_| still_over(limits));
                    said.iter().filter(|_| said != last_said).for_each(|text| self.log(Level::Warn, text));
                    last_said = said;
                }
                Err(error) => {
                    let said = Some(format!("The history cannot be kept within its limits: {error}"));
                    said.iter().filter(|_| said != last_said).for_each(|text| self.log(Level::Error, text));
                    last_said = said;
                }
            }
        }
    }

    /// Waits until there is something to do. Tells whether there still is somebody to do it for.
    fn wait_until_due(&self) -> bool {
        let mut orders = self.orders();
        while !orders.is_over {
            let left = orders.due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            (orders, _) = self.changed.wait_timeout(orders, left).unwrap_or_else(PoisonError::into_inner);
        }
        orders.due = Instant::now() + INTERVAL;
        !orders.is_over
    }

    /// Tells whether to go on after a pause.
    fn pause(&self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        let mut orders = self.orders();
        while !orders.is_over {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            (orders, _) = self.changed.wait_timeout(orders, left).unwrap_or_else(PoisonError::into_inner);
        }
        false
    }

    fn tell(&self, pruned: &Pruned) {
        let total = pruned.total();
        if total.attempts > 0 {
            let (attempts, logs) = (total.attempts, show_rounded_size(total.logs));
            self.log(
                Level::Info,
                &format!("Removed {attempts} old attempts with {logs} of logs (retention.*)"),
            );
        }
    }

    fn log(&self, level: Level, message: &str) {
        self.observer.log(&LogRecord { time: self.clock.now(), level, task: None, message });
    }

    fn orders(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn still_over(limits: RetentionLimits) -> String {
    let max = show_rounded_size(limits.max_size.unwrap_or_default());
    format!(
        "The history is larger than {max} (retention.max_size), and what is left of it stays: the newest attempts of \
         workflows, what is unfinished, and the newest revisions of projects"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Task;
    use crate::store::Page;
    use crate::store::attempts::{Scope, list};
    use crate::store::testing::{self, at, finish, insert, tasks, workflow};

    #[derive(Default)]
    struct Heard {
        lines: Mutex<Vec<String>>,
        changed: Condvar,
    }

    impl Heard {
        /// Waits until so many lines were logged.
        fn lines(&self, count: usize) -> Vec<String> {
            let lines = self.lines.lock().unwrap();
            let few = |lines: &mut Vec<String>| lines.len() < count;
            self.changed.wait_while(lines, few).unwrap().clone()
        }
    }

    impl Observer for Heard {
        fn log(&self, record: &LogRecord<'_>) {
            self.lines.lock().unwrap().push(format!("{:?} {}", record.level, record.message));
            self.changed.notify_all();
        }

        fn output(&self, _: &str, _: &[u8]) {}

        fn started(&self, _: &Task) {}

        fn changed(&self, _: &Task) {}
    }

    #[test]
    fn it_works_after_a_delay_with_new_limits_and_after_many_attempts() {
        let (store, _directory) = testing::store();
        let (store, heard) = (Arc::new(store), Arc::new(Heard::default()));
        let wf = workflow(&store, "p", "wf");
        let add = |times: std::ops::Range<i64>| {
            times.for_each(|time| finish(&store, insert(&store, wf, time, "", None, &tasks()), true));
        };
        add(0..10);
        let limit = |count| RetentionLimits { max_attempts: Some(count), ..RetentionLimits::NONE };
        let housekeeping = Housekeeping::start(
            Arc::clone(&store),
            Clock::stepped(at(100)),
            Arc::clone(&heard) as Arc<dyn Observer>,
            Some(limit(8)),
            Duration::ZERO,
        )
        .unwrap();
        let removed = |count| format!("Info Removed {count} old attempts with 0 B of logs (retention.*)");
        assert_eq!(heard.lines(1), [removed(2)]);
        housekeeping.configure(None);
        housekeeping.configure(Some(limit(5)));
        assert_eq!(heard.lines(2)[1], removed(3));
        add(10..11);
        (0..MANY).for_each(|_| housekeeping.attempt_ended());
        assert_eq!(heard.lines(3)[2], removed(1));
        housekeeping.configure(Some(RetentionLimits { max_size: Some(1), ..RetentionLimits::NONE }));
        assert_eq!(
            heard.lines(5)[3..],
            [
                removed(4),
                "Warn ".to_owned()
                    + &still_over(RetentionLimits { max_size: Some(1), ..RetentionLimits::NONE })
            ]
        );
        housekeeping.stop();
        assert_eq!(store.read(|r| list(r, Scope::All, Page::first(9))).unwrap().len(), 1);
    }
}
