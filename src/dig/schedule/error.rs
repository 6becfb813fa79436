//! What can be wrong with a `schedule:` section. Where it stands in a file is not known here.

use super::cron::CronError;
use crate::model::ConfigError;
use std::fmt;

/// A `schedule:` section that makes no schedule.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    #[error("Schedule config requires 'type>: at' parameter: {section}")]
    NoType { section: String },
    #[error("Unknown scheduler type: {name}{}", did_you_mean(*.suggestion))]
    UnknownType { name: String, suggestion: Option<&'static str> },
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Cron(#[from] CronError),
    /// The text after `hourly>:`, `daily>:`, `weekly>:` or `monthly>:`.
    #[error("{scheduler} requires {format} format: {found}")]
    Format { scheduler: &'static str, format: &'static str, found: String },
    #[error("weekly>: invalid day: {0}")]
    NegativeDay(String),
    #[error("seconds_interval>: the interval must be 1 or more: {0}")]
    Interval(i64),
    #[error("Invalid delay: {0} seconds is out of range")]
    Delay(i64),
    #[error("Invalid {key}: {found} (needs an existing date as yyyy-MM-dd)")]
    Date { key: &'static str, found: String },
    #[error("The schedule of end is earlier than start")]
    EndBeforeStart,
    #[error("Invalid skip_delayed_by: {0} (needs a duration such as 30s, 5m or 1h 30m)")]
    SkipDelayedBy(String),
    /// The search refuses sets of numbers that our own grammar lets through, which no text is known to cause.
    #[error(transparent)]
    Search(#[from] cron::error::Error),
}

impl ScheduleError {
    /// The option of the section that is wrong, if it is not the kind of the schedule or what that is given.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Config(
                ConfigError::Missing(key)
                | ConfigError::Null(key)
                | ConfigError::NotAnObject(key)
                | ConfigError::Type { key, .. },
            ) => Some(key),
            Self::Date { key, .. } => Some(key),
            Self::EndBeforeStart => Some("end"),
            Self::SkipDelayedBy(_) => Some("skip_delayed_by"),
            Self::Delay(_) => Some("delay"),
            _ => None,
        }
    }
}

/// A key of the section that schedules do not have. Digdag refuses it on push and otherwise reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleWarning {
    pub key: String,
    /// Known keys that look alike.
    pub suggestions: Vec<String>,
}

impl fmt::Display for ScheduleWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parameter '{}' is not used at schedule.", self.key)?;
        if !self.suggestions.is_empty() {
            write!(f, " > Did you mean '[{}]'?", self.suggestions.join(", "))?;
        }
        Ok(())
    }
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |name| format!(" (did you mean {name}>?)"))
}
