//! The environment variables that a task gives to its command, beside those of the program itself.

use super::secret_template::SecretTemplate;
use super::secrets::secret_not_found;
use super::{Context, OperatorError};
use crate::model::config::as_string;
use crate::model::{Config, ConfigError};
use serde_json::Value;

/// An environment variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) value: String,
    /// Whether a secret is in the value, so that it must not be seen on a command line.
    pub(crate) secret: bool,
}

/// A variable for every parameter whose name can be one: texts as they are, everything else as JSON.
pub(crate) fn from_params(config: &Config) -> Vec<Variable> {
    let named = config.params().iter().filter(|(name, _)| is_name(name) && *name != "_secrets");
    named
        .map(|(name, value)| {
            let value = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            Variable { name: name.clone(), value, secret: false }
        })
        .collect()
}

/// The variables of the task's own `_env`, with their secrets. `_secrets` has no say here.
pub(crate) fn from_task(ctx: &Context<'_>) -> Result<Vec<Variable>, OperatorError> {
    let texts = match ctx.local.get("_env") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(map)) => map
            .iter()
            .map(|(name, value)| match value {
                Value::Null => Err(ConfigError::Null(name.clone())),
                value => Ok((name, as_string(name, value)?)),
            })
            .collect::<Result<Vec<_>, _>>()?,
        Some(_) => return Err(ConfigError::NotAnObject("_env".to_owned()).into()),
    };
    let variable = |(name, text): (&String, String)| {
        if !is_name(name) {
            return Err(OperatorError::config(format!("Invalid _env key name: {name}")));
        }
        let template = SecretTemplate::parse(&text)?;
        let value = template.fill(|key| ctx.host.secret(key).ok_or_else(|| secret_not_found(key)))?;
        Ok(Variable { name: name.clone(), value, secret: template.has_secrets() })
    };
    texts.into_iter().map(variable).collect()
}

/// Both, those of `_env` over those of the parameters.
pub(crate) fn from_params_and_task(
    ctx: &Context<'_>,
    config: &Config,
) -> Result<Vec<Variable>, OperatorError> {
    let upper = from_task(ctx)?;
    let mut variables = from_params(config);
    variables.retain(|below| upper.iter().all(|above| above.name != below.name));
    variables.extend(upper);
    Ok(variables)
}

fn is_name(name: &str) -> bool {
    let first = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    name.as_bytes().first().is_some_and(first)
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operators::testing::Task;
    use serde_json::json;

    fn shown(variables: &[Variable]) -> Vec<String> {
        let line =
            |v: &Variable| format!("{}={}{}", v.name, v.value, if v.secret { " (secret)" } else { "" });
        variables.iter().map(line).collect()
    }

    #[test]
    fn parameters_become_variables_by_their_names() {
        let params = json!({
            "s": "text", "m": {"a": 1, "b": [2]}, "arr": [1, "x"], "t": true, "n": 1.50, "null": null, "empty": "",
            "_type": "sh", "sh>": "x", "a-b": 1, "1a": 1, "": 1, "ä": 1, "a.b": 1, "_secrets": {"k": "v"},
        });
        let task = Task::new(params);
        let variables = task.with(|ctx| from_params(ctx.config));
        assert_eq!(
            shown(&variables),
            [
                "s=text",
                "m={\"a\":1,\"b\":[2]}",
                "arr=[1,\"x\"]",
                "t=true",
                "n=1.5",
                "null=null",
                "empty=",
                "_type=sh"
            ]
        );
    }

    #[test]
    fn the_tasks_own_env_wins_and_may_hold_secrets() {
        let task = Task::new(json!({"A": "param", "B": "param", "_env": {"C": "exported"}}))
            .local(json!({"_env": {"B": "x${secret:k.l}", "N": 5, "E": ""}}))
            .secret("k.l", "s3");
        let variables = task.with(|ctx| from_params_and_task(ctx, ctx.config)).unwrap();
        assert_eq!(
            shown(&variables),
            ["A=param", "_env={\"C\":\"exported\"}", "B=xs3 (secret)", "N=5", "E="]
        );
    }

    #[test]
    fn wrong_env_is_refused() {
        let cases = [
            (json!({"BAD NAME": "x"}), "Invalid _env key name: BAD NAME (config)"),
            (json!("x"), "Parameter '_env' must be an object (config)"),
            (json!({"A": null}), "Parameter 'A' is required but null (config)"),
            (json!({"A": "${v:-x}"}), "Invalid parametrization: '${v:-x}' (config)"),
            (json!({"A": "${secret:my.key}"}), "Secret not found for key: 'my.key' (secret not found)"),
        ];
        for (env, expected) in cases {
            let task = Task::new(json!({})).local(json!({"_env": env}));
            assert_eq!(task.with(from_task).unwrap_err().to_string(), expected);
        }
    }
}
