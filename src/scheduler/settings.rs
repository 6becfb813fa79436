//! What the configuration says to the scheduler.

use super::catch_up::CatchUpSettings;
use crate::model::parse_duration;
use chrono::TimeDelta;

/// How sessions are started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchedulerSettings {
    pub catch_up: CatchUpSettings,
    /// Somebody is told of a session that has not started so long after its time.
    pub late_after: Option<TimeDelta>,
}

const DEFAULT_LATE_AFTER: TimeDelta = TimeDelta::minutes(5);

impl Default for SchedulerSettings {
    fn default() -> Self {
        Self { catch_up: CatchUpSettings::default(), late_after: Some(DEFAULT_LATE_AFTER) }
    }
}

impl SchedulerSettings {
    /// Reads `schedule.late_after`: a duration; `0` or `none` for never. None when it is neither.
    pub fn parse_late_after(text: &str) -> Option<Option<TimeDelta>> {
        if ["0", "none"].contains(&text) {
            return Some(None);
        }
        // What is too long to be reckoned with never comes.
        let late_after = TimeDelta::from_std(parse_duration(text)?).ok();
        Some(late_after.filter(|late_after| *late_after > TimeDelta::zero() && *late_after < LONGEST))
    }
}

/// Times stay within what can be reckoned with.
const LONGEST: TimeDelta = TimeDelta::days(100 * 365);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_is_a_duration_or_none() {
        for (text, expected) in [
            ("5m", Some(Some(TimeDelta::minutes(5)))),
            ("1h 30s", Some(Some(TimeDelta::seconds(3630)))),
            ("0", Some(None)),
            ("0s", Some(None)),
            ("none", Some(None)),
            ("99999999d", Some(None)),
            ("5", None),
            ("soon", None),
        ] {
            assert_eq!(SchedulerSettings::parse_late_after(text), expected, "{text}");
        }
    }
}
