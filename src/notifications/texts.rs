//! Reading of settings that are texts: blanks around them do not matter, and an empty one counts as none.

use crate::model::config::as_bool;
use crate::model::{ConfigError, Settings};
use serde_json::Value;

pub(super) fn text<'a>(settings: &'a Settings, key: &str) -> Option<&'a str> {
    settings.get(key).map(str::trim).filter(|text| !text.is_empty())
}

pub(super) fn required<'a>(settings: &'a Settings, key: &str) -> Result<&'a str, ConfigError> {
    text(settings, key).ok_or_else(|| ConfigError::Missing(key.to_owned()))
}

pub(super) fn flag(settings: &Settings, key: &str, default: bool) -> Result<bool, ConfigError> {
    text(settings, key).map_or(Ok(default), |text| as_bool(key, &Value::from(text)))
}

/// A value that makes no sense. What it is stays untold, for it may hold a secret.
pub(super) fn wrong(key: &str, expected: &str) -> ConfigError {
    ConfigError::Invalid(format!("{key}: expected {expected}"))
}
