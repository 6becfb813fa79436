//! What can be wrong with a line of a crontab.

use crate::model::UnknownZone;

/// A line that cannot be converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {cause}")]
pub struct LineError {
    /// From 1.
    pub line: usize,
    /// In bytes, from 1.
    pub column: usize,
    pub cause: Cause,
}

/// Why a line cannot be converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    #[error("neither an entry nor a variable: an entry has five fields for its time, or a word like @daily")]
    NoEntry,
    #[error("there is no command after the time")]
    NoCommand,
    #[error("there is no command after the user, who stands between the time and the command")]
    NoCommandAfterUser,
    #[error(
        "\"{0}\" is none of cron's words: @reboot, @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly"
    )]
    UnknownWord(String),
    #[error("bad {field} \"{text}\": {reason}")]
    Field { field: &'static str, text: String, reason: String },
    #[error("\"{0}\" is no name of a user")]
    User(String),
    #[error("\"{0}\" is no option of cron; only -n is known")]
    Option(String),
    #[error("a NUL byte: cron cuts the line off here")]
    Nul,
    #[error("the value of {0} is not UTF-8, which a workflow must be")]
    NotUtf8(String),
    #[error("CRON_TZ: {0}")]
    Zone(UnknownZone),
    #[error("the workflow made of it cannot be read: {0}")]
    Workflow(String),
}
