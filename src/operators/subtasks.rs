//! Tasks that an operator generates from its `_do`: one copy a turn, each with parameters of its own.

use crate::model::config::as_bool;
use crate::model::{Config, ConfigError, Params, Settings, TaskResult};
use serde_json::Value;

/// How many tasks an attempt may have where the settings say nothing.
const DEFAULT_TASK_LIMIT: u64 = 1000;

/// How many tasks an operator may generate.
pub(crate) fn task_limit(settings: &Settings) -> Result<u64, ConfigError> {
    Ok(settings.number("executor.task_max_run")?.unwrap_or(DEFAULT_TASK_LIMIT))
}

/// Copies of `_do` under names of their own.
pub(crate) struct Subtasks<'a> {
    config: &'a Config,
    template: Params,
    tasks: Params,
}

impl<'a> Subtasks<'a> {
    /// Starts without any copies of the config's `_do`, which must be there.
    pub(crate) fn new(config: &'a Config) -> Result<Self, ConfigError> {
        Ok(Self { config, template: config.required_object("_do")?, tasks: Params::new() })
    }

    /// Adds a copy that exports these parameters too. They win over what `_do` itself exports.
    pub(crate) fn add(&mut self, name: String, export: Params) -> Result<(), ConfigError> {
        let mut task = self.template.clone();
        let exported = task.entry("_export").or_insert(Value::Null);
        match exported {
            Value::Null => *exported = Value::Object(export),
            Value::Object(exported) => exported.extend(export),
            _ => return Err(ConfigError::NotAnObject("_export".to_owned())),
        }
        self.tasks.insert(name, Value::Object(task));
        Ok(())
    }

    /// Ends with the task map, in parallel if the config says so.
    pub(crate) fn finish(mut self) -> Result<TaskResult, ConfigError> {
        if let Some(parallel) = parallel(self.config)? {
            self.tasks.insert("_parallel".to_owned(), parallel);
        }
        Ok(TaskResult { subtask_config: self.tasks, ..TaskResult::default() })
    }
}

/// The value of `_parallel` if it says to run tasks in parallel. Text counts because `${...}` gives text.
fn parallel(config: &Config) -> Result<Option<Value>, ConfigError> {
    let key = "_parallel";
    // Null is looked at as well: here it is a mistake, not an option left out.
    let wanted = match config.get(key).or_else(|| config.peek().get(key)) {
        None => return Ok(None),
        Some(value @ (Value::Bool(_) | Value::String(_))) => as_bool(key, value)?.then_some(value),
        Some(value @ Value::Object(parallel)) => {
            Config::new(parallel.clone()).required_int32("limit")?;
            Some(value)
        }
        Some(other) => return Err(ConfigError::Invalid(format!("Invalid _parallel format: {other}"))),
    };
    Ok(wanted.cloned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operators::control_testing::object;
    use serde_json::json;

    fn generate(config: Value) -> Result<String, String> {
        let config = Config::new(object(config));
        let generate = || {
            let mut subtasks = Subtasks::new(&config)?;
            subtasks.add("+a".to_owned(), object(json!({"i": 0})))?;
            subtasks.finish()
        };
        generate().map(|result| Value::Object(result.subtask_config).to_string()).map_err(|e| e.to_string())
    }

    #[test]
    fn exports_are_laid_over_those_of_the_template() {
        for (template, task) in [
            (json!({"echo>": 1}), r#"{"+a":{"echo>":1,"_export":{"i":0}}}"#),
            (json!({"_export": null, "echo>": 1}), r#"{"+a":{"_export":{"i":0},"echo>":1}}"#),
            (json!({"_export": {"i": {"x": 1}, "k": 2}}), r#"{"+a":{"_export":{"i":0,"k":2}}}"#),
        ] {
            assert_eq!(generate(json!({"_do": template})).unwrap(), task);
        }
        let failure = |config| generate(config).unwrap_err();
        assert_eq!(failure(json!({"_do": {"_export": 1}})), "Parameter '_export' must be an object");
        assert_eq!(failure(json!({"_do": null})), "Parameter '_do' must be an object");
        assert_eq!(failure(json!({})), "Parameter '_do' is required but not set");
    }

    #[test]
    fn parallel_is_copied_as_it_is_written() {
        for (value, copied) in [
            (json!(true), r#","_parallel":true"#),
            (json!("true"), r#","_parallel":"true""#),
            (json!({"limit": "2"}), r#","_parallel":{"limit":"2"}"#),
            (json!(false), ""),
            (json!("False"), ""),
            (json!(""), ""),
        ] {
            let expected = format!(r#"{{"+a":{{"_export":{{"i":0}}}}{copied}}}"#);
            assert_eq!(generate(json!({"_do": {}, "_parallel": value})).unwrap(), expected);
        }
    }

    #[test]
    fn other_forms_of_parallel_are_refused() {
        for (value, message) in [
            (json!("tru"), "Expected 'true' or 'false' for key '_parallel' but got \"tru\" (string)"),
            (json!({}), "Parameter 'limit' is required but not set"),
            (json!({"limit": "x"}), "Expected integer (int) type for key 'limit' but got \"x\" (string)"),
            (json!(5), "Invalid _parallel format: 5"),
            (json!([true]), "Invalid _parallel format: [true]"),
            (json!(null), "Invalid _parallel format: null"),
        ] {
            assert_eq!(generate(json!({"_do": {}, "_parallel": value})).unwrap_err(), message);
        }
    }

    #[test]
    fn the_limit_comes_from_the_settings() {
        let mut settings = Settings::default();
        assert_eq!(task_limit(&settings), Ok(1000));
        settings.set("executor.task_max_run", "20");
        assert_eq!(task_limit(&settings), Ok(20));
        settings.set("executor.task_max_run", "lots");
        assert!(task_limit(&settings).unwrap_err().to_string().contains("executor.task_max_run"));
    }
}
