//! The usage of the program as a whole.

use super::COMMANDS;
use super::error::{CliError, ErrorKind, UsageText};
use super::parse::PROGRAM;

/// What asks a server, in the order of the usage. What is in none of these lists works on this machine alone.
const CLIENT_MODE: [&str; 23] = [
    "push",
    "archive",
    "upload",
    "download",
    "start",
    "retry",
    "kill",
    "backfill",
    "reschedule",
    "log",
    "projects",
    "workflows",
    "schedules",
    "disable",
    "enable",
    "sessions",
    "attempts",
    "attempt",
    "tasks",
    "notifications",
    "delete",
    "secrets",
    "version",
];

/// What is a server.
const SERVER_MODE: [&str; 1] = ["server"];

/// All commands and their common options.
pub(crate) fn main_usage() -> String {
    let is_local = |name: &&str| !CLIENT_MODE.contains(name) && !SERVER_MODE.contains(name);
    let local: Vec<&str> = COMMANDS.iter().map(|command| command.definition.name).filter(is_local).collect();
    let sections = [
        ("Local-mode commands", commands(&local)),
        ("Server-mode commands", commands(&SERVER_MODE)),
        ("Client-mode commands", commands(&CLIENT_MODE)),
        ("Options", COMMON_OPTIONS.iter().map(described).collect()),
        ("Client options", CLIENT_OPTIONS.iter().map(described).collect()),
    ];
    let sections = sections.iter().filter(|(_, lines)| !lines.is_empty());
    let sections: String = sections.map(|(title, lines)| format!("  {title}:\n{lines}\n")).collect();
    format!(
        "Usage: {PROGRAM} <command> [options...]\n{sections}\
         Use `<command> --help` to see detailed usage of a command."
    )
}

fn commands(names: &[&str]) -> String {
    let known = |name: &&str| COMMANDS.iter().find(|command| command.definition.name == *name);
    names.iter().filter_map(known).flat_map(|command| command.definition.synopsis).map(described).collect()
}

fn described((synopsis, what): &(&str, &str)) -> String {
    format!("    {synopsis:<34} {what}\n")
}

/// The options of the usage, with what they do.
const COMMON_OPTIONS: [(&str, &str); 5] = [
    ("-L, --log PATH", "write the log to a file (default: -)"),
    ("-l, --log-level LEVEL", "log level (error, warn, info, debug or trace; default: info)"),
    ("-X KEY=VALUE", "set a key of the configuration"),
    ("-c, --config PATH.properties", "configuration file (default: ~/.config/digdag/config)"),
    ("--version", "show the version"),
];

/// The options of the commands that ask a server.
const CLIENT_OPTIONS: [(&str, &str); 5] = [
    ("-e, --endpoint HOST[:PORT]", "the server (default: http://127.0.0.1:65432)"),
    ("-H, --header KEY=VALUE", "send a header, too"),
    ("--basic-auth USER:PASSWORD", "sign in"),
    ("--disable-version-check", "do not ask first whether the server can work with this client"),
    ("--disable-cert-validation", "take any certificate of the server for a good one"),
];

/// A command that is not there.
pub(crate) fn unknown_command(name: &str) -> CliError {
    let names: Vec<&str> = COMMANDS.iter().map(|command| command.definition.name).collect();
    let message = format!("available commands are: [{}]", names.join(", "));
    let error = CliError::new(ErrorKind::Usage(UsageText::Main), message);
    let near = |known: &&&str| strsim::damerau_levenshtein(name, known) <= 2;
    match names.iter().filter(near).min_by_key(|known| strsim::damerau_levenshtein(name, known)) {
        Some(similar) => error.hint(format!("did you mean {similar}?")),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let usage = main_usage();
        assert!(
            usage.contains("\n    init <dir>                         create a new workflow project\n"),
            "{usage}"
        );
        assert!(
            usage.contains(
                "\n  Options:\n    -L, --log PATH                     write the log to a file (default: -)\n"
            ),
            "{usage}"
        );
    }

    #[test]
    fn commands_stand_under_their_modes_in_an_order_of_their_own() {
        let usage = main_usage();
        let place = |text: &str| usage.find(text).unwrap_or_else(|| panic!("{text} in {usage}"));
        let order = [
            "  Local-mode commands:\n    r[un] <workflow.dig> ",
            "    init <dir> ",
            "  Client-mode commands:\n",
            "    start <project-name> <name> ",
            "    kill <attempt-id> ",
            "    log <attempt-id> ",
            "    projects [name] ",
            "    enable <project-name> <name> ",
            "    sessions ",
            "    version ",
            "  Options:\n",
            "  Client options:\n    -e, --endpoint HOST[:PORT] ",
        ];
        assert!(order.map(place).is_sorted(), "{usage}");
    }

    #[test]
    fn similar_commands_are_suggested() {
        assert_eq!(unknown_command("secert").hints, ["did you mean secrets?"]);
        assert_eq!(unknown_command("frobnicate").hints, Vec::<String>::new());
    }
}
