//! Sessions that are over while what waited for them could not begin, and when that is tried again.

use crate::model::SessionId;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Room on a disk comes without telling anybody.
const PAUSE: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(super) struct Deferred {
    sessions: BTreeSet<SessionId>,
    again_at: Option<Instant>,
}

impl Deferred {
    pub(super) fn add(&mut self, session: SessionId, now: Instant) {
        self.sessions.insert(session);
        self.again_at.get_or_insert(now + PAUSE);
    }

    pub(super) fn again_at(&self) -> Option<Instant> {
        self.again_at
    }

    /// Takes all when their time has come.
    pub(super) fn take(&mut self, now: Instant) -> BTreeSet<SessionId> {
        if self.again_at.take_if(|at| *at <= now).is_none() {
            return BTreeSet::new();
        }
        std::mem::take(&mut self.sessions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_tried_again_after_a_while() {
        let (mut deferred, now) = (Deferred::default(), Instant::now());
        assert_eq!(deferred.again_at(), None);
        deferred.add(SessionId(2), now);
        deferred.add(SessionId(1), now + PAUSE / 2);
        assert_eq!((deferred.again_at(), deferred.take(now)), (Some(now + PAUSE), BTreeSet::new()));
        assert_eq!(deferred.take(now + PAUSE), BTreeSet::from([SessionId(1), SessionId(2)]));
        assert_eq!((deferred.again_at(), deferred.take(now + PAUSE)), (None, BTreeSet::new()));
    }
}
