//! `dibble passwd`: makes the lines of the configuration that hold a user and the hash of the password.

use super::args::Definition;
use super::unseen_input::ask;
use super::{CliError, Context, Exit};
use crate::crypto::password;
use clap::Args;
use std::io::{self, IsTerminal, Read};
use zeroize::Zeroizing;

pub const DEFINITION: Definition = Definition {
    name: "passwd",
    aliases: &[],
    synopsis: &[("passwd", "hash a password for the server's configuration")],
    usage: &["passwd [USERNAME] [options...]"],
    about: "Hash a password for the configuration of the server; ask for it twice, or read it from standard input",
    examples: &[
        ("passwd ada", "asks for the password of ada, prints two lines for server.properties"),
        ("passwd < password.txt >> server.properties", "the same for the user admin, without questions"),
    ],
    args: PasswdArgs::augment_args,
};

/// Where the configuration has the user.
const PREFIX: &str = "server.authenticator.basic";

/// The arguments of `passwd`.
#[derive(Debug, Clone, Args)]
pub struct PasswdArgs {
    /// The name of the user
    #[arg(value_name = "USERNAME", default_value = "admin", value_parser = username)]
    username: String,
}

/// Prints the lines.
///
/// # Errors
///
/// There is no password, or two that differ.
pub fn run(args: &PasswdArgs, context: &Context) -> Result<Exit, CliError> {
    let stdin = io::stdin();
    let ask = |prompt: &str| ask(prompt, "the password", &context.output).map(Zeroizing::new);
    let password = if stdin.is_terminal() { asked(ask)? } else { read(stdin.lock())? };
    let hash = password::hash(&password).map_err(|error| CliError::internal(error.to_string()))?;
    context.output.line(&format!("{PREFIX}.username = {}", args.username));
    context.output.line(&format!("{PREFIX}.password = {hash}"));
    if stdin.is_terminal() {
        context.output.note("Put these lines into the configuration file of the server.");
    }
    Ok(Exit::Success)
}

/// A name that can be in the file as it is, and before the colon of `Basic` credentials.
fn username(text: &str) -> Result<String, String> {
    let is_odd = |c: char| c.is_control() || c == ':' || c == '\\';
    if text.is_empty() || text.trim() != text || text.contains(is_odd) {
        return Err(format!("'{text}' cannot be the name of a user"));
    }
    Ok(text.to_owned())
}

fn asked(
    mut ask: impl FnMut(&str) -> Result<Zeroizing<String>, CliError>,
) -> Result<Zeroizing<String>, CliError> {
    let password = not_empty(ask("password:")?)?;
    if ask("password again:")? == password {
        Ok(password)
    } else {
        Err(CliError::user("The two passwords differ"))
    }
}

/// The first line.
fn read(mut input: impl Read) -> Result<Zeroizing<String>, CliError> {
    let mut text = Zeroizing::new(String::new());
    let read = input.read_to_string(&mut text);
    read.map_err(|error| CliError::user(format!("Cannot read standard input: {error}")))?;
    let password = text.strip_suffix('\n').unwrap_or(&text);
    let password = password.strip_suffix('\r').unwrap_or(password);
    if password.contains('\n') {
        return Err(CliError::user("A password is one line, standard input has several"));
    }
    not_empty(Zeroizing::new(password.to_owned()))
}

fn not_empty(password: Zeroizing<String>) -> Result<Zeroizing<String>, CliError> {
    if password.is_empty() { Err(CliError::user("The password is empty")) } else { Ok(password) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(first: &str, second: &str) -> Result<String, CliError> {
        let mut lines = vec![("password again:", second), ("password:", first)];
        let ask = |prompt: &str| {
            let (expected, line) = lines.pop().unwrap();
            assert_eq!(prompt, expected);
            Ok(Zeroizing::new(line.to_owned()))
        };
        asked(ask).map(|password| password.to_string())
    }

    #[test]
    fn passwords_are_typed_twice() {
        assert_eq!(typed("a b", "a b"), Ok("a b".to_owned()));
        assert_eq!(typed("a", "b"), Err(CliError::user("The two passwords differ")));
        assert_eq!(typed("", ""), Err(CliError::user("The password is empty")));
    }

    #[test]
    fn names_can_be_in_the_file_and_in_credentials() {
        for text in ["admin", "ada l.", "ann@example.com", "ä"] {
            assert_eq!(username(text), Ok(text.to_owned()));
        }
        for text in ["", " ada", "a:b", r"a\b", "a\nb"] {
            assert_eq!(username(text), Err(format!("'{text}' cannot be the name of a user")));
        }
    }

    #[test]
    fn standard_input_is_one_line() {
        let read = |text: &str| read(text.as_bytes()).map(|password| password.to_string());
        for text in [" a b ", " a b \n", " a b \r\n"] {
            assert_eq!(read(text), Ok(" a b ".to_owned()));
        }
        assert_eq!(read("\n"), Err(CliError::user("The password is empty")));
        assert_eq!(read("a\nb\n"), Err(CliError::user("A password is one line, standard input has several")));
    }
}
