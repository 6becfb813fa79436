//! `embulk>`: runs Embulk with a configuration from a file or from the workflow.

use super::process::Command;
use super::temp_dir::TaskDir;
use super::{Context, OperatorError, container, env};
use crate::model::{Config, TaskResult};
use serde_json::Value;
use std::fs;

pub(crate) fn run(ctx: &Context<'_>) -> Result<TaskResult, OperatorError> {
    let config = ctx.config.clone().with_defaults_from("embulk");
    let from_file = ctx.config.has("_command");
    // The copy with the defaults does not tell which of the task's own options were read.
    ctx.config.get("config");
    let source = if from_file {
        from_yaml_file(ctx, &config)?
    } else {
        Value::Object(config.required_object("config")?)
    };

    let dir = ctx.workdir()?;
    let task_dir = TaskDir::create(ctx, "embulk")?;
    // JSON is YAML too.
    let file = task_dir.write(&dir, "load.yml", source.to_string())?;
    let argv = vec!["embulk".to_owned(), "run".to_owned(), file];
    match container::run(ctx, &task_dir, Command { argv, dir: &dir, env: env::from_task(ctx)? })? {
        0 => Ok(TaskResult::default()),
        code => Err(OperatorError::runtime(format!("Command failed with code {code}"))),
    }
}

/// Reads the file, evaluates its `${...}`, and fills its secrets. The `config` option has its `${...}` evaluated
/// already, and, as in Digdag, no secrets.
fn from_yaml_file(ctx: &Context<'_>, config: &Config) -> Result<Value, OperatorError> {
    let name = config.required_string("_command")?;
    let path = ctx.file(&name)?;
    let text = fs::read_to_string(&path).map_err(|error| {
        OperatorError::runtime(format!("Cannot read embulk's configuration {}: {error}", path.display()))
    })?;
    let text = ctx.host.template(&text, config.peek())?;
    let wrong = |reason: String| OperatorError::config(format!("Failed to parse yaml file {name}: {reason}"));
    let value: Value = serde_yaml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    if !value.is_object() {
        return Err(wrong(format!("Expected object to load Config but got {value}")));
    }
    ctx.fill_secrets_in(&value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operators::testing::Task;
    use serde_json::json;

    /// Not on PATH, so the tests run it through the `docker` option: `client run ... image embulk run FILE`.
    const CLIENT: &str = "#!/bin/sh\nwhile [ \"$1\" != embulk ]; do shift; done\n\
        echo \"$1 $2 ${3##*/}\"; cat \"$3\"; echo; [ ! -e fail ]\n";

    fn task(params: Value) -> Task {
        let mut params = params;
        params["docker"] = json!({"image": "embulk-image", "docker": "./client"});
        Task::new(params).program("client", CLIENT)
    }

    #[test]
    fn a_file_is_evaluated_and_filled() {
        let task = task(json!({"_command": "load.yml", "n": 5}))
            .file("load.yml", "in:\n  type: file\n  v: ${n}\n  yes: yes\n  p: \"${secret:k}\"\n")
            .secret("k", "s3");
        assert_eq!(task.with(run).unwrap(), TaskResult::default());
        assert_eq!(
            task.output(),
            "embulk run load.yml\n{\"in\":{\"type\":\"file\",\"v\":5,\"yes\":\"yes\",\"p\":\"s3\"}}\n"
        );
        assert_eq!(task.files(), ["client", "load.yml"]);
    }

    #[test]
    fn the_configuration_may_be_in_the_workflow() {
        let task = task(json!({"embulk": {"config": {"in": {"p": "${secret:k}"}}}})).file("fail", "");
        assert_eq!(task.with(run).unwrap_err().to_string(), "Command failed with code 1 (runtime)");
        assert_eq!(task.output(), "embulk run load.yml\n{\"in\":{\"p\":\"${secret:k}\"}}\n");
    }

    #[test]
    fn wrong_configurations_are_refused() {
        let cases = [
            (json!({}), "Parameter 'config' is required but not set (config)"),
            (
                json!({"_command": {"in": 1}}),
                "Expected string type for key '_command' but got {\"in\":1} (object) (config)",
            ),
            (
                json!({"_command": "list.yml"}),
                "Failed to parse yaml file list.yml: Expected object to load Config but got [1,2] (config)",
            ),
        ];
        for (params, expected) in cases {
            let task = task(params).file("list.yml", "[1, 2]");
            assert_eq!(task.with(run).unwrap_err().to_string(), expected);
        }
        let missing = task(json!({"_command": "no.yml"})).with(run).unwrap_err().to_string();
        assert!(missing.contains("/no.yml: No such file or directory"), "{missing}");
    }
}
