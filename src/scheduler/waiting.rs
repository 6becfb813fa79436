//! Schedules whose next session waits for the end of an attempt.

use crate::model::{AttemptId, ScheduleId, Time};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Which schedules wait for which attempts, and whose turn has come. Attempts end in other threads.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    lists: Mutex<Lists>,
}

#[derive(Debug, Default)]
struct Lists {
    by_attempt: HashMap<AttemptId, Turn>,
    ready: Vec<ScheduleId>,
}

/// A schedule goes on when the attempt has ended, and at this time even if it has not.
#[derive(Debug, Clone, Copy)]
struct Turn {
    schedule: ScheduleId,
    until: Time,
}

impl Waiting {
    /// Lets a schedule wait. The caller must look once more whether the attempt has ended meanwhile.
    pub(super) fn add(&self, attempt: AttemptId, schedule: ScheduleId, until: Time) {
        self.lock().by_attempt.insert(attempt, Turn { schedule, until });
    }

    pub(super) fn remove(&self, attempt: AttemptId) {
        self.lock().by_attempt.remove(&attempt);
    }

    /// Tells whether a schedule waited for an attempt that has ended.
    pub(super) fn ended(&self, attempt: AttemptId) -> bool {
        let mut lists = self.lock();
        let turn = lists.by_attempt.remove(&attempt);
        lists.ready.extend(turn.map(|turn| turn.schedule));
        turn.is_some()
    }

    /// The schedules whose turn has come since the last call.
    pub(super) fn take_ready(&self) -> Vec<ScheduleId> {
        std::mem::take(&mut self.lock().ready)
    }

    pub(super) fn len(&self) -> usize {
        self.lock().by_attempt.len()
    }

    /// When the first of those that wait goes on even if its attempt has not ended.
    pub(super) fn earliest(&self) -> Option<Time> {
        self.lock().by_attempt.values().map(|turn| turn.until).min()
    }

    /// Forgets all, before they are looked at anew.
    pub(super) fn clear(&self) {
        *self.lock() = Lists::default();
    }

    fn lock(&self) -> MutexGuard<'_, Lists> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_whose_attempt_has_ended_are_ready_once() {
        let waiting = Waiting::default();
        let (attempt, other) = (AttemptId(7), AttemptId(8));
        assert!(!waiting.ended(attempt));
        let later = Time::UNIX_EPOCH + chrono::TimeDelta::seconds(1);
        waiting.add(attempt, ScheduleId(1), later);
        waiting.add(other, ScheduleId(2), Time::UNIX_EPOCH);
        assert_eq!(waiting.earliest(), Some(Time::UNIX_EPOCH));
        assert!(waiting.ended(attempt));
        assert!(!waiting.ended(attempt));
        waiting.remove(other);
        assert!(!waiting.ended(other));
        assert_eq!(waiting.take_ready(), [ScheduleId(1)]);
        assert_eq!(waiting.take_ready(), []);
        waiting.add(attempt, ScheduleId(1), later);
        waiting.clear();
        assert_eq!(waiting.earliest(), None);
        assert_eq!(waiting.len(), 0);
    }
}
