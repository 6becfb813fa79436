//! From the words of the command line to a command's arguments, as Digdag reads them: options anywhere, also before the
//! command; `-help` for `--help`; and its wording of what is wrong. `--name=value` is taken as well.

use super::args::{CommonArgs, Definition};
use super::error::{CliError, ErrorKind, UsageText};
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind as ClapKind};
use clap::{ArgMatches, Args};
use std::error::Error as _;
use std::ffi::{OsStr, OsString};

/// The name of the program in usages.
pub(crate) const PROGRAM: &str = "dibble";

/// The words of the command line, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line {
    /// `--version` somewhere.
    Version,
    /// No command, or `--help` before it.
    Main { help: bool },
    /// A command and all other words, options before it first.
    Command { name: String, words: Vec<OsString> },
}

/// What a command's words say.
pub(crate) enum Parsed {
    Help,
    Arguments(ArgMatches),
}

/// Finds the command.
///
/// # Errors
///
/// An option that may not stand before a command.
pub(crate) fn split(words: impl IntoIterator<Item = OsString>) -> Result<Line, CliError> {
    let words: Vec<OsString> =
        words.into_iter().map(|word| if word == "-help" { "--help".into() } else { word }).collect();
    if words.iter().any(|word| word == "--version") {
        return Ok(Line::Version);
    }
    let mut place = 0;
    while let Some(word) = words.get(place) {
        let text = word.to_string_lossy();
        if text == "--help" || text == "-h" {
            return Ok(Line::Main { help: true });
        }
        if !text.starts_with('-') {
            let mut rest = words.clone();
            rest.remove(place);
            return Ok(Line::Command { name: text.into_owned(), words: rest });
        }
        place += leading_option(&text).ok_or_else(|| {
            CliError::new(ErrorKind::Usage(UsageText::Main), format!("Unknown option: {text}"))
        })?;
    }
    Ok(Line::Main { help: false })
}

/// How many words an option before the command takes; none if it may not stand there.
fn leading_option(word: &str) -> Option<usize> {
    const LONG: [&str; 4] = ["--config", "--log", "--log-level", "--logback-config"];
    const SHORT: [&str; 4] = ["-c", "-L", "-l", "-X"];
    if LONG.contains(&word) || SHORT.contains(&word) {
        return Some(2);
    }
    let glued = LONG.iter().any(|name| word.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')))
        || !word.starts_with("--") && SHORT.iter().any(|name| word.starts_with(name));
    glued.then_some(1)
}

/// Reads a command's words.
///
/// # Errors
///
/// Everything that is wrong with them, as usage errors.
pub(crate) fn parse(definition: &Definition, words: &[OsString]) -> Result<Parsed, CliError> {
    let mut command = complete(definition);
    let line = std::iter::once(OsStr::new(definition.name)).chain(words.iter().map(OsString::as_os_str));
    match command.try_get_matches_from_mut(line) {
        Ok(matches) => Ok(Parsed::Arguments(matches)),
        Err(error) if error.kind() == ClapKind::DisplayHelp => Ok(Parsed::Help),
        Err(error) => Err(reworded(&error, &command, words)),
    }
}

/// The whole usage of a command.
pub(crate) fn usage(definition: &Definition) -> String {
    complete(definition).render_help().to_string().trim_end().to_owned()
}

/// The first lines of the usage of a command.
pub(crate) fn usage_line(definition: &Definition) -> String {
    let lines: Vec<String> = definition.usage.iter().map(|line| format!("{PROGRAM} {line}")).collect();
    format!("Usage: {}", lines.join("\n       "))
}

pub(crate) fn complete(definition: &Definition) -> clap::Command {
    let command = CommonArgs::augment_args(definition.command().next_help_heading("Options"));
    let usage = usage_line(definition);
    let width = definition.examples.iter().map(|(line, _)| line.len()).max().unwrap_or_default();
    let examples: String = definition
        .examples
        .iter()
        .map(|(line, what)| format!("\n  $ {PROGRAM} {line:<width$}  # {what}"))
        .collect();
    command
        .about(definition.about)
        .max_term_width(110)
        .disable_help_flag(true)
        .override_usage(StyledStr::from(usage.trim_start_matches("Usage: ").to_owned()))
        .help_template("{usage-heading} {usage}\n\n{about}\n\n{all-args}{after-help}\n")
        .after_help(if examples.is_empty() { examples } else { format!("Examples:{examples}") })
}

/// Says what is wrong in Digdag's words.
fn reworded(error: &clap::Error, command: &clap::Command, words: &[OsString]) -> CliError {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    };
    let argument = text(ContextKind::InvalidArg);
    let line = |message: String| CliError::new(ErrorKind::Usage(UsageText::Line), message);
    match error.kind() {
        ClapKind::UnknownArgument if argument.starts_with('-') => {
            let unknown = line(format!("Unknown option: {argument}"));
            match text(ContextKind::SuggestedArg) {
                similar if similar.is_empty() => unknown,
                similar => unknown.hint(format!("did you mean {similar}?")),
            }
        }
        ClapKind::UnknownArgument => CliError::usage(format!("Unexpected argument: {argument}")),
        ClapKind::ValueValidation => {
            CliError::usage(error.source().map_or_else(|| error.to_string(), ToString::to_string))
        }
        ClapKind::InvalidValue | ClapKind::WrongNumberOfValues | ClapKind::TooFewValues => {
            line(format!("Expected a value after parameter {}", as_written(&argument, command, words)))
        }
        ClapKind::ArgumentConflict => match text(ContextKind::PriorArg) {
            prior if prior.is_empty() || prior == argument => {
                line(format!("Can only specify option {} once.", as_written(&argument, command, words)))
            }
            prior => {
                let pair: Vec<String> = command
                    .get_arguments()
                    .filter(|arg| [&argument, &prior].contains(&&arg.to_string()))
                    .map(all_names)
                    .collect();
                CliError::usage(format!("{} don't work together", pair.join(" and ")))
            }
        },
        ClapKind::MissingRequiredArgument => match requiring(&argument, command, words) {
            Some(given) => CliError::usage(format!("{given} needs {argument}")),
            None => CliError::usage(format!("Missing argument: {argument}")),
        },
        ClapKind::InvalidUtf8 => CliError::usage("The arguments must be UTF-8 text"),
        _ => CliError::usage(error.to_string().trim_start_matches("error: ").trim_end().to_owned()),
    }
}

/// The option of the command that clap shows as `--session <TIME>` or `-X <KEY=VALUE>`.
fn find<'a>(shown: &str, command: &'a clap::Command) -> Option<&'a clap::Arg> {
    command.get_arguments().find(|arg| arg.to_string() == shown)
}

/// `-t, --session`
fn all_names(arg: &clap::Arg) -> String {
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    short.into_iter().chain(long).collect::<Vec<_>>().join(", ")
}

/// The name of an option that was used last on the command line.
fn as_written(shown: &str, command: &clap::Command, words: &[OsString]) -> String {
    let Some(arg) = find(shown, command) else { return shown.to_owned() };
    let written = words.iter().rev().filter_map(|word| spelled(arg, word)).next();
    written.unwrap_or_else(|| all_names(arg))
}

/// How a word spells an option, if it is that option.
fn spelled(arg: &clap::Arg, word: &OsStr) -> Option<String> {
    let word = word.to_str()?;
    let name = word.split_once('=').map_or(word, |(name, _)| name);
    let long = arg.get_long_and_visible_aliases().unwrap_or_default();
    let short = arg.get_short().map(|short| format!("-{short}"));
    let is_it =
        name.strip_prefix("--").is_some_and(|name| long.contains(&name)) || short.as_deref() == Some(name);
    is_it.then(|| name.to_owned())
}

/// The given option that works only together with a missing one.
fn requiring(missing: &str, command: &clap::Command, words: &[OsString]) -> Option<String> {
    let missing = find(missing, command)?;
    if missing.is_positional() {
        return None;
    }
    let given = command
        .get_arguments()
        .filter(|arg| arg.get_id() == "project" || arg.get_id() == "save")
        .find(|arg| words.iter().any(|word| spelled(arg, word).is_some()))?;
    Some(all_names(given))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use clap::FromArgMatches;

    /// Reads the words, or says what is wrong with them.
    pub(crate) fn parsed<A: FromArgMatches>(definition: &Definition, words: &str) -> Result<A, String> {
        let words: Vec<OsString> = words.split_whitespace().map(OsString::from).collect();
        match parse(definition, &words).map_err(|error| error.message)? {
            Parsed::Help => Err("help".to_owned()),
            Parsed::Arguments(matches) => A::from_arg_matches(&matches).map_err(|error| error.to_string()),
        }
    }

    fn line(words: &str) -> Result<Line, String> {
        split(words.split_whitespace().map(OsString::from)).map_err(|error| error.message)
    }

    fn command(name: &str, words: &str) -> Result<Line, String> {
        let words = words.split_whitespace().map(OsString::from).collect();
        Ok(Line::Command { name: name.to_owned(), words })
    }

    #[test]
    fn the_command_is_the_first_word_that_is_no_option() {
        for (words, expected) in [
            ("run x", command("run", "x")),
            ("-c run check x", command("check", "-c run x")),
            (
                "-l debug -Xa=b --config=x run wf -p a=b",
                command("run", "-l debug -Xa=b --config=x wf -p a=b"),
            ),
            ("run -help", command("run", "--help")),
            ("run x --version", Ok(Line::Version)),
            ("", Ok(Line::Main { help: false })),
            ("-c x", Ok(Line::Main { help: false })),
            ("-help run", Ok(Line::Main { help: true })),
            ("--bogus run", Err("Unknown option: --bogus".to_owned())),
        ] {
            assert_eq!(line(words), expected, "{words}");
        }
    }

    #[test]
    fn help_wins_over_missing_arguments() {
        let help = |words: &str| parsed::<CommonArgs>(&crate::cli::run::DEFINITION, words).map(|_| ());
        assert_eq!(help("--help"), Err("help".to_owned()));
        assert_eq!(help("wf.dig -l debug -h"), Err("help".to_owned()));
    }

    #[test]
    fn common_options_are_known_to_every_command() {
        let args: CommonArgs =
            parsed(&crate::cli::run::DEFINITION, "-L x.log wf -X a.b=c=d -Xe= -c own --log-level=warn")
                .unwrap();
        assert_eq!(args.setting, [("a.b".to_owned(), "c=d".to_owned()), ("e".to_owned(), String::new())]);
        assert_eq!(args.log_level.as_deref(), Some("warn"));
        assert_eq!((args.log, args.config), (Some("x.log".into()), Some("own".into())));
    }

    #[test]
    fn similar_options_are_suggested() {
        let words = [OsString::from("wf"), "--sesion=daily".into()];
        let error = parse(&crate::cli::run::DEFINITION, &words).err().unwrap();
        assert_eq!(error.to_string(), "error: Unknown option: --sesion\nhint: did you mean --session?");
        assert_eq!(error.kind, ErrorKind::Usage(UsageText::Line));
    }
}
