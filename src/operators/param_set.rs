//! `param_set>`: stores the task's own keys for `param_get>` of any project.

use super::param_server;
use crate::model::TaskResult;
use crate::model::config::as_string;
use crate::operators::context::{Context, OperatorError};
use chrono::TimeDelta;

/// How long parameters are kept.
const TTL: TimeDelta = TimeDelta::days(90);

/// Stores every key that is not null, as Digdag does: options of tasks such as `_retry` are keys as well.
pub(crate) fn run(ctx: &Context<'_>) -> Result<TaskResult, OperatorError> {
    param_server::check(ctx.host.settings())?;
    ctx.config.params(); // every key is an option, so none is unused
    if ctx.local.is_empty() {
        return Err(OperatorError::config("no key is set."));
    }
    let mut params = Vec::new();
    for (key, value) in ctx.local.iter().filter(|(_, value)| !value.is_null()) {
        params.push((key.clone(), as_string(key, value)?));
    }
    ctx.host.store_params(&params, ctx.now + TTL)?;
    Ok(TaskResult::default())
}

#[cfg(test)]
mod tests {
    use crate::model::{Config, Params, TaskResult};
    use crate::operators::control_testing::{Fixture, at, object};
    use serde_json::json;

    #[test]
    fn keys_are_stored_as_text_for_90_days() {
        let mut task =
            Fixture::local(json!({"param_set>": null, "k1": "v1", "k2": 2, "k3": true, "_retry": 3}));
        task.config = Config::new(object(json!({"inherited": 1, "k1": "v1"})));
        assert_eq!(task.run("param_set").unwrap(), TaskResult::default());
        let end = at(90 * 24 * 3600 * 1000);
        let stored = task.host.stored.lock().unwrap();
        let stored: Vec<_> =
            stored.iter().map(|(key, (value, until))| (key.as_str(), value.as_str(), *until)).collect();
        assert_eq!(stored, [("_retry", "3", end), ("k1", "v1", end), ("k2", "2", end), ("k3", "true", end)]);
        assert!(task.config.is_used("k1"));
    }

    #[test]
    fn nothing_is_stored_unless_all_of_it_can_be() {
        let task = Fixture::local(json!({"k1": "v1", "k2": [1]}));
        assert_eq!(
            task.failure("param_set"),
            "Expected string type for key 'k2' but got [1] (array) (config)"
        );
        assert!(task.host.stored.lock().unwrap().is_empty());
        let empty = Fixture { local: Params::new(), ..Fixture::new(json!({"inherited": 1})) };
        assert_eq!(empty.failure("param_set"), "no key is set. (config)");
    }

    #[test]
    fn other_servers_are_refused() {
        let task = |server| Fixture::local(json!({"k": "v"})).setting("param_server.type", server);
        assert_eq!(
            task("redis").failure("param_set"),
            "param_server.type: 'redis' is not supported. This version stores parameters in its own file; \
             remove the key or set it to 'sqlite'. (config)"
        );
        assert!(task("sqlite").run("param_set").is_ok());
    }
}
