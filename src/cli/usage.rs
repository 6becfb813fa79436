//! The usage of the program as a whole.

use super::COMMANDS;
use super::error::{CliError, ErrorKind, UsageText};
use super::parse::PROGRAM;

/// All commands and the common options.
pub(crate) fn main_usage() -> String {
    let commands: String =
        COMMANDS.iter().flat_map(|command| command.definition.synopsis).map(described).collect();
    let options: String = COMMON_OPTIONS.iter().map(described).collect();
    format!(
        "Usage: {PROGRAM} <command> [options...]\n  Commands:\n{commands}\n  Options:\n{options}\n\
         Use `<command> --help` to see detailed usage of a command."
    )
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
    fn similar_commands_are_suggested() {
        assert_eq!(unknown_command("secert").hints, ["did you mean secrets?"]);
        assert_eq!(unknown_command("frobnicate").hints, Vec::<String>::new());
    }
}
