//! Reading the configuration again while the server runs. What cannot change before the next start is named.

use super::config::{self, ServerConfig};
use super::running::Running;
use super::site::authenticator;
use super::{keys, listen};
use crate::cli::CliError;
use crate::cli::history::failed;
use crate::cli::idle_settings::idle_settings;
use crate::logs::Level;
use crate::model::Settings;
use std::sync::Arc;

/// Follows a configuration that was read again. One that is wrong changes nothing. The log file is opened again.
pub(super) fn reload(running: &mut Running, read: Result<Settings, CliError>, default_level: Level) {
    running.parts.log.reopen();
    if let Err(error) = read.and_then(|settings| follow(running, settings, default_level)) {
        running.parts.log.error(&format!("The configuration stays as it is: {error}"));
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
    let idle = idle_settings(&settings, running.parts.service.store()).map_err(failed)?;
    let sender = config::sender(&settings, running.variable)?;
    let parts = &running.parts;
    let authenticator = authenticator(&config, parts.service.store())?;
    listen::check_access(&config, authenticator.has_users())?;
    let has_users = authenticator.has_users();
    let site = parts.site(&config, authenticator)?;
    if let Some(schedules) =
        config.schedules.as_ref().filter(|_| config.schedules != running.config.schedules)
    {
        parts.schedules.start(&parts.service, schedules.clone(), Arc::clone(&parts.notified), &parts.log)?;
    }
    running.housekeeping.configure(config.retention);
    running.front.put(site);
    if let Some(watcher) = &parts.watcher {
        watcher.look_again();
    }
    parts.service.configure(settings.clone());
    running.outbox.configure(sender);
    if config.run.slots != running.config.run.slots {
        parts.service.set_slots(config.run.slots.clone());
    }
    parts.service.set_free_disk(config.run.free_disk);
    parts.service.set_attempt_limits(config.run.attempt_limits.clone());
    parts.log.set_level(config.log_level.unwrap_or(default_level));
    let followed =
        if changes.live.is_empty() { "nothing has changed".to_owned() } else { changes.live.join(", ") };
    parts.log.info(&format!("The configuration was read again: {followed}"));
    for key in &changes.at_start {
        parts.log.warn(&format!("{key} has changed; the server follows it when it is started again"));
    }
    warnings.iter().chain(&idle).for_each(|message| parts.log.warn(message));
    listen::warn_of_root(&parts.log, has_users, parts.service.store());
    (running.config, running.settings) = (config, settings);
    Ok(())
}
