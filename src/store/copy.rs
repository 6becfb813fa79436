//! Copies of whole databases, and holding one that is to be replaced. Copies are made through SQLite: a file that is in
//! use cannot be copied otherwise.

use super::open::{self, Found};
use super::{Result, Store, StoreError, Writer, space};
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use std::fs::File;
use std::path::Path;
use std::time::Duration;
use tempfile::TempPath;

/// How much is copied at a time.
const PAGES: i32 = 1024;

/// Copies a database, of any version that is not refused, into a new file without a name to speak of: its owner's alone,
/// on the disk, removed when it is dropped. It is of the moment of the call, whoever writes meanwhile; nobody waits for it.
///
/// # Errors
///
/// One of the files cannot be read or written, or the first is no database of Dibble's.
pub fn copy(source: &Path, directory: &Path) -> Result<TempPath> {
    let source = open::absolute(source)?;
    open::require(&source)?;
    let (reader, found, _) = open::any_version(&source)?;
    if found == Found::Empty {
        return Err(StoreError::NotADatabase { file: source });
    }
    let create = |source| StoreError::Create { file: directory.to_owned(), source };
    let copy = tempfile::Builder::new().prefix(".dibble-copy-").tempfile_in(directory).map_err(create)?;
    // Closed first: to close a descriptor of a file that SQLite has open drops the locks on it.
    let copy = copy.into_temp_path();
    let failed = |error| StoreError::of(&copy, error);
    let mut written = Connection::open(&copy).map_err(failed)?;
    written.pragma_update(None, "synchronous", "OFF").map_err(failed)?;
    reader.snapshot(|reader| {
        // Only with its first page the moment is fixed.
        space::measure(reader)?;
        let backup = Backup::new(reader.connection(), &mut written).map_err(failed)?;
        loop {
            match backup.step(PAGES).map_err(failed)? {
                StepResult::Done => return Ok(()),
                StepResult::More => {}
                // Somebody begins or ends to write; a reader does not wait for that long.
                _ => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    })?;
    written.close().map_err(|(_, error)| failed(error))?;
    File::open(&copy).and_then(|file| file.sync_all()).map_err(create)?;
    Ok(copy)
}

/// Brings a copy to the current schema, and lets its owners be nobody: what they have left unfinished is free, though
/// their processes may live and work with another file.
///
/// # Errors
///
/// Those of the file.
pub fn disown(copy: &Path) -> Result<()> {
    let store = Store::open(copy)?;
    store.write(super::Durability::Full, |w: &Writer| {
        w.execute("UPDATE owners SET identity = 'of a copy' WHERE id > 0", &[]).map(drop)
    })
}

/// A database that nobody else can open. All of it is in its one file.
#[derive(Debug)]
pub struct Held {
    _connection: Connection,
}

/// Takes a database for this process alone, until it is dropped.
///
/// # Errors
///
/// [`StoreError::Busy`] when another process has it open; or what is wrong with it.
pub fn hold(file: &Path) -> Result<Held> {
    let failed = |error| StoreError::of(file, error);
    let connection = Connection::open(file).map_err(failed)?;
    connection.busy_timeout(Duration::ZERO).map_err(failed)?;
    // The WAL belongs to the name of the file. It is taken in, so that the file can get another name; for that, SQLite
    // must be alone with it.
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get(0))
        .map_err(failed)?;
    debug_assert_eq!(mode, "delete");
    connection.execute_batch("BEGIN EXCLUSIVE").map_err(failed)?;
    Ok(Held { _connection: connection })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::check::{Depth, examine};
    use crate::store::dump;
    use crate::store::testing;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_copy_is_of_one_moment_and_its_owners_alone() {
        let (store, directory) = testing::store();
        testing::attempt(&store, "");
        let before = store.read(dump::dump).unwrap();
        let copy = copy(store.file(), directory.path()).unwrap();
        testing::attempt(&store, "again");
        assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let examined = examine(&copy, Depth::Full).unwrap();
        assert_eq!(
            (examined.damages, examined.dangling_references, examined.is_incremental),
            (vec![], 0, true)
        );
        let copied = Store::open_existing(&copy).unwrap();
        assert_eq!(copied.read(dump::dump).unwrap(), before);
    }

    #[test]
    fn nothing_is_left_beside_the_source() {
        let (store, directory) = testing::store();
        testing::attempt(&store, "");
        let original = store.file().to_owned();
        drop(store);
        let before = std::fs::read(&original).unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        drop(copy(&original, elsewhere.path()).unwrap());
        examine(&original, Depth::Quick).unwrap();
        let entries = std::fs::read_dir(directory.path()).unwrap();
        let names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["test.db"]);
        assert_eq!(std::fs::read(&original).unwrap(), before);
    }

    #[test]
    fn a_file_is_held_by_one_only() {
        let (store, directory) = testing::store();
        let file = directory.path().join("test.db");
        assert!(matches!(hold(&file), Err(StoreError::Busy { .. })));
        drop(store);
        let held = hold(&file).unwrap();
        assert!(matches!(hold(&file), Err(StoreError::Busy { .. })));
        drop(held);
        let store = Store::open(&file).unwrap();
        testing::attempt(&store, "");
        assert!(directory.path().join("test.db-wal").exists(), "it is in WAL mode again");
    }
}
