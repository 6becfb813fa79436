//! Several processes and threads on one file.

use crate::store::testing::{self, at};
use crate::store::{Durability, Store, projects};
use std::env;
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use tempfile::TempDir;

const FILE: &str = "DIBBLE_TEST_CONTENDED_FILE";
const WRITES: usize = 50;

/// A second process that runs this test binary with the test named `test` only.
fn process(test: &str, file: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", &format!("store::tests::contention::{test}"), "--quiet"])
        .env(FILE, file)
        .spawn()
        .unwrap()
}

/// Opens the file, which may not be there yet, and registers some projects.
fn write(file: &Path, writer: &str) {
    let store = Store::open(file).unwrap();
    for number in 0..WRITES {
        let name = format!("{writer} {number}");
        // Reads before it writes: what fails at once where transactions begin as readers.
        store.write(Durability::Normal, |w| projects::find_or_insert(w, &name, at(0))).unwrap();
        assert!(store.read(|r| projects::by_name(r, &name)).unwrap().is_some());
    }
}

/// Started by the next test; alone it does nothing.
#[test]
fn one_of_two_processes() {
    if let Some(file) = env::var_os(FILE) {
        let file = Path::new(&file);
        thread::scope(|scope| {
            for thread in 0..2 {
                scope.spawn(move || write(file, &format!("{} {thread}", std::process::id())));
            }
        });
    }
}

#[test]
fn processes_and_threads_create_and_write_one_file() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("new.db");
    let children = [(); 2].map(|()| process("one_of_two_processes", &file));
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let store = Store::open_existing(&file).unwrap();
    let projects = store.read(|r| projects::list(r, None, 1000)).unwrap();
    assert_eq!(projects.len(), 2 * 2 * WRITES);
}

/// Started by the next test; alone it does nothing.
#[test]
fn a_process_that_dies_with_open_transactions() {
    if let Some(file) = env::var_os(FILE) {
        let store = Store::open(Path::new(&file)).unwrap();
        testing::attempt(&store, "");
        let _: crate::store::Result<()> = store.write(Durability::Normal, |w| {
            projects::find_or_insert(w, "not committed", at(0))?;
            std::process::abort();
        });
    }
}

#[test]
fn commits_of_a_dead_process_are_there_and_open_transactions_are_not() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("crashed.db");
    assert!(!process("a_process_that_dies_with_open_transactions", &file).wait().unwrap().success());
    assert!(directory.path().join("crashed.db-wal").metadata().unwrap().len() > 0);
    let store = Store::open(&file).unwrap();
    let names = store.read(|r| projects::list(r, None, 10)).unwrap().into_iter().map(|project| project.name);
    assert_eq!(names.collect::<Vec<_>>(), ["p"]);
    testing::attempt(&store, "again");
}

#[test]
fn readers_see_one_moment_while_others_write() {
    let (store, _directory) = testing::store();
    let (before, after) = store
        .read(|r| {
            let before = projects::list(r, None, 10)?.len();
            thread::scope(|scope| {
                scope.spawn(|| testing::workflow(&store, "p", "wf")).join().unwrap();
            });
            Ok((before, projects::list(r, None, 10)?.len()))
        })
        .unwrap();
    assert_eq!((before, after), (0, 0));
    assert_eq!(store.read(|r| projects::list(r, None, 10)).unwrap().len(), 1);
}

#[test]
fn a_panic_rolls_back_and_the_store_goes_on() {
    for store in [testing::store().0, Store::memory().unwrap()] {
        let panicked = thread::scope(|scope| {
            let write = scope.spawn(|| {
                store.write(Durability::Normal, |w| -> crate::store::Result<()> {
                    projects::find_or_insert(w, "p", at(0))?;
                    panic!("on purpose");
                })
            });
            write.join().is_err()
        });
        assert!(panicked);
        assert_eq!(store.read(|r| projects::list(r, None, 10)).unwrap(), []);
        testing::workflow(&store, "p", "wf");
        assert_eq!(store.read(|r| projects::list(r, None, 10)).unwrap().len(), 1);
    }
}
