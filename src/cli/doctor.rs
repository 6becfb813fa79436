//! `dibble doctor`: whether all is well with the database and the machine, and what mends what is not.

use super::args::Definition;
use super::backup::key_file;
use super::idle_settings::{has_any, idle_settings};
use super::prune::{in_memory, wrong};
use super::server::{database_file, has_user};
use super::{CliError, Context, Exit, history};
use crate::actions::doctor::{
    Finding, State, check_access, check_database, check_database_file, check_key_file, check_machine,
    check_settings, check_watched,
};
use crate::actions::prune::RetentionLimits;
use crate::store::Store;
use crate::store::check::Depth;
use crate::watch::watchers;
use clap::Args;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

pub const DEFINITION: Definition = Definition {
    name: "doctor",
    aliases: &[],
    synopsis: &[("doctor", "check the database and the machine")],
    usage: &["doctor [options...]"],
    about: "Check the database and the machine it is on, and say what mends what is wrong",
    examples: &[
        ("doctor", "the database of the server, or of this project"),
        ("doctor --full -o /var/lib/dibble", "that of a directory, and more thoroughly"),
        ("doctor --json", "for programs; ends with 1 when there is a problem"),
    ],
    args: DoctorArgs::augment_args,
};

/// The arguments of `doctor`.
#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    /// Check also whether tables and indices agree, which takes longer
    #[arg(long)]
    full: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,

    /// The database of the server, or a directory that holds dibble.db [default: as for the server]
    #[arg(short = 'o', long = "database", value_name = "PATH")]
    database: Option<PathBuf>,
}

/// Checks everything. Ends as a failure when there is a problem.
///
/// # Errors
///
/// The configuration makes no sense, or there is no file to look at.
pub fn run(args: &DoctorArgs, context: &Context) -> Result<Exit, CliError> {
    let file = database_file(args.database.clone(), context)?.ok_or_else(in_memory)?;
    let limits = RetentionLimits::from_settings(&context.settings).map_err(|error| wrong(&error))?;
    let is_enabled = RetentionLimits::is_enabled(&context.settings).map_err(|error| wrong(&error))?;
    let depth = if args.full { Depth::Full } else { Depth::Quick };
    let now = context.clock.now();
    let (of_database, contents) = check_database(&file, depth, is_enabled.then_some(limits), now);
    let mut workspaces = file.clone().into_os_string();
    workspaces.push(".workspaces");
    let zone = context.zone.name();
    let mut found: Vec<Finding> = check_database_file(&file).into_iter().collect();
    found.extend(check_key_file(key_file(&file, context)?.as_deref(), contents.has_secrets));
    found.extend(of_database);
    if let Ok(metadata) = fs::metadata(&file) {
        // Whoever has the file runs the server.
        found.push(check_access(&file, has_user(context)?, contents.has_tokens, metadata.uid() == 0));
    }
    if contents.is_readable && has_any(&context.settings) {
        let idle = Store::open_existing(&file).and_then(|store| idle_settings(&context.settings, &store));
        found.extend(check_settings(idle.map_err(history::failed)?));
    }
    found.extend(check_watched(&contents.watched, watchers));
    found.extend(check_machine(&file, &PathBuf::from(workspaces), &zone));
    if args.json {
        context.print_json(&as_json(&found, &file.display().to_string()))?;
    } else {
        found.iter().for_each(|finding| show(finding, context));
    }
    let is_well = found.iter().all(|finding| finding.state != State::Problem);
    Ok(if is_well { Exit::Success } else { Exit::Failure })
}

fn show(finding: &Finding, context: &Context) {
    let Finding { state, check, message, fix } = finding;
    context.output.line(&format!("{:7}  {check:11}  {message}", state.name()));
    if let Some(fix) = fix {
        context.output.line(&format!("{:22}fix: {fix}", ""));
    }
}

fn as_json(found: &[Finding], file: &str) -> Value {
    let findings = found.iter().map(|finding| {
        json!({
            "state": finding.state.name(),
            "check": finding.check,
            "message": finding.message,
            "fix": finding.fix,
        })
    });
    json!({"file": file, "findings": findings.collect::<Value>()})
}
