//! `dibble server`: serves the REST API, runs what is started, and starts what is scheduled, until it is told to end.

mod config;
mod database;
mod events;
mod front;
mod keys;
mod lifecycle;
mod listen;
mod options;
mod reload;
mod running;
mod runtime_info;
mod schedules;
mod server_log;
mod site;
mod systemd;
mod values;

pub use options::ServerArgs;

use self::config::{Database, ServerConfig};
use self::events::Events;
use self::reload::reload;
use self::running::Running;
use super::args::{CommonArgs, Definition};
use super::settings::{SettingsSources, load};
use super::{CliError, Context, Exit};
use crate::model::{Params, Settings, merge};
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

pub const DEFINITION: Definition = Definition {
    name: "server",
    aliases: &[],
    synopsis: &[("server", "start the server")],
    usage: &["server [options...]"],
    about: "Serve the REST API, run what is started and what is scheduled, on this machine",
    examples: &[
        ("server", "keep everything in the project's directory, or in the home directory"),
        ("server -o /var/lib/dibble", "keep everything in dibble.db there"),
        ("server --memory -n 0", "for a try: keep nothing, on a free port"),
        ("server -c server.properties -O logs -A logs", "with a configuration, and logs as files"),
    ],
    args: ServerArgs::augment_args,
};

/// The file in which the server keeps its database, or would; `given` is what `-o` says. None for one in memory.
///
/// # Errors
///
/// The configuration of the server is wrong, or the directory of the file cannot be made.
pub(crate) fn database_file(given: Option<PathBuf>, context: &Context) -> Result<Option<PathBuf>, CliError> {
    let database = match given {
        Some(path) => Database::At(path),
        None => ServerConfig::read(&context.settings)?.database,
    };
    database::file(&database, context)
}

/// How long a server with these options waits for running tasks when it is told to end.
///
/// # Errors
///
/// The options or the configuration are wrong.
pub(crate) fn shutdown_timeout(args: &ServerArgs, context: &Context) -> Result<Duration, CliError> {
    let settings = settings_of(args, context.settings.clone(), context)?;
    Ok(ServerConfig::read(&settings)?.shutdown_timeout)
}

/// Serves until it is told to end.
///
/// # Errors
///
/// The options or the configuration are wrong, the server cannot be started, or it cannot go on.
pub fn run(args: &ServerArgs, common: &CommonArgs, context: &Context) -> Result<Exit, CliError> {
    let settings = settings_of(args, context.settings.clone(), context)?;
    let events = Events::listen(systemd::watchdog_interval(context.variable))?;
    let level = context.log.level();
    let running = Running::start(settings, default_params(args, context)?, context, events.sender())?;
    lifecycle::serve(running, &events, |running| {
        let sources = SettingsSources { file: common.config.as_deref(), overrides: &common.setting };
        let read = load(&sources, context.variable).and_then(|read| settings_of(args, read, context));
        reload(running, read, level);
    })
}

/// The configuration with the options over it.
fn settings_of(args: &ServerArgs, mut settings: Settings, context: &Context) -> Result<Settings, CliError> {
    args.lay_over(&mut settings, &context.dir)?;
    Ok(settings)
}

/// The parameters below those of every project.
fn default_params(args: &ServerArgs, context: &Context) -> Result<Params, CliError> {
    let mut params = match context.settings.get("digdag.defaultParams") {
        None => Params::new(),
        Some(text) => serde_json::from_str(text).map_err(|error| {
            CliError::user(format!("digdag.defaultParams must be a JSON object: {error}"))
        })?,
    };
    merge(&mut params, &args.params.load(context)?);
    Ok(params)
}
