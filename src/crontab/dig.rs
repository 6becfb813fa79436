//! The workflow that means the same as an entry.

use super::entry::Entry;
use super::error::{Cause, LineError};
use super::literal::{block, comment, looks_like_a_secret, quoted, template_of};
use super::name::Names;
use super::pattern::When;
use super::script::{DEFAULT_SHELL, script};
use super::times::Rules;
use crate::dig::schedule::Schedule;
use crate::dig::{DigError, IncludeError, load_workflow};
use crate::model::Zone;

/// What is to be known beside the entry.
#[derive(Debug, Clone)]
pub struct Options {
    /// How the crontab is called in comments.
    pub label: String,
    /// The zone of the machine on which cron runs.
    pub zone: Zone,
    /// Whom the workflows are made for.
    pub user: String,
}

/// An entry's workflow.
#[derive(Debug, Clone)]
pub struct Conversion {
    pub name: String,
    /// The `.dig` file.
    pub text: String,
    /// The pattern of `cron>`; none without a schedule.
    pub pattern: Option<String>,
    /// The schedule as it is read from the text.
    pub schedule: Option<Schedule>,
    pub zone: Zone,
    /// Which clock cron goes by.
    pub rules: Rules,
    /// What is different, or only worth knowing.
    pub notes: Vec<String>,
}

/// Variables that are cron's own settings.
const SETTINGS: [&str; 6] =
    ["MAILTO", "MAILFROM", "CRON_TZ", "RANDOM_DELAY", "CONTENT_TYPE", "CONTENT_TRANSFER_ENCODING"];

/// cron sets these to the user, whatever the crontab says.
const OF_USER: [&str; 2] = ["LOGNAME", "USER"];

/// Parameters with a meaning of their own: no variable can be handed over by them.
const TAKEN: [&str; 5] = ["cron_command", "cron_input", "docker", "sh", "shell"];

/// Makes the workflow.
///
/// # Errors
///
/// An unknown `CRON_TZ`, which is the same error for all entries below it, or a fault of the conversion: its result is
/// read before it is given out.
pub fn convert(entry: &Entry, options: &Options, names: &mut Names) -> Result<Conversion, LineError> {
    let error = |cause| LineError { line: entry.line, column: 1, cause };
    let mut notes = entry.notes.clone();
    let (zone, rules) = match entry.variable("CRON_TZ").filter(|zone| !zone.is_empty()) {
        None => (options.zone.clone(), Rules::Machine),
        Some(id) => {
            notes.push("its times are in CRON_TZ, as cronie has it; Debian's cron ignores that".to_owned());
            let line = entry.zone_line.unwrap_or(entry.line);
            let unknown = |unknown| LineError { line, column: 1, cause: Cause::Zone(unknown) };
            (Zone::parse(id).map_err(unknown)?, Rules::CronTz)
        }
    };
    let name = names.name(&entry.command);
    let pattern = match &entry.when {
        When::Reboot => {
            notes.push(
                "cron runs it when the machine starts, which no schedule can say: the file shows a systemd unit that does"
                    .to_owned(),
            );
            None
        }
        When::Times(pattern) => {
            let pattern = pattern.to_dig();
            if pattern.is_none() {
                notes.push(
                    "no date ever matches, cron never runs it: the workflow has no schedule".to_owned(),
                );
            }
            pattern
        }
    };
    let task = task(entry, options, &mut notes);

    let mut text: String = entry.comments.iter().map(|line| comment(line)).collect();
    text.push_str(&comment(&format!("{}:{}: {}", options.label, entry.line, entry.text)));
    if entry.when == When::Reboot {
        text.push_str(&reboot_unit(&name));
    }
    text.push_str(&format!("\ntimezone: {}\n", scalar(zone.id())));
    if let Some(pattern) = &pattern {
        text.push_str(&format!("\nschedule:\n  cron>: {}\n", quoted(pattern)));
    }
    text.push_str(&format!("\n+run:\n{task}"));

    let fault = |message: String| error(Cause::Workflow(message));
    let file = format!("{name}.dig");
    let workflow = load_workflow(&name, &file, text.clone().into(), &|_| Err(IncludeError::NotFound), &[])
        .map_err(|errors| fault(errors.iter().map(DigError::one_line).collect::<Vec<_>>().join("; ")))?;
    let schedule = workflow.schedule().map_err(|problem| fault(problem.one_line()))?;
    let schedule = schedule.map(|(schedule, _)| schedule);
    Ok(Conversion { name, text, pattern, schedule, zone, rules, notes })
}

/// The lines of the task.
fn task(entry: &Entry, options: &Options, notes: &mut Vec<String>) -> String {
    let script = script(entry, other_user(entry, options, notes));
    let mut env = String::new();
    let mut parameters = String::new();
    let has = |name: &str| entry.variable(name).is_some();
    let defaults = [("PATH", "/usr/bin:/bin"), ("SHELL", DEFAULT_SHELL)];
    let defaults = defaults.into_iter().filter(|(name, _)| !has(name));
    let given = entry.environment.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in given.chain(defaults) {
        let is_mentioned = || entry.text.contains(name);
        if SETTINGS.contains(&name) {
            if name == "RANDOM_DELAY" && !["", "0"].contains(&value) {
                notes.push("RANDOM_DELAY is not kept: it starts on the minute".to_owned());
            }
            if !is_mentioned() {
                continue;
            }
        }
        let is_valid = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let is_parameter = looks_like_a_secret(value);
        if OF_USER.contains(&name) {
            notes.push(format!("{name} is left out: cron, too, sets it to the user"));
        } else if !is_valid || is_parameter && TAKEN.contains(&name) {
            notes.push(format!("the variable \"{name}\" is left out: no task can have one of this name"));
        } else if is_parameter {
            // What `_env` would take for a secret stays as it is in a parameter, which is a variable, too.
            parameters.push_str(&format!("  {}: {}\n", key(name), quoted(&template_of(value))));
        } else {
            env.push_str(&format!("    {}: {}\n", key(name), quoted(&template_of(value))));
        }
    }
    if has("TZ") {
        notes.push(format!("TZ is for the command only, as with cron: its times are in {}", options.zone));
    }
    let mut task = format!("  _env:\n{env}{parameters}");
    if let Some(shell) = &script.shell {
        task.push_str(&format!("  shell: [{}]\n", quoted(&template_of(shell))));
    }
    for (name, text) in &script.parameters {
        task.push_str(&format!("  {name}: {}\n", quoted(&template_of(text))));
    }
    task + &block("sh>", &template_of(&script.text), "  ")
}

/// The user that the command has to be run as, if that is not whom the workflow is made for.
fn other_user<'a>(entry: &'a Entry, options: &Options, notes: &mut Vec<String>) -> Option<&'a str> {
    let user = entry.user.as_deref().filter(|user| *user == "root" || *user != options.user)?;
    if user == "root" {
        notes.push(
            "cron runs it as root: so has the server to be, or the command is made to do without".to_owned(),
        );
        return None;
    }
    notes.push(format!(
        "cron runs it as {user}: the workflow does so by runuser, for which the server has to be root"
    ));
    Some(user)
}

fn reboot_unit(name: &str) -> String {
    let lines = [
        "",
        "It runs when the machine starts. No schedule can say so, but a unit of systemd can, say",
        &format!("/etc/systemd/system/{name}-at-boot.service, enabled by `systemctl enable {name}-at-boot`:"),
        "",
        "  [Unit]",
        "  After=dibble.service",
        "  [Service]",
        "  Type=oneshot",
        &format!("  ExecStart=/usr/bin/env dibble start PROJECT {name} --session now"),
        "  [Install]",
        "  WantedBy=multi-user.target",
    ];
    lines.iter().map(|line| comment(line)).collect()
}

/// The id of a zone; offsets are quoted.
fn scalar(id: &str) -> String {
    let is_plain = id.starts_with(|c: char| c.is_ascii_alphabetic());
    if is_plain { id.to_owned() } else { quoted(id) }
}

/// The name of a variable as a key that stays a text.
fn key(name: &str) -> String {
    let other = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    if other.iter().any(|other| other.eq_ignore_ascii_case(name)) { quoted(name) } else { name.to_owned() }
}
