//! Parameters from outside the workflow, lowest first: `params.*` of the configuration, the file of `-P`, `-p`.

use super::Context;
use super::error::CliError;
use crate::actions::project::load_params_file;
use crate::model::params::set_path;
use crate::model::{Params, Settings, merge};
use clap::Args;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// `-p` and `-P`.
#[derive(Debug, Clone, Default, Args)]
pub struct ParamArgs {
    /// Set a parameter, always a text; dots in the key make nested maps, commas separate several parameters
    #[arg(short = 'p', long = "param", value_name = "KEY=VALUE", value_parser = key_value_list("-p"))]
    #[arg(allow_hyphen_values = true)]
    pub param: Vec<String>,

    /// Read parameters from a YAML or JSON file; -p wins over it
    #[arg(short = 'P', long = "params-file", value_name = "PATH.yml")]
    pub params_file: Option<PathBuf>,
}

impl ParamArgs {
    /// The parameters of all sources.
    ///
    /// # Errors
    ///
    /// The file cannot be read or is wrong, or two keys contradict each other (`a=1` and `a.b=2`).
    pub fn load(&self, context: &Context) -> Result<Params, CliError> {
        self.resolve(&context.settings, |path| {
            load_params_file(&context.dir.join(path))
                .map_err(|error| CliError::user(format!("{}: {error}", path.display())))
        })
    }

    /// The parameters of all sources. `parse_file` reads the file of `-P`.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or two keys contradict each other (`a=1` and `a.b=2`).
    fn resolve(
        &self,
        settings: &Settings,
        parse_file: impl FnOnce(&Path) -> Result<Params, CliError>,
    ) -> Result<Params, CliError> {
        let mut params = Params::new();
        for (key, value) in settings.below("params.") {
            set(&mut params, key, value)?;
        }
        if let Some(path) = &self.params_file {
            merge(&mut params, &parse_file(path)?);
        }
        for (key, value) in pairs(&self.param) {
            set(&mut params, &key, &value)?;
        }
        Ok(params)
    }
}

fn set(params: &mut Params, key: &str, value: &str) -> Result<(), CliError> {
    set_path(params, key, Value::String(value.to_owned())).map_err(|error| CliError::user(error.to_string()))
}

/// Splits every text at its commas; a part without `=` goes back to the value before it.
pub(crate) fn pairs(texts: &[String]) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for part in texts.iter().flat_map(|text| text.split(',')) {
        match (part.split_once('='), pairs.last_mut()) {
            (Some((key, value)), _) => pairs.push((key.to_owned(), value.to_owned())),
            (None, Some((_, value))) => {
                value.push(',');
                value.push_str(part);
            }
            // Every text holds a `=`, so this is the blank beginning of `,a=b`.
            (None, None) => {}
        }
    }
    pairs
}

/// Takes texts that hold a `=`; `option` is its name in the message.
pub(crate) fn key_value_list(
    option: &'static str,
) -> impl Fn(&str) -> Result<String, String> + Clone + Send + Sync {
    move |text| {
        if text.contains('=') {
            Ok(text.to_owned())
        } else {
            Err(format!("Parameter {option} expected a value of the form a=b but got:{text}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn resolved(texts: &[&str], file: Value, settings: &[(&str, &str)]) -> Result<Value, String> {
        let args = ParamArgs {
            param: texts.iter().map(|&text| text.to_owned()).collect(),
            params_file: (!file.is_null()).then(|| PathBuf::from("p.yml")),
        };
        let mut known = Settings::default();
        settings.iter().for_each(|(key, value)| known.set(*key, *value));
        let parse = |path: &Path| {
            assert_eq!(path, Path::new("p.yml"));
            Ok(file.as_object().cloned().unwrap_or_default())
        };
        args.resolve(&known, parse).map(Value::Object).map_err(|error| error.message)
    }

    #[test]
    fn values_are_texts_and_dots_nest() {
        for (texts, expected) in [
            (&["a=1"][..], json!({"a": "1"})),
            (&["a.b=1", "a.c="], json!({"a": {"b": "1", "c": ""}})),
            (&["a=1,b=2"], json!({"a": "1", "b": "2"})),
            (&["b.c=x,y"], json!({"b": {"c": "x,y"}})),
            (&["k=1,2,,m=x=y"], json!({"k": "1,2,", "m": "x=y"})),
            (&["a=1", "a=2"], json!({"a": "2"})),
            (&[",a=1"], json!({"a": "1"})),
        ] {
            assert_eq!(resolved(texts, Value::Null, &[]), Ok(expected), "{texts:?}");
        }
    }

    #[test]
    fn sources_are_laid_over_each_other() {
        let settings =
            [("params.a", "conf"), ("params.n.x", "conf"), ("params.n.y", "conf"), ("other", "no")];
        assert_eq!(
            resolved(&["n.y=arg"], json!({"a": [1], "n": {"y": 2, "z": 3}}), &settings),
            Ok(json!({"a": [1], "n": {"x": "conf", "y": "arg", "z": 3}}))
        );
    }

    #[test]
    fn contradictions_are_errors() {
        assert_eq!(
            resolved(&["a.b=2"], json!({"a": 1}), &[]),
            Err("Parameter 'a.b' is set but 'a' is not a object (1)".to_owned())
        );
        assert_eq!(
            key_value_list("-p")("a"),
            Err("Parameter -p expected a value of the form a=b but got:a".to_owned())
        );
    }
}
