//! `_retry`: how often a failed task is run again, and how long it waits before.

use crate::model::config::{Config, ConfigError, as_int};
use crate::model::{Params, Time};
use chrono::TimeDelta;
use serde_json::Value;
use std::time::Duration;

/// The key in a task's state parameters that counts its retries.
const RETRY_COUNT: &str = "retry_count";

/// A task's `_retry` option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    limit: i64,
    interval: i64,
    growth: Growth,
    max_interval: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Growth {
    Constant,
    Exponential,
}

impl RetryPolicy {
    /// Reads `_retry`: a number of retries, or `{limit, interval, interval_type, max_interval}` with seconds.
    ///
    /// # Errors
    ///
    /// The option is neither, or one of its values has the wrong type.
    pub fn read(params: &Params) -> Result<Self, ConfigError> {
        let limited = |limit| Self { limit, interval: 0, growth: Growth::Constant, max_interval: None };
        match params.get("_retry") {
            None => Ok(limited(0)),
            Some(value @ (Value::Number(_) | Value::String(_))) => Ok(limited(as_int("_retry", value)?)),
            Some(Value::Object(map)) => {
                let config = Config::new(map.clone());
                Ok(Self {
                    limit: config.required_int("limit")?,
                    interval: config.int("interval")?.unwrap_or(0).max(0),
                    growth: config
                        .string("interval_type")?
                        .map_or(Ok(Growth::Constant), |name| read_growth(&name))?,
                    max_interval: config.int("max_interval")?,
                })
            }
            Some(other) => Err(ConfigError::Invalid(format!("Invalid _retry format:{other}"))),
        }
    }

    /// The wait before the next run and the state parameters for it, or none when no retry is left.
    pub fn next(&self, state_params: &Params) -> Option<(Duration, Params)> {
        let done = state_params.get(RETRY_COUNT).and_then(Value::as_i64).unwrap_or(0);
        if done >= self.limit {
            return None;
        }
        let mut next = state_params.clone();
        next.insert(RETRY_COUNT.to_owned(), Value::from(done + 1));
        Some((Duration::from_secs(self.interval_before(done)), next))
    }

    fn interval_before(&self, done: i64) -> u64 {
        let seconds = match self.growth {
            Growth::Constant => self.interval,
            Growth::Exponential => {
                let factor =
                    u32::try_from(done).ok().and_then(|done| 2_i64.checked_pow(done)).unwrap_or(i64::MAX);
                let grown = self.interval.saturating_mul(factor);
                self.max_interval.map_or(grown, |max| grown.min(max))
            }
        };
        u64::try_from(seconds).unwrap_or(0)
    }
}

/// `now` plus a wait; waits beyond the end of time end there.
pub(super) fn after(now: Time, wait: Duration) -> Time {
    TimeDelta::from_std(wait).ok().and_then(|wait| now.checked_add_signed(wait)).unwrap_or(Time::MAX_UTC)
}

fn read_growth(name: &str) -> Result<Growth, ConfigError> {
    if name.eq_ignore_ascii_case("constant") {
        Ok(Growth::Constant)
    } else if name.eq_ignore_ascii_case("exponential") {
        Ok(Growth::Exponential)
    } else {
        Err(ConfigError::Invalid(format!("Invalid retry_interval_type: {name}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The seconds before each retry, up to six.
    fn waits(retry: Value) -> Result<Vec<u64>, String> {
        let policy = RetryPolicy::read(&Params::from_iter([("_retry".to_owned(), retry)]))
            .map_err(|e| e.to_string())?;
        let mut waits = vec![];
        let mut state = Params::new();
        while let Some((wait, next)) = policy.next(&state).filter(|_| waits.len() < 6) {
            waits.push(wait.as_secs());
            state = next;
        }
        Ok(waits)
    }

    #[test]
    fn retries_and_their_waits() {
        for (retry, expected) in [
            (json!(0), vec![]),
            (json!(2), vec![0, 0]),
            (json!("2"), vec![0, 0]),
            (json!({"limit": 3, "interval": 10}), vec![10, 10, 10]),
            (json!({"limit": 3, "interval": 10, "max_interval": 5}), vec![10, 10, 10]),
            (json!({"limit": 4, "interval": 10, "interval_type": "Exponential"}), vec![10, 20, 40, 80]),
            (
                json!({"limit": 5, "interval": 10, "interval_type": "exponential", "max_interval": 35}),
                vec![10, 20, 35, 35, 35],
            ),
        ] {
            assert_eq!(waits(retry.clone()), Ok(expected), "{retry}");
        }
    }

    #[test]
    fn what_is_no_retry_option() {
        for (retry, message) in [
            (json!([1]), "Invalid _retry format:[1]"),
            (json!(true), "Invalid _retry format:true"),
            (json!({"interval": 3}), "Parameter 'limit' is required but not set"),
            (json!({"limit": 1, "interval_type": "x"}), "Invalid retry_interval_type: x"),
            (json!("x"), "Expected integer (long) type for key '_retry' but got \"x\" (string)"),
        ] {
            assert_eq!(waits(retry).unwrap_err(), message);
        }
    }

    #[test]
    fn growth_never_overflows() {
        let policy = RetryPolicy::read(
            json!({"_retry": {"limit": 1000, "interval": 10, "interval_type": "exponential"}})
                .as_object()
                .unwrap(),
        )
        .unwrap();
        let state = json!({"retry_count": 999}).as_object().unwrap().clone();
        let (wait, _) = policy.next(&state).unwrap();
        assert_eq!(after(Time::UNIX_EPOCH, wait), Time::MAX_UTC);
    }
}
