//! Cancelling an attempt: ends the process groups of its running commands and wakes operators that wait.

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::io::{self, PipeReader, PipeWriter, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How far the cancelling of an attempt has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum CancelStage {
    #[default]
    Running,
    /// Commands were asked to end (SIGTERM).
    Terminating,
    /// Commands were ended (SIGKILL).
    Killed,
}

/// The commands of an attempt and whether they are to end.
#[derive(Debug, Default)]
pub struct Cancellation {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    stage: CancelStage,
    reason: Option<String>,
    commands: Vec<Running>,
}

#[derive(Debug)]
struct Running {
    group: Pid,
    wake: PipeWriter,
}

/// A running command's process group. Dropping it says that the command has ended.
#[derive(Debug)]
pub struct Registration<'a> {
    cancellation: &'a Cancellation,
    group: Pid,
    wake: PipeReader,
}

impl Cancellation {
    pub fn stage(&self) -> CancelStage {
        self.lock().stage
    }

    /// Why the attempt is cancelled, if nobody has asked for it.
    pub fn reason(&self) -> Option<String> {
        self.lock().reason.clone()
    }

    /// Says why the attempt is about to be cancelled.
    pub fn explain(&self, reason: String) {
        self.lock().reason = Some(reason);
    }

    /// Moves on to a stage and signals every running command. Going back is not possible.
    pub fn advance(&self, stage: CancelStage) {
        let mut state = self.lock();
        if stage > state.stage {
            state.stage = stage;
            for command in &mut state.commands {
                command.tell(stage);
            }
            self.changed.notify_all();
        }
    }

    /// Tells of a command whose process group is `group`. One that comes too late is signalled at once.
    ///
    /// # Errors
    ///
    /// No pipe can be had: the program has too many files open.
    pub fn register(&self, group: Pid) -> io::Result<Registration<'_>> {
        let (reader, writer) = io::pipe()?;
        let mut command = Running { group, wake: writer };
        let mut state = self.lock();
        command.tell(state.stage);
        state.commands.push(command);
        Ok(Registration { cancellation: self, group, wake: reader })
    }

    /// Waits until `timeout` has passed or the attempt is cancelled. Returns the stage.
    pub fn wait(&self, timeout: Duration) -> CancelStage {
        let state = self.lock();
        let (state, _) = self
            .changed
            .wait_timeout_while(state, timeout, |state| state.stage == CancelStage::Running)
            .unwrap_or_else(PoisonError::into_inner);
        state.stage
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registration<'_> {
    pub fn stage(&self) -> CancelStage {
        self.cancellation.stage()
    }

    /// A pipe that gets a byte for every stage, so that whoever waits for output hears of the cancelling too.
    pub fn wake(&self) -> &PipeReader {
        &self.wake
    }
}

impl Drop for Registration<'_> {
    fn drop(&mut self) {
        self.cancellation.lock().commands.retain(|command| command.group != self.group);
    }
}

impl Running {
    fn tell(&mut self, stage: CancelStage) {
        if stage != CancelStage::Running {
            signal(self.group, stage);
            // At most two bytes are ever written, so this cannot block.
            let _ = self.wake.write_all(&[0]);
        }
    }
}

/// Signals a whole process group; one that has ended already is fine.
fn signal(group: Pid, stage: CancelStage) {
    let signal = match stage {
        CancelStage::Running => return,
        CancelStage::Terminating => Signal::SIGTERM,
        CancelStage::Killed => Signal::SIGKILL,
    };
    let _ = killpg(group, signal);
    // One that was stopped, for it wanted the terminal, hears of the signal only when it goes on.
    let _ = killpg(group, Signal::SIGCONT);
}
