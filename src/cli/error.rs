//! How a command fails: a kind that decides the exit code, a message, its causes and hints.

use std::error::Error;
use std::fmt;

/// Why a command did not do what it was asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Something the user can mend: a file, a workflow, a name.
    User,
    /// The command line itself is wrong; the usage that helps is printed before the message.
    Usage(UsageText),
    /// Nobody answers where a server should be.
    Unreachable,
    /// A fault of the program or of the machine.
    Internal,
}

/// Which usage goes with a usage error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsageText {
    /// The commands and the common options.
    Main,
    /// Everything about the command.
    Command,
    /// Only the command's first line.
    Line,
}

/// A failed command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CliError {
    pub kind: ErrorKind,
    /// One sentence or more; empty when the usage says it all.
    pub message: String,
    /// What is behind the message, the nearest cause first.
    pub causes: Vec<String>,
    /// What to do about it.
    pub hints: Vec<String>,
}

impl CliError {
    pub fn user(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::User, message)
    }

    /// Wrong arguments of a command.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage(UsageText::Command), message)
    }

    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), causes: Vec::new(), hints: Vec::new() }
    }

    /// Takes over an error with its sources, each text once.
    pub fn caused_by(mut self, error: &(dyn Error + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            let text = error.to_string();
            if text != self.message && !self.causes.contains(&text) {
                self.causes.push(text);
            }
            next = error.source();
        }
        self
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// 1 for what went wrong, 2 for a wrong command line, 70 for a fault of the program.
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            ErrorKind::User | ErrorKind::Unreachable => 1,
            ErrorKind::Usage(_) => 2,
            ErrorKind::Internal => 70,
        }
    }
}

/// The lines for the terminal, without a newline at the end.
impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        self.causes.iter().try_for_each(|cause| write!(f, "\n> {cause}"))?;
        self.hints.iter().try_for_each(|hint| write!(f, "\nhint: {hint}"))
    }
}

impl Error for CliError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot open it")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn causes_and_hints_follow_the_message() {
        let outer = Outer(std::io::Error::other("disk is full"));
        let error =
            CliError::user("cannot open it").caused_by(&outer).hint("remove something").hint("or buy a disk");
        assert_eq!(
            error.to_string(),
            "error: cannot open it\n> disk is full\nhint: remove something\nhint: or buy a disk"
        );
    }

    #[test]
    fn kinds_have_exit_codes() {
        let codes = [CliError::user("a"), CliError::usage("b"), CliError::internal("c")];
        assert_eq!(codes.map(|error| error.exit_code()), [1, 2, 70]);
    }
}
