//! Which attempts wait for which because of `require>`: two that wait for each other would do so for ever.

use crate::model::AttemptId;
use std::collections::HashMap;

/// What attempts have required, directly.
#[derive(Debug, Default)]
pub(super) struct Required(HashMap<AttemptId, Vec<AttemptId>>);

impl Required {
    pub(super) fn add(&mut self, by: AttemptId, required: AttemptId) {
        let all = self.0.entry(by).or_default();
        if !all.contains(&required) {
            all.push(required);
        }
    }

    /// Forgets what an attempt has required that has ended.
    pub(super) fn remove(&mut self, by: AttemptId) {
        self.0.remove(&by);
    }

    /// Whether an attempt is the other one, or requires it, directly or not.
    pub(super) fn waits_for(&self, attempt: AttemptId, other: AttemptId) -> bool {
        let (mut seen, mut pending) = (vec![], vec![attempt]);
        while let Some(next) = pending.pop() {
            if next == other {
                return true;
            }
            if !seen.contains(&next) {
                seen.push(next);
                pending.extend(self.0.get(&next).into_iter().flatten());
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_wait_for_what_is_required_by_what_they_require() {
        let mut required = Required::default();
        for (by, of) in [(1, 2), (2, 3), (3, 2), (3, 4)] {
            required.add(AttemptId(by), AttemptId(of));
        }
        let waits = |required: &Required, by, of| required.waits_for(AttemptId(by), AttemptId(of));
        assert!(waits(&required, 1, 1) && waits(&required, 1, 4) && !waits(&required, 4, 1));
        required.remove(AttemptId(2));
        assert!(!waits(&required, 1, 4));
    }
}
