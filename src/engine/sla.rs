//! `sla:`: what happens when an attempt takes too long: an alert, a failure, tasks of the workflow's own.
//!
//! Nothing that runs is interrupted. Tasks that have not started yet still run.

use super::generate::plan_of;
use super::step::Step;
use crate::model::config::ConfigError;
use crate::model::time::at_local;
use crate::model::{Config, Params, TaskId, Time, Zone};
use chrono::{NaiveTime, TimeDelta};
use serde_json::{Value, json};

/// The `sla:` of a workflow, for one attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Sla {
    /// When it is missed, if the attempt has not ended.
    pub at: Time,
    alert: bool,
    fail: bool,
    /// Tasks of its own, or an operator; empty for none.
    tasks: Params,
}

const SECTION: &str = "sla";

const OWN_KEYS: [&str; 4] = ["time", "duration", "alert", "fail"];

impl Sla {
    /// The SLA of a workflow, if its definition has one.
    ///
    /// # Errors
    ///
    /// The section is no mapping, or cannot be read.
    pub fn of(config: &Params, run_time: Time, zone: &Zone) -> Result<Option<Self>, ConfigError> {
        match config.get(SECTION) {
            None => Ok(None),
            Some(Value::Object(section)) => Self::read(section, run_time, zone).map(Some),
            Some(_) => Err(ConfigError::NotAnObject(SECTION.to_owned())),
        }
    }

    /// Reads the section. A `duration` counts from `run_time`; a `time` is a time of its day, or of the next one.
    ///
    /// # Errors
    ///
    /// There is neither `time` nor `duration`, or both, or they cannot be read.
    fn read(section: &Params, run_time: Time, zone: &Zone) -> Result<Self, ConfigError> {
        let config = Config::new(section.clone());
        let at = match (config.string("time")?, config.string("duration")?) {
            (Some(time), None) => next_at(clock_time("time", &time)?, run_time, zone),
            (None, Some(duration)) => run_time + clock_time("duration", &duration)?,
            _ => {
                let message = "SLA must be specified using either the 'time' or 'duration' option";
                return Err(ConfigError::Invalid(message.to_owned()));
            }
        };
        let mut tasks = section.clone();
        for key in OWN_KEYS {
            tasks.shift_remove(key);
        }
        let (alert, fail) = (config.bool_or("alert", true)?, config.bool_or("fail", false)?);
        Ok(Self { at, alert, fail, tasks })
    }
}

/// Adds the tasks of a missed SLA below the root, each free to start at once. A broken one is left out.
pub(super) fn add_sla_tasks(step: &mut Step<'_>, root: TaskId, sla: &Sla) {
    let Some(name) = step.task(root).map(|task| task.full_name.clone()) else { return };
    let own = |kind: &str| {
        let config = json!({"_type": kind, "_command": "SLA violation"});
        config.as_object().cloned().unwrap_or_default()
    };
    let parts = [
        ("^sla^alert", if sla.alert { own("notify") } else { Params::new() }),
        ("^sla^fail", if sla.fail { own("fail") } else { Params::new() }),
        ("^sla", sla.tasks.clone()),
    ];
    for (suffix, config) in parts {
        if let Ok(Some(plan)) = plan_of(&name, suffix, &config) {
            step.add_plan(plan, Some(root), &[]);
        }
    }
}

/// Reads `HH:MM` or `HH:MM:SS`, hours without a limit.
fn clock_time(option: &str, text: &str) -> Result<TimeDelta, ConfigError> {
    let wrong =
        || ConfigError::Invalid(format!("SLA {option} option needs to be HH:MM or HH:MM:SS format: {text}"));
    let parts: Option<Vec<i64>> =
        text.split(':').map(|part| part.trim().parse::<u32>().ok().map(i64::from)).collect();
    match parts.ok_or_else(wrong)?.as_slice() {
        [hours, minutes] => Ok(TimeDelta::seconds(hours * 3600 + minutes * 60)),
        [hours, minutes, seconds] => Ok(TimeDelta::seconds(hours * 3600 + minutes * 60 + seconds)),
        _ => Err(wrong()),
    }
}

/// The time of day on the day of `run_time`; if that is over, 24 hours later.
fn next_at(time_of_day: TimeDelta, run_time: Time, zone: &Zone) -> Time {
    let midnight = zone.local(run_time).naive_local().date().and_time(NaiveTime::MIN);
    let at = at_local(zone, midnight + time_of_day);
    if at < run_time { at + TimeDelta::days(1) } else { at }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::{iso, parse_iso};

    fn at(section: Value) -> Result<String, String> {
        let zone = Zone::parse("Asia/Tokyo").unwrap();
        let run_time = parse_iso("2024-01-02T10:00:00+09:00").unwrap();
        let config = json!({"sla": section});
        Sla::of(config.as_object().unwrap(), run_time, &zone)
            .map(|sla| iso(zone.local(sla.unwrap().at)))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn times_are_of_this_day_or_the_next() {
        for (section, expected) in [
            (json!({"time": "10:30"}), "2024-01-02T10:30:00+09:00"),
            (json!({"time": "10:00:00"}), "2024-01-02T10:00:00+09:00"),
            (json!({"time": "09:59:59"}), "2024-01-03T09:59:59+09:00"),
            (json!({"duration": "00:30"}), "2024-01-02T10:30:00+09:00"),
            (json!({"duration": "25:00:01"}), "2024-01-03T11:00:01+09:00"),
        ] {
            assert_eq!(at(section.clone()).as_deref(), Ok(expected), "{section}");
        }
    }

    #[test]
    fn one_of_them_must_be_there_and_readable() {
        let either = "SLA must be specified using either the 'time' or 'duration' option";
        for (section, message) in [
            (json!({}), either),
            (json!([{"time": "10:00"}]), "Parameter 'sla' must be an object"),
            (json!("00:30"), "Parameter 'sla' must be an object"),
            (json!({"time": "10:00", "duration": "00:01"}), either),
            (json!({"duration": "xx"}), "SLA duration option needs to be HH:MM or HH:MM:SS format: xx"),
            (json!({"time": "1:2:3:4"}), "SLA time option needs to be HH:MM or HH:MM:SS format: 1:2:3:4"),
        ] {
            assert_eq!(at(section).unwrap_err(), message);
        }
    }
}
