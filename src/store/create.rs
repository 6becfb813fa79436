//! How a database comes to be: as a copy of the empty one that the build made from `schema.sql`.
//!
//! Running the schema takes many times as long as writing the copy, and would be a third of the work of a short run in a
//! new project. Empty files that somebody else made do get the schema: see [`open`](super::open).

use super::{Result, StoreError, open};
use rusqlite::backup::Backup;
use rusqlite::{Connection, MAIN_DB};
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// A database in the current schema without a row, in WAL mode.
const EMPTY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/empty.db"));

/// What is at a path after [`file_if_missing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Created {
    /// The copy, just made.
    Copy,
    /// What was there, or an empty file.
    Other,
}

/// Makes a database that only its owner may read, unless there is a file.
pub(super) fn file_if_missing(file: &Path) -> Result<Created> {
    // A link that leads nowhere is there, too.
    if fs::symlink_metadata(file).is_ok() {
        return existing(file);
    }
    // What a crash left of a database that somebody has removed since. SQLite would take it into the copy; beside an
    // empty file it throws it away.
    if ["-wal", "-journal"].iter().any(|suffix| open::has_beside(file, suffix)) {
        return empty_file(file);
    }
    match put_in_place(file) {
        Ok(()) => Ok(Created::Copy),
        // Another process was quicker, with a whole database.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => existing(file),
        // The file system may not be able to do this. If it is something else, this meets it, too.
        Err(_) => empty_file(file),
    }
}

/// A connection to a new database in memory.
pub(super) fn in_memory() -> rusqlite::Result<Connection> {
    /// Where the header says how the file is written and how it is read, and what says: without a WAL. There is none in
    /// memory.
    const MODE: usize = 18;
    const NO_WAL: [u8; 2] = [1, 1];
    let empty = EMPTY[..MODE].chain(&NO_WAL[..]).chain(&EMPTY[MODE + NO_WAL.len()..]);
    let mut image = Connection::open_in_memory()?;
    image.deserialize_read_exact(MAIN_DB, empty, EMPTY.len(), true)?;
    // What was read in such a way could be written, but only at half the speed and up to a limit.
    let mut connection = Connection::open_in_memory()?;
    Backup::new(&image, &mut connection)?.step(-1)?;
    Ok(connection)
}

/// Gives the copy its name when it is complete and on the disk, so that a crash leaves all of it or nothing.
fn put_in_place(file: &Path) -> io::Result<()> {
    let directory = file.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut copy = tempfile::Builder::new().prefix(".dibble-new-").tempfile_in(directory)?;
    copy.write_all(EMPTY)?;
    // The directory follows with the first commit that waits for the disk.
    copy.as_file().sync_data()?;
    // Closed first: to close a descriptor of a file that somebody can open drops the locks on it.
    copy.into_temp_path().persist_noclobber(file).map_err(|failed| failed.error)
}

fn existing(file: &Path) -> Result<Created> {
    open::refuse_non_database(file).map(|()| Created::Other)
}

fn empty_file(file: &Path) -> Result<Created> {
    // Closing a descriptor of the file drops all locks that the process has on it, so no other thread may get as far as
    // locking the new file before it is closed here.
    static CREATING: Mutex<()> = Mutex::new(());
    let _creating = CREATING.lock().unwrap_or_else(PoisonError::into_inner);
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Ok(_) => Ok(Created::Other),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => existing(file),
        Err(source) => Err(StoreError::Create { file: file.to_owned(), source }),
    }
}
