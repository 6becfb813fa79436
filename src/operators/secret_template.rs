//! `${secret:key}` in texts: what it takes to find, check and fill it.
//!
//! Only operators that opt in do this; `${...}` without a colon was evaluated before the operator ran.

use super::{Context, OperatorError};
use serde_json::Value;

/// A text with places for secrets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SecretTemplate<'a> {
    parts: Vec<Part<'a>>,
}

#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    Text(&'a str),
    Secret { key: &'a str },
}

impl<'a> SecretTemplate<'a> {
    /// # Errors
    ///
    /// `Invalid parametrization: '${other:x}'`: a `${...:...}` that is not for a secret. As in Digdag it reaches from any `${` to the
    /// next colon and from there to the next brace, over whatever lies between.
    pub(crate) fn parse(text: &'a str) -> Result<Self, OperatorError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(place) = find_place(rest) {
            if trim(place.command) != "secret" {
                return Err(OperatorError::config(format!("Invalid parametrization: '{}'", place.whole)));
            }
            parts.push(Part::Text(place.before));
            parts.push(Part::Secret { key: trim(place.key) });
            rest = place.after;
        }
        parts.push(Part::Text(rest));
        Ok(Self { parts })
    }

    pub(crate) fn has_secrets(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Secret { .. }))
    }

    /// Puts in the secrets that `secret` finds by their keys.
    pub(crate) fn fill(
        &self,
        secret: impl Fn(&str) -> Result<String, OperatorError>,
    ) -> Result<String, OperatorError> {
        let mut filled = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Secret { key } => filled.push_str(&secret(key)?),
            }
        }
        Ok(filled)
    }
}

impl Context<'_> {
    /// Fills the secrets in a text.
    pub(crate) fn fill_secrets(&self, text: &str) -> Result<String, OperatorError> {
        SecretTemplate::parse(text)?.fill(|key| self.secret(key))
    }

    /// Fills the secrets in all texts of a value, those of keys included.
    pub(crate) fn fill_secrets_in(&self, value: &Value) -> Result<Value, OperatorError> {
        Ok(match value {
            Value::String(text) => Value::String(self.fill_secrets(text)?),
            Value::Array(list) => {
                Value::Array(list.iter().map(|item| self.fill_secrets_in(item)).collect::<Result<_, _>>()?)
            }
            Value::Object(map) => {
                let fill = |(key, item): (&String, &Value)| {
                    Ok::<_, OperatorError>((self.fill_secrets(key)?, self.fill_secrets_in(item)?))
                };
                Value::Object(map.iter().map(fill).collect::<Result<_, _>>()?)
            }
            other => other.clone(),
        })
    }
}

struct Place<'a> {
    before: &'a str,
    whole: &'a str,
    command: &'a str,
    key: &'a str,
    after: &'a str,
}

/// The first `${command:key}`; the key is not empty.
fn find_place(text: &str) -> Option<Place<'_>> {
    let begin = text.find("${")?;
    let colon = begin + 2 + text[begin + 2..].find(':')?;
    let first_of_key = text[colon + 1..].chars().next()?.len_utf8();
    let brace = colon + 1 + first_of_key + text[colon + 1 + first_of_key..].find('}')?;
    Some(Place {
        before: &text[..begin],
        whole: &text[begin..=brace],
        command: &text[begin + 2..colon],
        key: &text[colon + 1..brace],
        after: &text[brace + 1..],
    })
}

/// Blanks and control characters are cut off, other spaces of Unicode are not.
fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c <= ' ')
}

#[cfg(test)]
mod tests {
    use crate::operators::testing::Task;
    use serde_json::json;

    #[test]
    fn templates_are_filled_or_refused() {
        let task = Task::new(json!({})).secret("foo", "value").secret("foo.bar", "$1}").secret("x", "");
        let cases = [
            ("${secret:foo}", Ok("value")),
            ("a ${ secret : foo.bar } b", Ok("a $1} b")),
            ("${secret:foo}${secret:x}${\nsecret\n:\tfoo\n}", Ok("valuevalue")),
            ("${secret:}", Ok("${secret:}")),
            ("${x}", Ok("${x}")),
            ("{a:b}", Ok("{a:b}")),
            ("ä:ö } ${", Ok("ä:ö } ${")),
            ("", Ok("")),
            ("${other:x}", Err("Invalid parametrization: '${other:x}' (config)")),
            ("${ a:b}", Err("Invalid parametrization: '${ a:b}' (config)")),
            ("${a ? b : c}", Err("Invalid parametrization: '${a ? b : c}' (config)")),
            ("${v:-def}", Err("Invalid parametrization: '${v:-def}' (config)")),
            ("${x} b\n:c} d", Err("Invalid parametrization: '${x} b\n:c}' (config)")),
            ("${Secret:foo}", Err("Invalid parametrization: '${Secret:foo}' (config)")),
            ("${secret:nope}", Err("Secret not found for key: 'nope' (secret not found)")),
            ("${secret:nope} ${a:b}", Err("Invalid parametrization: '${a:b}' (config)")),
            ("${secret:} }", Err("Secret not found for key: '}' (secret not found)")),
        ];
        task.with(|ctx| {
            for (text, expected) in cases {
                let filled = ctx.fill_secrets(text).map_err(|error| error.to_string());
                assert_eq!(filled.as_deref().map_err(String::as_str), expected, "{text}");
            }
        });
    }

    #[test]
    fn values_are_filled_at_any_depth() {
        let task = Task::new(json!({})).secret("k", "v");
        let value = json!({"a${secret:k}": ["${secret:k}", 1, {"b": "x${secret:k}"}], "c": null});
        let filled = task.with(|ctx| ctx.fill_secrets_in(&value)).unwrap();
        assert_eq!(filled.to_string(), r#"{"av":["v",1,{"b":"xv"}],"c":null}"#);
    }
}
