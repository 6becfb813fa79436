//! Where a server keeps everything, and where the copies of uploaded projects are put while attempts use them.

use super::config::Database;
use crate::actions::launch::other_server;
use crate::cli::history::{IN_DIRECTORY, database_path, failed, writable_database_path};
use crate::cli::{CliError, Context};
use crate::store::Store;
use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// An open database with a place for working copies.
pub(super) struct Opened {
    pub(super) store: Store,
    /// Where it is, for a person.
    pub(super) place: String,
    pub(super) workspaces: PathBuf,
    /// What somebody who comes from Digdag has to know.
    pub(super) warning: Option<String>,
    /// Removed with everything in it at the end.
    pub(super) temporary: Option<TempDir>,
}

/// The file of the database; none when there is to be none.
///
/// # Errors
///
/// There is no home directory to keep it in.
pub(super) fn file(database: &Database, context: &Context) -> Result<Option<PathBuf>, CliError> {
    match database {
        Database::Memory => Ok(None),
        Database::At(path) => Ok(Some(database_path(&context.dir, Some(path)))),
        Database::In(dir) => Ok(Some(context.dir.join(dir).join(IN_DIRECTORY))),
        Database::Default => default_file(context).map(Some),
    }
}

/// The same for who is going to write: the directory that it is in is made, unless a file is named.
///
/// # Errors
///
/// It cannot be.
pub(super) fn writable_file(database: &Database, context: &Context) -> Result<Option<PathBuf>, CliError> {
    if let Database::At(path) = database {
        return writable_database_path(&context.dir, Some(path)).map(Some);
    }
    let file = file(database, context)?;
    file.as_deref().and_then(Path::parent).map_or(Ok(()), make_dir)?;
    Ok(file)
}

/// Opens the database, or makes it.
///
/// # Errors
///
/// The file, or its directory, cannot be read and written.
pub(super) fn open(database: &Database, context: &Context) -> Result<Opened, CliError> {
    let Some(file) = writable_file(database, context)? else { return in_memory() };
    let store = Store::open(&file).map_err(failed)?;
    if let Some(pid) = store.read(other_server).map_err(failed)? {
        let file = file.display();
        return Err(CliError::user(format!("Another server, process {pid}, works with {file}"))
            .hint("end it first, or name another file with -o"));
    }
    let mut workspaces = file.clone().into_os_string();
    workspaces.push(".workspaces");
    Ok(Opened {
        store,
        place: file.display().to_string(),
        workspaces: workspaces.into(),
        warning: left_by_digdag(&file),
        temporary: None,
    })
}

fn in_memory() -> Result<Opened, CliError> {
    let temporary = tempfile::Builder::new().prefix("dibble-").tempdir().map_err(|error| {
        CliError::user(format!("Cannot make a directory in {}: {error}", std::env::temp_dir().display()))
    })?;
    Ok(Opened {
        store: Store::memory().map_err(failed)?,
        place: "memory".to_owned(),
        workspaces: temporary.path().to_owned(),
        warning: None,
        temporary: Some(temporary),
    })
}

/// The project's own file in the directory of a project; elsewhere the one of the user.
fn default_file(context: &Context) -> Result<PathBuf, CliError> {
    if is_project(&context.dir) {
        return Ok(database_path(&context.dir, None));
    }
    let given = |name: &str| (context.variable)(name).filter(|text| !text.is_empty()).map(PathBuf::from);
    let state = given("XDG_STATE_HOME").or_else(|| given("HOME").map(|home| home.join(".local/state")));
    let dir = state.map(|state| state.join("dibble")).ok_or_else(|| {
        CliError::user("There is no home directory to keep the database in").hint("name a file with -o")
    })?;
    Ok(dir.join(IN_DIRECTORY))
}

/// Whether there are workflows in a directory.
fn is_project(dir: &Path) -> bool {
    let mut entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.any(|entry| entry.path().extension() == Some(OsStr::new("dig")))
}

/// Makes a directory that is its owner's alone, unless there is one.
fn make_dir(dir: &Path) -> Result<(), CliError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|error| CliError::user(format!("Cannot make the directory {}: {error}", dir.display())))
}

fn left_by_digdag(file: &Path) -> Option<String> {
    let other = file.with_file_name("digdag.mv.db");
    other.exists().then(|| {
        format!("{} is of Digdag and is not read: push its projects to this server again", other.display())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::context::tests::in_dir;

    #[test]
    fn databases_are_where_they_are_expected() {
        let dir = tempfile::tempdir().unwrap();
        let (context, _) = in_dir(dir.path());
        let file =
            |database: Database| open(&database, &context).map(|opened| opened.store.file().to_owned());
        let path = |name: &str| dir.path().join(name);
        assert_eq!(file(Database::At("a.db".into())), Ok(path("a.db")));
        assert_eq!(file(Database::In("new/dir".into())), Ok(path("new/dir/dibble.db")));
        assert_eq!(file(Database::At("new/dir".into())), Ok(path("new/dir/dibble.db")));
        assert_eq!(file(Database::At("other".into())), Ok(path("other/dibble.db")));
        for named in [Database::At("no".into()), Database::In("no".into())] {
            assert_eq!(super::file(&named, &context), Ok(Some(path("no/dibble.db"))));
        }
        assert!(!path("no").exists(), "looking makes nothing");
        assert_eq!(
            file(Database::Default).unwrap_err().to_string(),
            "error: There is no home directory to keep the database in\nhint: name a file with -o"
        );
        fs::write(path("wf.dig"), "").unwrap();
        assert_eq!(file(Database::Default), Ok(path(".dibble.db")));
    }

    #[test]
    fn copies_are_beside_the_file_or_go_with_the_memory() {
        let dir = tempfile::tempdir().unwrap();
        let (context, _) = in_dir(dir.path());
        fs::write(dir.path().join("digdag.mv.db"), "").unwrap();
        let opened = open(&Database::At(dir.path().to_owned()), &context).unwrap();
        assert_eq!(opened.workspaces, dir.path().join("dibble.db.workspaces"));
        let warning = opened.warning.unwrap();
        assert!(warning.ends_with("is of Digdag and is not read: push its projects to this server again"));

        let opened = open(&Database::Memory, &context).unwrap();
        let workspaces = opened.workspaces.clone();
        assert!(workspaces.is_dir());
        drop(opened);
        assert!(!workspaces.exists());
    }
}
