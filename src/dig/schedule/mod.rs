//! Schedules of workflows: which sessions there are and when they run. All of it is arithmetic on given times.
//!
//! A session's time is a point of the schedule (midnight for `daily>`); its run is so many elapsed seconds later. What
//! a section looks like in a file, and the loop that starts sessions, are elsewhere.

#[cfg(test)]
mod brute_force;
mod calendar;
mod cron;
mod error;
mod kinds;
mod local;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
mod upcoming;

pub use cron::CronError;
pub use error::{ScheduleError, ScheduleWarning};
pub use upcoming::{ClockChange, Occurrence, Upcoming};

use crate::model::time::{at_local, parse_local};
use crate::model::{Config, Params, Time, Zone, parse_duration};
use chrono::{DateTime, Days, NaiveDateTime, TimeDelta};
use kinds::{Kind, Points};
use serde_json::Value;
use std::time::Duration;

/// A workflow's schedule in its time zone.
#[derive(Debug, Clone)]
pub struct Schedule {
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

impl ScheduleTime {
    /// What stands for the next session of a schedule that has ended: a time that does not come, the same as Digdag's.
    pub const NEVER: Self = {
        let end = DateTime::from_timestamp(253_370_764_800, 0).unwrap(); // 9999-01-01T00:00:00Z
        Self { session: end, run: end }
    };

    /// Whether this time comes.
    pub fn is_never(self) -> bool {
        self == Self::NEVER
    }
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
        let (points, delay) = Kind::named(&config.required_string("_type")?)?.read(&config, zone)?;
        let start = first_instant(&config, "start", zone, Days::new(0))?;
        // The day of the end still belongs to the schedule.
        let end = first_instant(&config, "end", zone, Days::new(1))?;
        if start.zip(end).is_some_and(|(start, end)| start >= end) {
            return Err(ScheduleError::EndBeforeStart);
        }
        let schedule = Self {
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

    /// Whether a session is skipped while an attempt of the workflow still runs.
    pub fn skip_on_overtime(&self) -> bool {
        self.skip_on_overtime
    }

    /// How long after its time a session runs.
    pub fn delay(&self) -> TimeDelta {
        self.delay
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

    /// The last session that runs at `now` or earlier. `None` before the start.
    pub fn last(&self, now: Time) -> Option<ScheduleTime> {
        let instant = TimeDelta::nanoseconds(1);
        let within = self.end.map_or(now, |end| now.min(end - instant));
        match &self.points {
            Points::Calendar(_) => {
                let last =
                    self.previous(within.checked_sub_signed(self.delay)?.checked_add_signed(instant)?)?;
                // What `next` comes to first is a run or a session that is not before the start.
                let begun = self.start.is_none_or(|start| last.run >= start || last.session >= start);
                Some(last).filter(|_| begun)
            }
            // Such schedules have no start and no end in Digdag.
            Points::EverySeconds(_) => {
                self.previous(now.checked_sub_signed(self.delay)?.checked_add_signed(instant)?)
            }
        }
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
