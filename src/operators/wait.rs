//! `wait>`: lets time pass, either by coming back later or, with `blocking`, by holding the task.

use crate::logs::Level;
use crate::model::{Config, TaskResult, Time, parse_duration};
use crate::operators::CancelStage;
use crate::operators::context::{Context, OperatorError};
use chrono::{DateTime, SecondsFormat, TimeDelta};
use std::time::Duration;

/// The state parameter that remembers when waiting began, in milliseconds since 1970.
const STARTED: &str = "wait_start_time_millis";

/// Also what keeps `poll_interval: 0s` from running the task without pause.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

pub(crate) fn run(ctx: &Context<'_>) -> Result<TaskResult, OperatorError> {
    let options = Options::read(ctx.config)?;
    let started = started(ctx)?;
    let end = started.checked_add_signed(options.duration).ok_or_else(invalid)?;
    if ctx.now > end {
        let started = started.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        ctx.host.log(Level::Info, &format!("wait finished. start:{started}"));
        return Ok(TaskResult::default());
    }
    let left = whole_seconds(end - ctx.now);
    if options.blocking {
        return match ctx.host.cancellation().wait(left) {
            CancelStage::Running => Ok(TaskResult::default()),
            CancelStage::Terminating | CancelStage::Killed => Err(OperatorError::Canceled),
        };
    }
    let mut state = ctx.state.clone();
    state.insert(STARTED.to_owned(), started.timestamp_millis().into());
    Err(OperatorError::Poll { after: options.poll_interval.unwrap_or(left), state })
}

struct Options {
    duration: TimeDelta,
    blocking: bool,
    poll_interval: Option<Duration>,
}

impl Options {
    fn read(config: &Config) -> Result<Self, OperatorError> {
        let command = config.required_string("_command").map_err(|_| invalid())?;
        let duration = parse_duration(&command).and_then(|duration| TimeDelta::from_std(duration).ok());
        let blocking = config.bool_or("blocking", false)?;
        let poll_interval = match config.string("poll_interval").map_err(|_| invalid())? {
            Some(text) => Some(parse_duration(&text).ok_or_else(invalid)?.max(SHORTEST_WAIT)),
            None => None,
        };
        if blocking && poll_interval.is_some() {
            return Err(OperatorError::config("poll_interval can't be specified with blocking:true"));
        }
        Ok(Self { duration: duration.ok_or_else(invalid)?, blocking, poll_interval })
    }
}

/// When the task waited first: now, unless its state says otherwise.
fn started(ctx: &Context<'_>) -> Result<Time, OperatorError> {
    let remembered = Config::new(ctx.state.clone()).int(STARTED)?;
    Ok(remembered.and_then(DateTime::from_timestamp_millis).unwrap_or(ctx.now))
}

/// The time without its fraction of a second, but not too short.
fn whole_seconds(time: TimeDelta) -> Duration {
    Duration::from_secs(time.num_seconds().unsigned_abs()).max(SHORTEST_WAIT)
}

fn invalid() -> OperatorError {
    OperatorError::config("Invalid configuration")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operators::control_testing::{Fixture, at, object};
    use serde_json::{Value, json};

    fn task(config: Value, millis: i64) -> Fixture {
        let state = object(json!({"other": 1, "wait_start_time_millis": at(0).timestamp_millis()}));
        Fixture { now: at(millis), state, ..Fixture::new(config) }
    }

    #[test]
    fn the_first_run_remembers_the_start() {
        let state = format!("{{\"wait_start_time_millis\":{}}}", at(0).timestamp_millis());
        for (config, after) in [
            (json!({"_command": "1h 30m"}), 5400),
            (json!({"_command": "0s"}), 1),
            (json!({"_command": "1h", "poll_interval": "10s"}), 10),
            (json!({"_command": "1h", "poll_interval": "0s"}), 1),
            (json!({"_command": "2s", "blocking": "false"}), 2),
        ] {
            assert_eq!(Fixture::new(config).poll("wait"), (after, state.clone()));
        }
    }

    #[test]
    fn later_runs_wait_for_what_is_left() {
        let state = format!("{{\"other\":1,\"wait_start_time_millis\":{}}}", at(0).timestamp_millis());
        for (millis, after) in [(1, 9), (4_500, 5), (9_001, 1), (10_000, 1)] {
            assert_eq!(task(json!({"_command": "10s"}), millis).poll("wait"), (after, state.clone()));
        }
    }

    #[test]
    fn waiting_ends_after_the_duration() {
        for config in [
            json!({"_command": "10s"}),
            json!({"_command": "10s", "blocking": true}),
            json!({"_command": "10s", "poll_interval": "1m"}),
        ] {
            let task = task(config, 10_001);
            assert_eq!(task.run("wait").unwrap(), TaskResult::default());
            let message = "wait finished. start:2024-01-02T03:04:05Z".to_owned();
            assert_eq!(*task.host.logs.lock().unwrap(), [(Level::Info, message)]);
        }
    }

    #[test]
    fn canceling_ends_a_blocking_wait() {
        let task = Fixture::new(json!({"_command": "1d", "blocking": true}));
        task.host.cancellation.advance(CancelStage::Terminating);
        assert!(matches!(task.run("wait"), Err(OperatorError::Canceled)));
    }

    #[test]
    fn options_are_checked() {
        for (config, message) in [
            (json!({}), "Invalid configuration"),
            (json!({"_command": "abc"}), "Invalid configuration"),
            (json!({"_command": 5}), "Invalid configuration"),
            (json!({"_command": []}), "Invalid configuration"),
            (json!({"_command": "200000000000d"}), "Invalid configuration"),
            (json!({"_command": "100000000d"}), "Invalid configuration"),
            (json!({"_command": "1s", "poll_interval": 5}), "Invalid configuration"),
            (
                json!({"_command": "1s", "blocking": "yes"}),
                "Expected 'true' or 'false' for key 'blocking' but got \"yes\" (string)",
            ),
            (
                json!({"_command": "1s", "blocking": true, "poll_interval": "1s"}),
                "poll_interval can't be specified with blocking:true",
            ),
        ] {
            assert_eq!(Fixture::new(config).failure("wait"), format!("{message} (config)"));
        }
    }
}
