//! What a crontab holds once it is read.

use super::error::LineError;
use super::pattern::When;

/// A crontab.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Crontab {
    pub entries: Vec<Entry>,
    /// Lines that cannot be converted.
    pub errors: Vec<LineError>,
    /// Entries that are commented out: their line numbers and texts.
    pub disabled: Vec<(usize, String)>,
}

/// An entry: a command and when it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// From 1.
    pub line: usize,
    /// The line, without what is not UTF-8.
    pub text: String,
    /// The comments right above it, without their signs.
    pub comments: Vec<String>,
    pub when: When,
    /// As whom it runs, in a crontab of the system.
    pub user: Option<String>,
    /// The variables above it, each with its last value, in the order of their first.
    pub environment: Vec<(String, String)>,
    /// The line of the `CRON_TZ` in force.
    pub zone_line: Option<usize>,
    /// The command for the shell.
    pub command: Vec<u8>,
    /// What the command reads, with a newline at the end; none if that is nothing.
    pub input: Option<Vec<u8>>,
    /// What is to be known about its conversion.
    pub notes: Vec<String>,
}

impl Entry {
    /// The value of a variable of the crontab.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}
