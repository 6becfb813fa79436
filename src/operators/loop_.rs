//! `loop>`: runs the tasks of `_do` a number of times, with the turn in `i`.

use super::subtasks::{Subtasks, task_limit};
use crate::model::{Params, TaskResult};
use crate::operators::context::{Context, OperatorError};

pub(crate) fn run(ctx: &Context<'_>) -> Result<TaskResult, OperatorError> {
    let mut subtasks = Subtasks::new(ctx.config)?;
    // The command must be a number even where `count` replaces it.
    let command = ctx.config.required_int32("_command")?;
    let count = ctx.config.int32("count")?.unwrap_or(command);
    let limit = task_limit(ctx.host.settings())?;
    if u64::try_from(count).is_ok_and(|count| count > limit) {
        return Err(OperatorError::config(format!("Too many loop subtasks. Limit: {limit}")));
    }
    for turn in 0..count {
        subtasks.add(format!("+loop-{turn}"), Params::from_iter([("i".to_owned(), turn.into())]))?;
    }
    Ok(subtasks.finish()?)
}

#[cfg(test)]
mod tests {
    use crate::operators::control_testing::Fixture;
    use serde_json::{Value, json};

    fn task(command: Value) -> Fixture {
        Fixture::new(json!({"_command": command, "_do": {"echo>": "${i}"}}))
    }

    #[test]
    fn every_turn_is_a_task() {
        assert_eq!(
            task(json!("2")).subtasks("loop"),
            r#"{"+loop-0":{"echo>":"${i}","_export":{"i":0}},"+loop-1":{"echo>":"${i}","_export":{"i":1}}}"#
        );
        for command in [json!(0), json!(-1), json!("")] {
            assert_eq!(task(command).subtasks("loop"), "{}");
        }
    }

    #[test]
    fn count_wins_over_the_command() {
        let config = |command: &str| json!({"_command": command, "count": 1, "_do": {}, "_parallel": true});
        assert_eq!(
            Fixture::new(config("5")).subtasks("loop"),
            r#"{"+loop-0":{"_export":{"i":0}},"_parallel":true}"#
        );
        assert_eq!(
            Fixture::new(config("x")).failure("loop"),
            "Expected integer (int) type for key '_command' but got \"x\" (string) (config)"
        );
    }

    #[test]
    fn options_are_checked() {
        for (config, message) in [
            (json!({"_command": 2}), "Parameter '_do' is required but not set (config)"),
            (json!({"_do": {}}), "Parameter '_command' is required but not set (config)"),
            (json!({"_command": 1, "_do": 1}), "Parameter '_do' must be an object (config)"),
            (json!({"_command": 1001, "_do": {}}), "Too many loop subtasks. Limit: 1000 (config)"),
            (json!({"_command": 1, "_do": {}, "_parallel": 5}), "Invalid _parallel format: 5 (config)"),
        ] {
            assert_eq!(Fixture::new(config).failure("loop"), message);
        }
        assert_eq!(task(json!(1000)).run("loop").unwrap().subtask_config.len(), 1000);
    }

    #[test]
    fn the_limit_is_a_setting() {
        let task = task(json!(3)).setting("executor.task_max_run", "2");
        assert_eq!(task.failure("loop"), "Too many loop subtasks. Limit: 2 (config)");
    }
}
