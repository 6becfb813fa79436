//! `dibble passwd`: makes the line of the configuration that holds a password as a hash.

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
    usage: &["passwd [options...]"],
    about: "Hash a password for the configuration of the server; ask for it twice, or read it from standard input",
    examples: &[("passwd", "asks for the password, prints a line for server.properties")],
    args: PasswdArgs::augment_args,
};

/// The key of the configuration that takes the hash.
const KEY: &str = "server.authenticator.basic.password";

/// The arguments of `passwd`: none.
#[derive(Debug, Clone, Args)]
pub struct PasswdArgs {}

/// Prints the line.
///
/// # Errors
///
/// There is no password, or two that differ.
pub fn run(_: &PasswdArgs, context: &Context) -> Result<Exit, CliError> {
    let stdin = io::stdin();
    let ask = |prompt: &str| ask(prompt, "the password", &context.output).map(Zeroizing::new);
    let password = if stdin.is_terminal() { asked(ask)? } else { read(stdin.lock())? };
    let hash = password::hash(&password).map_err(|error| CliError::internal(error.to_string()))?;
    context.output.line(&format!("{KEY} = {hash}"));
    if stdin.is_terminal() {
        let hint = "Put this line into the configuration file of the server, beside server.authenticator.basic.username.";
        context.output.note(hint);
    }
    Ok(Exit::Success)
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
    fn standard_input_is_one_line() {
        let read = |text: &str| read(text.as_bytes()).map(|password| password.to_string());
        for text in [" a b ", " a b \n", " a b \r\n"] {
            assert_eq!(read(text), Ok(" a b ".to_owned()));
        }
        assert_eq!(read("\n"), Err(CliError::user("The password is empty")));
        assert_eq!(read("a\nb\n"), Err(CliError::user("A password is one line, standard input has several")));
    }
}
