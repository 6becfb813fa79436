//! A store that fails again and again, such as on a full disk: told once, not with every try.

use crate::store::StoreError;
use std::time::{Duration, Instant};

/// The same cause is not told again before this.
const SILENCE: Duration = Duration::from_secs(600);

/// What was told of a store that fails.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    told: Option<(String, Instant)>,
    /// It was told that something fails, and not yet that it works again.
    is_open: bool,
}

impl Trouble {
    /// The store has failed. Returns the cause if it is to be told now.
    pub(super) fn failed(&mut self, error: &StoreError, now: Instant) -> Option<String> {
        let cause = error.to_string();
        let is_known = |(told, at): &(String, Instant)| *told == cause && now.duration_since(*at) < SILENCE;
        if self.told.as_ref().is_some_and(is_known) {
            return None;
        }
        self.told = Some((cause.clone(), now));
        self.is_open = true;
        Some(cause)
    }

    /// The store works. Tells whether that is news.
    pub(super) fn worked(&mut self) -> bool {
        std::mem::take(&mut self.is_open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once_in_ten_minutes() {
        let start = Instant::now();
        let mut trouble = Trouble::default();
        assert!(!trouble.worked());
        let mut fails = |file: &str, seconds| {
            let error = StoreError::Missing { file: file.into() };
            trouble.failed(&error, start + Duration::from_secs(seconds)).is_some()
        };
        let told = [("a", 0), ("a", 1), ("a", 599), ("a", 600), ("a", 601), ("b", 602), ("b", 603)];
        assert_eq!(told.map(|(file, at)| fails(file, at)), [true, false, false, true, false, true, false]);
    }

    #[test]
    fn that_it_works_again_is_told_once() {
        let start = Instant::now();
        let mut trouble = Trouble::default();
        let error = StoreError::Missing { file: "a".into() };
        assert!(trouble.failed(&error, start).is_some());
        assert_eq!([trouble.worked(), trouble.worked()], [true, false]);
        // A store that fails every other time does not fill the log either.
        assert!(trouble.failed(&error, start + Duration::from_secs(1)).is_none());
        assert!(!trouble.worked());
    }
}
