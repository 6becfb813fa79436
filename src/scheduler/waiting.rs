//! Schedules whose next session is due and waits: for the end of an attempt, for room for another one, or for another try.

use crate::model::{AttemptId, ScheduleId, Time, WorkflowId};
use crate::store::schedules::ScheduleRow;
use chrono::TimeDelta;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Which schedules wait for what, and whose turn has come. Attempts end in other threads.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    lists: Mutex<Lists>,
}

#[derive(Debug, Default)]
struct Lists {
    by_attempt: HashMap<AttemptId, Turn>,
    ready: Vec<ScheduleId>,
    /// As many attempts run as may: the first one goes on when any of them ends.
    for_room: VecDeque<ScheduleId>,
    put_off: HashMap<ScheduleId, PutOff>,
}

/// A schedule goes on when the attempt has ended, and at this time even if it has not.
#[derive(Debug, Clone, Copy)]
struct Turn {
    schedule: ScheduleId,
    until: Time,
}

/// A session that could not be started is tried again, unless its schedule changes before.
#[derive(Debug, Clone)]
struct PutOff {
    workflow: WorkflowId,
    session: Time,
    until: Time,
    reason: String,
}

/// Nothing is put off for longer; what would wait longer by the clock was put off before that was set back.
const LONGEST: TimeDelta = TimeDelta::hours(1);

impl Waiting {
    /// Lets a schedule wait. The caller must look once more whether the attempt has ended meanwhile.
    pub(super) fn add(&self, attempt: AttemptId, schedule: ScheduleId, until: Time) {
        self.lock().by_attempt.insert(attempt, Turn { schedule, until });
    }

    pub(super) fn remove(&self, attempt: AttemptId) {
        self.lock().by_attempt.remove(&attempt);
    }

    /// Lets schedules wait until any attempt ends.
    pub(super) fn add_for_room(&self, schedules: impl IntoIterator<Item = ScheduleId>) {
        self.lock().for_room.extend(schedules);
    }

    /// Lets a schedule wait until its session is tried again.
    pub(super) fn put_off(&self, row: &ScheduleRow, until: Time, reason: &str) {
        let (workflow, session, reason) = (row.workflow_id, row.next.session, reason.to_owned());
        self.lock().put_off.insert(row.id, PutOff { workflow, session, until, reason });
    }

    /// When the session of a schedule is tried again, if it was put off. The time may have come.
    pub(super) fn put_off_until(&self, row: &ScheduleRow, now: Time) -> Option<Time> {
        let lists = self.lock();
        let found = lists.put_off.get(&row.id)?;
        let is_same = found.workflow == row.workflow_id && found.session == row.next.session;
        (is_same && found.until <= now + LONGEST).then_some(found.until)
    }

    /// Forgets what was put off until now or earlier.
    pub(super) fn forget_put_off(&self, now: Time) {
        self.lock().put_off.retain(|_, put_off| put_off.until > now);
    }

    /// Tells whether a schedule waited for an attempt that has ended, or for room.
    pub(super) fn ended(&self, attempt: AttemptId) -> bool {
        let mut lists = self.lock();
        let turn = lists.by_attempt.remove(&attempt);
        lists.ready.extend(turn.map(|turn| turn.schedule));
        turn.is_some() || !lists.for_room.is_empty()
    }

    /// The schedules whose turn has come since the last call.
    pub(super) fn take_ready(&self) -> Vec<ScheduleId> {
        std::mem::take(&mut self.lock().ready)
    }

    /// The first ones of those that wait for room.
    pub(super) fn take_for_room(&self, count: usize) -> Vec<ScheduleId> {
        let for_room = &mut self.lock().for_room;
        let count = count.min(for_room.len());
        for_room.drain(..count).collect()
    }

    /// How many wait for room.
    pub(super) fn count_for_room(&self) -> usize {
        self.lock().for_room.len()
    }

    /// How many wait for the end of an attempt.
    pub(super) fn len(&self) -> usize {
        let lists = self.lock();
        lists.by_attempt.len() + lists.for_room.len()
    }

    /// When the first of those that wait goes on even if no attempt has ended.
    pub(super) fn earliest(&self) -> Option<Time> {
        let lists = self.lock();
        let (turns, put_off) = (lists.by_attempt.values(), lists.put_off.values());
        turns.map(|turn| turn.until).chain(put_off.map(|put_off| put_off.until)).min()
    }

    /// What the session of a schedule waits for.
    pub(super) fn reason(&self, row: &ScheduleRow) -> Option<String> {
        let lists = self.lock();
        let attempt = lists.by_attempt.iter().find(|(_, turn)| turn.schedule == row.id);
        if let Some((attempt, _)) = attempt {
            return Some(format!("it waits for attempt {attempt} to end"));
        }
        if lists.for_room.contains(&row.id) {
            return Some("as many attempts run as may".to_owned());
        }
        lists.put_off.get(&row.id).map(|put_off| put_off.reason.clone())
    }

    /// Forgets who waits for attempts, before all are looked at anew.
    pub(super) fn clear(&self) {
        let mut lists = self.lock();
        let put_off = std::mem::take(&mut lists.put_off);
        *lists = Lists { put_off, ..Lists::default() };
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
        let later = Time::UNIX_EPOCH + TimeDelta::seconds(1);
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

    #[test]
    fn those_that_wait_for_room_go_on_in_order_when_any_attempt_ends() {
        let waiting = Waiting::default();
        waiting.add_for_room([1, 2, 3].map(ScheduleId));
        assert!(waiting.ended(AttemptId(99)));
        assert_eq!(waiting.take_for_room(2), [1, 2].map(ScheduleId));
        assert_eq!((waiting.count_for_room(), waiting.len()), (1, 1));
        assert_eq!(waiting.take_for_room(2), [ScheduleId(3)]);
        assert!(!waiting.ended(AttemptId(100)));
    }
}
