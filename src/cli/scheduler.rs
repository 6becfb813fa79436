//! `dibble scheduler`: a server for the project in a directory, whose schedules follow its files.

use super::args::{CommonArgs, Definition, ProjectArgs};
use super::history::database_path;
use super::server::{self, ServerOptions, Startup};
use super::{CliError, Context, Exit};
use crate::model::Settings;
use crate::project_files::normalized;
use crate::watch::{Directories, NamedDirectory};
use clap::Args;
use std::path::Path;

pub const DEFINITION: Definition = Definition {
    name: "scheduler",
    aliases: &["sched"],
    synopsis: &[("sched[uler]", "run a scheduler server")],
    usage: &["scheduler [options...]"],
    about: "Run the schedules of the project in the current directory, and follow its files as they change",
    examples: &[
        ("scheduler", "the project in the current directory; its history is in .dibble.db there"),
        ("scheduler --project jobs -p env=prod", "the project in jobs, with a parameter"),
    ],
    args: SchedulerArgs::augment_args,
};

/// As Digdag names the project of its scheduler, and of `run`.
const PROJECT: &str = "default";

/// The arguments of `scheduler`.
#[derive(Debug, Clone, Args)]
pub struct SchedulerArgs {
    #[command(flatten)]
    pub project: ProjectArgs,

    #[command(flatten)]
    pub options: ServerOptions,
}

/// Serves until it is told to end.
///
/// # Errors
///
/// The options, the configuration or the project are wrong, the server cannot be started, or it cannot go on.
pub fn run(args: &SchedulerArgs, common: &CommonArgs, context: &Context) -> Result<Exit, CliError> {
    let given = args.project.project.as_deref().unwrap_or(Path::new("."));
    let directory = normalized(&context.dir.join(given));
    let settings = |read| Ok(in_project(server::settings_of(&args.options, read, context)?, &directory));
    let named = vec![NamedDirectory { name: PROJECT.to_owned(), directory: directory.clone() }];
    let startup = Startup {
        settings: settings(context.settings.clone())?,
        default_params: server::configured_params(context)?,
        directories: Directories { named, folder: None, params: args.options.params.load(context)? },
        is_for_one_project: true,
    };
    server::serve(startup, settings, common, context)
}

/// Unless somebody said where, the database is in the project, and `dibble run` sees the same history.
fn in_project(mut settings: Settings, directory: &Path) -> Settings {
    if settings.get("database.type").is_none() && settings.get("database.path").is_none() {
        settings.set("database.type", "sqlite");
        settings.set("database.path", database_path(directory, None).display().to_string());
    }
    settings
}
