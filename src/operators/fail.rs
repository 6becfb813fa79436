//! `fail>`: fails with its command as the message.

use crate::model::TaskResult;
use crate::operators::context::{Context, OperatorError};

pub(crate) fn run(ctx: &Context<'_>) -> Result<TaskResult, OperatorError> {
    let message = ctx.config.string("_command")?.unwrap_or_default();
    Err(OperatorError::failed(message))
}

#[cfg(test)]
mod tests {
    use crate::operators::control_testing::Fixture;
    use serde_json::json;

    #[test]
    fn the_command_is_the_message() {
        for (config, message) in [
            (json!({"_command": "stock is empty"}), "stock is empty"),
            (json!({"_command": 5}), "5"),
            (json!({"_command": ""}), ""),
            (json!({}), ""),
            (json!({"_command": []}), "Expected string type for key '_command' but got [] (array) (config)"),
        ] {
            assert_eq!(Fixture::new(config).failure("fail"), message);
        }
    }
}
