//! Process 1 of a container: somebody has to reap the orphans of commands there.
//!
//! The program starts itself once more for the work, passes signals on to it, reaps whatever ends, and ends with it. When
//! that is not possible, the work is done without reaping.

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io::{self, IsTerminal};
use std::process::{Command, ExitCode};

/// Does the work in a child if this is process 1, and returns its exit code. None: do the work here.
pub fn run() -> Option<ExitCode> {
    if std::process::id() != 1 {
        return None;
    }
    let child = start_again().ok()?;
    forward_signals(child);
    Some(reap_until_end_of(child))
}

fn start_again() -> io::Result<Pid> {
    let child = Command::new(std::env::current_exe()?).args(std::env::args_os().skip(1)).spawn()?;
    // The handle is not needed: the child is waited for together with the orphans.
    i32::try_from(child.id()).map(Pid::from_raw).map_err(io::Error::other)
}

fn forward_signals(child: Pid) {
    // From a terminal, Ctrl-C reaches the child by itself; passed on, it would count as a second one.
    let interrupts = if io::stdin().is_terminal() { None } else { Some(SIGINT) };
    let Ok(mut signals) = Signals::new([SIGHUP, SIGTERM].into_iter().chain(interrupts)) else { return };
    std::thread::spawn(move || {
        for signal in signals.forever() {
            let _ = Signal::try_from(signal).map(|signal| kill(child, signal));
        }
    });
}

fn reap_until_end_of(child: Pid) -> ExitCode {
    loop {
        match waitpid(None, None) {
            Ok(WaitStatus::Exited(pid, code)) if pid == child => {
                return ExitCode::from(u8::try_from(code & 0xff).unwrap_or(u8::MAX));
            }
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == child => {
                return ExitCode::from(u8::try_from(128 + signal as i32).unwrap_or(u8::MAX));
            }
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return ExitCode::FAILURE,
        }
    }
}
