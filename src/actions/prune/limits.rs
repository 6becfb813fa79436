//! How much history is kept.

use crate::model::{Settings, Time, parse_duration, parse_size};
use chrono::TimeDelta;

/// How much history is kept; none is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionLimits {
    /// Since an attempt ended.
    pub max_age: Option<TimeDelta>,
    /// Of a workflow, by name in a project.
    pub max_attempts: Option<u32>,
    /// What is in use of the file, in bytes.
    pub max_size: Option<u64>,
}

/// A limit makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} = {value}: expected {expected}")]
pub struct LimitError {
    pub key: &'static str,
    pub value: String,
    pub expected: &'static str,
}

impl Default for RetentionLimits {
    fn default() -> Self {
        Self { max_age: Some(TimeDelta::days(90)), max_attempts: Some(1000), max_size: Some(2 << 30) }
    }
}

impl RetentionLimits {
    pub const MAX_AGE: &'static str = "retention.max_age";
    pub const MAX_ATTEMPTS: &'static str = "retention.max_attempts";
    pub const MAX_SIZE: &'static str = "retention.max_size";
    pub const ENABLED: &'static str = "retention.enabled";

    /// Nothing is ever too much.
    pub const NONE: Self = Self { max_age: None, max_attempts: None, max_size: None };

    /// The limits of a configuration, over those that hold without one.
    ///
    /// # Errors
    ///
    /// The first value that makes no sense.
    pub fn from_settings(settings: &Settings) -> Result<Self, LimitError> {
        let mut limits = Self::default();
        for key in [Self::MAX_AGE, Self::MAX_ATTEMPTS, Self::MAX_SIZE] {
            let text = settings.get(key).map(str::trim).filter(|text| !text.is_empty());
            if let Some(text) = text {
                limits.set(key, text)?;
            }
        }
        Ok(limits)
    }

    /// Whether a configuration lets a server, and whoever runs a workflow, remove anything.
    ///
    /// # Errors
    ///
    /// It says neither yes nor no.
    pub fn is_enabled(settings: &Settings) -> Result<bool, LimitError> {
        let text = settings.get(Self::ENABLED).map(str::trim).filter(|text| !text.is_empty());
        match text.map(str::to_ascii_lowercase).as_deref() {
            None | Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(other) => {
                Err(LimitError { key: Self::ENABLED, value: other.to_owned(), expected: "true or false" })
            }
        }
    }

    /// Sets the limit with this key. `0` and `none` are no limit.
    ///
    /// # Errors
    ///
    /// The value makes no sense.
    pub fn set(&mut self, key: &'static str, value: &str) -> Result<(), LimitError> {
        let wrong = |expected| LimitError { key, value: value.to_owned(), expected };
        let value = value.trim();
        let unlimited = value == "0" || value.eq_ignore_ascii_case("none");
        match key {
            Self::MAX_AGE => {
                let age = || parse_duration(value).and_then(|age| TimeDelta::from_std(age).ok());
                let expected = "a duration such as 90d or 36h, or none";
                self.max_age = if unlimited { None } else { Some(age().ok_or_else(|| wrong(expected))?) };
                // A duration of nothing would leave nothing.
                self.max_age = self.max_age.filter(|age| !age.is_zero());
            }
            Self::MAX_ATTEMPTS => {
                let expected = "a whole number of attempts, or none";
                let count = || value.parse().ok().ok_or_else(|| wrong(expected));
                self.max_attempts = if unlimited { None } else { Some(count()?).filter(|count| *count > 0) };
            }
            _ => {
                let size = || parse_size(value).ok_or_else(|| wrong("a size such as 500M or 2GiB, or none"));
                self.max_size = if unlimited { None } else { Some(size()?).filter(|size| *size > 0) };
            }
        }
        Ok(())
    }

    /// What ended before this is too old.
    pub(super) fn oldest(&self, now: Time) -> Option<Time> {
        now.checked_sub_signed(self.max_age?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<RetentionLimits, String> {
        let mut settings = Settings::default();
        pairs.iter().for_each(|(key, value)| settings.set(*key, *value));
        RetentionLimits::from_settings(&settings).map_err(|error| error.to_string())
    }

    #[test]
    fn limits_have_defaults_and_can_be_taken_away() {
        assert_eq!(
            read(&[("retention.max_age", " ")]),
            Ok(RetentionLimits {
                max_age: Some(TimeDelta::days(90)),
                max_attempts: Some(1000),
                max_size: Some(2_147_483_648)
            })
        );
        let given = [
            ("retention.max_age", "1d 12h"),
            ("retention.max_attempts", "5"),
            ("retention.max_size", "500M"),
        ];
        let (age, size) = (TimeDelta::hours(36), 500 << 20);
        let expected = RetentionLimits { max_age: Some(age), max_attempts: Some(5), max_size: Some(size) };
        assert_eq!(read(&given), Ok(expected));
        for nothing in ["0", "none", "None"] {
            let none = given.map(|(key, _)| (key, nothing));
            assert_eq!(read(&none), Ok(RetentionLimits::NONE), "{nothing}");
        }
        assert_eq!(read(&[("retention.max_age", "0d")]).unwrap().max_age, None);
    }

    #[test]
    fn wrong_limits_are_named() {
        for (key, value, expected) in [
            ("retention.max_age", "90", "a duration such as 90d or 36h, or none"),
            ("retention.max_attempts", "-1", "a whole number of attempts, or none"),
            ("retention.max_size", "big", "a size such as 500M or 2GiB, or none"),
        ] {
            assert_eq!(read(&[(key, value)]), Err(format!("{key} = {value}: expected {expected}")));
        }
        let mut settings = Settings::default();
        settings.set("retention.enabled", "perhaps");
        let error = RetentionLimits::is_enabled(&settings).unwrap_err();
        assert_eq!(error.to_string(), "retention.enabled = perhaps: expected true or false");
        settings.set("retention.enabled", "FALSE");
        assert_eq!(RetentionLimits::is_enabled(&settings), Ok(false));
    }
}
