//! Typed reading of parameters, by the coercion rules that workflows rely on.
//!
//! A `Config` remembers which keys were asked for, so that whoever gave an option that nobody read can be told.

use super::Params;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::HashSet;

/// Evaluated parameters of one task (or a `schedule:` section) with typed access.
#[derive(Debug, Clone, Default)]
pub struct Config {
    params: Params,
    used: RefCell<HashSet<String>>,
}

/// A parameter is missing or is not what its reader needs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("Parameter '{0}' is required but not set")]
    Missing(String),
    #[error("Parameter '{0}' is required but null")]
    Null(String),
    #[error("Parameter '{0}' must be an object")]
    NotAnObject(String),
    #[error("Expected {expected} for key '{key}' but got {got}")]
    Type { key: String, expected: &'static str, got: String },
    #[error("{0}")]
    Invalid(String),
}

impl Config {
    pub fn new(params: Params) -> Self {
        Self { params, used: RefCell::default() }
    }

    /// All parameters. Asking for them counts as having read every one.
    pub fn params(&self) -> &Params {
        self.used.borrow_mut().extend(self.params.keys().cloned());
        &self.params
    }

    /// All parameters, without any counting as read.
    pub fn peek(&self) -> &Params {
        &self.params
    }

    /// Whether the key is there and not null. Counts as read.
    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// The raw value; null counts as unset.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.used.borrow_mut().insert(key.to_owned());
        self.params.get(key).filter(|value| !value.is_null())
    }

    /// The keys that some reader has asked for, sorted.
    pub fn used_keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = self.used.borrow().iter().cloned().collect();
        keys.sort_unstable();
        keys
    }

    /// Whether some reader has asked for the key.
    pub fn is_used(&self, key: &str) -> bool {
        self.used.borrow().contains(key)
    }

    /// Fills keys that are missing here from the object named `section` (`_export: {sh: {shell: [...]}}`).
    pub fn with_defaults_from(mut self, section: &str) -> Self {
        if let Some(Value::Object(defaults)) = self.params.get(section).cloned() {
            self.used.borrow_mut().insert(section.to_owned());
            for (key, value) in defaults {
                self.params.entry(key).or_insert(value);
            }
        }
        self
    }

    /// A string; numbers and booleans are written out.
    pub fn string(&self, key: &str) -> Result<Option<String>, ConfigError> {
        self.get(key).map(|value| as_string(key, value)).transpose()
    }

    /// A string that must be there.
    pub fn required_string(&self, key: &str) -> Result<String, ConfigError> {
        self.string(key)?.ok_or_else(|| self.missing(key))
    }

    /// A 64-bit integer; fractions are cut off, text must be an integer.
    pub fn int(&self, key: &str) -> Result<Option<i64>, ConfigError> {
        self.get(key).map(|value| as_int(key, value)).transpose()
    }

    /// An integer that must be there.
    pub fn required_int(&self, key: &str) -> Result<i64, ConfigError> {
        self.int(key)?.ok_or_else(|| self.missing(key))
    }

    /// A 32-bit integer, read as `int` reads one.
    pub fn int32(&self, key: &str) -> Result<Option<i32>, ConfigError> {
        self.get(key).map(|value| as_int32(key, value)).transpose()
    }

    /// A 32-bit integer that must be there.
    pub fn required_int32(&self, key: &str) -> Result<i32, ConfigError> {
        self.int32(key)?.ok_or_else(|| self.missing(key))
    }

    /// A boolean: `true`, `"True"`, a number other than 0; empty text is false.
    pub fn bool(&self, key: &str) -> Result<Option<bool>, ConfigError> {
        self.get(key).map(|value| as_bool(key, value)).transpose()
    }

    /// A boolean that must be there.
    pub fn required_bool(&self, key: &str) -> Result<bool, ConfigError> {
        self.bool(key)?.ok_or_else(|| self.missing(key))
    }

    /// A boolean with a default.
    pub fn bool_or(&self, key: &str, default: bool) -> Result<bool, ConfigError> {
        Ok(self.bool(key)?.unwrap_or(default))
    }

    /// An array.
    pub fn list(&self, key: &str) -> Result<Option<&Vec<Value>>, ConfigError> {
        self.get(key)
            .map(|value| value.as_array().ok_or_else(|| mismatch(key, "array type", value)))
            .transpose()
    }

    /// An array of strings.
    pub fn string_list(&self, key: &str) -> Result<Option<Vec<String>>, ConfigError> {
        let Some(list) = self.list(key)? else { return Ok(None) };
        list.iter().map(|value| as_string(key, value)).collect::<Result<_, _>>().map(Some)
    }

    /// An object; empty when unset.
    pub fn object(&self, key: &str) -> Result<Params, ConfigError> {
        match self.get(key) {
            None => Ok(Params::new()),
            Some(Value::Object(map)) => Ok(map.clone()),
            Some(_) => Err(ConfigError::NotAnObject(key.to_owned())),
        }
    }

    /// An object that must be there; null is none.
    pub fn required_object(&self, key: &str) -> Result<Params, ConfigError> {
        if self.has(key) { self.object(key) } else { Err(self.missing_object(key)) }
    }

    /// An object, or text that holds one as JSON, which must be there.
    pub fn parsed_object(&self, key: &str) -> Result<Params, ConfigError> {
        let value = self.get(key).ok_or_else(|| self.missing_object(key))?;
        match parsed(value) {
            Value::Object(map) => Ok(map),
            _ => Err(ConfigError::NotAnObject(key.to_owned())),
        }
    }

    fn missing(&self, key: &str) -> ConfigError {
        if self.params.contains_key(key) {
            ConfigError::Null(key.to_owned())
        } else {
            ConfigError::Missing(key.to_owned())
        }
    }

    fn missing_object(&self, key: &str) -> ConfigError {
        if self.params.contains_key(key) {
            ConfigError::NotAnObject(key.to_owned())
        } else {
            ConfigError::Missing(key.to_owned())
        }
    }
}

/// The value itself, or what its text holds as JSON; text that is no JSON stays text.
pub fn parsed(value: &Value) -> Value {
    match value {
        Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| value.clone()),
        other => other.clone(),
    }
}

/// Reads an array, or text that holds one as JSON.
pub fn parsed_list(key: &str, value: &Value) -> Result<Vec<Value>, ConfigError> {
    match parsed(value) {
        Value::Array(list) => Ok(list),
        _ => Err(mismatch(key, "array type", value)),
    }
}

/// Reads a string; numbers and booleans are written out.
pub fn as_string(key: &str, value: &Value) -> Result<String, ConfigError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        _ => Err(mismatch(key, "string type", value)),
    }
}

/// Reads a 64-bit integer. Empty text is 0.
pub fn as_int(key: &str, value: &Value) -> Result<i64, ConfigError> {
    let expected = "integer (long) type";
    let read = match value {
        Value::Number(number) => {
            number.as_i64().or_else(|| number.as_f64().filter(|n| n.abs() < 9.2e18).map(|n| n.trunc() as i64))
        }
        Value::String(text) if text.trim().is_empty() => Some(0),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    read.ok_or_else(|| mismatch(key, expected, value))
}

/// Reads a 32-bit integer. Empty text is 0.
pub fn as_int32(key: &str, value: &Value) -> Result<i32, ConfigError> {
    as_int(key, value)
        .ok()
        .and_then(|number| i32::try_from(number).ok())
        .ok_or_else(|| mismatch(key, "integer (int) type", value))
}

/// Reads a boolean.
pub fn as_bool(key: &str, value: &Value) -> Result<bool, ConfigError> {
    let read = match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => number.as_i64().map(|n| n != 0),
        Value::String(text) => match text.trim() {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" | "" | "null" => Some(false),
            _ => None,
        },
        _ => None,
    };
    read.ok_or_else(|| mismatch(key, "'true' or 'false'", value))
}

/// A type error that quotes up to 100 characters of what was found.
pub fn mismatch(key: &str, expected: &'static str, value: &Value) -> ConfigError {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let mut json = value.to_string();
    if json.chars().count() > 100 {
        json = json.chars().take(97).chain("...".chars()).collect();
    }
    ConfigError::Type { key: key.to_owned(), expected, got: format!("{json} ({kind})") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn one(value: Value) -> Config {
        Config::new(Params::from_iter([("k".to_owned(), value)]))
    }

    #[test]
    fn strings_accept_scalars() {
        let read = |value| one(value).string("k").unwrap();
        assert_eq!(read(json!(12.5)).as_deref(), Some("12.5"));
        assert_eq!(read(json!(1000.0)).as_deref(), Some("1000.0"));
        assert_eq!(read(json!(true)).as_deref(), Some("true"));
        assert_eq!(read(json!(null)), None);
        let error = one(json!({"a": 1})).string("k").unwrap_err();
        assert_eq!(error.to_string(), "Expected string type for key 'k' but got {\"a\":1} (object)");
    }

    #[test]
    fn integers_accept_what_looks_like_one() {
        let read = |value| one(value).int("k");
        for (value, expected) in [(json!(5.9), 5), (json!(" 7 "), 7), (json!(""), 0), (json!(-3), -3)] {
            assert_eq!(read(value), Ok(Some(expected)));
        }
        for value in [json!("5.0"), json!("0x10"), json!(true), json!("99999999999999999999"), json!([])] {
            assert!(read(value).is_err());
        }
    }

    #[test]
    fn integers_of_32_bits_have_their_own_range() {
        assert_eq!(one(json!(5.9)).int32("k"), Ok(Some(5)));
        assert_eq!(one(json!(i32::MIN)).required_int32("k"), Ok(i32::MIN));
        for (value, got) in
            [(json!("x"), "\"x\" (string)"), (json!(2_147_483_648_i64), "2147483648 (number)")]
        {
            let error = one(value).int32("k").unwrap_err();
            assert_eq!(error.to_string(), format!("Expected integer (int) type for key 'k' but got {got}"));
        }
        assert_eq!(Config::default().required_int32("k"), Err(ConfigError::Missing("k".to_owned())));
    }

    #[test]
    fn booleans_accept_text_and_integers() {
        let read = |value| one(value).bool("k");
        for value in [json!(true), json!("TRUE"), json!(" true "), json!(1), json!(-1)] {
            assert_eq!(read(value), Ok(Some(true)));
        }
        for value in [json!(false), json!("False"), json!(""), json!("null"), json!(0)] {
            assert_eq!(read(value), Ok(Some(false)));
        }
        let error = read(json!("yes")).unwrap_err();
        assert_eq!(error.to_string(), "Expected 'true' or 'false' for key 'k' but got \"yes\" (string)");
        assert!(read(json!(1.5)).is_err());
        assert!(read(json!("1")).is_err());
        assert_eq!(one(json!(0)).required_bool("k"), Ok(false));
        assert_eq!(one(json!(null)).required_bool("k"), Err(ConfigError::Null("k".to_owned())));
    }

    #[test]
    fn objects_and_lists_may_be_json_text_where_it_is_parsed() {
        assert_eq!(one(json!("{\"a\":1}")).parsed_object("k").unwrap().len(), 1);
        assert_eq!(
            one(json!(5)).parsed_object("k").unwrap_err().to_string(),
            "Parameter 'k' must be an object"
        );
        assert_eq!(parsed_list("k", &json!("[1,2]")).unwrap().len(), 2);
        assert!(one(json!("[1]")).list("k").is_err());
    }

    #[test]
    fn null_is_no_object() {
        let null = one(json!(null));
        assert_eq!(null.object("k"), Ok(Params::new()));
        assert_eq!(null.required_object("k"), Err(ConfigError::NotAnObject("k".to_owned())));
        assert_eq!(null.parsed_object("k"), Err(ConfigError::NotAnObject("k".to_owned())));
        assert_eq!(null.required_object("other"), Err(ConfigError::Missing("other".to_owned())));
    }

    #[test]
    fn defaults_fill_only_what_is_missing() {
        let params = json!({"sh": {"shell": ["bash"], "k": 1}, "k": 2});
        let config = Config::new(params.as_object().unwrap().clone()).with_defaults_from("sh");
        assert_eq!(config.int("k"), Ok(Some(2)));
        assert_eq!(config.string_list("shell").unwrap().unwrap(), ["bash"]);
        assert!(config.is_used("shell") && !config.is_used("other"));
    }
}
