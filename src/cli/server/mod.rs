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
mod watched;

pub(crate) use listen::warning_of_open_access;
pub use options::ServerOptions;
pub(crate) use running::Startup;
pub use watched::WatchedArgs;

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
    about: "Serve the REST API, run what is started and what is scheduled, on this machine; watch projects in directories",
    examples: &[
        ("server", "keep everything in the project's directory, or in the home directory"),
        ("server -o /var/lib/dibble", "keep everything in dibble.db there"),
        ("server --memory -n 0", "for a try: keep nothing, on a free port"),
        (
            "server --project /srv/sales --project /srv/backup",
            "with the projects in these directories, as they change",
        ),
        ("server --projects-dir /srv/jobs", "with every project in there, also those to come"),
        ("server -c server.properties -O logs -A logs", "with a configuration, and logs as files"),
    ],
    args: ServerArgs::augment_args,
};

/// The file in which the server keeps its database, or would; `given` is what `-o` says. None for one in memory.
///
/// # Errors
///
/// The configuration of the server is wrong, or there is no home directory for the file.
pub(crate) fn database_file(given: Option<PathBuf>, context: &Context) -> Result<Option<PathBuf>, CliError> {
    database::file(&database(given, context)?, context)
}

/// [`database_file`] for who is going to write: its directory is made, unless a file is named.
///
/// # Errors
///
/// It cannot be made; those of [`database_file`].
pub(crate) fn writable_database_file(
    given: Option<PathBuf>,
    context: &Context,
) -> Result<Option<PathBuf>, CliError> {
    database::writable_file(&database(given, context)?, context)
}

fn database(given: Option<PathBuf>, context: &Context) -> Result<Database, CliError> {
    match given {
        Some(path) => Ok(Database::At(path)),
        None => ServerConfig::read(&context.settings).map(|config| config.database),
    }
}

/// Whether the configuration of the server has a user, who signs in with a password.
///
/// # Errors
///
/// The configuration is wrong.
pub(crate) fn has_user(context: &Context) -> Result<bool, CliError> {
    Ok(ServerConfig::read(&context.settings)?.access.user.is_some())
}

/// How long a server with these options waits for running tasks when it is told to end.
///
/// # Errors
///
/// The options or the configuration are wrong.
pub(crate) fn shutdown_timeout(args: &ServerArgs, context: &Context) -> Result<Duration, CliError> {
    let settings = settings_of(&args.options, context.settings.clone(), context)?;
    let config = ServerConfig::read(&settings)?;
    // Wrong as the rest would be, for a server that starts.
    config::sender(&settings, context.variable)?;
    Ok(config.shutdown_timeout)
}

/// The arguments of `server`.
#[derive(Debug, Clone, Args)]
pub struct ServerArgs {
    #[command(flatten)]
    pub watched: WatchedArgs,

    #[command(flatten)]
    pub options: ServerOptions,
}

/// Serves until it is told to end.
///
/// # Errors
///
/// The options or the configuration are wrong, the server cannot be started, or it cannot go on.
pub fn run(args: &ServerArgs, common: &CommonArgs, context: &Context) -> Result<Exit, CliError> {
    let mut default_params = configured_params(context)?;
    merge(&mut default_params, &args.options.params.load(context)?);
    let settings = |read| settings_of(&args.options, read, context);
    let startup = Startup {
        settings: settings(context.settings.clone())?,
        default_params,
        directories: args.watched.directories(context)?,
        is_for_one_project: false,
    };
    serve(startup, settings, common, context)
}

/// Serves until it is told to end. `settings` makes the settings of a server of a configuration that was read again.
///
/// # Errors
///
/// As [`run`].
pub(crate) fn serve(
    startup: Startup,
    settings: impl Fn(Settings) -> Result<Settings, CliError>,
    common: &CommonArgs,
    context: &Context,
) -> Result<Exit, CliError> {
    let events = Events::listen(systemd::watchdog_interval(context.variable))?;
    let level = context.log.level();
    let running = Running::start(startup, context, events.sender())?;
    lifecycle::serve(running, &events, |running| {
        let sources = SettingsSources { file: common.config.as_deref(), overrides: &common.setting };
        let read = load(&sources, context.variable).and_then(&settings);
        reload(running, read, level);
    })
}

/// The configuration with the options over it.
pub(crate) fn settings_of(
    options: &ServerOptions,
    mut settings: Settings,
    context: &Context,
) -> Result<Settings, CliError> {
    options.lay_over(&mut settings, &context.dir)?;
    Ok(settings)
}

/// The parameters below those of every project, as the configuration has them.
pub(crate) fn configured_params(context: &Context) -> Result<Params, CliError> {
    match context.settings.get("digdag.defaultParams") {
        None => Ok(Params::new()),
        Some(text) => serde_json::from_str(text)
            .map_err(|error| CliError::user(format!("digdag.defaultParams must be a JSON object: {error}"))),
    }
}
