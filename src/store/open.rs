//! How a database is opened: recognised, brought to the current schema, or refused.

use super::migrations::{self, SCHEMA_VERSION};
use super::{Reader, Result, StoreError, Writer, create};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// How long to wait for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const CACHED_STATEMENTS: usize = 128;
/// In bytes. A reader that takes its time lets the WAL grow; it is cut back to this.
const LARGEST_IDLE_WAL: i64 = 16 << 20;
/// `PRAGMA application_id` of our files, as `schema.sql` sets it.
pub(super) const APPLICATION_ID: i64 = 0x4469_6262;

/// The path by which SQLite knows the file: absolute, so that it stays true and is not taken for a `file:` address.
pub(super) fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|source| StoreError::Create { file: path.to_owned(), source })
}

/// Refuses a path at which there is no file.
pub(super) fn require(file: &Path) -> Result<()> {
    match fs::exists(file) {
        Ok(false) => Err(StoreError::Missing { file: file.to_owned() }),
        _ => refuse_non_database(file),
    }
}

/// Refuses what SQLite would not: it takes a file that is shorter than its smallest page for an empty one, and writes
/// over it.
pub(super) fn refuse_non_database(file: &Path) -> Result<()> {
    const SMALLEST_PAGE: u64 = 512;
    match fs::metadata(file) {
        Ok(metadata) if metadata.is_dir() => Err(StoreError::Directory { file: file.to_owned() }),
        Ok(metadata) if !metadata.is_file() || (1..SMALLEST_PAGE).contains(&metadata.len()) => {
            Err(StoreError::NotADatabase { file: file.to_owned() })
        }
        // What is wrong otherwise, opening it tells.
        _ => Ok(()),
    }
}

/// A connection that writes, to a database in the current schema. None when the file may only be read.
pub(super) fn writer(file: &Path) -> Result<Option<Writer>> {
    let error = |source| StoreError::of(file, source);
    let connection = connect(file, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(error)?;
    // SQLite opens a write-protected file for reading without a word.
    if connection.is_readonly(c"main").map_err(error)? {
        return Ok(None);
    }
    match prepare(&connection, file) {
        // The latter is what SQLite says of a directory in which it may not make the WAL.
        Err(StoreError::ReadOnly { .. } | StoreError::Open { .. }) => Ok(None),
        prepared => prepared.map(|()| Some(Writer::new(connection, file))),
    }
}

/// A connection that reads, beside a writer's.
pub(super) fn reader(file: &Path) -> Result<Reader> {
    connect(file, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map(|connection| Reader::new(connection, file))
        .map_err(|source| StoreError::of(file, source))
}

/// A connection that reads a file that may not be written.
pub(super) fn reader_of_read_only(file: &Path) -> Result<Reader> {
    let (reader, found) = recognised(file, reader(file)?)?;
    if found == Found::Current { Ok(reader) } else { Err(StoreError::read_only(file)) }
}

/// A connection that reads a file of any version that is not refused, and which version that is. Nothing is left beside a
/// file that had nothing beside it.
pub(super) fn any_version(file: &Path) -> Result<(Reader, Found, i64)> {
    let (reader, found) = recognised(file, passing_reader(file)?)?;
    let (_, version, _) = marks(reader.connection()).map_err(|source| StoreError::of(file, source))?;
    Ok((reader, found, version))
}

/// The version that new files have.
pub(super) fn known_version() -> i64 {
    SCHEMA_VERSION
}

/// A connection that reads, and takes with it what it made beside the file: SQLite leaves the WAL of whoever may only read.
fn passing_reader(file: &Path) -> Result<Reader> {
    // What a crash has left there stays as it is; to take it in would change the file.
    if ["-wal", "-journal"].iter().any(|suffix| has_beside(file, suffix)) {
        return reader(file);
    }
    let connection = connect(file, OpenFlags::SQLITE_OPEN_READ_WRITE).and_then(|connection| {
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    });
    connection.map(|connection| Reader::new(connection, file)).map_err(|source| StoreError::of(file, source))
}

/// A reader of a file that is not refused, without writing beside the file where that is not possible.
fn recognised(file: &Path, plain: Reader) -> Result<(Reader, Found)> {
    match recognise(plain.connection(), file) {
        // Readers, too, lock the file, and for that they write beside it. Where they cannot, the file can still be read
        // as it stands, unless there are commits beside it that are not in the file itself.
        Err(StoreError::Open { .. } | StoreError::ReadOnly { .. }) if !has_beside(file, "-wal") => {
            let connection = connect_immutable(file).map_err(|source| StoreError::of(file, source))?;
            let found = recognise(&connection, file)?;
            Ok((Reader::new(connection, file), found))
        }
        found => Ok((plain, found?)),
    }
}

/// A database in memory.
pub(super) fn memory(file: &Path) -> Result<Writer> {
    let connection = create::in_memory().and_then(configure);
    connection.map(|connection| Writer::new(connection, file)).map_err(|source| StoreError::of(file, source))
}

fn connect(file: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(file, access | OpenFlags::SQLITE_OPEN_NO_MUTEX).and_then(configure)
}

/// Reads the file as if nobody could change it: without locks.
fn connect_immutable(file: &Path) -> rusqlite::Result<Connection> {
    const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');
    let address = format!("file:{}?immutable=1", percent_encode(file.as_os_str().as_bytes(), PATH));
    let access = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(address, access | OpenFlags::SQLITE_OPEN_NO_MUTEX).and_then(configure)
}

fn configure(connection: Connection) -> rusqlite::Result<Connection> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    // A plan never depends on the values: else a statement that compares with what an index is limited to would be
    // compiled anew each time that it gets other values.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

/// Brings a connection that may write to a database in WAL mode with the current schema.
fn prepare(connection: &Connection, file: &Path) -> Result<()> {
    let error = |source| StoreError::of(file, source);
    let found = recognise(connection, file)?;
    if found == Found::Empty {
        // As `schema.sql` has it; later it takes a copy of the whole file.
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL").map_err(error)?;
        // Nothing can be lost yet but the file's first page, which needs no journal on the disk. When another
        // process has meanwhile filled the file, this fails or is undone by the next line.
        let _ = connection.pragma_update(None, "journal_mode", "MEMORY");
    }
    use_wal(connection, file)?;
    connection.pragma_update(None, "journal_size_limit", LARGEST_IDLE_WAL).map_err(error)?;
    if found == Found::Current {
        return Ok(());
    }
    if found == Found::Empty {
        // Nobody is told of an empty database. The first commit that somebody is told of takes it to the disk with it;
        // every transaction of the writer sets its durability anew.
        connection.pragma_update(None, "synchronous", "OFF").map_err(error)?;
    }
    migrations::to_current(connection, file)?;
    // A newer Dibble may have been quicker.
    recognise(connection, file).map(drop)
}

/// What kind of database a file is, of those that are not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Empty,
    Older,
    Current,
}

fn recognise(connection: &Connection, file: &Path) -> Result<Found> {
    let (application, version, empty) = marks(connection).map_err(|source| StoreError::of(file, source))?;
    match application {
        APPLICATION_ID if version > SCHEMA_VERSION => {
            Err(StoreError::Newer { file: file.to_owned(), found: version, known: SCHEMA_VERSION })
        }
        APPLICATION_ID if version == SCHEMA_VERSION => Ok(Found::Current),
        APPLICATION_ID => Ok(Found::Older),
        0 if version == 0 && empty => Ok(Found::Empty),
        _ => Err(StoreError::Foreign { file: file.to_owned() }),
    }
}

/// Application id, version, and whether there is no table. Of one moment: another process may be creating the file.
fn marks(connection: &Connection) -> rusqlite::Result<(i64, i64, bool)> {
    let _moment = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
    connection.query_row(
        "SELECT application_id, user_version, NOT EXISTS (SELECT 1 FROM sqlite_schema) AS empty
         FROM pragma_application_id, pragma_user_version",
        [],
        |row| Ok((row.get("application_id")?, row.get("user_version")?, row.get("empty")?)),
    )
}

/// Puts the database into WAL mode, in which it then stays.
fn use_wal(connection: &Connection, file: &Path) -> Result<()> {
    const PAUSE: Duration = Duration::from_millis(5);
    let mut tries = BUSY_TIMEOUT.as_millis() / PAUSE.as_millis();
    loop {
        // The change needs the file alone, and SQLite does not wait for that: two processes that create the same file
        // at the same time can stand in each other's way here, and here only.
        match connection.pragma_update(None, "journal_mode", "WAL").map_err(|e| StoreError::of(file, e)) {
            Err(StoreError::Busy { .. }) if tries > 0 => {
                tries -= 1;
                thread::sleep(PAUSE);
            }
            result => return result,
        }
    }
}

/// Whether there is something in the file whose name has this added.
pub(super) fn has_beside(file: &Path, suffix: &str) -> bool {
    let mut beside = file.as_os_str().to_owned();
    beside.push(suffix);
    fs::metadata(beside).is_ok_and(|metadata| metadata.len() > 0)
}
