//! The times to come, and which of them fall in a change of the clocks, and how. How times are written is elsewhere.

use super::kinds::Points;
use super::{Schedule, ScheduleTime};
use crate::model::Time;
use chrono::{MappedLocalTime, NaiveDateTime, TimeDelta};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::fmt;

/// A session to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upcoming {
    pub time: ScheduleTime,
    pub clock_change: Option<ClockChange>,
}

/// How a change of the clocks touches the run of a session, or else the session: what its local time would be without.
///
/// As text it is a phrase for people; as JSON `{kind, localTime, text}`, with `occurrence` and `runsTwice` when clocks go
/// back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockChange {
    /// Clocks go forward over this local time, and it is later by as much.
    Skipped { local: NaiveDateTime },
    /// Clocks are changed between session and run, and a delay is elapsed time: it is not at this local time.
    Moved { local: NaiveDateTime },
    /// Clocks go back and show this local time twice.
    Repeated { local: NaiveDateTime, occurrence: Occurrence, runs_twice: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occurrence {
    First,
    Second,
}

impl Schedule {
    /// The next `count` sessions from `now`; fewer when the schedule ends.
    pub fn upcoming(&self, now: Time, count: usize) -> Vec<Upcoming> {
        self.upcoming_from(self.first(now).unwrap_or(ScheduleTime::NEVER), count)
    }

    /// The `count` sessions from `first`, whose run need not be the schedule's; fewer when the schedule ends.
    pub fn upcoming_from(&self, first: ScheduleTime, count: usize) -> Vec<Upcoming> {
        std::iter::successors(Some(first), |time| self.next(time.session))
            .take_while(|time| !time.is_never())
            .take(count)
            .map(|time| Upcoming { time, clock_change: self.clock_change(time) })
            .collect()
    }

    fn clock_change(&self, time: ScheduleTime) -> Option<ClockChange> {
        // Seconds are counted whatever clocks show.
        let Points::Calendar(calendar) = &self.points else { return None };
        let session = calendar.local_time(time.session);
        // Somebody has given the run a time of its own, which is meant as it is.
        let moved_by_hand = self.schedule_time(time.session) != Some(time);
        let of_run = session
            .checked_add_signed(self.delay)
            .filter(|_| !moved_by_hand)
            .and_then(|run| self.change_at(time.run, run, self.delay));
        of_run.or_else(|| self.change_at(time.session, session, TimeDelta::zero()))
    }

    /// Compares what clocks show at an instant, which is so much later than its session, with what they would show.
    fn change_at(&self, instant: Time, local: NaiveDateTime, delay: TimeDelta) -> Option<ClockChange> {
        match self.zone.instants(local) {
            MappedLocalTime::None => Some(ClockChange::Skipped { local }),
            MappedLocalTime::Single(at) if at == instant => None,
            MappedLocalTime::Ambiguous(first, second) if [first, second].contains(&instant) => {
                let (occurrence, other) =
                    if instant == first { (Occurrence::First, second) } else { (Occurrence::Second, first) };
                let runs_twice =
                    other.checked_sub_signed(delay).is_some_and(|session| self.has_session_at(session));
                Some(ClockChange::Repeated { local, occurrence, runs_twice })
            }
            _ => Some(ClockChange::Moved { local }),
        }
    }

    fn has_session_at(&self, session: Time) -> bool {
        let before = session.checked_sub_signed(TimeDelta::nanoseconds(1));
        before.and_then(|before| self.next(before)).is_some_and(|next| next.session == session)
    }
}

impl ClockChange {
    fn kind(self) -> &'static str {
        match self {
            Self::Skipped { .. } => "skipped",
            Self::Moved { .. } => "moved",
            Self::Repeated { .. } => "repeated",
        }
    }

    fn local(self) -> NaiveDateTime {
        match self {
            Self::Skipped { local } | Self::Moved { local } | Self::Repeated { local, .. } => local,
        }
    }
}

impl fmt::Display for ClockChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.local().time();
        match self {
            Self::Skipped { .. } => write!(f, "clocks skip {time}"),
            Self::Moved { .. } => write!(f, "not {time}, clocks change between session and run"),
            Self::Repeated { occurrence, runs_twice, .. } => {
                let which = match (occurrence, runs_twice) {
                    (Occurrence::First, true) => "this is the first, and it runs at both",
                    (Occurrence::Second, true) => "this is the second, and it runs at both",
                    (Occurrence::First, false) => "it runs at the first only",
                    (Occurrence::Second, false) => "it runs at the second only",
                };
                write!(f, "clocks show {time} twice, {which}")
            }
        }
    }
}

impl Serialize for ClockChange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", self.kind())?;
        map.serialize_entry("localTime", &self.local().format("%Y-%m-%dT%H:%M:%S").to_string())?;
        if let Self::Repeated { occurrence, runs_twice, .. } = self {
            let number = match occurrence {
                Occurrence::First => 1,
                Occurrence::Second => 2,
            };
            map.serialize_entry("occurrence", &number)?;
            map.serialize_entry("runsTwice", runs_twice)?;
        }
        map.serialize_entry("text", &self.to_string())?;
        map.end()
    }
}
