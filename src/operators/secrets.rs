//! Looking up secrets, with the keys that `_secrets` moves elsewhere.

use super::{Context, OperatorError};
use crate::logs::Level;
use crate::model::Params;
use serde_json::Value;

/// There is no such secret.
pub(crate) fn secret_not_found(key: &str) -> OperatorError {
    OperatorError::Unexpected {
        message: format!("Secret not found for key: '{key}'"),
        kind: "secret not found",
    }
}

impl Context<'_> {
    /// A secret, from where `_secrets` says it is.
    ///
    /// # Errors
    ///
    /// There is none, or `_secrets` holds something else than keys.
    pub fn secret(&self, key: &str) -> Result<String, OperatorError> {
        let place = self.secret_place(key)?;
        self.host.secret(&place).ok_or_else(|| secret_not_found(key))
    }

    fn secret_place(&self, key: &str) -> Result<String, OperatorError> {
        let moves = self.config.object("_secrets")?;
        match moved(&moves, key) {
            Move::None => Ok(key.to_owned()),
            Move::To(place) => Ok(place),
            Move::Granted => {
                let message = "`true` in _secrets is not needed: a project's tasks may read all its secrets.";
                self.host.log(Level::Warn, message);
                Ok(key.to_owned())
            }
            Move::Illegal(value) => Err(OperatorError::config(format!("Illegal value in _secrets: {value}"))),
        }
    }
}

/// What `_secrets` says of a key.
#[derive(Debug, PartialEq)]
enum Move<'a> {
    None,
    To(String),
    Granted,
    Illegal(&'a Value),
}

/// Follows the segments of a key through the map; the text at the end replaces the way to it.
fn moved<'a>(moves: &'a Params, key: &str) -> Move<'a> {
    let mut scope = moves;
    let mut rest = Some(key);
    while let Some(path) = rest {
        let (segment, below) =
            path.split_once('.').map_or((path, None), |(segment, below)| (segment, Some(below)));
        match (scope.get(segment), below) {
            (None, _) => return Move::None,
            (Some(Value::Object(inner)), _) => scope = inner,
            (Some(Value::String(place)), None) => return Move::To(place.clone()),
            (Some(Value::String(place)), Some(below)) => return Move::To(format!("{place}.{below}")),
            (Some(Value::Bool(true)), _) => return Move::Granted,
            (Some(other), _) => return Move::Illegal(other),
        }
        rest = below;
    }
    Move::None
}

#[cfg(test)]
mod tests {
    use crate::operators::testing::Task;
    use serde_json::json;

    #[test]
    fn secrets_are_found_where_the_task_says() {
        let moves = json!({"mysql": {"password": "other.key", "ssl": "tls"}, "pg": true, "bad": 1});
        let task = Task::new(json!({"_secrets": moves}))
            .secret("other.key", "moved")
            .secret("tls.cert.pem", "deep")
            .secret("pg.password", "granted")
            .secret("mysql.user", "root");
        let cases = [
            ("mysql.password", Ok("moved")),
            ("mysql.ssl.cert.pem", Ok("deep")),
            ("mysql.user", Ok("root")),
            ("pg.password", Ok("granted")),
            ("mysql", Err("Secret not found for key: 'mysql' (secret not found)")),
            ("bad.key", Err("Illegal value in _secrets: 1 (config)")),
        ];
        task.with(|ctx| {
            for (key, expected) in cases {
                let found = ctx.secret(key).map_err(|error| error.to_string());
                assert_eq!(found.as_deref().map_err(String::as_str), expected, "{key}");
            }
        });
        assert_eq!(task.log().len(), 1);
    }
}
