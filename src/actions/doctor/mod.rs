//! Whether all is well with a database and with the machine it is on: what is found, and what mends it. Nothing is changed.

mod access;
mod database;
mod files;
mod machine;
mod settings;
mod watched;

pub use access::check_access;
pub use database::{Contents, check_database};
pub use files::{check_database_file, check_key_file};
pub use machine::check_machine;
pub use settings::check_settings;
pub use watched::check_watched;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Ok,
    /// It works, and may not always.
    Warning,
    /// It does not work, or not safely.
    Problem,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub state: State,
    /// What was looked at: one word.
    pub check: &'static str,
    /// For a person.
    pub message: String,
    /// What mends it.
    pub fix: Option<String>,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

impl Finding {
    fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self { state: State::Ok, check, message: message.into(), fix: None }
    }

    fn warning(check: &'static str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { state: State::Warning, check, message: message.into(), fix: Some(fix.into()) }
    }

    fn problem(check: &'static str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { state: State::Problem, check, message: message.into(), fix: Some(fix.into()) }
    }
}
