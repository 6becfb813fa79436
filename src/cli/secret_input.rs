//! The forms of `secrets --set`: `key=value`, `key=@file`, `key=-`, `key` alone, `@file`, `@-`.

use super::error::CliError;
use crate::model::secret::{is_valid_secret_key, is_valid_secret_value};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use std::fmt;
use std::path::Path;

/// Where secrets are read from beside the command line.
pub(crate) trait Source {
    /// Everything on standard input.
    fn input(&mut self) -> Result<String, CliError>;
    fn file(&mut self, path: &Path) -> Result<String, CliError>;
    /// Asks for a value without showing it.
    fn ask(&mut self, key: &str) -> Result<String, CliError>;
}

/// Reads what `--set` says; the secrets come in the order in which they were given.
///
/// # Errors
///
/// Usage errors for forms that are none, keys that come twice, keys and values that are not valid; and what the source
/// says.
pub(crate) fn read(texts: &[String], source: &mut dyn Source) -> Result<Vec<(String, String)>, CliError> {
    let mut secrets = Secrets::default();
    let mut input = Input { source, taken: false };
    for text in texts {
        match text.strip_prefix('@') {
            Some("-") => {
                let text = input.take("Can only read once from stdin")?;
                secrets.add_all(&text, "stdin")?;
            }
            Some(path) if !path.is_empty() && !path.starts_with('-') => {
                let text = input.source.file(Path::new(path))?;
                secrets.add_all(&text, &format!("file: {path}"))?;
            }
            Some(_) => return Err(no_form(text)),
            None => secrets.add_one(text, &mut input)?,
        }
    }
    for (key, value) in &secrets.0 {
        if !is_valid_secret_key(key) {
            return Err(CliError::usage(format!("Invalid secret key: {key}")));
        }
        if !is_valid_secret_value(value) {
            return Err(CliError::usage(format!("Invalid secret value for key: {key}")));
        }
    }
    Ok(secrets.0)
}

#[derive(Default)]
struct Secrets(Vec<(String, String)>);

impl Secrets {
    /// Takes `key=value`, `key=@file`, `key=-` or `key`.
    fn add_one(&mut self, text: &str, input: &mut Input<'_>) -> Result<(), CliError> {
        let (key, value) = text.split_once('=').map_or((text, None), |(key, value)| (key, Some(value)));
        if key.is_empty() {
            return Err(no_form(text));
        }
        if self.has(key) {
            return Err(CliError::usage(format!("Duplicate --set secret key: '{key}'")));
        }
        let value = match value {
            None if input.taken => return Err(CliError::usage("Stdin already read")),
            None => input.source.ask(key)?,
            Some("-") => input.take("Can only read once from stdin")?,
            Some("@") => return Err(no_form(text)),
            Some(value) => match value.strip_prefix('@') {
                Some(path) => input.source.file(Path::new(path))?,
                None => value.to_owned(),
            },
        };
        self.0.push((key.to_owned(), value));
        Ok(())
    }

    /// Takes a YAML or JSON map of texts.
    fn add_all(&mut self, text: &str, source: &str) -> Result<(), CliError> {
        let map: TextMap = serde_yaml::from_str(text)
            .map_err(|error| CliError::user(format!("Cannot read secrets from {source}: {error}")))?;
        for (key, value) in map.0 {
            if key.is_empty() {
                return Err(CliError::usage(format!("Invalid key/value in {source}")));
            }
            if self.has(&key) {
                return Err(CliError::usage(format!("Duplicate secret key: '{key}' in {source}")));
            }
            self.0.push((key, value));
        }
        Ok(())
    }

    fn has(&self, key: &str) -> bool {
        self.0.iter().any(|(known, _)| known == key)
    }
}

/// Standard input, which can be read once only.
struct Input<'a> {
    source: &'a mut dyn Source,
    taken: bool,
}

impl Input<'_> {
    fn take(&mut self, refusal: &str) -> Result<String, CliError> {
        if self.taken {
            return Err(CliError::usage(refusal));
        }
        self.taken = true;
        self.source.input()
    }
}

fn no_form(text: &str) -> CliError {
    CliError::usage(format!("--set takes key=value, key=@file, key=-, key, @file or @-, not '{text}'"))
}

/// A map of texts that keeps its order and keys that come twice. Numbers and truth values count as texts.
struct TextMap(Vec<(String, String)>);

#[derive(Deserialize)]
#[serde(untagged, expecting = "a secret must be a text, a number or a truth value")]
enum Scalar {
    Text(String),
    Number(serde_json::Number),
    Truth(bool),
}

impl<'de> Deserialize<'de> for TextMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = TextMap;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from secret keys to texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TextMap, A::Error> {
                let mut entries = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, Scalar>()? {
                    let value = match value {
                        Scalar::Text(text) => text,
                        Scalar::Number(number) => number.to_string(),
                        Scalar::Truth(truth) => truth.to_string(),
                    };
                    entries.push((key, value));
                }
                Ok(TextMap(entries))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fake;

    impl Source for Fake {
        fn input(&mut self) -> Result<String, CliError> {
            Ok("s: from input\n".to_owned())
        }

        fn file(&mut self, path: &Path) -> Result<String, CliError> {
            match path.to_str() {
                Some("text") => Ok(" text\n".to_owned()),
                Some("map.json") => Ok(r#"{"x.y": "1", "z": "tä"}"#.to_owned()),
                Some("map.yml") => Ok("a: b c\nn: 12\nx.y: true\n".to_owned()),
                Some("twice.yml") => Ok("a: 1\na: 2\n".to_owned()),
                Some("nested.yml") => Ok("a: {b: c}\n".to_owned()),
                _ => Err(CliError::user("no such file")),
            }
        }

        fn ask(&mut self, key: &str) -> Result<String, CliError> {
            Ok(format!("asked for {key}"))
        }
    }

    fn secrets(texts: &[&str]) -> Result<Vec<(String, String)>, CliError> {
        let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
        read(&texts, &mut Fake)
    }

    #[test]
    fn all_forms_are_taken() {
        for (texts, expected) in [
            (&["k2=v2"][..], &[("k2", "v2")][..]),
            (&["k=a,b=c"], &[("k", "a,b=c")]),
            (&["k="], &[("k", "")]),
            (&["k=-x"], &[("k", "-x")]),
            (&["k=@text"], &[("k", " text\n")]),
            (&["k=-", "l=m"], &[("k", "s: from input\n"), ("l", "m")]),
            (&["k"], &[("k", "asked for k")]),
            (&["@map.json"], &[("x.y", "1"), ("z", "tä")]),
            (&["@map.yml"], &[("a", "b c"), ("n", "12"), ("x.y", "true")]),
            (&["@-", "k=v"], &[("s", "from input"), ("k", "v")]),
        ] {
            let expected: Vec<(String, String)> =
                expected.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
            assert_eq!(secrets(texts), Ok(expected), "{texts:?}");
        }
    }

    #[test]
    fn wrong_forms_are_refused() {
        let no_form = "--set takes key=value, key=@file, key=-, key, @file or @-, not ";
        for (texts, expected) in [
            (&["bad key=x"][..], "Invalid secret key: bad key".to_owned()),
            (&["k=a", "k=b"], "Duplicate --set secret key: 'k'".to_owned()),
            (&["x.y=a", "@map.json"], "Duplicate secret key: 'x.y' in file: map.json".to_owned()),
            (&["@twice.yml"], "Duplicate secret key: 'a' in file: twice.yml".to_owned()),
            (&["s=a", "@-"], "Duplicate secret key: 's' in stdin".to_owned()),
            (&["a=-", "b=-"], "Can only read once from stdin".to_owned()),
            (&["a=-", "@-"], "Can only read once from stdin".to_owned()),
            (&["a=-", "b"], "Stdin already read".to_owned()),
            (&["=x"], format!("{no_form}'=x'")),
            (&[""], format!("{no_form}''")),
            (&["@"], format!("{no_form}'@'")),
            (&["@-x"], format!("{no_form}'@-x'")),
            (&["k=@"], format!("{no_form}'k=@'")),
        ] {
            assert_eq!(secrets(texts), Err(CliError::usage(expected)), "{texts:?}");
        }
        let long = format!("k={}", "x".repeat(16385));
        assert_eq!(secrets(&[&long]), Err(CliError::usage("Invalid secret value for key: k")));
    }

    #[test]
    fn files_hold_maps_of_texts() {
        let message = |texts: &[&str]| secrets(texts).unwrap_err().message;
        assert_eq!(message(&["@nosuch"]), "no such file");
        let nested = message(&["@nested.yml"]);
        assert!(nested.starts_with("Cannot read secrets from file: nested.yml: "), "{nested}");
        let text = message(&["@text"]);
        assert!(text.contains("a map from secret keys to texts"), "{text}");
    }
}
