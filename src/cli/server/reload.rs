//! Reading the configuration again while the server runs. What cannot change before the next start is named.

use super::config::ServerConfig;
use super::running::Running;
use super::site::{authenticator, site};
use super::{keys, listen};
use crate::cli::CliError;
use crate::logs::Level;
use crate::model::Settings;

/// Follows a configuration that was read again. One that is wrong changes nothing.
pub(super) fn reload(running: &mut Running, read: Result<Settings, CliError>, default_level: Level) {
    if let Err(error) = read.and_then(|settings| follow(running, settings, default_level)) {
        running.log.error(&format!("The configuration stays as it is: {error}"));
    }
}

fn follow(running: &mut Running, mut settings: Settings, default_level: Level) -> Result<(), CliError> {
    ServerConfig::read(&settings)?;
    let warnings = keys::warnings(&settings);
    let changes = keys::changes(&running.settings, &settings);
    for key in &changes.at_start {
        settings.copy(key, &running.settings);
    }
    let config = ServerConfig::read(&settings)?;
    let authenticator = authenticator(&config, running.service.store())?;
    listen::check_access(&config, authenticator.is_active())?;
    running.front.put(site(&config, &running.service, &running.vault, authenticator, &running.log)?);
    running.service.configure(settings.clone());
    running.log.set_level(config.log_level.unwrap_or(default_level));
    let followed =
        if changes.live.is_empty() { "nothing has changed".to_owned() } else { changes.live.join(", ") };
    running.log.info(&format!("The configuration was read again: {followed}"));
    for key in &changes.at_start {
        running.log.warn(&format!("{key} has changed; the server follows it when it is started again"));
    }
    warnings.iter().for_each(|message| running.log.warn(message));
    (running.config, running.settings) = (config, settings);
    Ok(())
}
