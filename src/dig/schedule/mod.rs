//! Schedules of workflows: which sessions there are and when they run. All of it is arithmetic on given times.
//!
//! A session's time is a point of the schedule (midnight for `daily>`); its run is so many elapsed seconds later. What
//! a section looks like in a file, and the loop that starts sessions, are elsewhere.

mod calendar;
mod cron;
mod error;
mod kinds;
mod local;
#[cfg(test)]
mod properties;

pub use cron::CronError;
pub use error::{ScheduleError, ScheduleWarning};

use crate::model::time::{at_local, parse_local};
use crate::model::{Config, Params, Time, Zone, parse_duration};
use chrono::{DateTime, Days, NaiveDateTime, TimeDelta};
use kinds::{Kind, Points};
use serde_json::Value;
use std::time::Duration;

/// A workflow's schedule in its time zone.
#[derive(Debug, Clone)]
pub struct Schedule {
    kind: Kind,
    points: Points,
    zone: Zone,
    delay: TimeDelta,
    start: Option<Time>,
    end: Option<Time>,
    skip_on_overtime: bool,
    skip_delayed_by: Option<Duration>,
}

/// A session and when it is to run. The run may be before the session when a schedule's delay is negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScheduleTime {
    pub session: Time,
    pub run: Time,
}

/// A session to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upcoming {
    pub time: ScheduleTime,
    /// A change of the clocks moves the session, makes its local time ambiguous, or lies between session and run.
    pub clock_change: bool,
}

/// Keys that every schedule may have.
const COMMON_KEYS: [&str; 4] = ["skip_on_overtime", "skip_delayed_by", "start", "end"];

impl Schedule {
    /// Reads a `schedule:` section. Keys it does not have are reported, `delay` and `at` among them although they count.
    ///
    /// # Errors
    ///
    /// Anything that leaves no schedule: no kind or an unknown one, values of a wrong type or format, dates that do
    /// not exist, patterns that never match.
    pub fn parse(section: &Params, zone: &Zone) -> Result<(Self, Vec<ScheduleWarning>), ScheduleError> {
        let mut params = section.clone();
        let operator = if section.contains_key("_type") { None } else { Some(operator_of(section)?) };
        if let Some((key, command)) = operator {
            params.insert("_type".to_owned(), Value::from(key.strip_suffix('>')));
            params.insert("_command".to_owned(), command.clone());
        }
        let config = Config::new(params);
        let kind = Kind::named(&config.required_string("_type")?)?;
        let (points, delay) = kind.read(&config, zone)?;
        let start = first_instant(&config, "start", zone, Days::new(0))?;
        // The day of the end still belongs to the schedule.
        let end = first_instant(&config, "end", zone, Days::new(1))?;
        if start.zip(end).is_some_and(|(start, end)| start >= end) {
            return Err(ScheduleError::EndBeforeStart);
        }
        let schedule = Self {
            kind,
            points,
            zone: zone.clone(),
            delay: i32::try_from(delay)
                .map(|seconds| TimeDelta::seconds(seconds.into()))
                .map_err(|_| ScheduleError::Delay(delay))?,
            start,
            end,
            skip_on_overtime: config.bool_or("skip_on_overtime", false)?,
            skip_delayed_by: skip_delayed_by(&config)?,
        };
        Ok((schedule, unused_keys(section, operator.map(|(key, _)| key.as_str()))))
    }

    /// The kind of schedule: `daily`, `cron`, ...
    pub fn kind(&self) -> &'static str {
        self.kind.name()
    }

    /// Whether a session is skipped while an attempt of the workflow still runs.
    pub fn skip_on_overtime(&self) -> bool {
        self.skip_on_overtime
    }

    /// How late a session may start; later ones are skipped.
    pub fn skip_delayed_by(&self) -> Option<Duration> {
        self.skip_delayed_by
    }

    /// The first session that runs at `now` or later. Its own time may be earlier. `None` after the end.
    pub fn first(&self, now: Time) -> Option<ScheduleTime> {
        // `next` looks strictly after a time.
        let now = now.checked_sub_signed(TimeDelta::nanoseconds(1))?;
        match &self.points {
            // Digdag looks at sessions, not at runs, here.
            Points::EverySeconds(_) => self.next(now),
            Points::Calendar(_) => self.next(now.checked_sub_signed(self.delay)?),
        }
    }

    /// The session that follows a session time (or any other time). `None` after the end.
    pub fn next(&self, session: Time) -> Option<ScheduleTime> {
        let calendar = match &self.points {
            Points::Calendar(calendar) => calendar,
            // Such schedules have no start and no end in Digdag.
            Points::EverySeconds(interval) => {
                let count = session.timestamp().div_euclid(*interval) + 1;
                return self.schedule_time(DateTime::from_timestamp(count * interval, 0)?);
            }
        };
        let mut next = self.schedule_time(calendar.next(session)?)?;
        if let Some(start) = self.start.filter(|&start| next.run < start) {
            // From here it is the session that must not be before the start.
            next = self.schedule_time(calendar.next(start - TimeDelta::seconds(1))?)?;
        }
        // Digdag does not look at the end again when it skipped to the start, and runs one session too many if none
        // lies between the two. Here the end holds.
        Some(next).filter(|next| self.end.is_none_or(|end| next.run < end))
    }

    /// The session before a session time (or any other time), also outside start and end.
    ///
    /// Digdag estimates it from the distance of the two sessions that follow, which gives times that are no session
    /// when distances vary (`0 0 * * 1-5` on a Monday: Saturday). Here it is always a session.
    pub fn previous(&self, session: Time) -> Option<ScheduleTime> {
        let previous = match &self.points {
            Points::Calendar(calendar) => calendar.previous(session)?,
            Points::EverySeconds(interval) => {
                let before = session.checked_sub_signed(TimeDelta::nanoseconds(1))?.timestamp();
                DateTime::from_timestamp(before.div_euclid(*interval) * interval, 0)?
            }
        };
        self.schedule_time(previous)
    }

    /// The next `count` sessions from `now`; fewer when the schedule ends.
    pub fn upcoming(&self, now: Time, count: usize) -> Vec<Upcoming> {
        std::iter::successors(self.first(now), |time| self.next(time.session))
            .take(count)
            .map(|time| Upcoming { time, clock_change: self.is_irregular(time) })
            .collect()
    }

    fn is_irregular(&self, time: ScheduleTime) -> bool {
        let Points::Calendar(calendar) = &self.points else { return false };
        let offset = |at| *self.zone.local(at).offset();
        calendar.is_irregular(time.session) || offset(time.session) != offset(time.run)
    }

    /// Delays are elapsed time, also across changes of the clocks.
    fn schedule_time(&self, session: Time) -> Option<ScheduleTime> {
        Some(ScheduleTime { session, run: session.checked_add_signed(self.delay)? })
    }
}

/// The first key that ends in `>`, with what it is given.
fn operator_of(section: &Params) -> Result<(&String, &Value), ScheduleError> {
    let no_type = || ScheduleError::NoType { section: Value::Object(section.clone()).to_string() };
    section.iter().find(|(key, _)| key.ends_with('>')).ok_or_else(no_type)
}

/// The first instant of a date in the zone, some days later.
fn first_instant(
    config: &Config,
    key: &'static str,
    zone: &Zone,
    later: Days,
) -> Result<Option<Time>, ScheduleError> {
    let Some(text) = config.string(key)? else { return Ok(None) };
    let midnight = date(&text).and_then(|date| date.checked_add_days(later));
    midnight.map(|midnight| Some(at_local(zone, midnight))).ok_or(ScheduleError::Date { key, found: text })
}

/// Reads exactly `yyyy-MM-dd`.
fn date(text: &str) -> Option<NaiveDateTime> {
    parse_local(text).filter(|midnight| midnight.format("%Y-%m-%d").to_string() == text)
}

fn skip_delayed_by(config: &Config) -> Result<Option<Duration>, ScheduleError> {
    let Some(text) = config.string("skip_delayed_by")? else { return Ok(None) };
    parse_duration(&text).map(Some).ok_or(ScheduleError::SkipDelayedBy(text))
}

fn unused_keys(section: &Params, operator: Option<&str>) -> Vec<ScheduleWarning> {
    let type_keys: &[&str] = if operator.is_some() { &[] } else { &["_type", "_command"] };
    let known: Vec<&str> = operator.iter().chain(type_keys).chain(&COMMON_KEYS).copied().collect();
    let unused = section.keys().filter(|key| !known.contains(&key.as_str()));
    unused.map(|key| ScheduleWarning { key: key.clone(), suggestions: similar(key, &known) }).collect()
}

/// Known keys of which at most half the letters are different.
fn similar(key: &str, known: &[&str]) -> Vec<String> {
    let close = |other: &&&str| strsim::levenshtein(key, other) <= other.len() / 2;
    known.iter().filter(close).map(|&other| other.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::{iso, parse_iso};
    use chrono::Datelike;
    use serde_json::json;

    fn parsed(zone: &str, section: Value) -> Result<(Schedule, Vec<ScheduleWarning>), ScheduleError> {
        Schedule::parse(section.as_object().unwrap(), &Zone::parse(zone).unwrap())
    }

    fn schedule(zone: &str, section: Value) -> Schedule {
        parsed(zone, section).unwrap().0
    }

    fn at(text: &str) -> Time {
        parse_iso(text).unwrap()
    }

    /// `session -> run` in the schedule's zone, or `end`.
    fn shown(schedule: &Schedule, time: Option<ScheduleTime>) -> String {
        let iso = |time| iso(schedule.zone.local(time));
        time.map_or("end".to_owned(), |time| format!("{} -> {}", iso(time.session), iso(time.run)))
    }

    #[test]
    fn the_first_session_is_the_first_to_run_from_now() {
        let weekly = json!({"weekly>": "2,10:32:32"});
        let monthly = json!({"monthly>": "2,10:32:32"});
        let daily = json!({"daily>": "07:00:00"});
        let delayed = json!({"minutes_interval>": 90, "delay": 30});
        for (section, zone, now, expected) in [
            (&daily, "UTC", "2024-01-08T06:59:59Z", "2024-01-08T00:00:00+00:00 -> 2024-01-08T07:00:00+00:00"),
            (&daily, "UTC", "2024-01-08T07:00:00Z", "2024-01-08T00:00:00+00:00 -> 2024-01-08T07:00:00+00:00"),
            (
                &daily,
                "UTC",
                "2024-01-08T07:00:00.5Z",
                "2024-01-09T00:00:00+00:00 -> 2024-01-09T07:00:00+00:00",
            ),
            (&daily, "UTC", "2024-01-08T07:00:01Z", "2024-01-09T00:00:00+00:00 -> 2024-01-09T07:00:00+00:00"),
            (
                &json!({"daily>": "25:00:00"}),
                "UTC",
                "2024-01-08T00:00:00Z",
                "2024-01-07T00:00:00+00:00 -> 2024-01-08T01:00:00+00:00",
            ),
            (
                &json!({"daily>": "-1:00:00"}),
                "UTC",
                "2024-01-08T00:00:00Z",
                "2024-01-09T00:00:00+00:00 -> 2024-01-08T23:00:00+00:00",
            ),
            (
                &json!({"daily>": "03:00:00"}),
                "America/Los_Angeles",
                "2024-03-10T00:00:00-08:00",
                "2024-03-10T00:00:00-08:00 -> 2024-03-10T04:00:00-07:00",
            ),
            (
                &json!({"daily>": "03:00:00"}),
                "America/Los_Angeles",
                "2024-11-03T00:00:00-07:00",
                "2024-11-03T00:00:00-07:00 -> 2024-11-03T02:00:00-08:00",
            ),
            (
                &json!({"hourly>": "32:32"}),
                "Asia/Tokyo",
                "2019-02-24T14:20:10+09:00",
                "2019-02-24T14:00:00+09:00 -> 2019-02-24T14:32:32+09:00",
            ),
            (
                &weekly,
                "Asia/Tokyo",
                "2019-02-24T14:20:10+09:00",
                "2019-02-26T00:00:00+09:00 -> 2019-02-26T10:32:32+09:00",
            ),
            (
                &monthly,
                "Asia/Tokyo",
                "2019-02-24T14:20:10+09:00",
                "2019-03-02T00:00:00+09:00 -> 2019-03-02T10:32:32+09:00",
            ),
            (
                &delayed,
                "UTC",
                "2024-01-08T00:00:30Z",
                "2024-01-08T00:00:00+00:00 -> 2024-01-08T00:00:30+00:00",
            ),
            (
                &delayed,
                "UTC",
                "2024-01-08T00:00:30.1Z",
                "2024-01-08T01:00:00+00:00 -> 2024-01-08T01:00:30+00:00",
            ),
        ] {
            let schedule = schedule(zone, section.clone());
            assert_eq!(shown(&schedule, schedule.first(at(now))), expected, "{section} at {now}");
        }
    }

    #[test]
    fn intervals_of_minutes_start_again_every_hour() {
        let schedule = schedule("UTC", json!({"minutes_interval>": 7}));
        let minutes: Vec<_> = schedule
            .upcoming(at("2024-01-08T00:48:00Z"), 4)
            .iter()
            .map(|next| next.time.session.format("%H:%M").to_string())
            .collect();
        assert_eq!(minutes, ["00:49", "00:56", "01:00", "01:07"]);
    }

    #[test]
    fn intervals_of_seconds_count_from_the_epoch() {
        let schedule = schedule(
            "Asia/Tokyo",
            json!({"_type": "seconds_interval", "_command": 7, "delay": 2, "end": "2000-01-01"}),
        );
        assert_eq!(schedule.kind(), "seconds_interval");
        let time = |seconds, millis: u32| DateTime::from_timestamp(seconds, millis * 1_000_000).unwrap();
        let session =
            |time: Option<ScheduleTime>| time.map(|time| (time.session.timestamp(), time.run.timestamp()));
        // 1_700_000_001 = 7 * 242_857_143.
        assert_eq!(session(schedule.first(time(1_700_000_001, 0))), Some((1_700_000_001, 1_700_000_003)));
        assert_eq!(session(schedule.first(time(1_700_000_001, 1))), Some((1_700_000_008, 1_700_000_010)));
        assert_eq!(session(schedule.next(time(1_700_000_001, 0))), Some((1_700_000_008, 1_700_000_010)));
        assert_eq!(session(schedule.previous(time(1_700_000_001, 0))), Some((1_699_999_994, 1_699_999_996)));
        assert_eq!(session(schedule.previous(time(1_700_000_002, 0))), Some((1_700_000_001, 1_700_000_003)));
    }

    #[test]
    fn runs_are_between_start_and_end() {
        let daily =
            schedule("UTC", json!({"daily>": "07:00:00", "start": "2024-02-01", "end": "2024-02-03"}));
        let next = |schedule: &Schedule, from| shown(schedule, schedule.next(at(from)));
        assert_eq!(
            shown(&daily, daily.first(at("2024-01-08T00:00:00Z"))),
            "2024-02-01T00:00:00+00:00 -> 2024-02-01T07:00:00+00:00"
        );
        assert_eq!(
            next(&daily, "2024-01-08T00:00:00Z"),
            "2024-02-01T00:00:00+00:00 -> 2024-02-01T07:00:00+00:00"
        );
        assert_eq!(
            next(&daily, "2024-02-02T00:00:00Z"),
            "2024-02-03T00:00:00+00:00 -> 2024-02-03T07:00:00+00:00"
        );
        assert_eq!(next(&daily, "2024-02-03T00:00:00Z"), "end");
        assert_eq!(daily.upcoming(at("2024-02-02T07:00:00Z"), 9).len(), 2);
        assert_eq!(
            shown(&daily, daily.previous(at("2024-01-08T00:00:00Z"))),
            "2024-01-07T00:00:00+00:00 -> 2024-01-07T07:00:00+00:00"
        );

        // The end is a day of the zone, and the run counts, not the session.
        let late = schedule("Asia/Tokyo", json!({"daily>": "25:00:00", "end": "2024-02-03"}));
        assert_eq!(
            next(&late, "2024-02-01T00:00:00+09:00"),
            "2024-02-02T00:00:00+09:00 -> 2024-02-03T01:00:00+09:00"
        );
        assert_eq!(next(&late, "2024-02-02T00:00:00+09:00"), "end");

        // A run before the start is not made up for by its session.
        let from = schedule("UTC", json!({"daily>": "25:00:00", "start": "2024-02-02"}));
        assert_eq!(
            next(&from, "2024-01-01T00:00:00Z"),
            "2024-02-02T00:00:00+00:00 -> 2024-02-03T01:00:00+00:00"
        );

        // Digdag runs on 1 March here, because it does not look at the end after skipping to the start.
        let never =
            schedule("UTC", json!({"monthly>": "1,00:00:00", "start": "2024-02-10", "end": "2024-02-12"}));
        assert_eq!(next(&never, "2024-01-08T00:00:00Z"), "end");
    }

    #[test]
    fn the_previous_session_is_a_session() {
        for (pattern, session, expected) in [
            ("0 0 * * *", "2024-01-05T10:00:00Z", "2024-01-05T00:00:00+00:00"),
            ("0 0 * * *", "2024-01-05T00:00:00Z", "2024-01-04T00:00:00+00:00"),
            ("0 0 1 * *", "2024-03-01T00:00:00Z", "2024-02-01T00:00:00+00:00"),
            ("0 9,17 * * *", "2024-03-01T09:00:00Z", "2024-02-29T17:00:00+00:00"),
            // Digdag: Saturday 2024-01-06, no session of the schedule.
            ("0 0 * * 1-5", "2024-01-08T00:00:00Z", "2024-01-05T00:00:00+00:00"),
            ("0 0 28,29 2 *", "2024-02-28T00:00:00Z", "2023-02-28T00:00:00+00:00"),
        ] {
            let schedule = schedule("UTC", json!({"cron>": pattern}));
            let previous = schedule.previous(at(session)).unwrap();
            assert_eq!(iso(schedule.zone.local(previous.session)), expected, "{pattern} before {session}");
            assert_eq!(previous.run, previous.session);
        }
    }

    #[test]
    fn sessions_in_a_clock_change_are_marked() {
        let marks = |section, now| -> Vec<bool> {
            let schedule = schedule("America/Los_Angeles", section);
            schedule.upcoming(at(now), 3).iter().map(|next| next.clock_change).collect()
        };
        assert_eq!(marks(json!({"cron>": "30 2 * * *"}), "2024-03-09T00:00:00-08:00"), [false, true, false]);
        assert_eq!(marks(json!({"cron>": "30 1 * * *"}), "2024-11-02T00:00:00-07:00"), [false, true, false]);
        assert_eq!(marks(json!({"daily>": "03:00:00"}), "2024-03-09T00:00:00-08:00"), [false, true, false]);
        assert_eq!(marks(json!({"daily>": "00:30:00"}), "2024-03-09T00:00:00-08:00"), [false, false, false]);
        assert_eq!(marks(json!({"hourly>": "00:00"}), "2024-03-10T01:00:00-08:00"), [false, false, false]);
        assert_eq!(marks(json!({"hourly>": "00:00"}), "2024-11-03T01:00:00-07:00"), [true, true, false]);
        assert_eq!(
            marks(json!({"seconds_interval>": 60}), "2024-11-03T01:00:00-07:00"),
            [false, false, false]
        );
    }

    #[test]
    fn keys_that_schedules_do_not_have_are_reported() {
        for (section, expected) in [
            (json!({"daily>": "07:00:00", "start": "2024-01-01", "skip_on_overtime": true}), vec![]),
            (json!({"_type": "daily", "_command": "07:00:00"}), vec![]),
            (
                json!({"daily>": "07:00:00", "cron>": "bad"}),
                vec!["Parameter 'cron>' is not used at schedule."],
            ),
            (
                json!({"cron>": "* * * * *", "delay": 5, "skip_on_over_time": true}),
                vec![
                    "Parameter 'delay' is not used at schedule.",
                    "Parameter 'skip_on_over_time' is not used at schedule. > Did you mean '[skip_on_overtime]'?",
                ],
            ),
        ] {
            let warnings = parsed("UTC", section.clone()).unwrap().1;
            assert_eq!(warnings.iter().map(ToString::to_string).collect::<Vec<_>>(), expected, "{section}");
        }
    }

    #[test]
    fn limits_on_late_sessions_are_read() {
        let limits = |section| {
            let schedule = schedule("UTC", section);
            (schedule.skip_on_overtime(), schedule.skip_delayed_by().map(|limit| limit.as_secs()))
        };
        assert_eq!(limits(json!({"daily>": "0:0:0"})), (false, None));
        assert_eq!(
            limits(json!({"daily>": "0:0:0", "skip_on_overtime": "true", "skip_delayed_by": "1h 30m"})),
            (true, Some(5400))
        );
    }

    #[test]
    fn sections_that_make_no_schedule_are_refused() {
        for (section, message) in [
            (
                json!({"start": "2024-01-01"}),
                "Schedule config requires 'type>: at' parameter: {\"start\":\"2024-01-01\"}",
            ),
            (json!({"a>": 1}), "Unknown scheduler type: a"),
            (
                json!({"_type": "hourli", "_command": 1}),
                "Unknown scheduler type: hourli (did you mean hourly>?)",
            ),
            (
                json!({"cron>": "0 0 31 2 *"}),
                "invalid pattern \"0 0 31 2 *\": it never matches, none of its months has any of its days of month",
            ),
            (
                json!({"daily>": "0:0:0", "start": "2024-02-30"}),
                "Invalid start: 2024-02-30 (needs an existing date as yyyy-MM-dd)",
            ),
            (
                json!({"daily>": "0:0:0", "end": "2024-2-3"}),
                "Invalid end: 2024-2-3 (needs an existing date as yyyy-MM-dd)",
            ),
            (
                json!({"daily>": "0:0:0", "start": "2024-02-03 00:00:00"}),
                "Invalid start: 2024-02-03 00:00:00 (needs an existing date as yyyy-MM-dd)",
            ),
            (
                json!({"daily>": "0:0:0", "start": "2024-02-03", "end": "2024-02-02"}),
                "The schedule of end is earlier than start",
            ),
            (
                json!({"cron>": "* * * * *", "delay": 9_000_000_000_i64}),
                "Invalid delay: 9000000000 seconds is out of range",
            ),
            (
                json!({"cron>": "* * * * *", "skip_delayed_by": 5}),
                "Invalid skip_delayed_by: 5 (needs a duration such as 30s, 5m or 1h 30m)",
            ),
        ] {
            assert_eq!(parsed("UTC", section).unwrap_err().to_string(), message);
        }
        assert!(
            parsed("UTC", json!({"daily>": "0:0:0", "start": "2024-02-03", "end": "2024-02-03"})).is_ok()
        );
    }

    #[test]
    fn times_out_of_reach_have_no_sessions() {
        let schedule = schedule("UTC", json!({"cron>": "0 0 29 2 1", "delay": -5}));
        for time in [Time::MIN_UTC, Time::MAX_UTC, at("1900-01-01T00:00:00Z"), at("2200-01-01T00:00:00Z")] {
            let around = [schedule.first(time), schedule.next(time), schedule.previous(time)];
            assert!(around.iter().flatten().all(|found| (1970..=2100).contains(&found.session.year())));
        }
    }
}
