//! The configuration of the program: dotted keys with text values, as in a Java properties file.

use super::config::{ConfigError, mismatch};
use serde_json::Value;
use std::collections::BTreeMap;

/// Configuration keys and their values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<String, String>);

/// A value that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: expected {expected}", given(key, value))]
pub struct WrongSetting {
    pub key: String,
    pub value: String,
    /// What would make sense, in words.
    pub expected: &'static str,
}

/// What an error says of a key and its value, which may be missing.
pub fn given(key: &str, value: &str) -> String {
    match value {
        "" => format!("there is no {key}"),
        _ => format!("{key} = {value}{}", comment_hint(value)),
    }
}

/// What is to be said of a wrong value that ends in what looks like a comment.
pub fn comment_hint(value: &str) -> &'static str {
    if value.contains(" #") { " (a comment needs a line of its own)" } else { "" }
}

impl Settings {
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// A whole number, 0 or more.
    ///
    /// # Errors
    ///
    /// The value is no such number; the message names the key.
    pub fn number(&self, key: &str) -> Result<Option<u64>, ConfigError> {
        let read = |text: &str| {
            text.trim().parse().map_err(|_| mismatch(key, "integer (long) type", &Value::from(text)))
        };
        self.get(key).map(read).transpose()
    }

    pub fn set(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.insert(key.into(), value.into());
    }

    /// Takes the value of a key, or its absence, from another configuration.
    pub fn copy(&mut self, key: &str, from: &Self) {
        match from.get(key) {
            Some(value) => self.set(key, value),
            None => drop(self.0.remove(key)),
        }
    }

    /// The keys below `prefix` (which ends in a dot), without it, with their values.
    pub fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(key, value)| Some((key.strip_prefix(prefix)?, value.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_copied_with_their_absence() {
        let (mut one, mut other) = (Settings::default(), Settings::default());
        one.set("a", "1");
        other.set("b", "2");
        one.copy("a", &other);
        one.copy("b", &other);
        assert_eq!(one, other);
    }

    #[test]
    fn what_looks_like_a_comment_is_pointed_out() {
        let wrong = |value: &str| {
            let value = value.to_owned();
            WrongSetting { key: "k".to_owned(), value, expected: "a number" }.to_string()
        };
        assert_eq!(wrong(""), "there is no k: expected a number");
        assert_eq!(wrong("#2"), "k = #2: expected a number");
        assert_eq!(wrong("2  # two"), "k = 2  # two (a comment needs a line of its own): expected a number");
    }

    #[test]
    fn numbers_are_whole_and_not_negative() {
        let mut settings = Settings::default();
        assert_eq!(settings.number("k"), Ok(None));
        settings.set("k", " 30000 ");
        assert_eq!(settings.number("k"), Ok(Some(30_000)));
        for text in ["", "-1", "1.5", "many"] {
            settings.set("k", text);
            let message = format!("Expected integer (long) type for key 'k' but got \"{text}\" (string)");
            assert_eq!(settings.number("k").unwrap_err().to_string(), message);
        }
    }
}
