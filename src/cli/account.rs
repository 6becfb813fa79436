//! Users of the machine: whose program this is, and whom a service runs as.

use super::CliError;
use nix::unistd::{User, geteuid};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The name of the user that runs the program.
pub(super) fn current_user() -> String {
    let user = User::from_uid(geteuid()).ok().flatten();
    user.map_or_else(|| geteuid().to_string(), |user| user.name)
}

/// # Errors
///
/// There is no such user.
pub(super) fn must_exist(name: &str) -> Result<(), CliError> {
    if exists(name)? {
        return Ok(());
    }
    Err(CliError::user(format!("There is no user {name}"))
        .hint("without --run-as a user is created for the server"))
}

/// Makes a user without a password and shell. Returns false if there is one.
///
/// # Errors
///
/// What `useradd` says.
pub(super) fn create_if_missing(name: &str, home: &Path) -> Result<bool, CliError> {
    if exists(name)? {
        return Ok(false);
    }
    let mut command = Command::new("useradd");
    command.args([
        "--system",
        "--user-group",
        "--no-create-home",
        "--shell",
        "/usr/sbin/nologin",
        "--home-dir",
    ]);
    command.arg(home).arg(name).stdin(Stdio::null());
    let failed = |why: String| {
        CliError::user(format!("Cannot create the user {name}: {why}"))
            .hint("create one and name it with --run-as USER")
    };
    let output = command.output().map_err(|error| failed(format!("useradd: {error}")))?;
    if output.status.success() {
        return Ok(true);
    }
    Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

/// # Errors
///
/// The users cannot be looked up.
pub(super) fn exists(name: &str) -> Result<bool, CliError> {
    home(name).map(|home| home.is_some())
}

/// The home directory of a user, which need not be there; none when there is no such user.
///
/// # Errors
///
/// The users cannot be looked up.
pub(super) fn home(name: &str) -> Result<Option<PathBuf>, CliError> {
    User::from_name(name)
        .map(|user| user.map(|user| user.dir))
        .map_err(|error| CliError::user(format!("Cannot look up the user {name}: {error}")))
}
