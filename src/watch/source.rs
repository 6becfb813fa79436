//! What the kernel is asked about directories, and what it tells.

use std::ffi::OsString;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::Path;

/// A directory that the kernel watches: the same for every path that leads there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct DirId(pub i32);

/// Something that has happened in a watched directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// An entry was made, written, moved, removed, or may be read by others than before.
    Entry(DirId, OsString),
    /// The directory itself was moved or removed, or may be read by others than before.
    Itself(DirId),
    /// It is no longer watched, for it is not there any more.
    Unwatched(DirId),
    /// So much has happened that some of it was lost.
    Overflow,
}

/// Why a directory cannot be watched.
#[derive(Debug, thiserror::Error)]
pub(super) enum WatchError {
    /// The kernel watches no more directories for this user.
    #[error("the limit is reached")]
    Limit,
    /// It is not there, or it is no directory. That will be noticed when it is read.
    #[error("it is not there")]
    Missing,
    #[error(transparent)]
    Failed(io::Error),
}

/// Tells of changes in directories.
pub(super) trait Source: Send {
    /// Watches the entries of a directory. To watch one again changes nothing.
    fn watch(&mut self, directory: &Path) -> Result<DirId, WatchError>;

    /// Ends the watching of a directory, unless it has ended by itself.
    fn unwatch(&mut self, id: DirId);

    /// Takes what has happened, without waiting.
    fn changes(&mut self) -> io::Result<Vec<Change>>;

    /// Can be read from when something has happened.
    fn descriptor(&self) -> Option<BorrowedFd<'_>>;
}
