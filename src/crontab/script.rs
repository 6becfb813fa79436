//! The shell script that runs a command as cron does: in the home directory, as its user, with its input.

use super::entry::Entry;
use super::literal::looks_like_a_secret;
use crate::model::shell_word;

/// What a task needs to run an entry.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Script {
    /// The shell of the script, unless it is the usual one.
    pub(super) shell: Option<String>,
    /// Parameters that the script reads as variables.
    pub(super) parameters: Vec<(&'static str, String)>,
    pub(super) text: String,
}

/// The shell that cron uses when the crontab names none.
pub(super) const DEFAULT_SHELL: &str = "/bin/sh";

/// Shells that understand the script, by the last part of their paths.
const SHELLS: [&str; 9] = ["ash", "bash", "dash", "ksh", "ksh93", "mksh", "sh", "yash", "zsh"];

const COMMAND: &str = "cron_command";
const INPUT: &str = "cron_input";

/// `user` is whom the command is run as, if that takes a change.
///
/// As a rule the command stands in the script as it is. It is handed to the shell as a variable if that shell is no
/// usual one, if another user runs it, or if the script would be taken for one with secrets.
pub(super) fn script(entry: &Entry, user: Option<&str>) -> Script {
    let shell = entry.variable("SHELL").unwrap_or(DEFAULT_SHELL);
    let is_usual = SHELLS.contains(&shell.rsplit('/').next().unwrap_or(shell));
    if let Some(text) = inline(entry).filter(|_| is_usual && user.is_none()) {
        let shell = Some(shell.to_owned()).filter(|shell| shell != DEFAULT_SHELL);
        return Script { shell, parameters: Vec::new(), text };
    }
    handed_over(entry, shell, user)
}

fn inline(entry: &Entry) -> Option<String> {
    let command = std::str::from_utf8(&entry.command).ok()?;
    let input = entry.input.as_deref().map(std::str::from_utf8).transpose().ok()?;
    let mut text = "cd || exit\n".to_owned();
    if let Some(input) = input {
        let end = delimiter(input);
        text.push_str(&format!("exec <<'{end}'\n{input}{end}\n"));
    }
    text.push_str(command);
    text.push('\n');
    Some(text).filter(|text| !looks_like_a_secret(text))
}

fn handed_over(entry: &Entry, shell: &str, user: Option<&str>) -> Script {
    let mut parameters = Vec::new();
    // Users of services often have no home directory. Debian's cron goes on in its own directory then, where it has nothing
    // to do either; the server's own user has one.
    let mut text = match user {
        Some(_) if entry.variable("HOME").is_some() => "cd || cd /\n".to_owned(),
        Some(user) => format!("cd ~{user} || cd /\n"),
        None => "cd || exit\n".to_owned(),
    };
    let command = match std::str::from_utf8(&entry.command) {
        Ok(command) => {
            parameters.push((COMMAND, command.to_owned()));
            format!("\"${COMMAND}\"")
        }
        Err(_) => format!("\"$(printf '{}')\"", printf_format(&entry.command)),
    };
    let runuser = user.map_or_else(String::new, |user| {
        // It sets these to what the user's account has.
        let home = if entry.variable("HOME").is_some() { " HOME=\"$HOME\"" } else { "" };
        format!("/sbin/runuser -u {user} -- env SHELL={}{home} ", shell_word(shell))
    });
    let run = format!("{runuser}{} -c {command}", shell_word(shell));
    match entry.input.as_deref().map(|input| (input, std::str::from_utf8(input))) {
        None => text.push_str(&format!("exec {run}\n")),
        Some((_, Ok(input))) => {
            parameters.push((INPUT, input.strip_suffix('\n').unwrap_or(input).to_owned()));
            text.push_str(&format!("exec {run} <<END\n${INPUT}\nEND\n"));
        }
        Some((input, Err(_))) => text.push_str(&format!("printf '{}' | {run}\n", printf_format(input))),
    }
    Script { shell: None, parameters, text }
}

/// A line that is not in the text.
fn delimiter(text: &str) -> String {
    let numbered = (2..).map(|number| format!("END_{number}"));
    let mut candidates = std::iter::once("END".to_owned()).chain(numbered);
    candidates.find(|end| text.lines().all(|line| line != end)).unwrap_or_default()
}

/// The format with which `printf` prints the bytes, for single quotes.
fn printf_format(bytes: &[u8]) -> String {
    let mut format = String::new();
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            // It would be an option.
            b'-' if at == 0 => format.push_str("\\055"),
            b'%' => format.push_str("%%"),
            b'\\' => format.push_str("\\\\"),
            b' '..=b'~' if !b"'$".contains(&byte) => format.push(byte.into()),
            _ => format.push_str(&format!("\\{byte:03o}")),
        }
    }
    format
}
