//! Project archives: packing a directory into a gzipped tar file, looking into one that was uploaded, and extracting one.
//!
//! Archives come from anybody: nothing in one is believed. Names are compared component by component and never leave the
//! directory, no file is written through a link, and reading ends where the limits are passed. Where archives are kept is
//! decided elsewhere.

mod contents;
mod error;
mod extract;
mod ignore_rules;
mod limits;
mod listing;
mod names;
mod pack;
mod read;
#[cfg(test)]
mod tests;

pub use contents::{Contents, Files};
pub use error::{ArchiveError, PackError};
pub use extract::extract;
pub use ignore_rules::{IgnoreError, IgnoreRules};
pub use limits::Limits;
pub use pack::{PackOptions, pack};

use std::path::Path;

/// A member that was packed or extracted. Names are relative to the project's directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Member<'a> {
    File(&'a Path),
    /// The target is relative to the link's own directory.
    Symlink {
        name: &'a Path,
        target: &'a Path,
    },
}
