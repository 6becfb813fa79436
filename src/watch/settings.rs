//! Which directories are watched, and how.

use crate::model::Params;
use std::path::PathBuf;
use std::time::Duration;

/// How changes are noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchSettings {
    pub poll: Poll,
    /// How often directories are read that are polled.
    pub poll_interval: Duration,
    /// Whether sessions are started of what is scheduled: another server that does so, too, is then told of.
    pub starts_sessions: bool,
}

/// Which directories are polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Poll {
    /// Those of whose changes the kernel tells nothing.
    #[default]
    Auto,
    Always,
    Never,
}

/// The directories to be watched.
#[derive(Debug, Clone, Default)]
pub struct Directories {
    /// Each has a name and a path of its own.
    pub named: Vec<NamedDirectory>,
    /// Each directory in here is a project once it has a workflow. An absolute path.
    pub folder: Option<PathBuf>,
    /// Parameters of all projects, below those of every attempt.
    pub params: Params,
}

/// A directory that is a project, whatever is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedDirectory {
    /// Of the project.
    pub name: String,
    /// An absolute path without `.` and `..`.
    pub directory: PathBuf,
}

impl Default for WatchSettings {
    fn default() -> Self {
        Self { poll: Poll::Auto, poll_interval: Duration::from_secs(5), starts_sessions: true }
    }
}

impl Poll {
    /// Reads a value of the configuration.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "auto" => Some(Self::Auto),
            "always" => Some(Self::Always),
            "never" => Some(Self::Never),
            _ => None,
        }
    }
}
