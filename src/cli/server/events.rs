//! What a server waits for in the end: signals, and its own parts.

use crate::cli::CliError;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};
use std::fs::File;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// Something that the server has to do something about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// Somebody wants it to end.
    End(i32),
    /// Somebody wants it to read its configuration again.
    Reload,
    /// The runner has ended, by itself or because it was told to.
    RunnerEnded,
    /// Running tasks have ended; `true` if they ended by themselves.
    Drained(bool),
    /// Nothing has happened for as long as somebody would wait for a sign of life.
    Quiet,
}

/// Events in their order.
pub(super) struct Events {
    sender: Sender<Event>,
    receiver: Receiver<Event>,
    /// How long `next` waits; none for as long as it takes.
    patience: Option<Duration>,
    signals: Handle,
    thread: Option<JoinHandle<()>>,
}

impl Events {
    /// Begins to listen to signals.
    ///
    /// # Errors
    ///
    /// The system does not let it.
    pub(super) fn listen(patience: Option<Duration>) -> Result<Self, CliError> {
        let failed = |error| CliError::internal(format!("Cannot listen for signals: {error}"));
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(failed)?;
        let handle = signals.handle();
        let (sender, receiver) = mpsc::channel();
        let tell = sender.clone();
        let had_terminal = has_terminal();
        let listen = move || {
            for signal in signals.forever() {
                let hung_up = signal == SIGHUP && had_terminal && !has_terminal();
                let event = if signal == SIGHUP && !hung_up { Event::Reload } else { Event::End(signal) };
                // Once nobody listens any more, the process is about to end.
                let _ = tell.send(event);
            }
        };
        let thread = Builder::new().name("signals".to_owned()).spawn(listen).map_err(failed)?;
        Ok(Self { sender, receiver, patience, signals: handle, thread: Some(thread) })
    }

    /// For those who have something to tell.
    pub(super) fn sender(&self) -> Sender<Event> {
        self.sender.clone()
    }

    /// Waits for the next one.
    pub(super) fn next(&self) -> Event {
        let received = match self.patience {
            // There is a sender in here, so that this fails never.
            None => self.receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(patience) => self.receiver.recv_timeout(patience),
        };
        received.unwrap_or(Event::Quiet)
    }

    /// Waits no longer than this for the next one.
    pub(super) fn next_within(&self, limit: Duration) -> Option<Event> {
        self.receiver.recv_timeout(limit).ok()
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.signals.close();
        if let Some(thread) = self.thread.take() {
            // The thread only passes signals on; there is nothing to learn from it.
            let _ = thread.join();
        }
    }
}

/// Whether the process has a terminal. The signal that asks a daemon to read its configuration is also the one that
/// tells that the terminal has gone.
fn has_terminal() -> bool {
    File::open("/dev/tty").is_ok()
}
