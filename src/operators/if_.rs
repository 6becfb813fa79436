//! `if>`: runs the tasks of `_do` or those of `_else_do`.

use crate::model::TaskResult;
use crate::operators::context::{Context, OperatorError};

pub(crate) fn run(ctx: &Context<'_>) -> Result<TaskResult, OperatorError> {
    let then = ctx.config.object("_do")?;
    let otherwise = ctx.config.object("_else_do")?;
    let condition = ctx.config.required_bool("_command")?;
    if then.is_empty() && otherwise.is_empty() {
        return Err(OperatorError::config("Both _do and _else_do are not specified."));
    }
    let subtask_config = if condition { then } else { otherwise };
    Ok(TaskResult { subtask_config, ..TaskResult::default() })
}

#[cfg(test)]
mod tests {
    use crate::operators::control_testing::Fixture;
    use serde_json::{Value, json};

    const YES: &str = r#"{"echo>":"yes"}"#;
    const NO: &str = r#"{"echo>":"no"}"#;

    fn task(command: Value) -> Fixture {
        Fixture::new(json!({
            "_command": command,
            "_parallel": true,
            "_do": {"echo>": "yes"},
            "_else_do": {"echo>": "no"},
        }))
    }

    #[test]
    fn the_condition_chooses_the_tasks() {
        for (command, tasks) in [
            (json!(true), YES),
            (json!("true"), YES),
            (json!("TRUE"), YES),
            (json!(1), YES),
            (json!(false), NO),
            (json!("False"), NO),
            (json!(""), NO),
            (json!(0), NO),
        ] {
            assert_eq!(task(command.clone()).subtasks("if"), tasks, "{command}");
        }
    }

    #[test]
    fn a_branch_that_is_not_there_does_nothing() {
        let run = |config| Fixture::new(config).subtasks("if");
        assert_eq!(run(json!({"_command": false, "_do": {"echo>": "yes"}})), "{}");
        assert_eq!(run(json!({"_command": true, "_do": null, "_else_do": {"echo>": "no"}})), "{}");
    }

    #[test]
    fn other_conditions_are_refused() {
        for (command, got) in [(json!("yes"), "\"yes\" (string)"), (json!([]), "[] (array)")] {
            let message = format!("Expected 'true' or 'false' for key '_command' but got {got} (config)");
            assert_eq!(task(command).failure("if"), message);
        }
        let failure = |config| Fixture::new(config).failure("if");
        assert_eq!(failure(json!({})), "Parameter '_command' is required but not set (config)");
        assert_eq!(failure(json!({"_command": true})), "Both _do and _else_do are not specified. (config)");
        assert_eq!(
            failure(json!({"_command": false, "_do": {}, "_else_do": {}})),
            "Both _do and _else_do are not specified. (config)"
        );
        assert_eq!(
            failure(json!({"_command": false, "_do": "x"})),
            "Parameter '_do' must be an object (config)"
        );
        assert_eq!(
            failure(json!({"_command": true, "_do": {"echo>": 1}, "_else_do": [1]})),
            "Parameter '_else_do' must be an object (config)"
        );
    }
}
