//! The thread that waits for changes. It waits without a limit of time while nothing has changed and nothing is polled.

use super::roster::Roster;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Watches directories in the background until it is stopped or dropped.
pub struct Watcher {
    shared: Arc<Shared>,
    bell: UnixStream,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Shared {
    stopped: AtomicBool,
    /// Everything is to be looked at.
    look: AtomicBool,
}

impl Watcher {
    /// Starts the thread. `changed` is called after schedules have changed, and must not take long.
    ///
    /// # Errors
    ///
    /// The system has no thread or socket left.
    pub fn start(mut roster: Roster, changed: impl Fn() + Send + 'static) -> io::Result<Self> {
        let (bell, hears) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        hears.set_nonblocking(true)?;
        let shared = Arc::new(Shared::default());
        let working = Arc::clone(&shared);
        let work = move || {
            while !working.stopped.load(Ordering::Acquire) {
                if working.look.swap(false, Ordering::AcqRel) {
                    roster.touch_all(Instant::now());
                }
                if roster.attend(Instant::now()) {
                    changed();
                }
                if let Err(error) = wait(&roster, &hears).and_then(|()| roster.take_changes(Instant::now())) {
                    roster.fail(&error);
                }
            }
        };
        let thread = std::thread::Builder::new().name("watcher".to_owned()).spawn(work)?;
        Ok(Self { shared, bell, thread: Mutex::new(Some(thread)) })
    }

    /// Looks at all directories, whether anything has changed or not.
    pub fn look_again(&self) {
        self.shared.look.store(true, Ordering::Release);
        self.ring();
    }

    /// Registers nothing more from when this returns.
    pub fn stop(&self) {
        self.shared.stopped.store(true, Ordering::Release);
        self.ring();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic in it has been told already.
            let _ = thread.join();
        }
    }

    fn ring(&self) {
        // It can only fail when it has been rung so often that the thread wakes up anyway.
        let _ = (&self.bell).write(&[0]);
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Waits for a change, for the bell, or until something is due.
fn wait(roster: &Roster, bell: &UnixStream) -> io::Result<()> {
    let left = roster.next().map(|due| due.saturating_duration_since(Instant::now()));
    // The system counts in whole milliseconds.
    let left = left.map(|left| left.saturating_add(Duration::from_millis(1)));
    let timeout =
        left.map_or(PollTimeout::NONE, |left| PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX));
    let mut waited = vec![PollFd::new(bell.as_fd(), PollFlags::POLLIN)];
    waited.extend(roster.descriptor().map(|descriptor| PollFd::new(descriptor, PollFlags::POLLIN)));
    match poll(&mut waited, timeout) {
        Ok(_) | Err(Errno::EINTR) => {}
        Err(errno) => return Err(errno.into()),
    }
    // Nothing to read means that it did not ring.
    let mut rung = [0; 64];
    let _ = (&mut &*bell).read(&mut rung);
    Ok(())
}
