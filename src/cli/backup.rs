//! `dibble backup` and `dibble restore`: a copy of the database, made while it is used, and put in place again.

use super::args::Definition;
use super::prune::in_memory;
use super::server::{database_file, writable_database_file};
use super::{CliError, Context, Exit, history};
use crate::actions::backup::{self, BackupError};
use crate::crypto::Vault;
use crate::model::show_rounded_size;
use clap::Args;
use std::path::{Path, PathBuf};

pub const BACKUP: Definition = Definition {
    name: "backup",
    aliases: &[],
    synopsis: &[("backup <file>", "copy the database while it is used")],
    usage: &["backup <file> [options...]"],
    about: "Copy the database to a file while it is used, and check the copy",
    examples: &[
        ("backup /backup/dibble.db", "the database of the server, or of this project"),
        ("backup /backup/dibble.db --force -o /var/lib/dibble", "over the last copy, of that directory's"),
    ],
    args: BackupArgs::augment_args,
};

pub const RESTORE: Definition = Definition {
    name: "restore",
    aliases: &[],
    synopsis: &[("restore <file>", "put a copy of the database in its place")],
    usage: &["restore <file> [options...]"],
    about: "Put a copy of the database in its place, while nobody works with it; the one that was there is kept beside it",
    examples: &[
        ("restore /backup/dibble.db", "the database of the server, or of this project"),
        ("restore /backup/dibble.db -o /var/lib/dibble", "the one of that directory"),
    ],
    args: BackupArgs::augment_args,
};

/// The arguments of `backup` and `restore`.
#[derive(Debug, Clone, Args)]
pub struct BackupArgs {
    /// The copy
    #[arg(value_name = "file")]
    file: PathBuf,

    /// Replace a file that is there already: the copy, or the FILE.before-restore of an earlier time
    #[arg(long)]
    force: bool,

    /// The database of the server, or a directory that holds dibble.db [default: as for the server]
    #[arg(short = 'o', long = "database", value_name = "PATH")]
    database: Option<PathBuf>,
}

/// Copies the database.
///
/// # Errors
///
/// The database cannot be read or is not sound, or the copy cannot be written.
pub fn run_backup(args: &BackupArgs, context: &Context) -> Result<Exit, CliError> {
    let database = database_file(args.database.clone(), context)?.ok_or_else(in_memory)?;
    let file = context.dir.join(&args.file);
    let done =
        backup::backup(&database, &file, args.force).map_err(|error| failed(error, "--force replaces it"))?;
    let (shown, size) = (file.display(), show_rounded_size(done.size));
    context.output.line(&format!("Copied {} to {shown} and checked it: {size}", database.display()));
    let key = key_file(&database, context)?;
    match key {
        Some(key) if done.has_secrets || key.exists() => {
            context.output.note(&format!("The key of its secrets is not in it: keep {}, too", key.display()));
        }
        None if done.has_secrets => context.output.note(
            "The key of its secrets is not in it: it is the one that the configuration has (digdag.secret-encryption-key)",
        ),
        _ => {}
    }
    Ok(Exit::Success)
}

/// Puts a copy in the place of the database.
///
/// # Errors
///
/// The copy is not sound or not Dibble's, somebody works with the database, or it cannot be written.
pub fn run_restore(args: &BackupArgs, context: &Context) -> Result<Exit, CliError> {
    let file = context.dir.join(&args.file);
    // Without a copy there is nothing to make a directory for.
    let find = if file.is_file() { writable_database_file } else { database_file };
    let database = find(args.database.clone(), context)?.ok_or_else(in_memory)?;
    let done = backup::restore(&file, &database, args.force)
        .map_err(|error| failed(error, "move it away, or replace it with --force"))?;
    context.output.line(&format!("Checked {} and put it in place as {}", file.display(), database.display()));
    if let Some(before) = done.before {
        context.output.note(&format!("What was there before is {}", before.display()));
    }
    if done.unfinished > 0 {
        let what = if done.unfinished == 1 { "attempt is" } else { "attempts are" };
        context
            .output
            .note(&format!("{} {what} unfinished: the next server goes on with them", done.unfinished));
    }
    let key = key_file(&database, context)?;
    if let Some(key) = key.filter(|key| done.has_secrets && !key.exists()) {
        context.output.note(&format!("There are secrets in it: put their key at {}", key.display()));
    }
    Ok(Exit::Success)
}

/// The file with the key of the secrets; none when the configuration has the key.
pub(super) fn key_file(database: &Path, context: &Context) -> Result<Option<PathBuf>, CliError> {
    let vault =
        Vault::new(&context.settings, Some(database)).map_err(|error| CliError::user(error.to_string()))?;
    Ok(vault.key_file().map(Path::to_owned))
}

fn failed(error: BackupError, if_there: &str) -> CliError {
    match error {
        BackupError::Store(error) => history::failed(error),
        BackupError::Exists(_) => CliError::user(error.to_string()).hint(if_there),
        BackupError::InUse { .. } | BackupError::Open(_) => {
            CliError::user(error.to_string()).hint("end it first, or name another file with -o")
        }
        BackupError::Unsound { .. } => CliError::user(error.to_string())
            .hint("`dibble doctor -o FILE` tells more; an older copy may be better"),
        BackupError::Itself(_) | BackupError::Write { .. } => CliError::user(error.to_string()),
    }
}
