//! Where the commands that look at what ran find it: the file of a project's history. Asking a server is deliberately
//! absent.

use super::args::{HistoryArgs, PageArgs};
use super::{CliError, Context};
use crate::model::AttemptId;
use crate::store::attempts::AttemptRow;
use crate::store::{Page, Store, StoreError, attempts};
use std::path::{Path, PathBuf};

/// The file in a project directory, unless another one is named.
const IN_PROJECT: &str = ".dibble.db";
/// The file in a directory that `-o` names.
const IN_DIRECTORY: &str = "dibble.db";
/// How many entries a list shows, unless another number is given.
const PAGE_SIZE: u32 = 100;

/// The file of the history: `-o PATH`, or `PATH/dibble.db` when PATH is a directory, or `.dibble.db` in the project.
///
/// A relative PATH begins in the project.
pub fn database_path(project_dir: &Path, save: Option<&Path>) -> PathBuf {
    match save.map(|path| project_dir.join(path)) {
        None => project_dir.join(IN_PROJECT),
        Some(path) if path.is_dir() => path.join(IN_DIRECTORY),
        Some(path) => path,
    }
}

/// Opens the history that a command is asked to look at.
///
/// # Errors
///
/// It is not a local one, there is none, or it cannot be opened.
pub(crate) fn open(args: &HistoryArgs, context: &Context) -> Result<Store, CliError> {
    if !args.local {
        return Err(not_local(&database_path(&context.dir, None)));
    }
    let project = args.project.as_ref().map_or_else(|| context.dir.clone(), |dir| context.dir.join(dir));
    Store::open_existing(&database_path(&project, args.save.as_deref())).map_err(failed)
}

/// The part of a list that is asked for.
pub(crate) fn page<Id>(args: &PageArgs, id: fn(i64) -> Id) -> Page<Id> {
    // What is negative or too large for a page means everything.
    let limit = args.page_size.map_or(PAGE_SIZE, |size| u32::try_from(size).unwrap_or(u32::MAX));
    Page { before: args.last_id.map(id), limit }
}

/// Finds an attempt.
///
/// # Errors
///
/// There is none with this id, or the file cannot be read.
pub(crate) fn attempt(store: &Store, id: AttemptId) -> Result<AttemptRow, CliError> {
    let row = store.read(|reader| attempts::by_id(reader, id)).map_err(failed)?;
    row.ok_or_else(|| not_found(&format!("attempt not found: {id}")))
}

/// An id or a name that is nobody's.
pub(crate) fn not_found(what: &str) -> CliError {
    CliError::user(format!("Resource not found: {what}"))
}

/// The file cannot be used.
pub(crate) fn failed(error: StoreError) -> CliError {
    match error {
        StoreError::Refused { .. } => CliError::internal(error.to_string()),
        _ => CliError::user(error.to_string()),
    }
}

fn not_local(file: &Path) -> CliError {
    let error = CliError::user("no server was asked: this version looks at local runs only");
    if file.is_file() {
        error.hint(format!("use --local to see the runs of {}", file.display()))
    } else {
        error.hint("use --local in the directory of a project, or with --project DIR, to see its runs")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::cli::context::tests::in_dir;
    use crate::cli::output::captured::Captured;
    use crate::cli::parse::tests::parsed;
    use crate::cli::{Exit, args::Definition};
    use clap::Args;
    use tempfile::TempDir;

    /// A project directory with an empty history.
    pub(crate) fn project() -> (Store, TempDir) {
        let dir = tempfile::tempdir().unwrap();
        (Store::open(&database_path(dir.path(), None)).unwrap(), dir)
    }

    /// What a command prints on both streams when it runs in a directory.
    pub(crate) fn printed<A: Args>(
        dir: &Path,
        definition: &Definition,
        run: fn(&A, &Context) -> Result<Exit, CliError>,
        words: &str,
    ) -> Result<(String, String), CliError> {
        let (context, captured): (Context, Captured) = in_dir(dir);
        let args = parsed(definition, words).map_err(CliError::usage)?;
        assert_eq!(run(&args, &context)?, Exit::Success);
        Ok((captured.out(), captured.err()))
    }

    #[test]
    fn the_history_is_in_the_project_or_where_it_is_saved() {
        let dir = tempfile::tempdir().unwrap();
        let (project, elsewhere) = (Path::new("/jobs"), dir.path());
        for (save, expected) in [
            (None, project.join(".dibble.db")),
            (Some(elsewhere.to_owned()), elsewhere.join("dibble.db")),
            (Some(elsewhere.join("new.db")), elsewhere.join("new.db")),
            (Some("new.db".into()), project.join("new.db")),
        ] {
            assert_eq!(database_path(project, save.as_deref()), expected);
        }
    }

    #[test]
    fn local_histories_are_opened_where_they_are() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        std::fs::create_dir(path("jobs")).unwrap();
        for file in ["jobs/.dibble.db", "jobs/dibble.db", "other.db"] {
            Store::open(&path(file)).unwrap();
        }
        let (context, _) = in_dir(dir.path());
        let opened = |project: Option<&str>, save: Option<&str>| {
            let args =
                HistoryArgs { local: true, project: project.map(Into::into), save: save.map(Into::into) };
            open(&args, &context).map(|store| store.file().to_owned()).map_err(|error| error.message)
        };
        assert_eq!(opened(Some("jobs"), None), Ok(path("jobs/.dibble.db")));
        assert_eq!(opened(None, Some("jobs")), Ok(path("jobs/dibble.db")));
        assert_eq!(opened(Some("jobs"), Some("../other.db")), Ok(path("jobs/../other.db")));
        let missing = path(".dibble.db").display().to_string();
        assert_eq!(
            opened(None, None),
            Err(format!("{missing} does not exist; check the path, or run a workflow with it first"))
        );
        assert!(!path(".dibble.db").exists());
    }

    #[test]
    fn no_server_is_asked() {
        let (_store, dir) = project();
        let error = |dir: &Path| open(&HistoryArgs::default(), &in_dir(dir).0).unwrap_err().to_string();
        let message = "error: no server was asked: this version looks at local runs only\n";
        let file = dir.path().join(".dibble.db");
        assert_eq!(
            error(dir.path()),
            format!("{message}hint: use --local to see the runs of {}", file.display())
        );
        let hint = "hint: use --local in the directory of a project, or with --project DIR, to see its runs";
        assert_eq!(error(Path::new("/")), format!("{message}{hint}"));
    }

    #[test]
    fn pages_have_a_hundred_entries_unless_a_number_is_given() {
        let limit = |page_size| page(&PageArgs { last_id: Some(7), page_size }, AttemptId).limit;
        assert_eq!([None, Some(3), Some(0), Some(-1)].map(limit), [100, 3, 0, u32::MAX]);
        let before = |last_id| page(&PageArgs { last_id, page_size: None }, AttemptId).before;
        assert_eq!([before(Some(7)), before(None)], [Some(AttemptId(7)), None]);
    }
}
