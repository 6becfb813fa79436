//! What is in the file: whether it is sound, how large it is, who works with it.

use super::Finding;
use crate::actions::living;
use crate::actions::prune::RetentionLimits;
use crate::model::{Time, show_rounded_size};
use crate::store::attempts::{self, Scope};
use crate::store::check::{Depth, Examined, examine};
use crate::store::owners::{self, OwnerKind, OwnerRow};
use crate::store::{Page, Reader, Store, StoreError, secrets, space, tokens, watched_projects};
use std::path::{Path, PathBuf};

/// What a file holds, as far as it could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// The file is sound and has the newest schema, so that nothing is changed in it when it is opened.
    pub is_readable: bool,
    pub has_secrets: bool,
    pub has_tokens: bool,
    /// The directories that its server watches, or watched last.
    pub watched: Vec<PathBuf>,
}

/// What was found in a file, and what it holds.
pub fn check_database(
    file: &Path,
    depth: Depth,
    limits: Option<RetentionLimits>,
    now: Time,
) -> (Vec<Finding>, Contents) {
    let mut found = vec![];
    let examined = match examine(file, depth) {
        Ok(examined) => examined,
        Err(error) => return (vec![unusable(&error)], Contents::default()),
    };
    found.extend(of_examined(&examined));
    if examined.version != examined.known || !examined.damages.is_empty() {
        return (found, Contents::default());
    }
    let rows = Store::open_existing(file).and_then(|store| {
        // Owners are looked at outside of the transaction, for that asks the system.
        let owners = store.read(owners::list)?;
        store.read(|reader| of_rows(reader, &owners, limits, now))
    });
    match rows {
        Ok((rows, contents)) => {
            found.extend(rows);
            (found, contents)
        }
        Err(error) => {
            found.push(unusable(&error));
            (found, Contents::default())
        }
    }
}

fn unusable(error: &StoreError) -> Finding {
    let fix = match error {
        StoreError::Missing { .. } => "run a workflow or start a server, or name another file with -o",
        _ => "`dibble restore FILE` puts a copy in its place",
    };
    Finding::problem("database", error.to_string(), fix)
}

fn of_examined(examined: &Examined) -> Vec<Finding> {
    let Examined { version, known, .. } = examined;
    let integrity = match examined.damages.first() {
        None => Finding::ok("integrity", "SQLite finds no damage"),
        Some(first) => Finding::problem(
            "integrity",
            format!("the file is damaged: {first}"),
            "stop what works with it and call `dibble restore` with the newest copy",
        ),
    };
    let references = match examined.dangling_references {
        _ if !examined.damages.is_empty() => None,
        0 => Some(Finding::ok("references", "every row refers to rows that are there")),
        count => Some(Finding::problem(
            "references",
            format!("{count} rows refer to rows that are not there"),
            "something else has written to the file: call `dibble restore` with a copy from before",
        )),
    };
    let schema = if version == known {
        Finding::ok("schema", format!("the newest one, {version}"))
    } else {
        Finding::warning(
            "schema",
            format!("the file has schema {version}, this version {known}"),
            "nothing: the next run or server brings the file up to date; older versions cannot read it then",
        )
    };
    let room = if examined.is_incremental {
        Finding::ok("room", "free room is given back to the file system (auto_vacuum is incremental)")
    } else {
        Finding::warning(
            "room",
            "the file was made by an older version and never becomes smaller (auto_vacuum is off)",
            "call `dibble prune` while nobody works with the file",
        )
    };
    [Some(integrity), references, Some(schema), Some(room)].into_iter().flatten().collect()
}

fn of_rows(
    reader: &Reader,
    owners: &[OwnerRow],
    limits: Option<RetentionLimits>,
    now: Time,
) -> Result<(Vec<Finding>, Contents), StoreError> {
    let mut found = vec![of_size(space::measure(reader)?, limits)];
    let (alive, gone): (Vec<&OwnerRow>, Vec<&OwnerRow>) =
        owners.iter().partition(|row| living::is_alive(row));
    let server = alive.iter().find(|row| row.process.kind == OwnerKind::Server);
    found.push(match server {
        Some(server) => Finding::ok("server", format!("process {} serves it", server.process.pid)),
        None => Finding::ok("server", "no server works with it"),
    });
    let unfinished = attempts::unfinished(reader)?;
    let is_left = |owner| gone.iter().any(|row| Some(row.id) == owner);
    let left = unfinished.iter().filter(|row| is_left(row.owner)).count();
    found.push(match left {
        0 => Finding::ok(
            "attempts",
            format!("{} unfinished, none of a process that is gone", unfinished.len()),
        ),
        _ => Finding::warning(
            "attempts",
            format!("{left} unfinished of a process that is gone"),
            "nothing: the next server goes on with them; those of a run are closed by the next run",
        ),
    });
    let newest = attempts::list(reader, Scope::All, Page::first(1))?;
    if let Some(newest) = newest.first().filter(|newest| newest.created_at > now) {
        found.push(Finding::problem(
            "clock",
            format!("the clock shows an earlier time than when attempt {} was made: it went back", newest.id),
            "set the clock right; schedules wait until it is past that time",
        ));
    }
    let watched = watched_projects::list_watched(reader)?.into_iter().map(|row| row.directory).collect();
    let (has_secrets, has_tokens) = (secrets::any(reader)?, tokens::any(reader)?);
    Ok((found, Contents { is_readable: true, has_secrets, has_tokens, watched }))
}

fn of_size(space: space::Space, limits: Option<RetentionLimits>) -> Finding {
    let (used, total) = (show_rounded_size(space.used()), show_rounded_size(space.total()));
    let message = format!("{used} in use, the file has {total}");
    match limits.map(|limits| limits.max_size) {
        None => Finding::ok("size", format!("{message}; nothing is ever removed (retention.enabled)")),
        Some(None) => Finding::ok("size", format!("{message}, without a limit")),
        Some(Some(max)) if space.used() <= max => {
            Finding::ok("size", format!("{message}, of {} at most", show_rounded_size(max)))
        }
        Some(Some(max)) => Finding::warning(
            "size",
            format!("{message}, and {} is the limit", show_rounded_size(max)),
            "call `dibble prune`, or raise retention.max_size",
        ),
    }
}
