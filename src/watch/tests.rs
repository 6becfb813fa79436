//! The roster with a source that says what it watches, with changes that tests tell of, and with time that is stepped.

use super::roster::Roster;
use super::settings::{Directories, NamedDirectory, Poll, WatchSettings};
use super::source::{Change, Source, WatchError};
use crate::clock::Clock;
use crate::logs::LogRecord;
use crate::model::Task;
use crate::runner::Observer;
use crate::store::testing::{self, at};
use crate::store::{Store, projects, schedules};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const DAILY: &str = "timezone: UTC\nschedule:\n  daily>: 07:00:00\n+a:\n  echo>: x\n";

/// What the fake system watches.
#[derive(Debug, Default)]
struct Kernel {
    watched: BTreeSet<PathBuf>,
    /// How many directories it watches at most.
    limit: Option<usize>,
}

struct FakeSource(Arc<Mutex<Kernel>>);

impl Source for FakeSource {
    fn watch(&mut self, directory: &Path) -> Result<(), WatchError> {
        let mut kernel = self.0.lock().unwrap();
        if !directory.is_dir() {
            return Err(WatchError::Missing);
        }
        if kernel.limit == Some(kernel.watched.len()) {
            return Err(WatchError::Limit);
        }
        assert!(kernel.watched.insert(directory.to_owned()), "{directory:?} is watched already");
        Ok(())
    }

    fn unwatch(&mut self, directory: &Path) {
        assert!(self.0.lock().unwrap().watched.remove(directory), "{directory:?} is not watched");
    }
}

#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Observer for Log {
    fn log(&self, record: &LogRecord<'_>) {
        self.0.lock().unwrap().push(record.message.to_owned());
    }

    fn output(&self, _: &str, _: &[u8]) {}

    fn started(&self, _: &Task) {}

    fn changed(&self, _: &Task) {}
}

/// A directory `p` with a workflow, which is watched.
struct Desk {
    roster: Roster,
    kernel: Arc<Mutex<Kernel>>,
    log: Arc<Log>,
    store: Arc<Store>,
    root: TempDir,
    start: Instant,
    _database: TempDir,
}

impl Desk {
    fn new(limit: Option<usize>, poll: Poll) -> Self {
        let (store, database) = testing::store();
        let (store, kernel) = (Arc::new(store), Arc::new(Mutex::new(Kernel { limit, ..Kernel::default() })));
        let log = Arc::new(Log::default());
        let root = TempDir::new().unwrap();
        let directory = root.path().canonicalize().unwrap().join("p");
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("wf.dig"), DAILY).unwrap();
        let mut roster = Roster::new(
            Arc::clone(&store),
            Clock::stepped(at(3600)),
            Arc::clone(&log) as Arc<dyn Observer>,
            WatchSettings { poll, ..WatchSettings::default() },
        );
        roster.source = Some(Box::new(FakeSource(Arc::clone(&kernel))));
        let named = vec![NamedDirectory { name: "p".to_owned(), directory }];
        let start = Instant::now();
        roster.begin(Directories { named, ..Directories::default() }, start).unwrap();
        Self { roster, kernel, log, store, root, start, _database: database }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().canonicalize().unwrap().join(name)
    }

    /// An entry was written, so many milliseconds after the start.
    fn tell(&mut self, path: &str, millisecond: u64) {
        self.change(Change { path: self.path(path), is_other: false }, millisecond);
    }

    /// An entry has come, gone or been moved.
    fn tell_other(&mut self, path: &str, millisecond: u64) {
        self.change(Change { path: self.path(path), is_other: true }, millisecond);
    }

    fn change(&mut self, change: Change, millisecond: u64) {
        self.roster.take_change(&change, self.start + Duration::from_millis(millisecond));
    }

    /// The watched directories below the root.
    fn watched(&self) -> Vec<String> {
        let root = self.path("");
        let below = |path: &PathBuf| path.strip_prefix(&root).ok().map(|path| path.display().to_string());
        self.kernel.lock().unwrap().watched.iter().filter_map(below).collect()
    }

    fn attend(&mut self, millisecond: u64) -> bool {
        self.roster.attend(self.start + Duration::from_millis(millisecond))
    }

    /// The milliseconds from the start until something is due.
    fn next(&self) -> Option<u128> {
        self.roster.next().map(|due| due.duration_since(self.start).as_millis())
    }

    fn revision(&self) -> String {
        let list = self.store.read(|r| projects::list_with_revision(r, None, "", 10)).unwrap();
        list.iter().map(|project| project.revision.clone()).collect()
    }

    fn schedules(&self) -> usize {
        self.store.read(|r| schedules::list(r, None, 10)).unwrap().len()
    }

    /// What was said since the last call.
    fn said(&self) -> Vec<String> {
        let root = self.path("").display().to_string();
        let lines = std::mem::take(&mut *self.log.0.lock().unwrap());
        lines.iter().map(|line| line.replace(&root, "$ROOT/").replace("//", "/")).collect()
    }
}

#[test]
fn a_change_is_registered_when_it_is_quiet() {
    let mut desk = Desk::new(None, Poll::Auto);
    assert_eq!(desk.said(), ["Added new revision 1 of project p"]);
    assert_eq!(desk.next(), None, "nothing is waited for");
    fs::write(desk.path("p/wf.dig"), DAILY.replace('x', "y")).unwrap();
    desk.tell("p/wf.dig", 0);
    desk.tell("p/wf.dig", 200);
    assert_eq!(desk.next(), Some(500));
    assert!(!desk.attend(499));
    assert!(desk.attend(500));
    assert_eq!(desk.said(), ["Reloading $ROOT/p", "Added new revision 2 of project p"]);
    assert_eq!((desk.next(), desk.revision().as_str()), (None, "2"));
}

#[test]
fn what_is_of_no_interest_does_nothing() {
    let mut desk = Desk::new(None, Poll::Auto);
    desk.tell("p/.dibble.db-wal", 0);
    desk.tell("p/data.csv", 0);
    desk.tell("q", 0);
    assert_eq!(desk.next(), None);
    desk.tell("p", 0);
    assert_eq!(desk.next(), Some(300));
    assert!(!desk.attend(300), "the same files are no change");
}

#[test]
fn when_changes_are_lost_everything_is_looked_at() {
    let mut desk = Desk::new(None, Poll::Auto);
    fs::write(desk.path("p/wf.dig"), DAILY.replace('x', "y")).unwrap();
    desk.change(Change::unknown(), 0);
    assert_eq!(desk.watched(), [""; 0]);
    assert!(desk.attend(300));
    assert_eq!(desk.revision(), "2");
    assert_eq!(desk.watched(), ["", "p"]);
}

#[test]
fn schedules_outlive_an_empty_moment() {
    let mut desk = Desk::new(None, Poll::Auto);
    fs::remove_file(desk.path("p/wf.dig")).unwrap();
    desk.tell("p/wf.dig", 0);
    assert!(!desk.attend(300));
    assert_eq!((desk.next(), desk.schedules()), (Some(2300), 1));
    fs::write(desk.path("p/wf.dig"), DAILY).unwrap();
    desk.tell("p/wf.dig", 1000);
    assert!(!desk.attend(1300));
    assert!(!desk.attend(2300));
    assert_eq!((desk.next(), desk.schedules()), (None, 1));

    fs::remove_file(desk.path("p/wf.dig")).unwrap();
    desk.tell("p/wf.dig", 5000);
    assert!(!desk.attend(5300));
    assert!(desk.attend(7300));
    assert_eq!(desk.schedules(), 0);
}

#[test]
fn one_workflow_of_several_may_be_gone_for_a_moment_too() {
    let mut desk = Desk::new(None, Poll::Auto);
    fs::rename(desk.path("p/wf.dig"), desk.path("p/b.dig")).unwrap();
    desk.tell("p/b.dig", 0);
    assert!(!desk.attend(300));
    assert_eq!((desk.revision().as_str(), desk.next()), ("1", Some(2300)));
    assert!(desk.attend(2300));
    assert_eq!((desk.revision().as_str(), desk.schedules()), ("2", 1));
}

#[test]
fn a_directory_that_is_made_anew_is_watched_again() {
    let mut desk = Desk::new(None, Poll::Auto);
    fs::remove_dir_all(desk.path("p")).unwrap();
    desk.tell_other("p", 0);
    assert_eq!(desk.watched(), [""]);
    assert!(!desk.attend(300));
    fs::create_dir(desk.path("p")).unwrap();
    fs::write(desk.path("p/wf.dig"), DAILY.replace('x', "y")).unwrap();
    desk.tell_other("p", 400);
    assert!(desk.attend(700));
    assert_eq!((desk.watched(), desk.revision().as_str()), (vec![String::new(), "p".into()], "2"));
    // What was told late of the old one ends the watching of the new one, but not for long.
    desk.tell_other("p", 800);
    assert_eq!(desk.watched(), [""]);
    desk.attend(1100);
    assert_eq!(desk.watched(), ["", "p"]);
}

#[test]
fn beyond_the_limit_of_the_system_directories_are_polled() {
    for (poll, next) in [(Poll::Auto, Some(5000)), (Poll::Never, None)] {
        let mut desk = Desk::new(Some(1), poll);
        let said = desk.said();
        let warning = "The system watches no more directories: ";
        assert!(said[0].starts_with(warning) && said[0].contains("fs.inotify.max_user_watches"), "{said:?}");
        assert_eq!(desk.next(), next);
        fs::write(desk.path("p/wf.dig"), DAILY.replace('x', "y")).unwrap();
        assert_eq!(desk.attend(5000), next.is_some());
        if next.is_some() {
            assert_eq!(desk.next(), Some(10_000));
            assert_eq!(desk.said(), ["Reloading $ROOT/p", "Added new revision 2 of project p"], "told once");
            desk.kernel.lock().unwrap().limit = None;
            assert!(!desk.attend(10_000));
            assert_eq!(desk.next(), None, "there is room again");
        }
    }
}

#[test]
fn what_is_included_is_watched_from_then_on() {
    let mut desk = Desk::new(None, Poll::Auto);
    fs::create_dir(desk.path("p/inc")).unwrap();
    fs::write(desk.path("p/inc/a.yml"), "+b:\n  echo>: 1\n").unwrap();
    fs::write(desk.path("p/wf.dig"), format!("{DAILY}!include : inc/a.yml\n")).unwrap();
    desk.tell("p/wf.dig", 0);
    assert!(desk.attend(300));
    assert_eq!(desk.next(), Some(600), "it may have changed before it was watched");
    assert!(!desk.attend(600));
    fs::write(desk.path("p/inc/a.yml"), "+b:\n  echo>: 2\n").unwrap();
    desk.tell("p/inc/a.yml", 1000);
    assert!(desk.attend(1300));
    assert_eq!(desk.revision(), "3");
}
