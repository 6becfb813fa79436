//! `dibble prune`: removes history that is over the limits, beside a server that runs.

use super::args::Definition;
use super::server::database_file;
use super::{CliError, Context, Exit, history};
use crate::actions::living;
use crate::actions::prune::{LimitError, Mode, Pruned, Pruning, RetentionLimits};
use crate::housekeeping::{Pace, give_back};
use crate::model::show_rounded_size;
use crate::store::{Store, StoreError, projects, space};
use clap::Args;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::thread;

pub const DEFINITION: Definition = Definition {
    name: "prune",
    aliases: &[],
    synopsis: &[("prune", "remove history that is over the limits")],
    usage: &["prune [options...]"],
    about: "Remove history that is too old, too much or too large, and give its room back",
    examples: &[
        ("prune --dry-run", "show what is over the limits, remove nothing"),
        ("prune --max-age 30d", "what ended more than 30 days ago"),
        ("prune --max-attempts 100 --project etl", "all but 100 attempts of each workflow of a project"),
        ("prune -o /var/lib/dibble --json", "in the database of that directory, for programs"),
    ],
    args: PruneArgs::augment_args,
};

/// The arguments of `prune`.
#[derive(Debug, Clone, Args)]
pub struct PruneArgs {
    /// Remove nothing, show what would go
    #[arg(long)]
    dry_run: bool,

    /// Keep what ended since so long ago; none is no limit [default: retention.max_age, 90d]
    #[arg(long, value_name = "DURATION")]
    max_age: Option<String>,

    /// Keep so many attempts of each workflow; none is no limit [default: retention.max_attempts, 1000]
    #[arg(long, value_name = "NUMBER")]
    max_attempts: Option<String>,

    /// Keep what fits into so many bytes, such as 500M or 2GiB; none is no limit [default: retention.max_size, 2GiB]
    #[arg(long, value_name = "SIZE")]
    max_size: Option<String>,

    /// Remove only what belongs to this project
    #[arg(long = "project", value_name = "NAME")]
    project: Option<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,

    /// The database of the server, or a directory that holds dibble.db [default: as for the server]
    #[arg(short = 'o', long = "database", value_name = "PATH")]
    database: Option<PathBuf>,
}

/// What was done with a file.
struct Report {
    pruned: Pruned,
    is_dry: bool,
    /// In bytes; about, when nothing was removed.
    freed: u64,
    /// What is in use now, in bytes.
    used: u64,
    /// What the file has lost on the disk, in bytes.
    given_back: u64,
    /// What it will lose when those that read it now are done, in bytes.
    pending: u64,
    /// Why the file could not become smaller.
    obstacle: Option<String>,
}

/// Removes what is over the limits.
///
/// # Errors
///
/// Limits that make no sense, a project that is not there, or what is wrong with the file.
pub fn run(args: &PruneArgs, context: &Context) -> Result<Exit, CliError> {
    let limits = limits(args, context)?;
    let file = database_file(args.database.clone(), context)?.ok_or_else(in_memory)?;
    let store = Store::open_existing(&file).map_err(failed)?;
    let report = prune(&store, limits, args, context)?;
    if args.json {
        context.print_json(&as_json(&report, &store))?;
    } else {
        show(&report, &store, context);
    }
    Ok(Exit::Success)
}

/// As others say it, and what to do when the disk is full: who wants to make room must have some.
fn failed(error: StoreError) -> CliError {
    let is_full = matches!(error, StoreError::Full { .. });
    let error = history::failed(error);
    if !is_full {
        return error;
    }
    error.hint(
        "removing history takes about 1 MiB of room at first, in the write-ahead log beside the file: move something else \
         off the disk, such as a log, never a part of the database; what was removed by now stays removed",
    )
}

/// There is no file to work with.
pub(super) fn in_memory() -> CliError {
    CliError::user("The configuration of the server has the database in memory").hint("name a file with -o")
}

fn limits(args: &PruneArgs, context: &Context) -> Result<RetentionLimits, CliError> {
    let mut limits = RetentionLimits::from_settings(&context.settings).map_err(|error| wrong(&error))?;
    for (key, option, given) in [
        (RetentionLimits::MAX_AGE, "--max-age", &args.max_age),
        (RetentionLimits::MAX_ATTEMPTS, "--max-attempts", &args.max_attempts),
        (RetentionLimits::MAX_SIZE, "--max-size", &args.max_size),
    ] {
        if let Some(value) = given {
            limits
                .set(key, value)
                .map_err(|error| CliError::usage(format!("{option} {value}: expected {}", error.expected)))?;
        }
    }
    Ok(limits)
}

/// A key of the configuration has a value that makes no sense.
pub(super) fn wrong(error: &LimitError) -> CliError {
    CliError::user(error.to_string())
}

fn prune(
    store: &Store,
    limits: RetentionLimits,
    args: &PruneArgs,
    context: &Context,
) -> Result<Report, CliError> {
    let mode = if args.dry_run { Mode::Count } else { Mode::Remove };
    let mut pruning = Pruning::new(limits, mode, context.clock.now());
    if let Some(name) = &args.project {
        let project = store.read(|reader| projects::by_name(reader, name)).map_err(history::failed)?;
        let project = project.ok_or_else(|| history::not_found(&format!("project '{name}'")))?;
        pruning = pruning.of_project(project.id);
    }
    let before = store.read(space::measure).map_err(history::failed)?;
    let size_before = size(store);
    let others = store.read(living::others).map_err(history::failed)?;
    let mut pace = if others.is_empty() {
        Pace::without_pauses()
    } else {
        Pace::new(|pause| {
            thread::sleep(pause);
            true
        })
    };
    pace.repeat(|| pruning.step(store)).map_err(failed)?;
    let pruned = pruning.finish();
    if args.dry_run {
        let (freed, used) = (pruned.estimate(), before.used());
        return Ok(Report { pruned, is_dry: true, freed, used, given_back: 0, pending: 0, obstacle: None });
    }
    let mut obstacle = None;
    if store.read(space::is_incremental).map_err(history::failed)? {
        give_back(store, &mut pace).map_err(failed)?;
    } else if let Some(other) = others.first() {
        obstacle = Some(format!(
            "The file was made by an older version and cannot become smaller while process {} works with it: call this \
             again when that has ended",
            other.process.pid
        ));
    } else {
        store.rewrite().map_err(failed)?;
    }
    let after = store.read(space::measure).map_err(history::failed)?;
    let freed = before.used().saturating_sub(after.used());
    let is_folded = store.fold_in_log().map_err(history::failed)?;
    let size_after = size(store);
    let pending = if is_folded { 0 } else { size_after.saturating_sub(after.total()) };
    let given_back = size_before.saturating_sub(size_after);
    Ok(Report { pruned, is_dry: false, freed, used: after.used(), given_back, pending, obstacle })
}

/// Of the file, as the disk has it, in bytes.
fn size(store: &Store) -> u64 {
    fs::metadata(store.file()).map_or(0, |metadata| metadata.len())
}

fn show(report: &Report, store: &Store, context: &Context) {
    let Report { pruned, is_dry, .. } = report;
    let output = &context.output;
    let (total, file) = (pruned.total(), store.file().display());
    let (verb, about) = if *is_dry { ("Would remove", "about ") } else { ("Removed", "") };
    if pruned.is_empty() {
        output.line(&format!("Nothing is over the limits in {file}"));
    } else {
        let names = |(project, workflow): &(String, String)| format!("{project}/{workflow}");
        let width = pruned.workflows.keys().map(|key| names(key).chars().count()).max().unwrap_or_default();
        for (key, one) in &pruned.workflows {
            let (names, logs) = (names(key), show_rounded_size(one.logs));
            output.line(&format!("  {names:width$}  {}, {logs} of logs", counted(one.attempts, "attempt")));
        }
        let counts = [
            (total.attempts, "attempt"),
            (total.sessions, "session"),
            (pruned.revisions, "revision"),
            (pruned.skipped, "record of skipped sessions"),
            (pruned.notifications, "notification"),
            (pruned.projects, "deleted project"),
        ];
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts.map(|(count, what)| counted(*count, what)).collect();
        let freed = show_rounded_size(report.freed);
        output.line(&format!("{verb} {}; {about}{freed} freed in {file}", counts.join(", ")));
    }
    if report.given_back > 0 {
        output.line(&format!("The file is smaller by {}", show_rounded_size(report.given_back)));
    }
    if report.pending > 0 {
        let pending = show_rounded_size(report.pending);
        output.line(&format!("The file will be smaller by {pending} when those that read it now are done"));
    }
    if let Some(over) = pruned.still_over {
        let over = show_rounded_size(over);
        output.note(&format!(
            "What stays is {over} larger than it may be: the newest attempts of workflows, what is unfinished, and the newest \
             revisions of projects"
        ));
    }
    report.obstacle.iter().for_each(|obstacle| output.note(obstacle));
}

fn counted(count: u64, what: &str) -> String {
    let (first, rest) =
        what.split_once(' ').map_or((what, String::new()), |(first, rest)| (first, format!(" {rest}")));
    match (count, first) {
        (1, _) => format!("1 {what}"),
        (_, "deleted") => format!("{count} {what}s"),
        _ => format!("{count} {first}s{rest}"),
    }
}

fn as_json(report: &Report, store: &Store) -> Value {
    let Report { pruned, .. } = report;
    let total = pruned.total();
    let workflows = pruned.workflows.iter().map(|((project, workflow), one)| {
        json!({
            "project": project,
            "workflow": workflow,
            "attempts": one.attempts,
            "sessions": one.sessions,
            "logBytes": one.logs,
        })
    });
    json!({
        "file": store.file().display().to_string(),
        "dryRun": report.is_dry,
        "attempts": total.attempts,
        "sessions": total.sessions,
        "logBytes": total.logs,
        "revisions": pruned.revisions,
        "skippedSessions": pruned.skipped,
        "notifications": pruned.notifications,
        "deletedProjects": pruned.projects,
        "freedBytes": report.freed,
        "usedBytes": report.used,
        "givenBackBytes": report.given_back,
        "pendingBytes": report.pending,
        "overBytes": pruned.still_over.unwrap_or_default(),
        "workflows": workflows.collect::<Value>(),
    })
}
