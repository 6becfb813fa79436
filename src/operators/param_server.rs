//! Where `param_set>` and `param_get>` keep parameters: in the program's own file. Digdag's servers are not spoken to.

use crate::model::Settings;
use crate::operators::context::OperatorError;

/// Refuses settings that name another place, so that nobody looks for parameters where they are not.
pub(crate) fn check(settings: &Settings) -> Result<(), OperatorError> {
    match settings.get("param_server.type") {
        None | Some("" | "sqlite") => Ok(()),
        Some(other) => Err(OperatorError::config(format!(
            "param_server.type: '{other}' is not supported. This version stores parameters in its own file; \
             remove the key or set it to 'sqlite'."
        ))),
    }
}
