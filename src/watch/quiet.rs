//! Waiting until things are quiet: editors, `git` and `rsync` change many files in many steps. Time is given.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Nothing may have changed for so long before a project is read.
const QUIET: Duration = Duration::from_millis(300);

/// A file that is written for ever does not put it off for longer than this.
const LIMIT: Duration = Duration::from_secs(2);

/// What has changed, each with the times of its first and its last change.
#[derive(Debug)]
pub(super) struct Quiet<K> {
    pending: BTreeMap<K, (Instant, Instant)>,
}

impl<K> Default for Quiet<K> {
    fn default() -> Self {
        Self { pending: BTreeMap::new() }
    }
}

impl<K: Ord + Clone> Quiet<K> {
    /// Something has changed.
    pub(super) fn touch(&mut self, key: &K, now: Instant) {
        match self.pending.get_mut(key) {
            Some((_, last)) => *last = now,
            None => {
                self.pending.insert(key.clone(), (now, now));
            }
        }
    }

    /// When the next one is due, if anything has changed.
    pub(super) fn next(&self) -> Option<Instant> {
        self.pending.values().map(|&times| due(times)).min()
    }

    /// Takes out what is due.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<K> {
        self.pending.extract_if(.., |_, times| due(*times) <= now).map(|(key, _)| key).collect()
    }
}

fn due((first, last): (Instant, Instant)) -> Instant {
    (last + QUIET).min(first + LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys with the milliseconds at which they come out, for changes at these milliseconds.
    fn taken(changes: &[(char, u64)]) -> Vec<(char, u64)> {
        let start = Instant::now();
        let mut quiet = Quiet::default();
        let mut taken = vec![];
        for millisecond in 0..6000 {
            let now = start + Duration::from_millis(millisecond);
            for (key, _) in changes.iter().filter(|(_, at)| *at == millisecond) {
                quiet.touch(key, now);
            }
            assert_eq!(quiet.next().is_some_and(|due| due <= now), {
                let due = quiet.take_due(now);
                taken.extend(due.iter().map(|key| (*key, millisecond)));
                !due.is_empty()
            });
        }
        assert_eq!(quiet.next(), None);
        taken
    }

    #[test]
    fn what_changes_in_steps_comes_out_once_when_it_is_quiet() {
        assert_eq!(taken(&[('a', 0)]), [('a', 300)]);
        assert_eq!(taken(&[('a', 0), ('a', 299), ('a', 500)]), [('a', 800)]);
        assert_eq!(taken(&[('a', 0), ('a', 301)]), [('a', 300), ('a', 601)]);
        assert_eq!(taken(&[('a', 0), ('b', 100), ('a', 200)]), [('b', 400), ('a', 500)]);
    }

    #[test]
    fn what_never_is_quiet_comes_out_all_the_same() {
        let writes: Vec<_> = (0..50).map(|step| ('a', step * 100)).collect();
        assert_eq!(taken(&writes), [('a', 2000), ('a', 4100), ('a', 5200)]);
    }
}
