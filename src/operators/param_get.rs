//! `param_get>`: reads parameters that `param_set>` stored into parameters of the tasks that come after.

use super::param_server;
use crate::model::TaskResult;
use crate::model::config::as_string;
use crate::operators::context::{Context, OperatorError};

/// Every key of the task names a stored parameter, its value the parameter to put it into; what is missing becomes "".
pub(crate) fn run(ctx: &Context<'_>) -> Result<TaskResult, OperatorError> {
    param_server::check(ctx.host.settings())?;
    ctx.config.params(); // every key is an option, so none is unused
    if ctx.local.is_empty() {
        return Err(OperatorError::config("no key is set."));
    }
    let (mut keys, mut destinations) = (Vec::new(), Vec::new());
    for (key, value) in ctx.local.iter().filter(|(_, value)| !value.is_null()) {
        keys.push(key.clone());
        destinations.push(as_string(key, value)?);
    }
    let values = ctx.host.stored_params(&keys)?.into_iter().map(|value| value.unwrap_or_default().into());
    let store_params = destinations.into_iter().zip(values).collect();
    Ok(TaskResult { store_params, ..TaskResult::default() })
}

#[cfg(test)]
mod tests {
    use crate::operators::control_testing::{Fixture, at};
    use serde_json::{Value, json};

    #[test]
    fn stored_values_go_where_the_keys_say() {
        let task = Fixture::local(json!({"param_get>": null, "k2": "got2", "nokey": "got3", "k1": "a.b"}));
        let stored =
            [("k1", "v1"), ("k2", "v2")].map(|(key, value)| (key.to_owned(), (value.to_owned(), at(0))));
        task.host.stored.lock().unwrap().extend(stored);
        let result = task.run("param_get").unwrap();
        assert_eq!(Value::Object(result.store_params).to_string(), r#"{"got2":"v2","got3":"","a.b":"v1"}"#);
        assert!(task.config.is_used("nokey"));
    }

    #[test]
    fn options_are_checked() {
        assert_eq!(Fixture::local(json!({})).failure("param_get"), "no key is set. (config)");
        assert_eq!(
            Fixture::local(json!({"k": {}})).failure("param_get"),
            "Expected string type for key 'k' but got {} (object) (config)"
        );
        let elsewhere = Fixture::local(json!({"k": "d"})).setting("param_server.type", "postgresql");
        assert!(
            elsewhere.failure("param_get").starts_with("param_server.type: 'postgresql' is not supported.")
        );
    }
}
