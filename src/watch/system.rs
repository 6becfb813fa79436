//! The system's own way of telling of changes, by the crate `notify`: inotify, `FSEvents` or kqueue. One watch for each
//! directory, not for files, which editors replace.
//!
//! The crate knows directories by their paths and ends watches by itself, of a path and all below, when an entry goes:
//! also when another one has taken its place and is watched already. So every entry that comes, goes or is moved counts
//! as another one than before, and what is watched there is watched anew. What it does not tell: that a file system was
//! unmounted; and of two names of one directory, by a bind mount, all comes under the one that was watched last.

use super::source::{Change, News, Source, WatchError};
use nix::errno::Errno;
use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;

/// The database of a project, with its journals, which is written at each commit.
const DATABASE: &[u8] = b".dibble.db";

/// The system. What it tells is sent to the thread that waits for it.
pub(super) struct System(RecommendedWatcher);

impl System {
    /// # Errors
    ///
    /// [`WatchError::Limit`] when this user has too many queues.
    pub(super) fn new(news: Sender<News>) -> Result<Self, WatchError> {
        let tell = move |told: notify::Result<Event>| {
            let news = |item| {
                // It fails when nobody waits any more.
                let _ = news.send(item);
            };
            match told {
                Ok(event) => changes(event).for_each(|change| news(News::Change(change))),
                Err(error) => news(News::Failed(watch_error(error))),
            }
        };
        notify::recommended_watcher(tell).map(Self).map_err(watch_error)
    }
}

impl Source for System {
    fn watch(&mut self, directory: &Path) -> Result<(), WatchError> {
        self.0.watch(directory, RecursiveMode::NonRecursive).map_err(watch_error)
    }

    fn unwatch(&mut self, directory: &Path) {
        // It fails when the directory has gone meanwhile, and the watch with it.
        let _ = self.0.unwatch(directory);
    }
}

/// What an event means, if anything: each opening of a file is one, and so is each write. Nobody is woken for these.
fn changes(event: Event) -> impl Iterator<Item = Change> {
    let is_lost = event.need_rescan();
    let is_other = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => Some(false),
        EventKind::Access(_) => None,
        // Here the end of writing is told of, too.
        EventKind::Modify(ModifyKind::Data(_)) if cfg!(target_os = "linux") => None,
        EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Metadata(_)) => Some(false),
        _ => Some(true),
    };
    let is_database =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(DATABASE));
    let paths = event.paths.into_iter().filter(move |path| !is_lost && !is_database(path));
    let changes = paths.filter_map(move |path| is_other.map(|is_other| Change { path, is_other }));
    is_lost.then(Change::unknown).into_iter().chain(changes)
}

fn watch_error(error: notify::Error) -> WatchError {
    match error.kind {
        ErrorKind::MaxFilesWatch => WatchError::Limit,
        ErrorKind::PathNotFound => WatchError::Missing,
        ErrorKind::Io(error) => match error.raw_os_error().map(Errno::from_raw) {
            // Elsewhere these are limits of open files, and say so.
            Some(Errno::EMFILE | Errno::ENFILE | Errno::ENOMEM) if cfg!(target_os = "linux") => {
                WatchError::Limit
            }
            Some(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => WatchError::Missing,
            _ => WatchError::Failed(error),
        },
        _ => WatchError::Failed(io::Error::other(error)),
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::super::interests::Interests;
    use super::super::places::places_of_project;
    use super::*;
    use crate::store::testing::at;
    use crate::store::{Durability, Store, Writer, watched_projects};
    use notify::event::{CreateKind, DataChange, Flag, MetadataKind, RemoveKind, RenameMode};
    use std::collections::BTreeSet;
    use std::fs;
    use std::sync::mpsc::{Receiver, channel};
    use std::time::Duration;
    use tempfile::TempDir;

    /// A system that tells of a new directory.
    fn system() -> (System, Receiver<News>, TempDir, PathBuf) {
        let (news, told) = channel();
        let root = TempDir::new().unwrap();
        let path = root.path().canonicalize().unwrap();
        (System::new(news).unwrap(), told, root, path)
    }

    /// What is told until a new entry of a directory has been made.
    fn told(told: &Receiver<News>, directory: &Path) -> Vec<Change> {
        let end = TempDir::new_in(directory).unwrap().keep();
        let mut changes = vec![];
        loop {
            match told.recv_timeout(Duration::from_secs(30)).unwrap() {
                News::Change(change) if change.path == end => break,
                News::Change(change) => changes.push(change),
                other => panic!("{other:?}"),
            }
        }
        changes
    }

    #[test]
    fn events_that_mean_nothing_are_left_out() {
        let close = |mode| EventKind::Access(AccessKind::Close(mode));
        let renamed = EventKind::Modify(ModifyKind::Name(RenameMode::From));
        for (kind, path, expected) in [
            (close(AccessMode::Write), "/p/a.dig", Some(false)),
            (close(AccessMode::Read), "/p/a.dig", None),
            (EventKind::Access(AccessKind::Open(AccessMode::Any)), "/p/a.dig", None),
            (EventKind::Modify(ModifyKind::Data(DataChange::Any)), "/p/a.dig", None),
            (EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)), "/p/a.dig", Some(false)),
            (EventKind::Create(CreateKind::File), "/p/a.dig", Some(true)),
            (EventKind::Remove(RemoveKind::Folder), "/p", Some(true)),
            (renamed, "/p", Some(true)),
            (EventKind::Create(CreateKind::File), "/p/.dibble.db-wal", None),
            (close(AccessMode::Write), "/p/.dibble.db", None),
        ] {
            let found: Vec<Change> = changes(Event::new(kind).add_path(path.into())).collect();
            let expected = expected.map(|is_other| Change { path: path.into(), is_other });
            assert_eq!(found, Vec::from_iter(expected), "{kind:?} {path}");
        }
        let lost = changes(Event::new(EventKind::Other).set_flag(Flag::Rescan));
        assert_eq!(Vec::from_iter(lost), [Change::unknown()]);
    }

    #[test]
    fn limits_are_told_from_failures() {
        let of = |error| watch_error(error).to_string();
        assert_eq!(of(notify::Error::new(ErrorKind::MaxFilesWatch)), "the limit is reached");
        assert_eq!(of(notify::Error::io(Errno::EMFILE.into())), "the limit is reached");
        assert_eq!(of(notify::Error::io(Errno::ENOTDIR.into())), "it is not there");
        assert_eq!(of(notify::Error::generic("x")), "x");
    }

    #[test]
    fn a_database_in_use_and_files_that_are_read_wake_nobody() {
        let (mut system, news, _guard, root) = system();
        fs::write(root.join("a.dig"), "").unwrap();
        let file = root.join(".dibble.db");
        drop(Store::open(&file).unwrap());
        system.watch(&root).unwrap();
        let store = Store::open(&file).unwrap();
        for second in 0..3 {
            let put = |writer: &Writer| watched_projects::put(writer, "p", &root, None, at(second));
            store.write(Durability::Full, put).unwrap();
        }
        fs::read(root.join("a.dig")).unwrap();
        assert_eq!(fs::read_dir(&root).unwrap().count(), 4, "a log and an index are there");
        drop(store);
        assert_eq!(told(&news, &root), []);
    }

    #[test]
    fn entries_are_told_of() {
        let (mut system, news, _guard, root) = system();
        assert!(matches!(system.watch(&root.join("none")), Err(WatchError::Missing)));
        system.watch(&root).unwrap();
        let change = |name: &str, is_other| Change { path: root.join(name), is_other };
        fs::write(root.join("a"), "x").unwrap();
        assert_eq!(told(&news, &root), [change("a", true), change("a", false)]);
        fs::rename(root.join("a"), root.join("b")).unwrap();
        let changes = BTreeSet::from_iter(told(&news, &root).into_iter().map(|change| change.path));
        assert_eq!(changes, BTreeSet::from([root.join("a"), root.join("b")]));
    }

    /// The crate may learn that the old directory has gone when the new one is watched already, and ends that watch.
    #[test]
    fn a_directory_that_is_made_anew_again_and_again_is_never_lost() {
        let (mut system, news, _guard, root) = system();
        let (project, subject) = (root.join("p"), ());
        let mut interests = Interests::default();
        for round in 0..50 {
            for name in ["p", "p/inc"] {
                fs::create_dir(root.join(name)).unwrap();
            }
            let included = BTreeSet::from([project.join("inc/a.yml")]);
            let watch = |interests: &mut Interests<()>, system: &mut System| {
                while interests.replace(&subject, &places_of_project(&project, &included), system).unwrap() {}
            };
            watch(&mut interests, &mut system);
            if round % 2 == 1 {
                fs::rename(&project, root.join("away")).unwrap();
                fs::rename(root.join("away"), &project).unwrap();
                watch(&mut interests, &mut system);
            }
            for change in told(&news, &root) {
                interests.take(&change, &mut system);
            }
            watch(&mut interests, &mut system);
            for directory in ["p", "p/inc"] {
                fs::write(root.join(directory).join("a.dig"), "").unwrap();
            }
            let changes = told(&news, &root);
            for path in ["p/a.dig", "p/inc/a.dig"].map(|path| root.join(path)) {
                assert!(changes.iter().any(|change| change.path == path), "{round}: {changes:?}");
            }
            fs::remove_dir_all(&project).unwrap();
        }
    }
}
