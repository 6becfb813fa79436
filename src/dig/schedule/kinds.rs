//! The kinds of schedule: how each reads its command into the points of its sessions and the delay of its runs.

use super::ScheduleError;
use super::calendar::Calendar;
use super::cron;
use crate::model::{Config, ConfigError, Zone};

/// A kind of schedule, named like its operator without `>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Cron,
    Hourly,
    Daily,
    Weekly,
    Monthly,
    MinutesInterval,
    SecondsInterval,
}

/// When sessions are.
#[derive(Debug, Clone)]
pub(super) enum Points {
    Calendar(Calendar),
    /// Multiples of so many seconds since 1970-01-01T00:00:00Z.
    EverySeconds(i64),
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::Cron,
        Self::Hourly,
        Self::Daily,
        Self::Weekly,
        Self::Monthly,
        Self::MinutesInterval,
        Self::SecondsInterval,
    ];

    pub(super) fn named(name: &str) -> Result<Self, ScheduleError> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            let closest =
                Self::ALL.iter().map(|kind| kind.name()).min_by_key(|other| strsim::levenshtein(name, other));
            let suggestion = closest.filter(|other| strsim::levenshtein(name, other) <= other.len() / 2);
            ScheduleError::UnknownType { name: name.to_owned(), suggestion }
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Cron => "cron",
            Self::Hourly => "hourly",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::MinutesInterval => "minutes_interval",
            Self::SecondsInterval => "seconds_interval",
        }
    }

    /// Reads `_command` (or `at`) and `delay`: the sessions, and by how many seconds runs follow them.
    pub(super) fn read(self, config: &Config, zone: &Zone) -> Result<(Points, i64), ScheduleError> {
        let (pattern, delay) = match self {
            Self::Cron => (config.required_string("_command")?, delay(config)?),
            Self::MinutesInterval => {
                (format!("*/{} * * * *", config.required_int("_command")?), delay(config)?)
            }
            Self::Hourly => ("0 * * * *".to_owned(), past_hour(&at(config)?)?),
            Self::Daily => ("0 0 * * *".to_owned(), past_midnight("daily> scheduler", &at(config)?)?),
            Self::Weekly => weekly(&at(config)?)?,
            Self::Monthly => monthly(&at(config)?)?,
            Self::SecondsInterval => {
                let seconds = config.required_int("_command")?;
                if seconds < 1 {
                    return Err(ScheduleError::Interval(seconds));
                }
                return Ok((Points::EverySeconds(seconds), delay(config)?));
            }
        };
        Ok((Points::Calendar(Calendar::parse(&pattern, zone)?), delay))
    }
}

fn at(config: &Config) -> Result<String, ConfigError> {
    config.string("_command")?.map_or_else(|| config.required_string("at"), Ok)
}

fn delay(config: &Config) -> Result<i64, ConfigError> {
    Ok(config.int("delay")?.unwrap_or(0))
}

/// `MM:SS`
fn past_hour(text: &str) -> Result<i64, ScheduleError> {
    match numbers(text)[..] {
        [Some(minutes), Some(seconds)] => Ok(minutes * 60 + seconds),
        _ => Err(format_error("hourly>: scheduler", "mm:ss", text)),
    }
}

/// `HH:MM:SS`
fn past_midnight(scheduler: &'static str, text: &str) -> Result<i64, ScheduleError> {
    match numbers(text)[..] {
        [Some(hours), Some(minutes), Some(seconds)] => Ok(hours * 3600 + minutes * 60 + seconds),
        _ => Err(format_error(scheduler, "hh:mm:ss", text)),
    }
}

/// `DOW,HH:MM:SS`, where `DOW` may be anything that a cron pattern allows for days of week.
fn weekly(text: &str) -> Result<(String, i64), ScheduleError> {
    let invalid = || format_error("weekly>: scheduler", "day,hh:mm:ss", text);
    let (day, time) = text.split_once(',').ok_or_else(invalid)?;
    let day = day.trim();
    // As a cron field, `-1` would read as 1.
    if day.parse::<i32>().is_ok_and(|number| number < 0) {
        return Err(ScheduleError::NegativeDay(day.to_owned()));
    }
    let delay = past_midnight("weekly> scheduler", time.trim())?;
    let pattern = format!("0 0 * * {day}");
    cron::parse(&pattern).map_err(|_| invalid())?;
    Ok((pattern, delay))
}

/// `D,HH:MM:SS`
fn monthly(text: &str) -> Result<(String, i64), ScheduleError> {
    let invalid = || format_error("monthly>: scheduler", "day,hh:mm:ss", text);
    let (day, time) = text.split_once(',').ok_or_else(invalid)?;
    let day: i32 = day.parse().map_err(|_| invalid())?;
    Ok((format!("0 0 {day} * *"), past_midnight("monthly> scheduler", time)?))
}

/// The numbers between colons, of any size and sign. As in Digdag, colons at the end do not count.
fn numbers(text: &str) -> Vec<Option<i64>> {
    text.trim_end_matches(':').split(':').map(|part| part.parse::<i32>().ok().map(i64::from)).collect()
}

fn format_error(scheduler: &'static str, format: &'static str, found: &str) -> ScheduleError {
    ScheduleError::Format { scheduler, format, found: found.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Params;
    use serde_json::{Value, json};

    fn read(kind: &str, params: Value) -> Result<(Points, i64), ScheduleError> {
        let params: Params = params.as_object().unwrap().clone();
        Kind::named(kind)?.read(&Config::new(params), &Zone::utc())
    }

    #[test]
    fn delays_have_no_limits_of_the_clock() {
        for (kind, command, delay) in [
            ("hourly", "32:32", 1952),
            ("hourly", "70:00", 4200),
            ("hourly", "-5:+7", -293),
            ("daily", "07:00:00", 25_200),
            ("daily", "7:0:0", 25_200),
            ("daily", "25:00:00", 90_000),
            ("daily", "-1:00:00", -3600),
            ("daily", "01:00:00::", 3600),
            ("weekly", "Sun,09:00:00", 32_400),
            ("weekly", " Mon-Fri , 09:00:00 ", 32_400),
            ("weekly", "7,0:0:1", 1),
            ("monthly", "31,09:00:00", 32_400),
            ("monthly", "+1,09:00:00", 32_400),
        ] {
            let (_, found) = read(kind, json!({"_command": command})).unwrap();
            assert_eq!(found, delay, "{kind}>: {command}");
        }
        for (kind, params) in [
            ("cron", json!({"_command": "* * * * *", "delay": 30})),
            ("minutes_interval", json!({"_command": "5", "delay": "30"})),
            ("seconds_interval", json!({"_command": 5, "delay": 30.5})),
            ("daily", json!({"at": "00:00:30"})),
            ("daily", json!({"_command": null, "at": "00:00:30"})),
        ] {
            assert_eq!(read(kind, params).unwrap().1, 30, "{kind}");
        }
    }

    #[test]
    fn commands_of_another_form_are_refused() {
        for (kind, command, message) in [
            ("hourly", json!("30"), "hourly>: scheduler requires mm:ss format: 30"),
            ("hourly", json!("1:2:3"), "hourly>: scheduler requires mm:ss format: 1:2:3"),
            ("daily", json!("7:00"), "daily> scheduler requires hh:mm:ss format: 7:00"),
            ("daily", json!("7:00:"), "daily> scheduler requires hh:mm:ss format: 7:00:"),
            ("daily", json!("a:00:00"), "daily> scheduler requires hh:mm:ss format: a:00:00"),
            ("daily", json!(" 7:00:00"), "daily> scheduler requires hh:mm:ss format:  7:00:00"),
            ("daily", json!(420), "daily> scheduler requires hh:mm:ss format: 420"),
            ("daily", json!(null), "Parameter 'at' is required but not set"),
            ("weekly", json!("Sun"), "weekly>: scheduler requires day,hh:mm:ss format: Sun"),
            (
                "weekly",
                json!("Sunday,7:0:0"),
                "weekly>: scheduler requires day,hh:mm:ss format: Sunday,7:0:0",
            ),
            ("weekly", json!("8,7:0:0"), "weekly>: scheduler requires day,hh:mm:ss format: 8,7:0:0"),
            ("weekly", json!("1,7:0"), "weekly> scheduler requires hh:mm:ss format: 7:0"),
            ("weekly", json!("-1,07:00:00"), "weekly>: invalid day: -1"),
            ("monthly", json!("L,7:0:0"), "monthly>: scheduler requires day,hh:mm:ss format: L,7:0:0"),
            ("monthly", json!("1 ,7:0:0"), "monthly>: scheduler requires day,hh:mm:ss format: 1 ,7:0:0"),
            ("monthly", json!("1, 7:0:0"), "monthly> scheduler requires hh:mm:ss format:  7:0:0"),
            (
                "monthly",
                json!("32,09:00:00"),
                "invalid pattern \"0 0 32 * *\". Error parsing days of month field: invalid field \"32\", invalid element \"32\", invalid range, invalid value \"32\", value out of range.",
            ),
            (
                "minutes_interval",
                json!(0),
                "invalid pattern \"*/0 * * * *\". Error parsing minutes field: invalid field \"*/0\", invalid element \"*/0\", non positive divisor \"0\".",
            ),
            (
                "minutes_interval",
                json!("abc"),
                "Expected integer (long) type for key '_command' but got \"abc\" (string)",
            ),
            ("minutes_interval", json!(null), "Parameter '_command' is required but null"),
            ("seconds_interval", json!(0), "seconds_interval>: the interval must be 1 or more: 0"),
            ("seconds_interval", json!(-5), "seconds_interval>: the interval must be 1 or more: -5"),
            ("cron", json!("abc"), "invalid pattern: \"abc\""),
            ("cron", json!(null), "Parameter '_command' is required but null"),
            ("nosuch", json!("1"), "Unknown scheduler type: nosuch"),
            ("dayly", json!("1"), "Unknown scheduler type: dayly (did you mean daily>?)"),
            ("", json!("1"), "Unknown scheduler type: "),
        ] {
            let error = read(kind, json!({"_command": command})).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }
}
