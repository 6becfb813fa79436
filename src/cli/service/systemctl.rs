//! Calls of `systemctl`.

use crate::cli::CliError;
use std::io::ErrorKind;
use std::process::{Command, Output, Stdio};

/// The manager of the machine, or that of the user.
pub(super) struct Systemctl {
    user: bool,
}

impl Systemctl {
    pub(super) fn new(user: bool) -> Self {
        Self { user }
    }

    /// # Errors
    ///
    /// There is no `systemctl`.
    pub(super) fn is_there(&self) -> Result<(), CliError> {
        self.output(&["--version"]).map(|_| ())
    }

    /// # Errors
    ///
    /// It cannot be called, or it fails, with what it said.
    pub(super) fn run(&self, words: &[&str]) -> Result<(), CliError> {
        let output = self.output(words)?;
        if output.status.success() {
            return Ok(());
        }
        let line = format!("systemctl{} {}", if self.user { " --user" } else { "" }, words.join(" "));
        let mut error = CliError::user(format!("{line} failed: {}", output.status));
        for text in [&output.stderr, &output.stdout] {
            let text = String::from_utf8_lossy(text);
            error.causes.extend(text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned));
        }
        Err(error.hint("`dibble service install --print` prints the unit, for other ways to install it"))
    }

    /// # Errors
    ///
    /// It cannot be called.
    pub(super) fn output(&self, words: &[&str]) -> Result<Output, CliError> {
        let mut command = Command::new("systemctl");
        command.args(self.user.then_some("--user")).args(words).stdin(Stdio::null());
        command.output().map_err(|error| match error.kind() {
            ErrorKind::NotFound => CliError::user("There is no systemd on this machine: systemctl was not found")
                .hint("`dibble service install --print` prints the unit; any other supervisor can run `dibble server`"),
            _ => CliError::user(format!("Cannot run systemctl: {error}")),
        })
    }
}
