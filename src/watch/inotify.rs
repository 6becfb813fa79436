//! Linux: inotify. One watch for each directory, not for files, which editors replace.

use super::source::{Change, DirId, Source, WatchError};
use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};
use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

/// What is told of. Writes are told of when the file is closed, and reads never: otherwise each commit to a database in
/// the directory of a project, and each file that a task opens there, would wake the thread.
const TOLD: AddWatchFlags = AddWatchFlags::IN_CLOSE_WRITE
    .union(AddWatchFlags::IN_CREATE)
    .union(AddWatchFlags::IN_DELETE)
    .union(AddWatchFlags::IN_MOVED_FROM)
    .union(AddWatchFlags::IN_MOVED_TO)
    .union(AddWatchFlags::IN_ATTRIB)
    .union(AddWatchFlags::IN_DELETE_SELF)
    .union(AddWatchFlags::IN_MOVE_SELF)
    .union(AddWatchFlags::IN_ONLYDIR);

/// The kernel's queue of changes.
pub(super) struct Kernel {
    inotify: Inotify,
    descriptors: HashMap<DirId, WatchDescriptor>,
}

impl Kernel {
    /// # Errors
    ///
    /// [`WatchError::Limit`] when this user has too many queues.
    pub(super) fn new() -> Result<Self, WatchError> {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC);
        let inotify = inotify.map_err(|errno| match errno {
            Errno::EMFILE | Errno::ENFILE => WatchError::Limit,
            other => WatchError::Failed(other.into()),
        })?;
        Ok(Self { inotify, descriptors: HashMap::new() })
    }
}

impl Source for Kernel {
    fn watch(&mut self, directory: &Path) -> Result<DirId, WatchError> {
        let descriptor = self.inotify.add_watch(directory, TOLD).map_err(|errno| match errno {
            Errno::ENOSPC | Errno::ENOMEM => WatchError::Limit,
            Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP => WatchError::Missing,
            other => WatchError::Failed(other.into()),
        })?;
        let id = DirId(descriptor.as_raw());
        self.descriptors.insert(id, descriptor);
        Ok(id)
    }

    fn unwatch(&mut self, id: DirId) {
        if let Some(descriptor) = self.descriptors.remove(&id) {
            // It fails when the directory has gone meanwhile, and the watch with it.
            let _ = self.inotify.rm_watch(descriptor);
        }
    }

    fn changes(&mut self) -> io::Result<Vec<Change>> {
        let mut changes = vec![];
        loop {
            match self.inotify.read_events() {
                Ok(events) => changes.extend(events.into_iter().map(change)),
                Err(Errno::EAGAIN) => break,
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        for change in &changes {
            if let Change::Unwatched(id) = change {
                self.descriptors.remove(id);
            }
        }
        Ok(changes)
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.inotify.as_fd())
    }
}

fn change(event: InotifyEvent) -> Change {
    let id = DirId(event.wd.as_raw());
    if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
        Change::Overflow
    } else if event.mask.contains(AddWatchFlags::IN_IGNORED) {
        Change::Unwatched(id)
    } else {
        event.name.map_or(Change::Itself(id), |name| Change::Entry(id, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn entries_are_told_of_by_whatever_way_the_directory_was_found() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        fs::create_dir(path("dir")).unwrap();
        symlink("dir", path("link")).unwrap();
        let mut kernel = Kernel::new().unwrap();
        let id = kernel.watch(&path("dir")).unwrap();
        assert_eq!(kernel.watch(&path("link")).unwrap(), id);
        assert!(matches!(kernel.watch(&path("none")), Err(WatchError::Missing)));

        fs::write(path("dir/a"), "x").unwrap();
        let entry = |name: &str| Change::Entry(id, name.into());
        assert_eq!(kernel.changes().unwrap(), [entry("a"), entry("a")]);
        fs::read(path("dir/a")).unwrap();
        assert_eq!(kernel.changes().unwrap(), []);
        fs::rename(path("dir/a"), path("dir/b")).unwrap();
        assert_eq!(kernel.changes().unwrap(), [entry("a"), entry("b")]);
        fs::rename(path("dir"), path("other")).unwrap();
        assert_eq!(kernel.changes().unwrap(), [Change::Itself(id)]);
        fs::remove_dir_all(path("other")).unwrap();
        let changes = kernel.changes().unwrap();
        assert_eq!(changes.last(), Some(&Change::Unwatched(id)), "{changes:?}");
        kernel.unwatch(id);
    }
}
