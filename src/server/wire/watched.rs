//! Directories that are watched, and the list of projects with what is not one yet. Neither is Digdag's.

use super::{Instant, Project};
use crate::store::watched_projects::WatchedRow;
use crate::watch::Refused;
use serde::Serialize;

/// A directory whose workflows are registered whenever they change.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Watched<'a> {
    name: &'a str,
    directory: String,
    /// What is wrong with its files as they are.
    error: Option<&'a str>,
    /// When that was found.
    checked_at: Instant,
    /// It is not watched, for another directory has its name.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    refused: bool,
}

/// Digdag's list of projects, and directories whose files were never good, or that are refused, where there are any.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProjectList<'a> {
    pub projects: Vec<Project<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unregistered: Vec<Watched<'a>>,
}

impl<'a> From<&'a WatchedRow> for Watched<'a> {
    fn from(row: &'a WatchedRow) -> Self {
        Self {
            name: &row.name,
            directory: row.directory.display().to_string(),
            error: row.error.as_deref(),
            checked_at: Instant(row.checked_at),
            refused: false,
        }
    }
}

impl<'a> From<&'a Refused> for Watched<'a> {
    fn from(refused: &'a Refused) -> Self {
        Self {
            name: &refused.name,
            directory: refused.directory.display().to_string(),
            error: Some(&refused.error),
            checked_at: Instant(refused.since),
            refused: true,
        }
    }
}
