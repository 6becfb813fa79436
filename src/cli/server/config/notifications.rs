//! Who is told when something goes wrong.

use super::super::systemd;
use crate::cli::CliError;
use crate::model::Settings;
use crate::notifications::Sender;

/// None when nobody is to be told. `variable` reads the environment.
///
/// # Errors
///
/// A setting is wrong, or is missing.
pub(in crate::cli::server) fn sender(
    settings: &Settings,
    variable: fn(&str) -> Option<String>,
) -> Result<Option<Sender>, CliError> {
    let sender = Sender::read(settings, variable).map_err(|error| CliError::user(error.to_string()))?;
    Ok(sender.map(|sender| sender.without(systemd::VARIABLES)))
}
