//! Why the database cannot be used: each message names the file, the cause and what to do.

use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
use rusqlite::{Error, ErrorCode};
use std::io;
use std::path::{Path, PathBuf};

/// Why the database cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{} does not exist; check the path, or run a workflow with it first", file.display())]
    Missing { file: PathBuf },

    #[error("{} is a directory; name a database file", file.display())]
    Directory { file: PathBuf },

    #[error("cannot create {}: {source}; its directory must be there and writable for you, or name another file with -o", file.display())]
    Create { file: PathBuf, source: io::Error },

    #[error("cannot open {}: {source}; check that you may read and write it and its directory", file.display())]
    Open { file: PathBuf, source: Error },

    #[error("{} is not a SQLite database; name another file, or move this one away", file.display())]
    NotADatabase { file: PathBuf },

    #[error("{} is a SQLite database of another program; name another file", file.display())]
    Foreign { file: PathBuf },

    #[error(
        "{} was written by a newer Dibble (schema {found}, this one knows {known}); update Dibble, or name another file",
        file.display()
    )]
    Newer { file: PathBuf, found: i64, known: i64 },

    #[error(
        "{file} is damaged ({source}); put a copy in its place, or save what is left with \
         `sqlite3 {file} .recover`",
        file = file.display()
    )]
    Corrupt { file: PathBuf, source: Error },

    #[error("{} cannot be written; you need write permission for it and its directory", file.display())]
    ReadOnly { file: PathBuf },

    /// The file is still open, but what is written to it is lost.
    #[error("{} was removed or replaced while it was in use", file.display())]
    Moved { file: PathBuf },

    #[error("no space left for {}; make room on its disk, then try again", file.display())]
    Full { file: PathBuf, source: Error },

    #[error("{} is locked by another program; wait for it or end it, then try again", file.display())]
    Busy { file: PathBuf, source: Error },

    #[error("the disk of {} fails ({source}); check it, then try again", file.display())]
    Io { file: PathBuf, source: Error },

    /// A value that this version does not write, such as a time zone that it does not know.
    #[error("{} holds a value that cannot be read ({source}); was it changed by hand?", file.display())]
    Unreadable { file: PathBuf, source: Error },

    /// A statement that the database refuses, such as a row that its schema rules out: a mistake of the program.
    #[error("{} refuses a statement ({source}); please report this", file.display())]
    Refused { file: PathBuf, source: Error },
}

impl StoreError {
    /// Whether something is wrong with a row or a statement, while others can be read and written.
    pub fn leaves_others(&self) -> bool {
        matches!(self, Self::Unreadable { .. } | Self::Refused { .. })
    }
}

impl StoreError {
    pub(super) fn read_only(file: &Path) -> Self {
        Self::ReadOnly { file: file.to_owned() }
    }

    /// Tells what SQLite's error means for this file.
    pub(super) fn of(file: &Path, source: Error) -> Self {
        let file = file.to_owned();
        match &source {
            Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::InvalidColumnType(..)
            | Error::Utf8Error(..) => Self::Unreadable { file, source },
            // The file beside it in which readers and writers are told of each other cannot be made as large as it must be.
            _ if extended_code(&source) == Some(SQLITE_IOERR_SHMSIZE) => Self::Full { file, source },
            _ => match source.sqlite_error_code() {
                Some(ErrorCode::NotADatabase) => Self::NotADatabase { file },
                Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt { file, source },
                Some(ErrorCode::ReadOnly) => Self::ReadOnly { file },
                Some(ErrorCode::DiskFull) => Self::Full { file, source },
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { file, source },
                Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => Self::Open { file, source },
                Some(ErrorCode::SystemIoFailure) => Self::Io { file, source },
                _ => Self::Refused { file, source },
            },
        }
    }
}

fn extended_code(error: &Error) -> Option<i32> {
    error.sqlite_error().map(|error| error.extended_code)
}
