//! The command line: one file per command, the table of commands, and what happens round each of them.
//!
//! Nothing is prepared before it is known which command runs. Only `output` prints.

mod account;
pub mod archive;
pub mod args;
pub mod attempts;
pub mod backfill;
pub mod backup;
mod block;
pub mod check;
pub mod client_args;
mod colour;
pub mod completions;
pub mod context;
pub mod delete;
pub mod doctor;
pub mod download;
mod earlier;
mod err_terminal;
pub mod error;
pub mod history;
mod idle_settings;
pub mod import_crontab;
pub mod init;
mod interrupts;
pub mod kill;
mod live;
mod local_project;
pub mod log;
pub mod log_file;
mod log_line;
pub mod notifications;
pub mod output;
pub mod packing;
pub mod params_arg;
mod parse;
pub mod passwd;
pub mod program_log;
pub mod progress;
pub mod projects;
mod properties;
pub mod prune;
pub mod push;
mod remote_log;
pub mod reschedule;
pub mod retry;
pub mod run;
pub mod run_summary;
pub mod schedule_target;
pub mod scheduler;
pub mod schedules;
mod secret_input;
pub mod secrets;
pub mod server;
pub mod service;
pub mod sessions;
pub mod settings;
pub mod start;
pub mod started;
pub mod status_arg;
pub mod switch;
mod task_output;
pub mod task_table;
pub mod tasks;
mod time_arg;
pub mod token;
mod unseen_input;
pub mod upload;
mod usage;
pub mod version;
pub mod workflows;

pub use context::Context;
pub use error::{CliError, ErrorKind, UsageText};
pub use output::Output;

use self::args::{CommonArgs, Definition};
use self::colour::flag_error;
use self::parse::{Line, Parsed};
use crate::logs::MachineZone;
use clap::{ArgMatches, FromArgMatches};
use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

/// The version of the program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How a command ended that printed everything itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Success,
    /// What it was asked for went wrong, as it has said.
    Failure,
    /// A signal ended it.
    Interrupted(i32),
}

/// A command: what it takes and what it does.
pub(crate) struct Command {
    pub(crate) definition: &'static Definition,
    pub(crate) run: fn(&ArgMatches, &Context) -> Result<Exit, CliError>,
}

/// All commands, in the order of the usage.
pub(crate) const COMMANDS: &[Command] = &[
    Command { definition: &run::DEFINITION, run: |words, context| run::run(&read(words)?, context) },
    Command { definition: &check::DEFINITION, run: |words, context| check::run(&read(words)?, context) },
    Command { definition: &init::DEFINITION, run: |words, context| init::run(&read(words)?, context) },
    Command { definition: &push::DEFINITION, run: |words, context| push::run(&read(words)?, context) },
    Command { definition: &archive::DEFINITION, run: |words, context| archive::run(&read(words)?, context) },
    Command { definition: &upload::DEFINITION, run: |words, context| upload::run(&read(words)?, context) },
    Command {
        definition: &download::DEFINITION,
        run: |words, context| download::run(&read(words)?, context),
    },
    Command { definition: &delete::DEFINITION, run: |words, context| delete::run(&read(words)?, context) },
    Command { definition: &start::DEFINITION, run: |words, context| start::run(&read(words)?, context) },
    Command { definition: &retry::DEFINITION, run: |words, context| retry::run(&read(words)?, context) },
    Command { definition: &kill::DEFINITION, run: |words, context| kill::run(&read(words)?, context) },
    Command {
        definition: &backfill::DEFINITION,
        run: |words, context| backfill::run(&read(words)?, context),
    },
    Command {
        definition: &reschedule::DEFINITION,
        run: |words, context| reschedule::run(&read(words)?, context),
    },
    Command { definition: &log::DEFINITION, run: |words, context| log::run(&read(words)?, context) },
    Command {
        definition: &projects::DEFINITION,
        run: |words, context| projects::run(&read(words)?, context),
    },
    Command {
        definition: &workflows::DEFINITION,
        run: |words, context| workflows::run(&read(words)?, context),
    },
    Command {
        definition: &schedules::DEFINITION,
        run: |words, context| schedules::run(&read(words)?, context),
    },
    Command { definition: &switch::DISABLE, run: |words, context| switch::disable(&read(words)?, context) },
    Command { definition: &switch::ENABLE, run: |words, context| switch::enable(&read(words)?, context) },
    Command {
        definition: &sessions::DEFINITION,
        run: |words, context| sessions::run(&read(words)?, context),
    },
    Command {
        definition: &attempts::ATTEMPTS,
        run: |words, context| attempts::run_list(&read(words)?, context),
    },
    Command { definition: &attempts::ATTEMPT, run: |words, context| attempts::run(&read(words)?, context) },
    Command { definition: &tasks::DEFINITION, run: |words, context| tasks::run(&read(words)?, context) },
    Command {
        definition: &notifications::DEFINITION,
        run: |words, context| notifications::run(&read(words)?, context),
    },
    Command { definition: &secrets::DEFINITION, run: |words, context| secrets::run(&read(words)?, context) },
    Command {
        definition: &scheduler::DEFINITION,
        run: |words, context| scheduler::run(&read(words)?, &read(words)?, context),
    },
    Command {
        definition: &server::DEFINITION,
        run: |words, context| server::run(&read(words)?, &read(words)?, context),
    },
    Command {
        definition: &import_crontab::DEFINITION,
        run: |words, context| import_crontab::run(&read(words)?, context),
    },
    Command {
        definition: &service::DEFINITION,
        run: |words, context| service::run(&read(words)?, words, context),
    },
    Command { definition: &prune::DEFINITION, run: |words, context| prune::run(&read(words)?, context) },
    Command { definition: &backup::BACKUP, run: |words, context| backup::run_backup(&read(words)?, context) },
    Command {
        definition: &backup::RESTORE,
        run: |words, context| backup::run_restore(&read(words)?, context),
    },
    Command { definition: &doctor::DEFINITION, run: |words, context| doctor::run(&read(words)?, context) },
    Command { definition: &passwd::DEFINITION, run: |words, context| passwd::run(&read(words)?, context) },
    Command { definition: &token::DEFINITION, run: |words, context| token::run(&read(words)?, context) },
    Command { definition: &version::DEFINITION, run: |words, context| version::run(&read(words)?, context) },
    Command {
        definition: &completions::DEFINITION,
        run: |words, context| completions::run(&read(words)?, context),
    },
];

/// Runs the program. `words` are the arguments without the name of the program.
pub fn main(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let variable = |name: &str| std::env::var(name).ok();
    let output = Arc::new(Output::standard(variable));
    let code = execute(words, &output, variable);
    match output.finish() {
        Ok(()) => ExitCode::from(code),
        Err(error) => {
            output.note(&format!("error: Cannot write to standard output: {error}"));
            if code == 0 { ExitCode::FAILURE } else { ExitCode::from(code) }
        }
    }
}

/// Runs a command line and says what went wrong. Returns the exit code.
fn execute(
    words: impl IntoIterator<Item = OsString>,
    output: &Arc<Output>,
    variable: fn(&str) -> Option<String>,
) -> u8 {
    let line = parse::split(words);
    if line == Ok(Line::Version) {
        output.line(VERSION);
        return 0;
    }
    let mut definition = None;
    let ended = context::clock(variable).and_then(|clock| {
        let zone = MachineZone::new(variable("TZ").as_deref());
        output.note(&format!("{}: Dibble v{VERSION}", zone.show(clock.now())));
        let (name, words) = match line? {
            Line::Command { name, words } => (name, words),
            Line::Main { help: false } => {
                return Err(CliError::new(ErrorKind::Usage(UsageText::Main), ""));
            }
            Line::Main { help: true } | Line::Version => {
                output.note(&usage::main_usage());
                return Ok(Exit::Success);
            }
        };
        let command = find(&name)?;
        definition = Some(command.definition);
        let matches = match parse::parse(command.definition, &words)? {
            Parsed::Arguments(matches) => matches,
            Parsed::Help => {
                output.note(&parse::usage(command.definition));
                return Ok(Exit::Success);
            }
        };
        let context = Context::new(&read::<CommonArgs>(&matches)?, output, clock, zone, variable)?;
        (command.run)(&matches, &context)
    });
    match ended {
        Ok(Exit::Success) => 0,
        Ok(Exit::Failure) => 1,
        Ok(Exit::Interrupted(signal)) => u8::try_from(128 + signal).unwrap_or(1),
        Err(error) => {
            tell(&error, definition, output);
            error.exit_code()
        }
    }
}

fn find(name: &str) -> Result<&'static Command, CliError> {
    let has_name =
        |command: &&Command| command.definition.name == name || command.definition.aliases.contains(&name);
    COMMANDS.iter().find(has_name).ok_or_else(|| usage::unknown_command(name))
}

/// The arguments as a command wants them.
fn read<A: FromArgMatches>(matches: &ArgMatches) -> Result<A, CliError> {
    A::from_arg_matches(matches).map_err(|error| CliError::internal(error.to_string()))
}

fn tell(error: &CliError, definition: Option<&Definition>, output: &Output) {
    if let ErrorKind::Usage(text) = error.kind {
        match (text, definition) {
            (UsageText::Command, Some(definition)) => output.note(&parse::usage(definition)),
            (UsageText::Line, Some(definition)) => output.note(&parse::usage_line(definition)),
            _ => output.note(&usage::main_usage()),
        }
    }
    if !error.message.is_empty() {
        output.note(&flag_error(&error.to_string(), output.err_has_colours()));
    }
}

#[cfg(test)]
mod tests {
    mod api;

    use super::output::captured::Captured;
    use super::*;

    fn variable(name: &str) -> Option<String> {
        match name {
            "DIBBLE_NOW" => Some("2026-11-22T03:10:39Z".to_owned()),
            "TZ" => Some("Asia/Tokyo".to_owned()),
            "DIGDAG_CONFIG_HOME" => Some("/nonexistent".to_owned()),
            _ => None,
        }
    }

    /// The exit code, standard output and standard error of a command line.
    fn dibble(words: &str) -> (u8, String, String) {
        let (output, captured) = Captured::new();
        let code = execute(words.split_whitespace().map(OsString::from), &Arc::new(output), variable);
        (code, captured.out(), captured.err())
    }

    #[test]
    fn the_version_comes_without_a_banner() {
        assert_eq!(dibble("--version"), (0, format!("{VERSION}\n"), String::new()));
        assert_eq!(dibble("run x --version"), (0, format!("{VERSION}\n"), String::new()));
    }

    #[test]
    fn a_banner_comes_first() {
        let (code, out, err) = dibble("version -e ftp://h");
        let failed = "An error happened during getting Server version.";
        assert_eq!((code, out), (1, format!("Client version: {VERSION}\n{failed}\n")));
        assert_eq!(
            err,
            format!(
                "2026-11-22 12:10:39 +0900: Dibble v{VERSION}\n\
                 error: Endpoint must start with http:// or https://: ftp://h\n"
            )
        );
    }

    #[test]
    fn usage_goes_to_standard_error() {
        let (code, out, err) = dibble("--help");
        assert_eq!((code, out.as_str()), (0, ""));
        assert!(err.contains("\nUsage: dibble <command> [options...]\n"), "{err}");
        assert!(err.ends_with("Use `<command> --help` to see detailed usage of a command.\n"), "{err}");

        let (code, _, err) = dibble("init --help");
        assert_eq!(code, 0);
        assert!(err.contains("\nUsage: dibble init <dir> [options...]\n"), "{err}");
        assert!(err.contains("--type <EXAMPLE_TYPE>"), "{err}");
        assert!(err.ends_with("  $ dibble init -t python mydag  # one that calls Python\n"), "{err}");
    }

    #[test]
    fn usage_errors_exit_2() {
        let names: Vec<&str> = COMMANDS.iter().map(|command| command.definition.name).collect();
        let available = format!("error: available commands are: [{}]\n", names.join(", "));
        for (words, end) in [
            ("", "Use `<command> --help` to see detailed usage of a command.\n"),
            ("init", "error: Missing argument: <dir>\n"),
            ("init x --bogus", "Usage: dibble init <dir> [options...]\nerror: Unknown option: --bogus\n"),
            ("init x -l loud", "error: Unknown log level 'loud'\n"),
            ("inti x", &format!("{available}hint: did you mean init?\n")),
            ("frobnicate", &available),
        ] {
            let (code, out, err) = dibble(words);
            assert_eq!((code, out.as_str()), (2, ""), "{words}");
            assert!(err.contains("\nUsage: dibble "), "{words}: {err}");
            assert!(err.ends_with(end), "{words}: {err}");
        }
    }

    #[test]
    fn an_explicit_configuration_must_be_there() {
        let (code, _, err) = dibble("-c nosuch.conf version");
        assert_eq!(code, 1);
        assert!(
            err.ends_with(
                "error: nosuch.conf (no such file)\nhint: -c names the configuration file to read\n"
            )
        );
    }

    #[test]
    fn every_definition_is_sound_and_every_name_its_own() {
        let all: Vec<&Definition> = COMMANDS.iter().map(|command| command.definition).collect();
        let mut names: Vec<&str> =
            all.iter().flat_map(|definition| [&[definition.name], definition.aliases].concat()).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        for definition in all {
            parse::complete(definition).debug_assert();
            assert!(!definition.about.ends_with('.'), "{}", definition.name);
            for (line, _) in definition.examples {
                // What the shell does with input and output is not for the command.
                let words = line.split(' ').skip(1).take_while(|word| !word.starts_with(['<', '>', '|']));
                let words: Vec<OsString> = words.map(OsString::from).collect();
                assert!(parse::parse(definition, &words).is_ok(), "{line}");
            }
        }
    }
}
