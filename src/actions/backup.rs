//! A database is copied while it is used, and a copy put in its place again. Both are checked first, and take effect as a
//! whole or not at all. The key of the secrets is in neither: it is a file of its own, or of the configuration.

use super::living;
use crate::store::check::{Depth, examine};
use crate::store::copy::{copy, disown, hold};
use crate::store::owners::OwnerRow;
use crate::store::{Store, StoreError, attempts, secrets};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use tempfile::TempPath;

/// A copy cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    #[error("{} is the database itself", .0.display())]
    Itself(PathBuf),
    #[error("{} is not sound: {what}", file.display())]
    Unsound { file: PathBuf, what: String },
    #[error("process {pid} works with {}", file.display())]
    InUse { pid: u32, file: PathBuf },
    #[error("another process has {} open", .0.display())]
    Open(PathBuf),
    #[error("{} cannot be written: {source}", file.display())]
    Write { file: PathBuf, source: io::Error },
}

/// A copy with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackedUp {
    /// In bytes.
    pub size: u64,
    /// There are secrets in it, which nobody can read without their key.
    pub has_secrets: bool,
}

/// A database that was put in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Where the one is that was there before.
    pub before: Option<PathBuf>,
    pub has_secrets: bool,
    /// How many attempts a server will go on with.
    pub unfinished: u32,
}

/// Copies a database to a file. One that is there is replaced when `force` says so.
///
/// # Errors
///
/// The database cannot be read or is not sound, or the file cannot be written.
pub fn backup(database: &Path, file: &Path, force: bool) -> Result<BackedUp, BackupError> {
    if is_same(database, file) {
        return Err(BackupError::Itself(file.to_owned()));
    }
    if !force && fs::symlink_metadata(file).is_ok() {
        return Err(BackupError::Exists(file.to_owned()));
    }
    let directory = directory_of(file)?;
    let copy = copy(database, &directory)?;
    require_sound(&copy, database)?;
    let size = copy.metadata().map_err(|source| write_error(file, source))?.len();
    let store = Store::open_existing(&copy)?;
    let has_secrets = store.read(secrets::any)?;
    drop(store);
    put(copy, file, force)?;
    sync(&directory);
    Ok(BackedUp { size, has_secrets })
}

/// Puts a copy of a file in the place of a database, which is kept beside it under another name. What is kept from earlier
/// times there is replaced when `force` says so.
///
/// # Errors
///
/// The file is no sound database of Dibble's, somebody works with the database, or it cannot be written. Nothing has changed
/// then.
pub fn restore(file: &Path, database: &Path, force: bool) -> Result<Restored, BackupError> {
    if is_same(database, file) {
        return Err(BackupError::Itself(file.to_owned()));
    }
    let directory = directory_of(database)?;
    let copy = copy(file, &directory)?;
    require_sound(&copy, file)?;
    disown(&copy)?;
    let store = Store::open_existing(&copy)?;
    let (has_secrets, unfinished) =
        store.read(|reader| Ok((secrets::any(reader)?, attempts::count_unfinished(reader)?)))?;
    drop(store);
    let before = swap(copy, database, force)?;
    sync(&directory);
    Ok(Restored { before, has_secrets, unfinished })
}

/// What else is in the file with a name like this.
fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(suffix);
    name.into()
}

/// Puts a copy in the place of a database. Returns where that is now, if there was one.
fn swap(copy: TempPath, database: &Path, force: bool) -> Result<Option<PathBuf>, BackupError> {
    let kept = with_suffix(database, ".before-restore");
    let error = |source| write_error(database, source);
    if fs::symlink_metadata(database).is_err() {
        set_aside(database, &kept)?;
        put(copy, database, false)?;
        return Ok(None);
    }
    if !force && fs::symlink_metadata(&kept).is_ok() {
        return Err(BackupError::Exists(kept));
    }
    let held = match require_unused(database) {
        Ok(()) => Some(hold(database).map_err(|error| match error {
            StoreError::Busy { .. } => BackupError::Open(database.to_owned()),
            other => other.into(),
        })?),
        // This is what copies are for. Whoever has it open cannot work with it either.
        Err(BackupError::Store(StoreError::Corrupt { .. } | StoreError::NotADatabase { .. })) => None,
        Err(other) => return Err(other),
    };
    remove_if_there(&kept)?;
    // Under both names for a moment, so that there is a database at every moment.
    if fs::hard_link(database, &kept).is_err() {
        fs::rename(database, &kept).map_err(error)?;
    }
    if held.is_none() {
        set_aside(database, &kept)?;
    }
    copy.persist(database).map_err(|failed| error(failed.error))?;
    drop(held);
    Ok(Some(kept))
}

/// Refuses a database that a living process works with.
fn require_unused(database: &Path) -> Result<(), BackupError> {
    let others: Vec<OwnerRow> = Store::open_existing(database)?.read(living::others)?;
    match others.first() {
        Some(other) => Err(BackupError::InUse { pid: other.process.pid, file: database.to_owned() }),
        None => Ok(()),
    }
}

/// Moves away what a crash has left beside a database: it would be taken for a part of the new one.
fn set_aside(database: &Path, kept: &Path) -> Result<(), BackupError> {
    for suffix in ["-wal", "-journal"] {
        let left = with_suffix(database, suffix);
        match fs::rename(&left, with_suffix(kept, suffix)) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(write_error(&left, source));
            }
            _ => {}
        }
    }
    remove_if_there(&with_suffix(database, "-shm"))
}

fn remove_if_there(file: &Path) -> Result<(), BackupError> {
    match fs::remove_file(file) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(write_error(file, source)),
        _ => Ok(()),
    }
}

/// `named` is the file that the copy was made of.
fn require_sound(copy: &Path, named: &Path) -> Result<(), BackupError> {
    let examined = examine(copy, Depth::Full)?;
    let dangling = examined.dangling_references;
    let dangling = (dangling > 0).then(|| format!("{dangling} rows refer to rows that are not there"));
    match examined.damages.into_iter().next().or(dangling) {
        Some(what) => Err(BackupError::Unsound { file: named.to_owned(), what }),
        None => Ok(()),
    }
}

fn put(copy: TempPath, file: &Path, force: bool) -> Result<(), BackupError> {
    let put = if force { copy.persist(file) } else { copy.persist_noclobber(file) };
    put.map_err(|failed| match failed.error.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Exists(file.to_owned()),
        _ => write_error(file, failed.error),
    })
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((fs::canonicalize(one), fs::canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}

fn directory_of(file: &Path) -> Result<PathBuf, BackupError> {
    let file = std::path::absolute(file).map_err(|source| write_error(file, source))?;
    Ok(file.parent().map_or_else(|| PathBuf::from("/"), Path::to_owned))
}

/// Takes new names to the disk. Not every file system can, and none loses more than the name.
fn sync(directory: &Path) {
    let _ = File::open(directory).and_then(|directory| directory.sync_all());
}

fn write_error(file: &Path, source: io::Error) -> BackupError {
    BackupError::Write { file: file.to_owned(), source }
}
