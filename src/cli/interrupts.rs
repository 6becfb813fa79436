//! Ctrl-C and SIGTERM while a workflow runs: the first one asks commands to end, the second one kills them.

use super::output::Output;
use crate::runner::Control;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Listens until it is dropped.
pub(crate) struct Interrupts {
    signals: Handle,
    heard: Arc<Mutex<Heard>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Heard {
    first: Option<i32>,
    /// How many signals came.
    count: u32,
    control: Option<Control>,
}

impl Interrupts {
    /// Begins to listen. Until there is something to cancel, signals are remembered.
    pub(crate) fn listen(output: &Arc<Output>) -> io::Result<Self> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let handle = signals.handle();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let (listener, output) = (Arc::clone(&heard), Arc::clone(output));
        let thread = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for signal in signals.forever() {
                let mut heard = listener.lock().unwrap_or_else(PoisonError::into_inner);
                heard.count += 1;
                heard.first.get_or_insert(signal);
                if heard.count == 1 {
                    output.note("Canceling: commands have 10 seconds to end. Interrupt again to kill them.");
                }
                heard.pass_on();
            }
        })?;
        Ok(Self { signals: handle, heard, thread: Some(thread) })
    }

    /// The first signal that came.
    pub(crate) fn first(&self) -> Option<i32> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).first
    }

    /// Gives a run that signals are to cancel.
    pub(crate) fn control(&self, control: Control) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.control = Some(control);
        heard.pass_on();
    }
}

impl Heard {
    fn pass_on(&self) {
        match (&self.control, self.count) {
            (None, _) | (_, 0) => {}
            (Some(control), 1) => control.cancel(),
            (Some(control), _) => control.kill(),
        }
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        self.signals.close();
        if let Some(thread) = self.thread.take() {
            // The thread only passes signals on; there is nothing to learn from it.
            let _ = thread.join();
        }
    }
}
