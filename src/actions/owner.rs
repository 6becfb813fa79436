//! Which process runs an attempt, and whether it still lives.
//!
//! A pid alone does not tell: it is given again. Together with the time at which the process was started, and the boot of
//! the machine, it does. There is no heartbeat: on one machine the system knows at once when a process is gone, and an
//! idle process has nothing to do.

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use std::fs;
use std::process::Command;

/// A process, distinguishable from all others that have had or will have its pid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessIdentity {
    pub pid: u32,
    /// When it was started, in the system's own words.
    pub started: String,
}

impl ProcessIdentity {
    /// This process.
    pub fn current() -> Self {
        let pid = std::process::id();
        Self { pid, started: started(pid).unwrap_or_default() }
    }

    /// Whether the process still runs. When the system does not say when it was started, its pid has to do.
    pub fn is_alive(&self) -> bool {
        let Ok(pid) = i32::try_from(self.pid) else { return false };
        let exists = !matches!(kill(Pid::from_raw(pid), None), Err(Errno::ESRCH));
        exists && !has_ended(self.pid) && started(self.pid).is_none_or(|started| started == self.started)
    }
}

/// Whether a process has ended and only its parent has not asked for it yet. Known on Linux only.
fn has_ended(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, fields)| fields.trim_start().starts_with(['Z', 'X']))
}

/// When a process was started: on Linux the boot and the clock ticks since then, elsewhere what `ps` says.
fn started(pid: u32) -> Option<String> {
    if let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) {
        // The name of the program stands in parentheses and may hold anything; the fields follow the last one.
        let ticks = stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(19)?;
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        return Some(format!("{}:{ticks}", boot.trim()));
    }
    let said = Command::new("ps").args(["-o", "lstart=", "-p", &pid.to_string()]).output().ok()?;
    let said = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    (!said.is_empty()).then_some(said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::wait::{Id, WaitPidFlag, waitid};

    #[test]
    fn a_process_lives_until_it_has_ended() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let identity = ProcessIdentity { pid: child.id(), started: started(child.id()).unwrap() };
        assert!(identity.is_alive());
        let reused = ProcessIdentity { started: "another time".to_owned(), ..identity.clone() };
        assert!(!reused.is_alive());
        child.kill().unwrap();
        let pid = Pid::from_raw(i32::try_from(identity.pid).unwrap());
        waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT).unwrap();
        assert!(!identity.is_alive(), "nobody has asked for it yet");
        child.wait().unwrap();
        assert!(!identity.is_alive());
        assert!(ProcessIdentity::current().is_alive());
    }
}
