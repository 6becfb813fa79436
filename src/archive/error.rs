//! What can go wrong with archives, in Digdag's words where it has some.

use super::IgnoreError;
use std::io;
use std::path::{Path, PathBuf};

/// An archive that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("Input is not in the .gz format")]
    NotGzip,
    /// Neither gzip nor tar as they should be, or cut off.
    #[error("The archive cannot be read: {0}")]
    Damaged(io::Error),
    #[error("Size of the uploaded archive file exceeds limit ({limit} bytes)")]
    Compressed { limit: u64 },
    #[error("Size of a file in the archive exceeds limit ({size} > {limit} bytes): {name}")]
    File { name: String, size: u64, limit: u64 },
    /// The size is that of the files up to where reading ended.
    #[error("Total size of the archive exceeds limit ({size} > {limit} bytes)")]
    Total { size: u64, limit: u64 },
    /// It leaves the directory, goes through a link or a file, or is neither file, directory nor link.
    #[error("Archive includes an invalid entry: {name}")]
    Entry { name: String },
    /// It leaves the directory.
    #[error("Archive includes an invalid symlink: {name} -> {target}")]
    Link { name: String, target: String },
    /// The `.digdagignore` in it.
    #[error(".digdagignore: {0}")]
    Ignore(ignore::Error),
    /// A file of the directory that is extracted to.
    #[error("{}: {source}", path.display())]
    Disk { path: PathBuf, source: io::Error },
}

/// A directory that cannot be packed.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    #[error("{}", unreadable(path, source))]
    Unreadable { path: PathBuf, source: io::Error },
    #[error(
        "Invalid symbolic link: Given path '{}' is outside of project directory '{}'. Consider to add \
         --copy-outgoing-symlinks option",
        target.display(),
        project.display()
    )]
    OutgoingLink { target: PathBuf, project: PathBuf },
    #[error("Invalid symbolic link: '{}' leads back to '{}', which it is in", link.display(), target.display())]
    Cycle { link: PathBuf, target: PathBuf },
    #[error("'{}' is neither a file nor a directory; name it in .digdagignore", .0.display())]
    Special(PathBuf),
    #[error("'{}' changed its size while it was read; try again", .0.display())]
    Changed(PathBuf),
    #[error(transparent)]
    Ignore(#[from] IgnoreError),
    /// The archive cannot be written.
    #[error("cannot write the archive: {0}")]
    Output(io::Error),
}

fn unreadable(path: &Path, source: &io::Error) -> String {
    match source.kind() {
        io::ErrorKind::NotFound => format!("{} (no such file)", path.display()),
        _ => format!("{}: {source}", path.display()),
    }
}
