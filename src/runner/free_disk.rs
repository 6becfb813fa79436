//! The floor of free disk space: while there is less, nothing new begins, so that what runs can come to its end.
//!
//! Nobody watches the disk. It is looked at when something wants to begin, which costs a microsecond, and again while
//! something waits for room.

use super::message::Message;
use super::shared::Shared;
use crate::actions::accept::{self, Accepted};
use crate::actions::free_space::free_space;
use crate::actions::start::{StartError, StartRequest, Terms};
use crate::logs::{Level, LogRecord};
use crate::model::show_size;
use crate::notifications::{About, payload};
use crate::store::notifications::{NewNotification, NotificationKind};
use crate::store::{Durability, StoreError, notifications};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// The file systems that must have room, and how much.
#[derive(Debug)]
pub(super) struct FreeDisk {
    /// In bytes; 0 for none.
    floor: AtomicU64,
    places: Vec<PathBuf>,
    /// Whether there was too little when it was last looked at.
    is_low: Mutex<bool>,
}

impl FreeDisk {
    pub(super) fn new(floor: u64, places: Vec<PathBuf>) -> Self {
        Self { floor: AtomicU64::new(floor), places, is_low: Mutex::new(false) }
    }

    pub(super) fn set_floor(&self, floor: u64) {
        self.floor.store(floor, Ordering::Relaxed);
    }

    /// Says what is missing, if something is. Once there was too little, a tenth more is needed, lest it is told again and
    /// again. Tells whether that has changed.
    fn look(&self) -> (Option<String>, bool) {
        let floor = self.floor.load(Ordering::Relaxed);
        let mut is_low = self.is_low.lock().unwrap_or_else(PoisonError::into_inner);
        let needed = if *is_low { floor.saturating_add(floor / 10) } else { floor };
        let missing = self.places.iter().filter(|_| floor > 0).find_map(|place| {
            // What cannot be looked at keeps nobody from anything.
            let (free, _) = free_space(place)?;
            (free < needed).then(|| {
                let (free, floor) = (free >> 20, show_size(floor));
                format!("{free} MiB are free on the disk of {}: limits.free_disk = {floor}", place.display())
            })
        });
        let changed = std::mem::replace(&mut *is_low, missing.is_some()) != missing.is_some();
        (missing, changed)
    }
}

impl Shared {
    /// Whether the file of the store is still in its place. The runner ends when it is not.
    ///
    /// # Errors
    ///
    /// It was removed or replaced.
    pub(super) fn check_store(&self) -> Result<(), StoreError> {
        self.store.check_place().inspect_err(|_| {
            let file = self.store.file().to_owned();
            self.inbox.send(Message::StoreMoved(StoreError::Moved { file }));
        })
    }

    /// Whether something new may begin: it will be known later, and there is room for it.
    ///
    /// # Errors
    ///
    /// The file of the store is not in its place, or there is too little room on the disk.
    pub(super) fn check_room(&self) -> Result<(), StartError> {
        self.check_store()?;
        self.check_disk()
    }

    /// Whether there is room on the disk. Tells of it, once, when that has changed.
    ///
    /// # Errors
    ///
    /// There is too little.
    pub(super) fn check_disk(&self) -> Result<(), StartError> {
        let (missing, changed) = self.free_disk.look();
        if changed {
            self.tell_of_disk(missing.as_deref());
        }
        missing.map_or(Ok(()), |missing| Err(StartError::DiskFull(missing)))
    }

    /// Accepts a request, unless something new would begin on a full disk.
    pub(super) fn accept(&self, request: &StartRequest, terms: &Terms) -> Result<Accepted, StartError> {
        self.check_store()?;
        let Err(full) = self.check_disk() else {
            return accept::accept(&self.store, request, terms, self.now());
        };
        // What exists already is found all the same.
        match accept::accept(&self.store, request, &Terms { max_attempts: 0, ..*terms }, self.now()) {
            Err(StartError::TooManyAttempts { .. }) => Err(full),
            accepted => accepted,
        }
    }

    /// The terms, under which nothing new begins where it may not.
    pub(super) fn terms_with_room(&self, terms: &Terms) -> Terms {
        if self.check_room().is_ok() { *terms } else { Terms { max_attempts: 0, ..*terms } }
    }

    fn tell_of_disk(&self, missing: Option<&str>) {
        let now = self.now();
        let log = |level, message: &str| {
            self.observer.log(&LogRecord { time: now, level, task: None, message });
        };
        let Some(missing) = missing else {
            return log(Level::Info, "There is room on the disk again: attempts begin");
        };
        let message = format!("No attempt begins: {missing}");
        log(Level::Error, &message);
        let payload = payload(&message, &About::default(), now);
        let new = NewNotification {
            kind: NotificationKind::Disk,
            project_name: None,
            workflow_name: None,
            attempt: None,
            message: &message,
            payload: &payload,
        };
        match self.store.write(Durability::Full, |writer| notifications::insert(writer, &new, now)) {
            Ok(_) => (self.raised)(),
            Err(error) => log(Level::Error, &format!("Nobody is told of that: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_is_that_of_the_file_system_of_each_place() {
        let dir = tempfile::tempdir().unwrap();
        let not_there = dir.path().join("a/b");
        assert!(free_space(&not_there).is_some_and(|(bytes, _)| bytes > 0));
        let disk = FreeDisk::new(0, vec![not_there]);
        assert_eq!(disk.look(), (None, false));
        disk.set_floor(1);
        assert_eq!(disk.look(), (None, false));
        disk.set_floor(1 << 60);
        let (missing, changed) = disk.look();
        let missing = missing.unwrap();
        assert!(changed && missing.ends_with("/a/b: limits.free_disk = 1048576T"), "{missing}");
        assert_eq!(disk.look(), (Some(missing), false));
        disk.set_floor(0);
        assert_eq!(disk.look(), (None, true));
    }
}
