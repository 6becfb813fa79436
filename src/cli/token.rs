//! `dibble token`: makes, lists and revokes what scripts show the server instead of a password.
//!
//! It works on the file of the database, so whoever may write that needs no other right.

use super::args::Definition;
use super::prune::in_memory;
use super::server::{database_file, writable_database_file};
use super::{CliError, Context, Exit, history};
use crate::actions::tokens::{self, TokenError};
use crate::store::Store;
use chrono::SecondsFormat;
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;

pub const DEFINITION: Definition = Definition {
    name: "token",
    aliases: &["tokens"],
    synopsis: &[
        ("token create <name>", "make a token for a script"),
        ("token list", "show the names of tokens"),
        ("token revoke <name>", "make a token worthless"),
    ],
    usage: &[
        "token create <name> [options...]    make a token for a script",
        "token list [options...]             show the names of tokens",
        "token revoke <name> [options...]    make a token worthless",
    ],
    about: "Make, list or revoke tokens: what scripts show the server instead of a password",
    examples: &[
        ("token create ci", "prints the token, this once"),
        ("token list --json", "names and times, for programs"),
        ("token revoke ci -o /var/lib/dibble", "in the database of that directory"),
    ],
    args: TokenArgs::augment_args,
};

/// The arguments of `token`.
#[derive(Debug, Clone, Args)]
pub struct TokenArgs {
    /// What to do
    #[arg(value_name = "create | list | revoke", value_parser = verb)]
    verb: Verb,

    /// The name of the token
    #[arg(value_name = "name")]
    name: Option<String>,

    /// With list: print JSON
    #[arg(long)]
    json: bool,

    /// The database of the server, or a directory that holds dibble.db [default: as for the server]
    #[arg(short = 'o', long = "database", value_name = "PATH")]
    database: Option<PathBuf>,
}

/// This command does not know how the server listens, so it says what holds for each.
const NONE_LEFT: &str = "No token is left: everybody on this machine can use the server again, unless it has a user or \
                         can be reached from other machines.";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Create,
    List,
    Revoke,
}

/// Does what is asked.
///
/// # Errors
///
/// Wrong arguments, names that are taken or not there, or what is wrong with the file.
pub fn run(args: &TokenArgs, context: &Context) -> Result<Exit, CliError> {
    if args.json && args.verb != Verb::List {
        return Err(CliError::usage("--json works with list only"));
    }
    let given = || args.database.clone();
    let existing = || {
        let file = database_file(given(), context)?.ok_or_else(in_memory)?;
        Store::open_existing(&file).map_err(history::failed)
    };
    match (args.verb, args.name.as_deref()) {
        (Verb::Create, Some(name)) => {
            let file = writable_database_file(given(), context)?.ok_or_else(in_memory)?;
            create(&Store::open(&file).map_err(history::failed)?, name, context)?;
        }
        (Verb::Revoke, Some(name)) => {
            revoke(&existing()?, name, context)?;
        }
        (Verb::List, None) => list(&existing()?, args.json, context)?,
        (Verb::Create | Verb::Revoke, None) => return Err(CliError::usage("Missing argument: <name>")),
        (Verb::List, Some(extra)) => return Err(CliError::usage(format!("Unexpected argument: {extra}"))),
    }
    Ok(Exit::Success)
}

fn create(store: &Store, name: &str, context: &Context) -> Result<(), CliError> {
    let is_first = !tokens::any(store).map_err(history::failed)?;
    let token = tokens::create(store, name, context.clock.now()).map_err(failed)?;
    context.output.line(&token);
    context.output.note(&format!(
        "Token '{name}' created in {}. It is not shown again; requests bring it as `Authorization: Bearer {}…`.",
        store.file().display(),
        crate::crypto::token::PREFIX
    ));
    if is_first {
        context.output.note("From now on the server asks for a token or its user.");
    }
    Ok(())
}

fn revoke(store: &Store, name: &str, context: &Context) -> Result<(), CliError> {
    tokens::revoke(store, name).map_err(failed)?;
    context.output.note(&format!("Token '{name}' revoked"));
    if !tokens::any(store).map_err(history::failed)? {
        context.output.note(NONE_LEFT);
    }
    Ok(())
}

fn list(store: &Store, as_json: bool, context: &Context) -> Result<(), CliError> {
    let tokens = tokens::list(store).map_err(history::failed)?;
    if as_json {
        let rows = tokens.iter().map(|token| {
            json!({"name": token.name, "createdAt": token.created_at.to_rfc3339_opts(SecondsFormat::Secs, true)})
        });
        let rows: Value = rows.collect();
        return context.output.json(&rows).map_err(|error| CliError::internal(error.to_string()));
    }
    let width = tokens.iter().map(|token| token.name.len()).max().unwrap_or_default();
    for token in &tokens {
        context.output.line(&format!(
            "{:width$}  created at {}",
            token.name,
            context.zone.show(token.created_at)
        ));
    }
    if tokens.is_empty() {
        context.output.note("Use `dibble token create <name>` to make a token.");
    }
    Ok(())
}

fn verb(text: &str) -> Result<Verb, String> {
    match text {
        "create" => Ok(Verb::Create),
        "list" => Ok(Verb::List),
        "revoke" => Ok(Verb::Revoke),
        _ => Err(format!("Unknown subcommand '{text}'; known are create, list and revoke")),
    }
}

fn failed(error: TokenError) -> CliError {
    match error {
        TokenError::Store(error) => history::failed(error),
        TokenError::Crypto(error) => CliError::internal(error.to_string()),
        TokenError::InvalidName(_) => CliError::usage(error.to_string()),
        TokenError::Exists(_) => {
            CliError::user(error.to_string()).hint("revoke it first, or take another name")
        }
        TokenError::NotFound(_) => {
            CliError::user(error.to_string()).hint("`dibble token list` shows all of them")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::history::tests::printed;
    use tempfile::TempDir;

    fn token(dir: &TempDir, words: &str) -> Result<(String, String), String> {
        printed(dir.path(), &DEFINITION, run, words).map_err(|error| error.message)
    }

    #[test]
    fn tokens_are_made_listed_and_revoked() {
        let dir = tempfile::tempdir().unwrap();
        let missing = format!(
            "{} does not exist; check the path, or run a workflow with it first",
            dir.path().join("x.db").display()
        );
        assert_eq!(token(&dir, "list -o x.db"), Err(missing));

        let (made, note) = token(&dir, "create ci -o x.db").unwrap();
        assert!(made.starts_with("dibble_") && made.len() == 51, "{made}");
        assert_eq!(
            note,
            format!(
                "Token 'ci' created in {}. It is not shown again; requests bring it as `Authorization: Bearer dibble_…`.\n\
                 From now on the server asks for a token or its user.\n",
                dir.path().join("x.db").display()
            )
        );
        let (_, second) = token(&dir, "create a-laptop -o x.db").unwrap();
        assert_eq!(second.lines().count(), 1, "{second}");
        let listed = "a-laptop  created at 2026-11-22 03:10:39 +0000\nci        created at 2026-11-22 03:10:39 +0000\n";
        assert_eq!(token(&dir, "list -o x.db").unwrap().0, listed);
        let rows: Value = serde_json::from_str(&token(&dir, "list --json -o x.db").unwrap().0).unwrap();
        assert_eq!(rows[1], json!({"name": "ci", "createdAt": "2026-11-22T03:10:39Z"}));

        assert_eq!(token(&dir, "create ci -o x.db"), Err("There is a token 'ci' already".to_owned()));
        assert_eq!(token(&dir, "revoke ci -o x.db").unwrap().1, "Token 'ci' revoked\n");
        assert_eq!(token(&dir, "revoke ci -o x.db"), Err("There is no token 'ci'".to_owned()));
        let revoked = token(&dir, "revoke a-laptop -o x.db").unwrap().1;
        assert_eq!(revoked, format!("Token 'a-laptop' revoked\n{NONE_LEFT}\n"));
        let nothing = (String::new(), "Use `dibble token create <name>` to make a token.\n".to_owned());
        assert_eq!(token(&dir, "list -o x.db"), Ok(nothing));
    }

    #[test]
    fn only_a_new_token_makes_a_directory() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("state/dibble.db");
        for words in ["list -o state", "revoke ci -o state/"] {
            assert!(token(&dir, words).unwrap_err().contains("state/dibble.db does not exist"), "{words}");
            assert!(!dir.path().join("state").exists(), "{words}");
        }
        assert!(token(&dir, "create ci -o state").unwrap().1.contains(&file.display().to_string()));
        assert!(token(&dir, "list -o state/").unwrap().0.starts_with("ci "));
    }

    #[test]
    fn wrong_uses_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        for (words, message) in [
            ("", "Missing argument: <create | list | revoke>"),
            ("make ci", "Unknown subcommand 'make'; known are create, list and revoke"),
            ("create", "Missing argument: <name>"),
            ("revoke", "Missing argument: <name>"),
            ("list ci", "Unexpected argument: ci"),
            ("create ci --json", "--json works with list only"),
            (
                "create ä -o x.db",
                "The name of a token has 1 to 64 letters, digits and characters of `.-_@`: ä",
            ),
        ] {
            assert_eq!(token(&dir, words), Err(message.to_owned()), "{words}");
        }
    }
}
