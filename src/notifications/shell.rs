//! A command that gets a notification on its standard input. What it prints is dropped, but
//! for the last line of its complaints when it fails.

use super::complaints::Complaints;
use super::error::{SendError, ended};
use super::texts::required;
use crate::model::{ConfigError, Settings};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// What is done around the waiting for a command: it is given the command's process group, so that it can be ended before
/// its time, and must call the function.
pub type Around<'a> = &'a dyn Fn(Pid, &mut dyn FnMut());

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ShellCommand {
    command: String,
    timeout: Duration,
    /// Variables of the environment that it does not inherit.
    pub(super) removed: &'static [&'static str],
}

impl ShellCommand {
    pub(super) fn read(settings: &Settings) -> Result<Self, ConfigError> {
        let command = required(settings, "notification.shell.command")?.to_owned();
        let timeout = settings.number("notification.shell.timeout")?.unwrap_or(30_000);
        Ok(Self { command, timeout: Duration::from_millis(timeout), removed: &[] })
    }

    pub(super) fn send(&self, payload: &[u8], around: Around<'_>) -> Result<String, SendError> {
        let command = || self.command.clone();
        let status = self.run(payload, around);
        match status.map_err(|source| SendError::NotRun { command: command(), source })? {
            None => Err(SendError::TimedOut(command())),
            Some((status, complaints)) if !status.success() => {
                let complaint = complaints.last_line(&self.command);
                Err(SendError::Failed { command: command(), status, complaint })
            }
            Some((status, _)) => Ok(ended(status)),
        }
    }

    /// How the command ended, and its complaints; none if it took too long.
    fn run(&self, payload: &[u8], around: Around<'_>) -> io::Result<Option<(ExitStatus, Complaints)>> {
        let (complaints, stderr) = Complaints::collect()?;
        let mut shell = Command::new("/bin/sh");
        for name in self.removed {
            shell.env_remove(name);
        }
        let mut child = shell
            .args(["-c", &self.command])
            .stdin(input(payload)?)
            .stdout(Stdio::null())
            .stderr(stderr)
            .process_group(0)
            .spawn()?;
        drop(shell); // it holds the writing end of the pipe
        let group = Pid::from_raw(child.id().cast_signed());
        let mut ended = Ok(None);
        around(group, &mut || ended = wait(&mut child, group, self.timeout));
        Ok(ended?.map(|status| (status, complaints)))
    }
}

/// A file with the payload. Unlike a pipe it needs nobody to keep writing, nor a command that reads.
fn input(payload: &[u8]) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(payload)?;
    file.rewind()?;
    Ok(file)
}

/// Waits for the command, and ends it with all that it started when it takes too long.
fn wait(child: &mut Child, group: Pid, timeout: Duration) -> io::Result<Option<ExitStatus>> {
    let (sender, ended) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || sender.send(child.wait()));
        match ended.recv_timeout(timeout) {
            Ok(status) => status.map(Some),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                let _ = killpg(group, Signal::SIGKILL); // one that ends at this very moment is fine
                Ok(None)
            }
        }
    })
}
