//! Since when time has passed without a break: since this process began, or since the machine went on after a sleep or its
//! clock was set. What ran then has not run for as long as the clock says.

use crate::model::Time;
use chrono::TimeDelta;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The wall clock beside one that is never set and stands still while the machine is asleep.
#[derive(Debug)]
pub(super) struct Unbroken(Mutex<Marks>);

#[derive(Debug, Clone, Copy)]
struct Marks {
    since: Time,
    /// When both clocks were looked at.
    last: (Time, Instant),
}

/// Clocks that are only corrected differ by less, however long nobody looks at them.
const TOLERANCE: TimeDelta = TimeDelta::minutes(1);

impl Unbroken {
    pub(super) fn begin(now: Time, instant: Instant) -> Self {
        Self(Mutex::new(Marks { since: now, last: (now, instant) }))
    }

    /// Looks at both clocks. Tells how much further the wall clock has gone since they were looked at before, less than
    /// nothing if it was put back, when that is a break.
    pub(super) fn look(&self, now: Time, instant: Instant) -> Option<TimeDelta> {
        let mut marks = self.lock();
        let (last_now, last_instant) = std::mem::replace(&mut marks.last, (now, instant));
        let passed = TimeDelta::from_std(instant.saturating_duration_since(last_instant)).ok()?;
        let further = (now - last_now) - passed;
        if further.abs() <= TOLERANCE {
            return None;
        }
        marks.since = now;
        Some(further)
    }

    /// Since when an attempt has been running that began at a time. That time is yet to come, by a clock that was put back.
    pub(super) fn runs_since(&self, started_at: Time, now: Time) -> Time {
        let since = self.lock().since;
        if started_at > now { since } else { started_at.max(since) }
    }

    fn lock(&self) -> MutexGuard<'_, Marks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_break_is_what_the_other_clock_has_not_seen() {
        let (start, instant) = (Time::UNIX_EPOCH, Instant::now());
        let unbroken = Unbroken::begin(start, instant);
        let (minute, hour) = (TimeDelta::minutes(1), TimeDelta::hours(1));
        let seconds = |count| instant + Duration::from_secs(count);
        // Time passes, and the clock is corrected a little.
        assert_eq!(unbroken.look(start + hour + minute, seconds(3600)), None);
        assert_eq!(unbroken.look(start + hour, seconds(3600)), None);
        assert_eq!(unbroken.runs_since(start + minute, start + hour), start + minute);
        // Asleep for an hour.
        assert_eq!(unbroken.look(start + hour * 2 + minute, seconds(3660)), Some(hour));
        let awake = start + hour * 2 + minute;
        assert_eq!(unbroken.runs_since(start + minute, awake), awake);
        assert_eq!(unbroken.runs_since(awake, awake), awake);
        // Put back by an hour and a minute.
        assert_eq!(unbroken.look(start + hour, seconds(3660)), Some(-hour - minute));
        assert_eq!(unbroken.runs_since(awake, start + hour), start + hour);
        assert_eq!(unbroken.runs_since(awake, awake + hour), awake);
    }
}
