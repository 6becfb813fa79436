//! Files that can be opened, and files that are refused.

use crate::store::testing::{self, at};
use crate::store::{Durability, Store, StoreError, dump, projects};
use rusqlite::Connection;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::thread;
use tempfile::TempDir;

/// A database with a project, closed.
fn written() -> (PathBuf, TempDir) {
    let (store, directory) = testing::store();
    testing::workflow(&store, "p", "wf");
    (store.file().to_owned(), directory)
}

/// The message of the error with which a file is refused, without its directory. The file must stay as it is.
fn refused(file: &Path) -> String {
    let bytes = fs::read(file).ok();
    let error = Store::open(file).unwrap_err();
    assert_eq!(fs::read(file).ok(), bytes, "{error}");
    message(&error, file)
}

fn message(error: &StoreError, file: &Path) -> String {
    error.to_string().replace(&format!("{}/", file.parent().unwrap().display()), "")
}

fn projects(store: &Store) -> usize {
    store.read(|r| projects::list(r, None, 10)).unwrap().len()
}

fn execute(store: &Store, sql: &str) {
    let executed = store.write(Durability::Normal, |w| Ok(w.connection().execute_batch(sql)));
    executed.unwrap().unwrap();
}

/// Runs something as a user who may not write what others own. Only the calling thread changes.
fn unprivileged<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            #[cfg(target_os = "linux")]
            if nix::unistd::geteuid().is_root() {
                nix::unistd::setfsgid(65534.into());
                nix::unistd::setfsuid(65534.into());
            }
            work()
        });
        other.join().unwrap()
    })
}

/// Lets everybody reach what is in the directory.
fn open_up(directory: &Path, mode: u32) {
    fs::set_permissions(directory, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_new_file_is_its_owners_alone_and_stays() {
    let (file, _directory) = written();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let before = Store::open(&file).unwrap().read(dump::dump).unwrap();
    assert!(before.contains("projects\n  id: 1\n  name: p\n  created_at: 1000\n"), "{before}");
    assert_eq!(Store::open_existing(&file).unwrap().read(dump::dump).unwrap(), before);
    let names = fs::read_dir(file.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.collect::<Vec<_>>(), ["test.db"], "a closed database is one file");
}

#[test]
fn empty_files_and_links_are_filled() {
    let directory = TempDir::new().unwrap();
    let empty = directory.path().join("empty.db");
    fs::write(&empty, "").unwrap();
    testing::workflow(&Store::open(&empty).unwrap(), "p", "wf");
    let link = directory.path().join("link.db");
    symlink(&empty, &link).unwrap();
    assert_eq!(projects(&Store::open(&link).unwrap()), 1);
    let odd = directory.path().join("file:a b?mode=memory#%41.db");
    testing::workflow(&Store::open(&odd).unwrap(), "p", "wf");
    assert_eq!(projects(&Store::open(&odd).unwrap()), 1);
}

#[test]
fn a_store_that_is_still_open_can_be_opened_again() {
    let (store, _directory) = testing::store();
    let other = Store::open(store.file()).unwrap();
    testing::workflow(&store, "p", "wf");
    testing::workflow(&other, "q", "wf");
    drop(other);
    assert_eq!(projects(&store), 2);
}

#[test]
fn a_copy_with_its_wal_is_recovered() {
    let (store, directory) = testing::store();
    testing::workflow(&store, "p", "wf");
    let copy = directory.path().join("copy.db");
    fs::copy(store.file(), &copy).unwrap();
    fs::copy(directory.path().join("test.db-wal"), directory.path().join("copy.db-wal")).unwrap();
    assert_eq!(projects(&Store::open(&copy).unwrap()), 1);
}

#[test]
fn what_is_left_beside_a_removed_file_is_not_taken_in() {
    let (file, directory) = written();
    let left = directory.path().join("test.db-wal");
    let connection = Connection::open(&file).unwrap();
    connection.execute_batch("CREATE TABLE other (a, b); UPDATE projects SET name = 'left'").unwrap();
    let bytes = fs::read(&left).unwrap();
    drop(connection);
    fs::remove_file(&file).unwrap();
    fs::write(&left, bytes).unwrap();
    let store = Store::open(&file).unwrap();
    assert_eq!(store.read(dump::dump).unwrap(), "");
    testing::workflow(&store, "p", "wf");
    assert_eq!(projects(&store), 1);
}

#[test]
fn a_copy_that_is_not_in_wal_mode_is_put_into_it() {
    let (file, directory) = written();
    let copy = directory.path().join("copy.db");
    Connection::open(&file).unwrap().execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    let store = Store::open(&copy).unwrap();
    assert_eq!(projects(&store), 1);
    let mode = |r: &crate::store::Reader| {
        Ok(r.connection().pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0)).unwrap())
    };
    assert_eq!(store.read(mode).unwrap(), "wal");
}

#[test]
fn what_is_not_ours_is_refused() {
    let directory = TempDir::new().unwrap();
    let file = |name: &str| directory.path().join(name);
    fs::write(file("text.db"), "not a database at all, but long enough to be looked at\n".repeat(20))
        .unwrap();
    fs::write(file("short.db"), "x").unwrap();
    fs::create_dir(file("directory.db")).unwrap();
    let foreign = Connection::open(file("foreign.db")).unwrap();
    foreign.execute_batch("CREATE TABLE songs (title TEXT)").unwrap();
    let numbered = Connection::open(file("numbered.db")).unwrap();
    numbered.execute_batch("PRAGMA user_version = 1; PRAGMA application_id = 9;").unwrap();
    drop((foreign, numbered));
    symlink("/dev/null", file("device.db")).unwrap();
    symlink("nowhere.db", file("dangling.db")).unwrap();

    let not_a_database = "is not a SQLite database; name another file, or move this one away";
    let another = "is a SQLite database of another program; name another file";
    for (name, expected) in [
        ("text.db", not_a_database),
        ("short.db", not_a_database),
        ("device.db", not_a_database),
        ("directory.db", "is a directory; name a database file"),
        ("foreign.db", another),
        ("numbered.db", another),
    ] {
        assert_eq!(refused(&file(name)), format!("{name} {expected}"));
    }
    assert_eq!(
        refused(&file("dangling.db")),
        "cannot open dangling.db: unable to open database file: dangling.db; check that you may read and write it and \
         its directory"
    );
    assert_eq!(
        message(&Store::open(&file("none/x.db")).unwrap_err(), &file("none/x.db")),
        "cannot create x.db: No such file or directory (os error 2); its directory must be there and writable for you, or name another file with -o"
    );
    let missing = Store::open_existing(&file("missing.db")).unwrap_err();
    assert_eq!(
        message(&missing, &file("missing.db")),
        "missing.db does not exist; check the path, or run a workflow with it first"
    );
    assert!(!file("missing.db").exists());
}

#[test]
fn newer_files_are_refused() {
    let (file, _directory) = written();
    Connection::open(&file).unwrap().pragma_update(None, "user_version", 7).unwrap();
    assert_eq!(
        refused(&file),
        "test.db was written by a newer Dibble (schema 7, this one knows 3); update Dibble, or name another file"
    );
    assert!(matches!(Store::open_existing(&file), Err(StoreError::Newer { found: 7, known: 3, .. })));
}

#[test]
fn truncated_and_overwritten_files_are_damaged() {
    let (file, _directory) = written();
    let whole = fs::read(&file).unwrap();
    for length in [512, 4096, 5000, whole.len() - 4096] {
        fs::write(&file, &whole[..length]).unwrap();
        let message = refused(&file);
        assert!(
            message.starts_with("test.db is damaged (database disk image is malformed"),
            "{length}: {message}"
        );
        assert!(
            message.contains("); put a copy in its place, or save what is left with `sqlite3 "),
            "{message}"
        );
    }
    // The schema is whole, the tables are not: seen when they are read.
    let mut holed = whole.clone();
    holed[4096..].fill(0xff);
    fs::write(&file, &holed).unwrap();
    let damaged = Store::open(&file).and_then(|store| store.read(dump::dump));
    assert!(matches!(damaged, Err(StoreError::Corrupt { .. })), "{damaged:?}");
    assert_eq!(fs::read(&file).unwrap(), holed);
}

#[test]
fn files_that_may_not_be_written_can_be_read() {
    let read_only = "test.db cannot be written; you need write permission for it and its directory";
    for (file_mode, directory_mode) in [(0o444, 0o777), (0o444, 0o555), (0o666, 0o555)] {
        let (file, directory) = written();
        fs::set_permissions(&file, Permissions::from_mode(file_mode)).unwrap();
        open_up(directory.path(), directory_mode);
        unprivileged(|| {
            assert_eq!(message(&Store::open(&file).unwrap_err(), &file), read_only);
            let store = Store::open_existing(&file).unwrap();
            assert_eq!(projects(&store), 1);
            let write = store.write(Durability::Full, |w| projects::find_or_insert(w, "q", at(0)));
            assert_eq!(message(&write.unwrap_err(), &file), read_only);
        });
        open_up(directory.path(), 0o755);
    }
}

#[test]
fn files_and_directories_without_permission_are_refused() {
    let (file, directory) = written();
    open_up(directory.path(), 0o555);
    let new = directory.path().join("new.db");
    unprivileged(|| {
        let unreadable = Store::open_existing(&file).unwrap_err();
        // Whoever runs the tests without privileges owns the file, and may read it.
        if nix::unistd::geteuid().is_root() {
            assert!(matches!(unreadable, StoreError::Open { .. }), "{unreadable}");
        }
        assert_eq!(
            message(&Store::open(&new).unwrap_err(), &new),
            "cannot create new.db: Permission denied (os error 13); its directory must be there and writable for you, or name another file with -o"
        );
    });
    open_up(directory.path(), 0o755);
}

#[test]
fn full_disks_and_busy_files_are_told_apart() {
    let (store, _directory) = testing::store();
    let pragma = |sql| execute(&store, sql);
    let insert = |name: &str| {
        store
            .write(Durability::Full, |w| projects::find_or_insert(w, name, at(0)))
            .map(|project| project.id.0)
    };
    // As on a full disk, the file cannot grow.
    pragma("PRAGMA max_page_count = 1");
    let full = insert(&"x".repeat(100_000)).unwrap_err();
    assert_eq!(
        message(&full, store.file()),
        "no space left for test.db; make room on its disk, then try again"
    );
    pragma("PRAGMA max_page_count = 1000000");
    assert_eq!(insert("a").unwrap(), 1);

    pragma("PRAGMA busy_timeout = 1");
    let other = Connection::open(store.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(
        message(&insert("b").unwrap_err(), store.file()),
        "test.db is locked by another program; wait for it or end it, then try again"
    );
    assert_eq!(projects(&store), 1, "readers do not mind");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(insert("b").unwrap(), 2);
}

#[test]
fn values_from_elsewhere_are_told() {
    let (store, _directory) = testing::store();
    let attempt = testing::attempt(&store, "");
    execute(&store, "UPDATE attempts SET timezone = 'Mars/Phobos'");
    let error = store.read(|r| crate::store::attempts::load(r, attempt)).unwrap_err();
    let message = message(&error, store.file());
    assert!(message.starts_with("test.db holds a value that cannot be read ("), "{message}");
    assert!(message.contains("Unknown time zone name: Mars/Phobos"), "{message}");
}
