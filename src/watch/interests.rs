//! Who wants to know of changes in which directories. Many projects share the directories above them.

use super::places::{Entries, Place};
use super::source::{Change, DirId, Source, WatchError};
use std::collections::{BTreeSet, HashMap};

/// The interests of subjects `S` in watched directories.
#[derive(Debug)]
pub(super) struct Interests<S> {
    by_directory: HashMap<DirId, Vec<(S, Entries)>>,
}

impl<S> Default for Interests<S> {
    fn default() -> Self {
        Self { by_directory: HashMap::new() }
    }
}

impl<S: Ord + Clone> Interests<S> {
    /// Watches these places for a subject, and no others. Tells whether any of them was not watched for it before, so
    /// that changes may have been missed.
    ///
    /// # Errors
    ///
    /// Some of the places cannot be watched; the others are.
    pub(super) fn replace(
        &mut self,
        subject: &S,
        places: &BTreeSet<Place>,
        source: &mut dyn Source,
    ) -> Result<bool, WatchError> {
        let mut wanted: Vec<(DirId, &Entries)> = vec![];
        let mut failure = None;
        let mut has_news = false;
        for place in places {
            match source.watch(&place.directory) {
                Ok(id) => wanted.push((id, &place.entries)),
                // It has gone since it was found.
                Err(WatchError::Missing) => has_news = true,
                Err(error) => failure = Some(error),
            }
        }
        for &(id, entries) in &wanted {
            let interested = self.by_directory.entry(id).or_default();
            if !interested.iter().any(|(known, those)| known == subject && those == entries) {
                interested.push((subject.clone(), entries.clone()));
                has_news = true;
            }
        }
        self.retain(source, |id, known, those| known != subject || wanted.contains(&(id, those)));
        failure.map_or(Ok(has_news), Err)
    }

    /// Watches nothing for a subject any more.
    pub(super) fn remove(&mut self, subject: &S, source: &mut dyn Source) {
        self.retain(source, |_, known, _| known != subject);
    }

    /// Whom a change is of interest to.
    pub(super) fn of(&self, change: &Change) -> BTreeSet<S> {
        let (id, name) = match change {
            Change::Entry(id, name) => (id, Some(name)),
            Change::Itself(id) | Change::Unwatched(id) => (id, None),
            Change::Overflow => {
                return self.by_directory.values().flatten().map(|(s, _)| s.clone()).collect();
            }
        };
        let interested = self.by_directory.get(id).into_iter().flatten();
        let concerned = interested.filter(|(_, those)| name.is_none_or(|name| those.include(name)));
        concerned.map(|(subject, _)| subject.clone()).collect()
    }

    /// A directory is not watched any more.
    pub(super) fn forget(&mut self, id: DirId) {
        self.by_directory.remove(&id);
    }

    fn retain(&mut self, source: &mut dyn Source, keep: impl Fn(DirId, &S, &Entries) -> bool) {
        self.by_directory.retain(|id, interested| {
            interested.retain(|(subject, entries)| keep(*id, subject, entries));
            if interested.is_empty() {
                source.unwatch(*id);
            }
            !interested.is_empty()
        });
    }
}
