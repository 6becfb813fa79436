//! `dibble secrets`: sets, deletes and lists secrets, of this machine or of a project on a server. Values are never
//! shown.

use super::args::Definition;
use super::client_args::{ClientArgs, connect};
use super::secret_input::{Source, read};
use super::unseen_input::ask;
use super::{CliError, Context, Exit, Output};
use crate::client::Client;
use crate::client::models::Id;
use crate::model::secret::is_valid_secret_key;
use crate::secret_files::{SecretFileError, SecretFiles};
use clap::Args;
use serde_json::{Value, json};
use std::io::{self, IsTerminal, Read};
use std::path::Path;

pub const DEFINITION: Definition = Definition {
    name: "secrets",
    aliases: &["secret"],
    synopsis: &[
        ("secrets --project <project-name>", "manage the secrets of a project"),
        ("secrets --local", "manage the secrets of this machine"),
    ],
    usage: &[
        "secrets --project <project> [--set <key>=<value>] [--delete <key>]",
        "secrets --local [--set <key>=<value>] [--delete <key>]",
    ],
    about: "Set, delete or list the secrets of a project or of this machine; without --set and --delete, list their keys",
    examples: &[
        ("secrets --project sales --set pg.password", "asks for the value"),
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
    #[arg(long, conflicts_with_all = ["endpoint", "header", "basic_auth"])]
    pub local: bool,

    /// Work on the secrets of this project on a server
    #[arg(long, value_name = "PROJECT", conflicts_with = "local")]
    pub project: Option<String>,

    /// Set secrets: key=value, key=@file, key=- (standard input), key (asks), @file or @- (a map)
    #[arg(long, value_name = "key=value", num_args = 1..)]
    pub set: Vec<String>,

    /// Delete secrets
    #[arg(long, value_name = "key", num_args = 1..)]
    pub delete: Vec<String>,

    /// Print JSON; only when keys are listed
    #[arg(long, conflicts_with_all = ["set", "delete"])]
    pub json: bool,

    #[command(flatten)]
    pub client: ClientArgs,
}

/// Does what is asked.
///
/// # Errors
///
/// Wrong arguments, or what went wrong with the files or the server.
pub fn run(args: &SecretsArgs, context: &Context) -> Result<Exit, CliError> {
    if !args.set.is_empty() && !args.delete.is_empty() {
        return Err(CliError::usage("Please specify only one of --set or --delete"));
    }
    let deleted = deleted(&args.delete)?;
    let secrets = match &args.project {
        Some(project) => {
            let client = connect(&args.client, context)?;
            let project = client.project_by_name(project)?.id;
            Secrets::Project { client, project }
        }
        None if args.local => Secrets::Local(SecretFiles::in_config_home(&context.config_home())),
        None => return Err(CliError::usage("Please specify either --project or --local")),
    };
    let output = &context.output;
    if !args.set.is_empty() {
        for (key, value) in read(&args.set, &mut Terminal { output })? {
            secrets.set(&key, &value)?;
            output.note(&format!("Secret '{key}' set"));
        }
    } else if !deleted.is_empty() {
        for key in deleted {
            secrets.delete(key)?;
            output.note(&format!("Secret '{key}' deleted"));
        }
    } else {
        let keys = secrets.keys()?;
        if args.json {
            let keys: Vec<Value> = keys.iter().map(|key| json!({"key": key})).collect();
            context.print_json(&json!({"secrets": keys}))?;
        } else {
            keys.iter().for_each(|key| output.line(key));
        }
    }
    Ok(Exit::Success)
}

/// Where secrets are kept.
enum Secrets {
    Local(SecretFiles),
    Project { client: Client, project: Id },
}

impl Secrets {
    fn set(&self, key: &str, value: &str) -> Result<(), CliError> {
        match self {
            Self::Local(files) => files.set(key, value).map_err(failed),
            Self::Project { client, project } => Ok(client.set_secret(project, key, value)?),
        }
    }

    /// Without an error if there is no such secret.
    fn delete(&self, key: &str) -> Result<(), CliError> {
        match self {
            Self::Local(files) => files.delete(key).map_err(failed),
            Self::Project { client, project } => Ok(client.delete_secret(project, key)?),
        }
    }

    /// In the order of the alphabet.
    fn keys(&self) -> Result<Vec<String>, CliError> {
        let mut keys = match self {
            Self::Local(files) => files.list().map_err(failed)?,
            Self::Project { client, project } => client.secret_keys(project)?,
        };
        keys.sort();
        Ok(keys)
    }
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
        if !io::stdin().is_terminal() {
            return Err(CliError::user(format!("There is no terminal to ask for the secret '{key}'"))
                .hint(format!("use --set {key}=- to read it from standard input, or --set {key}=@FILE")));
        }
        ask(&format!("{key}:"), &format!("the secret '{key}'"), self.output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::client_args::tests::{asked, failure, run_with};
    use crate::cli::context::tests::in_dir;
    use crate::cli::parse::tests::parsed;
    use crate::cli::push::tests::UPLOADED;
    use crate::client::testing::Answer;
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
    }

    #[test]
    fn the_secrets_of_a_project_are_on_a_server() {
        let found = || Answer::ok("GET /api/projects?name=p1", format!(r#"{{"projects":[{UPLOADED}]}}"#));
        let list =
            |keys: &str| Answer::ok("GET /api/projects/1/secrets", format!(r#"{{"secrets":[{keys}]}}"#));
        let done = |line: &str| Answer::ok(line, r#"{"key":"a","project":{"id":"1","name":"p1"}}"#);
        let both = || list(r#"{"key":"b"},{"key":"a.b"}"#);
        let (out, err) = asked(&DEFINITION, run, "--project p1", [found(), both()]);
        assert_eq!((out.as_str(), err.as_str()), ("a.b\nb\n", ""));
        let (out, _) = asked(&DEFINITION, run, "--project p1 --json", [found(), both()]);
        let json: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(json, json!({"secrets": [{"key": "a.b"}, {"key": "b"}]}));
        let (out, _) = asked(&DEFINITION, run, "--project p1", [found(), list("")]);
        assert_eq!(out, "");

        let answers =
            [found(), done("PUT /api/projects/1/secrets/a.b"), done("PUT /api/projects/1/secrets/c")];
        let (ended, out, err, seen) = run_with(&DEFINITION, run, "--project p1 --set a.b=x,y c=1", answers);
        assert_eq!((ended, out.as_str()), (Ok(Exit::Success), ""));
        assert_eq!(err, "Secret 'a.b' set\nSecret 'c' set\n");
        assert_eq!(seen[1].body, r#"{"value":"x,y"}"#);

        let answers = [found(), done("DELETE /api/projects/1/secrets/nosuch")];
        let (_, err) = asked(&DEFINITION, run, "--project p1 --delete nosuch", answers);
        assert_eq!(err, "Secret 'nosuch' deleted\n");

        let error = failure(&DEFINITION, run, "--project p1 --set 1=b", [found()]);
        assert_eq!(error, CliError::usage("Invalid secret key: 1"));
        let none = Answer::ok("GET /api/projects?name=p1", r#"{"projects":[]}"#);
        let error = failure(&DEFINITION, run, "--project p1", [none]);
        assert_eq!(error, CliError::user("Resource not found: project not found: p1"));
    }
}
