//! Who wants to know of changes in which directories. Many projects share the directories above them.

use super::places::{Entries, Place};
use super::source::{Change, Source, WatchError};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The interests of subjects `S` in watched directories.
#[derive(Debug)]
pub(super) struct Interests<S> {
    by_directory: BTreeMap<PathBuf, BTreeSet<(S, Entries)>>,
}

impl<S> Default for Interests<S> {
    fn default() -> Self {
        Self { by_directory: BTreeMap::new() }
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
        let mut failure = None;
        let mut has_news = false;
        for Place { directory, entries } in places {
            if !self.by_directory.contains_key(directory) {
                match source.watch(directory) {
                    Ok(()) => {}
                    // It has gone since it was found.
                    Err(WatchError::Missing) => {
                        has_news = true;
                        continue;
                    }
                    Err(error) => {
                        failure = Some(error);
                        continue;
                    }
                }
            }
            let interested = self.by_directory.entry(directory.clone()).or_default();
            has_news |= interested.insert((subject.clone(), entries.clone()));
        }
        let is_wanted = |known: &Path, those: &Entries| {
            places.iter().any(|place| place.directory == known && place.entries == *those)
        };
        self.retain(source, |known, (who, those)| who != subject || is_wanted(known, those));
        failure.map_or(Ok(has_news), Err)
    }

    /// Watches nothing for a subject any more.
    pub(super) fn remove(&mut self, subject: &S, source: &mut dyn Source) {
        self.retain(source, |_, (who, _)| who != subject);
    }

    /// Whom a change is of interest to. What it has made another one is no longer watched.
    pub(super) fn take(&mut self, change: &Change, source: &mut dyn Source) -> BTreeSet<S> {
        let mut concerned = BTreeSet::new();
        if let Some((directory, name)) = change.entry() {
            let interested = self.by_directory.get(directory).into_iter().flatten();
            concerned.extend(interested.filter(|(_, those)| those.include(name)).map(|(who, _)| who.clone()));
        }
        // The paths of what is in a directory come next after its own.
        let below = self.by_directory.range(change.path.clone()..);
        let below = below.take_while(|(directory, _)| directory.starts_with(&change.path));
        let is_concerned = |directory: &Path| change.is_other || directory == change.path;
        let below: Vec<PathBuf> =
            below.map(|(directory, _)| directory.clone()).filter(|d| is_concerned(d)).collect();
        for directory in below {
            concerned.extend(self.by_directory[&directory].iter().map(|(who, _)| who.clone()));
            if change.is_other {
                self.by_directory.remove(&directory);
                source.unwatch(&directory);
            }
        }
        concerned
    }

    fn retain(&mut self, source: &mut dyn Source, keep: impl Fn(&Path, &(S, Entries)) -> bool) {
        self.by_directory.retain(|directory, interested| {
            interested.retain(|interest| keep(directory, interest));
            if interested.is_empty() {
                source.unwatch(directory);
            }
            !interested.is_empty()
        });
    }
}
