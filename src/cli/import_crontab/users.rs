//! The users of a crontab, as this machine knows them.

use crate::cli::CliError;
use crate::cli::account::{exists, home};
use crate::crontab::Entry;
use std::path::{Path, PathBuf};

/// How much in a crontab looks as if users stood before its commands, as in one of the system.
pub(super) enum Users {
    /// Nearly everything: it is one of the system, as a rule.
    OfSystem(String),
    /// Commands that begin with a user of this machine, by their lines and users.
    Some(Vec<(usize, String)>),
}

/// Looks at the first words of commands, of which each could be a command as well: `mail` and `backup` are users.
///
/// # Errors
///
/// The users of the machine cannot be looked up.
pub(super) fn first_words(entries: &[Entry]) -> Result<Users, CliError> {
    let mut users = Vec::new();
    let mut others = 0;
    let mut all_may_be_users = true;
    for entry in entries {
        let command = String::from_utf8_lossy(&entry.command);
        let mut words = command.split_ascii_whitespace();
        match (words.next(), words.next()) {
            (Some(user), Some(_)) if is_name(user) && exists(user)? => {
                users.push((entry.line, user.to_owned()));
            }
            (Some(word), Some(_)) if is_name(word) => others += 1,
            _ => all_may_be_users = false,
        }
    }
    // A user may have gone, while its entries are still there.
    if users.is_empty() || !all_may_be_users || users.len() < others {
        return Ok(Users::Some(users));
    }
    Ok(Users::OfSystem(if others == 0 {
        "every command begins with a user of this machine".to_owned()
    } else {
        format!("{} of {} commands begin with a user of this machine", users.len(), users.len() + others)
    }))
}

/// What is to be known of the user as whom cron runs an entry; `runs_as` runs the workflows.
///
/// # Errors
///
/// The users of the machine cannot be looked up.
pub(super) fn note(entry: &Entry, runs_as: &str) -> Result<Option<String>, CliError> {
    // The server is one of these two.
    let Some(user) = entry.user.as_deref().filter(|user| *user != "root" && *user != runs_as) else {
        return Ok(None);
    };
    let Some(home) = home(user)? else {
        return Ok(Some(format!(
            "there is no user {user} on this machine: cron does not run it, and the workflow fails"
        )));
    };
    let home = entry.variable("HOME").map_or(home, PathBuf::from);
    Ok((!home.is_dir()).then(|| no_home(user, &home)))
}

fn no_home(user: &str, home: &Path) -> String {
    format!(
        "the home directory of {user}, {}, is not there on this machine: Debian's cron runs it in another one all the same, \
         cronie does not; the workflow runs it in /",
        home.display()
    )
}

/// Whether a word may be a user: paths, variables and the like are commands.
fn is_name(word: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && word.chars().all(is_part)
}
