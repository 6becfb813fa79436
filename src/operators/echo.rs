//! `echo>`: prints its command.

use crate::model::TaskResult;
use crate::operators::context::{Context, OperatorError};

pub(crate) fn run(ctx: &Context<'_>) -> Result<TaskResult, OperatorError> {
    let mut message = ctx.config.required_string("_command")?;
    message.push('\n');
    ctx.host.output(message.as_bytes());
    Ok(TaskResult::default())
}

#[cfg(test)]
mod tests {
    use crate::operators::control_testing::Fixture;
    use serde_json::json;

    #[test]
    fn scalars_are_printed_with_a_newline() {
        for (command, printed) in [
            (json!("hello"), "hello\n"),
            (json!("  sp  "), "  sp  \n"),
            (json!("multi\nline\n"), "multi\nline\n\n"),
            (json!(""), "\n"),
            (json!(5), "5\n"),
            (json!(1.5), "1.5\n"),
            (json!(true), "true\n"),
        ] {
            let task = Fixture::new(json!({"_command": command}));
            task.run("echo").unwrap();
            assert_eq!(String::from_utf8_lossy(&task.host.output.lock().unwrap()), printed);
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let failure = |config| Fixture::new(config).failure("echo");
        assert_eq!(failure(json!({})), "Parameter '_command' is required but not set (config)");
        assert_eq!(
            failure(json!({"_command": [1, 2]})),
            "Expected string type for key '_command' but got [1,2] (array) (config)"
        );
        assert_eq!(
            failure(json!({"_command": {"a": 1}})),
            "Expected string type for key '_command' but got {\"a\":1} (object) (config)"
        );
    }
}
