//! What the system is asked about directories, and what it tells.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

/// What the watching thread waits for.
#[derive(Debug)]
pub(super) enum News {
    Change(Change),
    /// Changes are no longer told of.
    Failed(WatchError),
    /// Everything is to be looked at.
    Look,
    Stop,
}

/// Something that has happened to an entry of a watched directory, or to the directory itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// As it was watched, with the name of the entry.
    pub(super) path: PathBuf,
    /// It may be another one than before, or none: what was watched there and below has to be watched anew.
    pub(super) is_other: bool,
}

/// Why a directory cannot be watched.
#[derive(Debug, thiserror::Error)]
pub(super) enum WatchError {
    /// The system watches no more directories for this user.
    #[error("the limit is reached")]
    Limit,
    /// It is not there, or it is no directory. That will be noticed when it is read.
    #[error("it is not there")]
    Missing,
    #[error(transparent)]
    Failed(io::Error),
}

/// Has changes in directories told of.
pub(super) trait Source: Send {
    /// Watches the entries of a directory.
    fn watch(&mut self, directory: &Path) -> Result<(), WatchError>;

    /// Ends the watching of a directory, unless it has ended by itself.
    fn unwatch(&mut self, directory: &Path);
}

impl Change {
    /// So much has happened that some of it was lost: it may be anything.
    pub(super) fn unknown() -> Self {
        Self { path: PathBuf::from("/"), is_other: true }
    }

    /// The directory with the entry, and its name.
    pub(super) fn entry(&self) -> Option<(&Path, &OsStr)> {
        self.path.parent().zip(self.path.file_name())
    }
}
