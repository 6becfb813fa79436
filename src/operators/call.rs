//! `call>`: runs the tasks of another workflow file in place of this task.
//!
//! The file's `timezone` and `schedule` mean nothing here, and the task's own parameters do not reach it.

use super::{Context, OperatorError};
use crate::dig::{DigError, IncludePath, load_called};
use crate::model::TaskResult;
use crate::project_files::read_include;
use std::fs;
use std::io;

const SUFFIX: &str = ".dig";

pub(crate) fn run(ctx: &Context<'_>) -> Result<TaskResult, OperatorError> {
    let mut name = ctx.config.required_string("_command")?;
    if !name.ends_with(SUFFIX) {
        name.push_str(SUFFIX);
    }
    let path = ctx.file(&name)?;
    let bytes = fs::read(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => OperatorError::config(format!("File not found: {}", path.display())),
        _ => OperatorError::config(format!("Cannot read {}: {error}", path.display())),
    })?;
    let below = path.strip_prefix(ctx.project_dir).unwrap_or(&path);
    let label = below.display().to_string();
    let workflow = label.strip_suffix(SUFFIX).unwrap_or(&label);
    let workdir = below.parent().map(|dir| dir.display().to_string()).filter(|dir| !dir.is_empty());
    let dir = path.parent().unwrap_or(ctx.project_dir);
    let include = |include: &IncludePath| read_include(dir, include);
    let definition = load_called(&ctx.task.full_name, workflow, &label, bytes, &include, workdir.as_deref())
        .map_err(|errors| {
            let lines: Vec<String> = errors.iter().map(DigError::one_line).collect();
            OperatorError::config(lines.join("\n"))
        })?;
    Ok(TaskResult { subtask_config: definition.config, ..TaskResult::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operators::testing::Task;
    use serde_json::{Value, json};

    fn called(task: &Task) -> Result<String, String> {
        let shown = |result: TaskResult| Value::Object(result.subtask_config).to_string();
        task.with(run).map(shown).map_err(|error| error.to_string())
    }

    #[test]
    fn the_tasks_of_the_file_become_subtasks() {
        let task = Task::new(json!({"_command": "child"}))
            .file("child.dig", "timezone: Asia/Tokyo\n_export: {x: 1}\n+a: {echo>: hi}\n");
        assert_eq!(called(&task).unwrap(), r#"{"_export":{"x":1},"+a":{"echo>":"hi"}}"#);
    }

    #[test]
    fn files_in_directories_work_there() {
        let task = Task::new(json!({"_command": "sub/child.dig"}))
            .file("sub/child.dig", "!include : 'more.dig'\n")
            .file("sub/more.dig", "+a: {sh>: pwd}\n");
        assert_eq!(called(&task).unwrap(), r#"{"_export":{"_workdir":"sub"},"+a":{"sh>":"pwd"}}"#);
    }

    #[test]
    fn files_must_be_there_inside_the_project_and_right() {
        let task = Task::new(json!({"_command": "nosuch"}));
        let missing = format!("File not found: {} (config)", task.dir().join("nosuch.dig").display());
        assert_eq!(called(&task), Err(missing));
        let outside = called(&Task::new(json!({"_command": "../x"}))).unwrap_err();
        assert!(outside.starts_with("File name must not be outside of project path"), "{outside}");
        let wrong = Task::new(json!({"_command": "child"})).file("child.dig", "foo: 1\n");
        assert_eq!(
            called(&wrong),
            Err("child.dig:1:1: Workflow 'child' includes unknown keys: [foo] (config)".to_owned())
        );
    }
}
