//! `dibble import-crontab`: makes workflows of the entries of a crontab, and shows what is different.
//!
//! The crontab itself stays as it is.

mod report;
mod sources;
mod users;

use self::report::{Converted, Report};
use self::sources::Source;
use self::users::{Users, first_words};
use super::account::current_user;
use super::args::Definition;
use super::{CliError, Context, Exit};
use crate::crontab::{Compared, Entry, LineError, Names, Options, When, convert, mail_settings, parse};
use crate::model::Zone;
use crate::notifications::machine;
use clap::Args;
use std::fs;
use std::path::{Path, PathBuf};

pub const DEFINITION: Definition = Definition {
    name: "import-crontab",
    aliases: &[],
    synopsis: &[("import-crontab --output <dir>", "make workflows of a crontab")],
    usage: &["import-crontab [file|-...] --output <dir> [options...]"],
    about: "Make a workflow of every entry of a crontab, and compare its next times with those of cron",
    examples: &[
        ("import-crontab --output jobs", "what crontab -l shows"),
        ("import-crontab --system --output jobs", "/etc/crontab and the files in /etc/cron.d"),
        ("import-crontab - --output jobs --json < tab", "standard input; the result for programs"),
    ],
    args: ImportCrontabArgs::augment_args,
};

/// The file with the settings of the server, beside the workflows.
const SETTINGS_FILE: &str = "server.properties";

/// The arguments of `import-crontab`.
#[derive(Debug, Clone, Args)]
pub struct ImportCrontabArgs {
    /// Crontabs; - is standard input [default: what crontab -l shows]
    #[arg(value_name = "file")]
    pub files: Vec<PathBuf>,

    /// Write the workflows into this directory, which is made if need be
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,

    /// The crontabs are the system's: a user stands before the command [default: for those in /etc]
    #[arg(long)]
    pub system: bool,

    /// No user stands before the command, even if it looks so
    #[arg(long, conflicts_with = "system")]
    pub no_system: bool,

    /// Overwrite workflows that are there
    #[arg(long)]
    pub force: bool,

    /// The time zone in which cron reads the times [default: that of this machine]
    #[arg(long, value_name = "ZONE")]
    pub timezone: Option<String>,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Writes the workflows and reports.
///
/// # Errors
///
/// A crontab cannot be read, a file cannot be written, or a workflow is there already. Lines that cannot be converted
/// are reported, and make the command fail once everything else is done.
pub fn run(args: &ImportCrontabArgs, context: &Context) -> Result<Exit, CliError> {
    let zone = zone(args.timezone.as_deref(), context)?;
    let host = machine();
    let user = current_user();
    let mut names = Names::default();
    let mut report = Report { dir: args.output.clone(), ..Report::default() };
    let mut entries = Vec::new();
    let system = (args.system || args.no_system).then_some(args.system);
    for source in sources::read(&args.files, system, &user, context)? {
        let mut crontab = parse(&source.text, source.with_user, seed(&host));
        let is_known = args.files.is_empty() || system.is_some() || source.owner.is_some();
        if !is_known && !source.with_user {
            match first_words(&crontab.entries)? {
                Users::OfSystem(why) => return Err(of_system(&source.label, &why)),
                Users::Some(some) => note_users(&mut crontab.entries, some),
            }
        }
        let failed = |error: LineError| source.failed(error);
        report.errors.extend(crontab.errors.into_iter().map(failed));
        let disabled = crontab.disabled.into_iter();
        report.disabled.extend(disabled.map(|(line, text)| (source.label.clone(), line, text)));
        let options = Options { label: source.label.clone(), zone: zone.clone(), user: user.clone() };
        for entry in &mut crontab.entries {
            if !source.with_user {
                entry.user.clone_from(&source.owner);
            }
            entry.notes.extend(users::note(entry, &user)?);
            match convert(entry, &options, &mut names) {
                Ok(conversion) => report.converted.push(converted(&source, entry, conversion, context)),
                Err(error) => report.add_error(source.failed(error)),
            }
        }
        entries.extend(crontab.entries);
    }
    let (settings, notes) = mail_settings(&entries, &user, if host.is_empty() { "localhost" } else { &host });
    report.notes = notes;
    report.settings = settings;
    if !report.converted.is_empty() {
        report.settings_kept = write(&report, &context.dir.join(&args.output), args.force)?;
    }
    if args.json {
        context.print_json(&report.as_json())?;
    } else {
        report.print(context);
    }
    Ok(if report.errors.is_empty() { Exit::Success } else { Exit::Failure })
}

/// A crontab of the system that nobody has called one.
fn of_system(label: &str, why: &str) -> CliError {
    CliError::user(format!("{label}: {why}: --system?"))
        .hint("--system says that it is a crontab of the system, --no-system that the command begins there")
        .hint("nothing has been written")
}

fn note_users(entries: &mut [Entry], users: Vec<(usize, String)>) {
    for (line, user) in users {
        let note = format!(
            "its command begins with {user}, a user of this machine: with --system, {user} runs what follows"
        );
        entries
            .iter_mut()
            .filter(|entry| entry.line == line)
            .for_each(|entry| entry.notes.push(note.clone()));
    }
}

fn converted(
    source: &Source,
    entry: &Entry,
    conversion: crate::crontab::Conversion,
    context: &Context,
) -> Converted {
    let now = context.clock.now();
    let (mut times, mut differences) = (Vec::new(), Vec::new());
    if let (When::Times(pattern), Some(schedule)) = (&entry.when, &conversion.schedule) {
        let compared = Compared { pattern, schedule, zone: &conversion.zone, rules: conversion.rules };
        times = compared.rows(now, SHOWN_TIMES);
        differences = compared.differences(now);
        differences.retain(|row| !times.contains(row));
    }
    Converted {
        label: source.label.clone(),
        line: entry.line,
        text: entry.text.clone(),
        user: entry.user.clone(),
        conversion,
        times,
        differences,
    }
}

/// How many of the next times are compared.
const SHOWN_TIMES: usize = 10;

/// Returns whether the settings were there already, with another content, and have been left alone.
fn write(report: &Report, dir: &Path, force: bool) -> Result<bool, CliError> {
    let files: Vec<(PathBuf, &str)> = report
        .converted
        .iter()
        .map(|one| (dir.join(one.file_name()), one.conversion.text.as_str()))
        .collect();
    let there: Vec<String> = files
        .iter()
        .filter(|(path, _)| !force && path.symlink_metadata().is_ok())
        .map(|(path, _)| path.display().to_string())
        .collect();
    if !there.is_empty() {
        return Err(CliError::user(format!("There is already {}", there.join(", ")))
            .hint("--force overwrites workflows; nothing has been written"));
    }
    fs::create_dir_all(dir)
        .map_err(|error| CliError::user(format!("Cannot create {}: {error}", dir.display())))?;
    let write = |path: &Path, text: &str| {
        fs::write(path, text)
            .map_err(|error| CliError::user(format!("Cannot write {}: {error}", path.display())))
    };
    for (path, text) in files {
        write(&path, text)?;
    }
    // Somebody may have put a password into it.
    let settings = report.settings.join("\n") + "\n";
    let path = dir.join(SETTINGS_FILE);
    match fs::read_to_string(&path) {
        Ok(known) => Ok(known != settings),
        Err(_) => write(&path, &settings).map(|()| false),
    }
}

/// The zone in which cron reads the times.
fn zone(given: Option<&str>, context: &Context) -> Result<Zone, CliError> {
    match given {
        Some(id) => Zone::parse(id).map_err(|error| CliError::usage(error.to_string())),
        None => {
            let id = context.zone.name();
            Zone::parse(&id).map_err(|error| {
                CliError::user(format!("The time zone of this machine: {error}"))
                    .hint("--timezone says in which zone cron reads the times")
            })
        }
    }
}

/// The same for the same machine (FNV-1a), so that its random times stay.
fn seed(host: &str) -> u64 {
    host.bytes()
        .fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3))
}
