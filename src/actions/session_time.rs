//! What `--session` means for a run of the command line, and cutting times off as clients of the API ask for it.

use crate::dig::schedule::{Schedule, ScheduleTime};
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

/// How a time is cut off to a session time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truncation {
    /// To the hour that the clocks of the zone show.
    Hour,
    /// To the day of the zone.
    Day,
    /// To the first session of the schedule that runs then or later.
    Schedule,
    /// To the first session of the schedule that is later.
    NextSchedule,
}

/// The workflow has no schedule to take a time from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("session_time_truncate={} is set but schedule is not set to this workflow", .0.name())]
pub struct NoScheduleToTruncate(Truncation);

impl Truncation {
    const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Schedule, Self::NextSchedule];

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|truncation| truncation.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Schedule => "schedule",
            Self::NextSchedule => "next_schedule",
        }
    }
}

/// Cuts a time off. After the end of a schedule, its next session is [`ScheduleTime::NEVER`].
///
/// # Errors
///
/// There is no schedule where one is needed.
pub fn truncated_session_time(
    time: Time,
    truncation: Truncation,
    zone: &Zone,
    schedule: Option<&Schedule>,
) -> Result<SessionTime, NoScheduleToTruncate> {
    let point = |next: fn(&Schedule, Time) -> Option<ScheduleTime>| {
        let schedule = schedule.ok_or(NoScheduleToTruncate(truncation))?;
        Ok(SessionTime::new(next(schedule, time).unwrap_or(ScheduleTime::NEVER).session))
    };
    match truncation {
        Truncation::Hour => Ok(truncated(zone, time, |local| local.with_minute(0)?.with_second(0))),
        Truncation::Day => Ok(today(zone, time)),
        Truncation::Schedule => point(Schedule::first),
        Truncation::NextSchedule => point(Schedule::next),
    }
}

/// The schedule's last session time before now.
fn latest_point(schedule: &Schedule, now: Time) -> Option<Time> {
    schedule.previous(now).map(|point| point.session)
}

fn today(zone: &Zone, now: Time) -> SessionTime {
    truncated(zone, now, |local| local.date().and_hms_opt(0, 0, 0))
}

/// The instant at which the zone's clocks showed the cut-off time of now. When they showed it twice, the one since which
/// they have not been put back, if there is one.
fn truncated(zone: &Zone, now: Time, cut: impl Fn(NaiveDateTime) -> Option<NaiveDateTime>) -> SessionTime {
    let local = zone.local(now).naive_local();
    let cut = cut(local).and_then(|local| local.with_nanosecond(0)).unwrap_or(local);
    let same_offset = now - (local - cut);
    let shown = zone.local(same_offset).naive_local() == cut;
    SessionTime::new(if shown { same_offset } else { at_local(zone, cut) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::parse_iso;
    use serde_json::{Value, json};

    fn cut(text: &str, truncation: &str, zone: &str, section: Option<Value>) -> String {
        let zone = Zone::parse(zone).unwrap();
        let schedule = section.map(|section| Schedule::parse(section.as_object().unwrap(), &zone).unwrap().0);
        let truncation = Truncation::parse(truncation).unwrap();
        match truncated_session_time(parse_iso(text).unwrap(), truncation, &zone, schedule.as_ref()) {
            Ok(time) => time.iso(&zone),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn times_are_cut_off_in_the_zone() {
        let time = "2024-01-02T03:04:05Z";
        assert_eq!(cut(time, "hour", "Asia/Kolkata", None), "2024-01-02T08:00:00+05:30");
        assert_eq!(cut(time, "day", "Asia/Tokyo", None), "2024-01-02T00:00:00+09:00");
        // The second of the hours that the clocks show twice, and the day of such an hour.
        let second = "2024-11-03T09:30:00Z";
        assert_eq!(cut(second, "hour", "America/Los_Angeles", None), "2024-11-03T01:00:00-08:00");
        assert_eq!(cut(second, "day", "America/Los_Angeles", None), "2024-11-03T00:00:00-07:00");
        assert_eq!([Truncation::parse("minute"), Truncation::parse("Hour")], [None; 2]);
    }

    #[test]
    fn times_are_cut_off_to_those_of_the_schedule() {
        let daily = || Some(json!({"daily>": "07:00:00"}));
        for (time, schedule, next) in [
            ("2024-01-02T03:04:05Z", "2024-01-02", "2024-01-03"),
            ("2024-01-02T07:00:00Z", "2024-01-02", "2024-01-03"),
            ("2024-01-02T07:00:01Z", "2024-01-03", "2024-01-03"),
        ] {
            let midnight = |day| format!("{day}T00:00:00+00:00");
            assert_eq!(cut(time, "schedule", "UTC", daily()), midnight(schedule), "{time}");
            assert_eq!(cut(time, "next_schedule", "UTC", daily()), midnight(next), "{time}");
        }
        let ended = Some(json!({"daily>": "07:00:00", "end": "2020-01-01"}));
        assert_eq!(cut("2024-01-02T03:04:05Z", "schedule", "UTC", ended), "9999-01-01T00:00:00+00:00");
        assert_eq!(
            cut("2024-01-02T03:04:05Z", "next_schedule", "UTC", None),
            "session_time_truncate=next_schedule is set but schedule is not set to this workflow"
        );
    }
}
