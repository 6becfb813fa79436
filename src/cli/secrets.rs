//! `dibble secrets`: sets, deletes and lists secrets. Values are never shown.

use super::args::Definition;
use super::secret_input::{Source, read};
use super::{CliError, Context, Exit, Output};
use crate::model::secret::is_valid_secret_key;
use crate::secret_files::{SecretFileError, SecretFiles};
use clap::Args;
use nix::sys::termios::{LocalFlags, SetArg, SpecialCharacterIndices, Termios, tcgetattr, tcsetattr};
use std::io::{self, IsTerminal, Read, Stdin};
use std::path::Path;

pub const DEFINITION: Definition = Definition {
    name: "secrets",
    aliases: &["secret"],
    synopsis: &[("secrets --local", "manage secrets")],
    usage: &["secrets --local [--set <key>=<value>] [--delete <key>]"],
    about: "Set, delete or list the secrets of this machine; without --set and --delete, list their keys",
    examples: &[
        ("secrets --local --set pg.password", "asks for the value"),
        ("secrets --local --set pg.password=@file", "the value is the file's content"),
        ("secrets --local --set @secrets.json", "many, from a map in JSON or YAML"),
        ("secrets --local --delete pg.password", "forgets it"),
    ],
    args: SecretsArgs::augment_args,
};

/// The arguments of `secrets`.
#[derive(Debug, Clone, Args)]
pub struct SecretsArgs {
    /// Work on the secrets of this machine, in ~/.config/digdag/secrets
    #[arg(long)]
    pub local: bool,

    /// Work on the secrets of a project on a server; needs a server
    #[arg(long, value_name = "PROJECT", conflicts_with = "local")]
    pub project: Option<String>,

    /// Set secrets: key=value, key=@file, key=- (standard input), key (asks), @file or @- (a map)
    #[arg(long, value_name = "key=value", num_args = 1..)]
    pub set: Vec<String>,

    /// Delete secrets
    #[arg(long, value_name = "key", num_args = 1..)]
    pub delete: Vec<String>,
}

/// Does what is asked.
///
/// # Errors
///
/// Wrong arguments, or what went wrong with the files.
pub fn run(args: &SecretsArgs, context: &Context) -> Result<Exit, CliError> {
    if !args.set.is_empty() && !args.delete.is_empty() {
        return Err(CliError::usage("Please specify only one of --set or --delete"));
    }
    if let Some(project) = &args.project {
        return Err(CliError::user(format!(
            "The secrets of the project '{project}' are kept by a server, and this program does not speak to one"
        ))
        .hint("use --local for the secrets of workflows that run on this machine"));
    }
    if !args.local {
        return Err(CliError::usage("Please specify either --project or --local"));
    }
    let secrets = SecretFiles::in_config_home(&context.config_home());
    let output = &context.output;
    if !args.set.is_empty() {
        for (key, value) in read(&args.set, &mut Terminal { output })? {
            secrets.set(&key, &value).map_err(failed)?;
            output.note(&format!("Secret '{key}' set"));
        }
    } else if !args.delete.is_empty() {
        for key in deleted(&args.delete)? {
            secrets.delete(key).map_err(failed)?;
            output.note(&format!("Secret '{key}' deleted"));
        }
    } else {
        secrets.list().map_err(failed)?.iter().for_each(|key| output.line(key));
    }
    Ok(Exit::Success)
}

fn deleted(keys: &[String]) -> Result<&[String], CliError> {
    for (place, key) in keys.iter().enumerate() {
        if keys[..place].contains(key) {
            return Err(CliError::usage(format!("Duplicate --delete secret key: '{key}'")));
        }
        if !is_valid_secret_key(key) {
            return Err(CliError::usage(format!("Invalid secret key: {key}")));
        }
    }
    Ok(keys)
}

fn failed(error: SecretFileError) -> CliError {
    CliError::user(error.to_string())
}

/// Files, standard input and the person at the terminal.
struct Terminal<'a> {
    output: &'a Output,
}

impl Source for Terminal<'_> {
    fn input(&mut self) -> Result<String, CliError> {
        let mut text = String::new();
        io::stdin()
            .read_to_string(&mut text)
            .map_err(|error| CliError::user(format!("Cannot read standard input: {error}")))?;
        Ok(text)
    }

    fn file(&mut self, path: &Path) -> Result<String, CliError> {
        std::fs::read_to_string(path)
            .map_err(|error| CliError::user(format!("Cannot read {}: {error}", path.display())))
    }

    fn ask(&mut self, key: &str) -> Result<String, CliError> {
        let stdin = io::stdin();
        if !stdin.is_terminal() {
            return Err(CliError::user(format!("There is no terminal to ask for the secret '{key}'"))
                .hint(format!("use --set {key}=- to read it from standard input, or --set {key}=@FILE")));
        }
        self.output.prompt(&format!("{key}:"));
        let line = unseen_line(&stdin);
        self.output.note("");
        line.map_err(|error| CliError::user(format!("Cannot read the secret '{key}': {error}")))
    }
}

/// Reads a line from the terminal without showing it.
fn unseen_line(stdin: &Stdin) -> io::Result<String> {
    let _quiet = Quiet::begin(stdin)?;
    let mut line = Vec::new();
    let mut part = [0; 4096];
    loop {
        let count = stdin.lock().read(&mut part)?;
        line.extend_from_slice(&part[..count]);
        match line.last() {
            Some(&INTERRUPT) | None => return Err(io::Error::other("canceled")),
            Some(b'\n') => break,
            _ if count == 0 => break,
            _ => {}
        }
    }
    let line = String::from_utf8(line).map_err(|_| io::Error::other("it is not UTF-8 text"))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Ctrl-C.
const INTERRUPT: u8 = 3;

/// A terminal that shows nothing of what is typed, until this is dropped. Ctrl-C ends the line instead of the program,
/// which would leave the terminal as it is.
struct Quiet<'a> {
    stdin: &'a Stdin,
    before: Termios,
}

impl<'a> Quiet<'a> {
    fn begin(stdin: &'a Stdin) -> io::Result<Self> {
        let before = tcgetattr(stdin)?;
        let mut quiet = before.clone();
        quiet.local_flags.remove(LocalFlags::ECHO | LocalFlags::ISIG);
        quiet.control_chars[SpecialCharacterIndices::VEOL as usize] = INTERRUPT;
        tcsetattr(stdin, SetArg::TCSAFLUSH, &quiet)?;
        Ok(Self { stdin, before })
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that is gone.
        let _ = tcsetattr(self.stdin, SetArg::TCSAFLUSH, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::context::tests::in_dir;
    use crate::cli::parse::tests::parsed;
    use std::fs;
    use std::sync::OnceLock;
    use tempfile::TempDir;

    static HOME: OnceLock<TempDir> = OnceLock::new();

    fn secrets(words: &str) -> (String, String, Result<Exit, CliError>) {
        let home = HOME.get_or_init(|| tempfile::tempdir().unwrap()).path();
        let (mut context, captured) = in_dir(home);
        context.variable = |name| {
            let home = HOME.get()?.path().to_str()?.to_owned();
            (name == "DIGDAG_CONFIG_HOME").then_some(home)
        };
        let args: SecretsArgs = parsed(&DEFINITION, words).unwrap();
        let ended = run(&args, &context);
        (captured.out(), captured.err(), ended)
    }

    #[test]
    fn secrets_are_set_listed_and_deleted() {
        assert_eq!(secrets("--local"), (String::new(), String::new(), Ok(Exit::Success)));
        let (out, err, _) = secrets("--local --set k2=v2 a.b=x,y --set c=");
        assert_eq!((out.as_str(), err.as_str()), ("", "Secret 'k2' set\nSecret 'a.b' set\nSecret 'c' set\n"));
        let file = HOME.get().unwrap().path().join("secrets/a.b");
        assert_eq!(fs::read_to_string(file).unwrap(), "x,y");
        assert_eq!(secrets("--local").0, "a.b\nc\nk2\n");
        let (_, err, _) = secrets("--local --delete c nosuch");
        assert_eq!(err, "Secret 'c' deleted\nSecret 'nosuch' deleted\n");
        assert_eq!(secrets("--local").0, "a.b\nk2\n");
    }

    #[test]
    fn wrong_uses_are_refused() {
        for (words, message) in [
            ("", "Please specify either --project or --local"),
            ("--local --set a=b --delete c", "Please specify only one of --set or --delete"),
            ("--local --delete c c", "Duplicate --delete secret key: 'c'"),
            ("--local --delete ../c", "Invalid secret key: ../c"),
            ("--local --set 1=b", "Invalid secret key: 1"),
        ] {
            assert_eq!(secrets(words).2, Err(CliError::usage(message)), "{words}");
        }
        assert_eq!(
            parsed::<SecretsArgs>(&DEFINITION, "--local --project p").unwrap_err(),
            "--local and --project don't work together"
        );
        assert_eq!(
            secrets("--project p").2.unwrap_err().message,
            "The secrets of the project 'p' are kept by a server, and this program does not speak to one"
        );
    }
}
