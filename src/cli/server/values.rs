//! Reading values of the configuration. What is wrong with them is collected, so that all of it is told at once.

use crate::model::Settings;
use crate::model::parse_duration;
use crate::model::settings::given;
use std::cell::RefCell;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

/// A value that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: expected {expected}", given(key, value))]
pub(super) struct Wrong {
    pub(super) key: String,
    pub(super) value: String,
    pub(super) expected: String,
}

/// The values of a configuration, and what is wrong with those that were read. Blanks around a value do not matter, and
/// an empty one counts as none.
pub(super) struct Values<'a> {
    settings: &'a Settings,
    wrong: RefCell<Vec<Wrong>>,
}

impl<'a> Values<'a> {
    pub(super) fn new(settings: &'a Settings) -> Self {
        Self { settings, wrong: RefCell::default() }
    }

    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.settings.get(key).map(str::trim).filter(|text| !text.is_empty())
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, key: &str, default: bool) -> bool {
        let read = |text: &str| text.to_ascii_lowercase().parse().ok();
        self.read(key, "true or false", read).unwrap_or(default)
    }

    /// A whole number within limits.
    pub(super) fn number<N>(&self, key: &str, range: RangeInclusive<N>) -> Option<N>
    where
        N: FromStr + PartialOrd + Display + Copy,
    {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        self.read(key, &expected, |text| text.parse().ok().filter(|number| range.contains(number)))
    }

    /// `1d`, `2h 30m`.
    pub(super) fn duration(&self, key: &str) -> Option<Duration> {
        self.read(key, "a duration such as 90s, 2h 30m or 7d", parse_duration)
    }

    /// A number of seconds, 1 or more.
    pub(super) fn seconds(&self, key: &str) -> Option<Duration> {
        self.number(key, 1..=86_400).map(Duration::from_secs)
    }

    /// What `read` makes of a value; none if there is no value, or no good one.
    pub(super) fn read<T>(
        &self,
        key: &str,
        expected: &str,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(key)?;
        let found = read(text);
        if found.is_none() {
            self.wrong(key, text, expected);
        }
        found
    }

    pub(super) fn wrong(&self, key: &str, value: &str, expected: &str) {
        let (key, value, expected) = (key.to_owned(), value.to_owned(), expected.to_owned());
        self.wrong.borrow_mut().push(Wrong { key, value, expected });
    }

    /// What was found, unless something was wrong.
    ///
    /// # Errors
    ///
    /// All values that were wrong.
    pub(super) fn finish<T>(self, found: T) -> Result<T, Vec<Wrong>> {
        let wrong = self.wrong.into_inner();
        if wrong.is_empty() { Ok(found) } else { Err(wrong) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_wrong_is_told() {
        let mut settings = Settings::default();
        for (key, value) in [
            ("flag", " TRUE "),
            ("no", "maybe"),
            ("port", "65536"),
            ("ttl", "1 week"),
            ("wait", "0"),
            ("empty", " "),
        ] {
            settings.set(key, value);
        }
        let values = Values::new(&settings);
        assert!(values.flag("flag", false));
        assert!(values.flag("none", true));
        assert!(!values.flag("no", false));
        assert_eq!(values.number("port", 0..=u16::MAX), None);
        assert_eq!((values.duration("ttl"), values.seconds("wait")), (None, None));
        assert_eq!(values.number("empty", 1..=2), None);
        let wrong: Vec<String> = values.finish(()).unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(
            wrong,
            [
                "no = maybe: expected true or false",
                "port = 65536: expected a whole number from 0 to 65535",
                "ttl = 1 week: expected a duration such as 90s, 2h 30m or 7d",
                "wait = 0: expected a whole number from 1 to 86400",
            ]
        );
    }
}
