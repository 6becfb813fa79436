//! Who is told when something goes wrong.

use crate::cli::CliError;
use crate::model::Settings;
use crate::notifications::Sender;

/// None when nobody is to be told. `variable` reads the environment.
///
/// # Errors
///
/// A setting is wrong, or is missing.
pub(in crate::cli) fn sender(
    settings: &Settings,
    variable: fn(&str) -> Option<String>,
) -> Result<Option<Sender>, CliError> {
    Sender::read(settings, variable).map_err(|error| CliError::user(error.to_string()))
}
