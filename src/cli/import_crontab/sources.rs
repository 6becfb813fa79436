//! Where crontabs come from: files, standard input, `crontab -l`, and the places of the system.

use crate::cli::{CliError, Context};
use crate::crontab::LineError;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The text of a crontab.
pub(super) struct Source {
    /// What it is called in reports.
    pub(super) label: String,
    pub(super) text: Vec<u8>,
    /// Whether a user stands before the command.
    pub(super) with_user: bool,
    /// Whose it is, if that is known.
    pub(super) owner: Option<String>,
}

/// A line that could not be converted.
pub(super) struct Failed {
    pub(super) label: String,
    pub(super) error: LineError,
    /// The line, without what is not UTF-8.
    pub(super) text: String,
    /// How many entries are no workflows because of it.
    pub(super) entries: usize,
}

impl Source {
    pub(super) fn failed(&self, error: LineError) -> Failed {
        let line = self.text.split(|byte| *byte == b'\n').nth(error.line - 1).unwrap_or_default();
        let text = String::from_utf8_lossy(line).trim_end().to_owned();
        Failed { label: self.label.clone(), error, text, entries: 1 }
    }
}

const SYSTEM_CRONTAB: &str = "/etc/crontab";
const SYSTEM_DIRECTORY: &str = "/etc/cron.d";

/// Where crons keep the crontabs of users: Debian, SUSE, Red Hat.
const SPOOLS: [&str; 3] = ["/var/spool/cron/crontabs", "/var/spool/cron/tabs", "/var/spool/cron"];

/// Reads the crontabs that are named, or those that are meant when none is. `system` says whether a user stands before
/// the commands, if somebody has said so.
pub(super) fn read(
    files: &[PathBuf],
    system: Option<bool>,
    user: &str,
    context: &Context,
) -> Result<Vec<Source>, CliError> {
    if files.is_empty() {
        return if system == Some(true) { of_system() } else { of_user(user).map(|source| vec![source]) };
    }
    let read = |path: &PathBuf| {
        if path == Path::new("-") {
            let mut text = Vec::new();
            let read = io::stdin().lock().read_to_end(&mut text);
            read.map_err(|error| CliError::user(format!("Cannot read standard input: {error}")))?;
            return Ok(Source {
                label: "stdin".to_owned(),
                text,
                with_user: system == Some(true),
                owner: None,
            });
        }
        file(&context.dir.join(path), &path.display().to_string(), system)
    };
    files.iter().map(read).collect()
}

fn file(path: &Path, label: &str, system: Option<bool>) -> Result<Source, CliError> {
    let text = fs::read(path).map_err(|error| CliError::user(format!("Cannot read {label}: {error}")))?;
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let is_of_system =
        || real == Path::new(SYSTEM_CRONTAB) || real.parent() == Some(Path::new(SYSTEM_DIRECTORY));
    let with_user = system.unwrap_or_else(is_of_system);
    Ok(Source { label: label.to_owned(), text, with_user, owner: owner(&real) })
}

/// The user whose crontab cron keeps in a file: it is named after its owner.
fn owner(path: &Path) -> Option<String> {
    let is_kept = path.parent().is_some_and(|parent| SPOOLS.iter().any(|spool| parent == Path::new(spool)));
    path.file_name().filter(|_| is_kept).map(|name| name.to_string_lossy().into_owned())
}

fn of_user(user: &str) -> Result<Source, CliError> {
    let listed = Command::new("crontab").arg("-l").stdin(Stdio::null()).output();
    let listed = listed.map_err(|error| {
        CliError::user(format!("Cannot run crontab -l: {error}"))
            .hint("name the file of the crontab, or - for standard input")
    })?;
    if !listed.status.success() {
        let said = String::from_utf8_lossy(&listed.stderr).trim().to_owned();
        let message = if said.is_empty() { listed.status.to_string() } else { said };
        return Err(CliError::user(format!("crontab -l failed for {user}: {message}"))
            .hint("--system reads /etc/crontab and /etc/cron.d"));
    }
    // Whoever it is runs the server as well, as a rule; root had better think about it.
    let owner = Some(user.to_owned()).filter(|user| user == "root");
    Ok(Source { label: "crontab".to_owned(), text: listed.stdout, with_user: false, owner })
}

/// `/etc/crontab` and, of the files in `/etc/cron.d`, those that cron reads.
fn of_system() -> Result<Vec<Source>, CliError> {
    let is_read = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        name.chars().all(plain) && path.is_file()
    };
    let mut paths: Vec<PathBuf> = fs::read_dir(SYSTEM_DIRECTORY)
        .map(|entries| entries.flatten().map(|entry| entry.path()).filter(is_read).collect())
        .unwrap_or_default();
    paths.push(PathBuf::from(SYSTEM_CRONTAB));
    paths.sort();
    // A system may do without the one or the other.
    paths.retain(|path| path.exists());
    if paths.is_empty() {
        return Err(CliError::user(format!(
            "There is neither {SYSTEM_CRONTAB} nor a file in {SYSTEM_DIRECTORY}"
        )));
    }
    paths.iter().map(|path| file(path, &path.display().to_string(), Some(true))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_cron_are_named_after_their_owners() {
        let owner = |path| owner(Path::new(path));
        assert_eq!(owner("/var/spool/cron/crontabs/ann").as_deref(), Some("ann"));
        assert_eq!(owner("/var/spool/cron/bob").as_deref(), Some("bob"));
        assert_eq!(owner("/home/ann/crontab"), None);
        assert_eq!(owner("/"), None);
    }
}
