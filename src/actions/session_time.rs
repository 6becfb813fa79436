//! What `--session` means for a run of the command line.

use crate::dig::schedule::Schedule;
use crate::model::time::{at_local, parse_local};
use crate::model::{SessionTime, Time, Zone};
use chrono::{NaiveDateTime, Timelike};

/// How a session time was found, to be said to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It was given.
    Given(SessionTime),
    /// It is that of the last run.
    Reused(SessionTime),
    /// There was no run yet: it is the schedule's last time.
    Scheduled(SessionTime),
    /// There was no run yet, and there is no schedule: it is the beginning of this day.
    Today(SessionTime),
}

/// The text given with `--session` names no session time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionTimeError {
    #[error("--session schedule is set but schedule is not set to this workflow.")]
    NoSchedule,
    #[error("--session schedule is set but the schedule had no time before now.")]
    NothingBefore,
    #[error(
        "--session must be hourly, daily, last, \"yyyy-MM-dd\", or \"yyyy-MM-dd HH:mm:SS\" format: {0} (config)"
    )]
    Unreadable(String),
}

impl Found {
    pub fn time(self) -> SessionTime {
        match self {
            Self::Given(time) | Self::Reused(time) | Self::Scheduled(time) | Self::Today(time) => time,
        }
    }
}

/// Finds the session time that a text stands for: `hourly`, `daily`, `schedule`, `last`, or a time in the zone.
///
/// `last` is the session time of the last run that got anywhere, if there is one.
///
/// # Errors
///
/// The text is none of these, or the workflow has no schedule to take a time from.
pub fn find_session_time(
    text: &str,
    zone: &Zone,
    schedule: Option<&Schedule>,
    last: Option<SessionTime>,
    now: Time,
) -> Result<Found, SessionTimeError> {
    let latest = |schedule: &Schedule| latest_point(schedule, now).map(SessionTime::new);
    match text {
        "hourly" => Ok(Found::Given(truncated(zone, now, |local| local.with_minute(0)?.with_second(0)))),
        "daily" => Ok(Found::Given(today(zone, now))),
        "schedule" => {
            let schedule = schedule.ok_or(SessionTimeError::NoSchedule)?;
            latest(schedule).map(Found::Given).ok_or(SessionTimeError::NothingBefore)
        }
        "last" => Ok(match (last, schedule.and_then(latest)) {
            (Some(last), _) => Found::Reused(last),
            (None, Some(time)) => Found::Scheduled(time),
            (None, None) => Found::Today(today(zone, now)),
        }),
        other => parse_local(other)
            .map(|local| Found::Given(SessionTime::new(at_local(zone, local))))
            .ok_or_else(|| SessionTimeError::Unreadable(other.to_owned())),
    }
}

/// The schedule's last session time before now.
fn latest_point(schedule: &Schedule, now: Time) -> Option<Time> {
    schedule.previous(now).map(|point| point.session)
}

fn today(zone: &Zone, now: Time) -> SessionTime {
    truncated(zone, now, |local| local.date().and_hms_opt(0, 0, 0))
}

/// The instant at which the zone's clocks showed the cut-off time of now.
fn truncated(zone: &Zone, now: Time, cut: impl Fn(NaiveDateTime) -> Option<NaiveDateTime>) -> SessionTime {
    let local = zone.local(now).naive_local();
    let cut = cut(local).and_then(|local| local.with_nanosecond(0)).unwrap_or(local);
    SessionTime::new(at_local(zone, cut))
}
