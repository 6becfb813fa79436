//! How it is with the watched directories, for whoever asks while the thread works.

use crate::model::Time;
use std::path::PathBuf;

/// What was found when directories were looked at last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WatchHealth {
    /// How many are watched. The one of `--projects-dir` counts, too.
    pub directories: usize,
    /// With how many of them, and of those that were refused, something is wrong.
    pub failing: usize,
    /// In the order of their paths.
    pub refused: Vec<Refused>,
    /// Why nothing can be registered, for a person.
    pub failure: Option<String>,
}

/// A directory that was found and is not watched, for another one has its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The name that its project would have.
    pub name: String,
    pub directory: PathBuf,
    /// Why, for a person.
    pub error: String,
    /// When that was found.
    pub since: Time,
}
