//! The attempts that have ended not long ago: whoever waits for one may ask just after its end.

use crate::model::AttemptId;
use std::collections::{HashSet, VecDeque};

/// A task that waits for an attempt looks into the store anyway within seconds.
const REMEMBERED: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct Ended {
    ids: HashSet<AttemptId>,
    oldest_first: VecDeque<AttemptId>,
}

impl Ended {
    pub(super) fn remember(&mut self, id: AttemptId) {
        if self.ids.insert(id) {
            self.oldest_first.push_back(id);
        }
        if self.oldest_first.len() > REMEMBERED {
            self.oldest_first.pop_front().map(|oldest| self.ids.remove(&oldest));
        }
    }

    pub(super) fn contains(&self, id: AttemptId) -> bool {
        self.ids.contains(&id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let mut ended = Ended::default();
        for id in 0..=REMEMBERED as i64 {
            ended.remember(AttemptId(id));
            ended.remember(AttemptId(id));
        }
        assert!(!ended.contains(AttemptId(0)));
        assert!(ended.contains(AttemptId(1)) && ended.contains(AttemptId(REMEMBERED as i64)));
    }
}
