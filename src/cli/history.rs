//! Where the commands that look at what ran find it: on a server, or in the file of a project's history. What the file
//! holds takes the form of the server's answers, so that there is one way to show both.

use super::args::{HistoryArgs, PageArgs};
use super::client_args::connect;
use super::{CliError, Context, ErrorKind};
use crate::client::models::Id;
use crate::client::{self, Client, ClientError};
use crate::model::AttemptId;
use crate::store::attempts::AttemptRow;
use crate::store::{Page, Store, StoreError, attempts};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{self, DirBuilder};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The file in a project directory, unless another one is named.
const IN_PROJECT: &str = ".dibble.db";
/// The file in a directory that `-o` names.
pub(crate) const IN_DIRECTORY: &str = "dibble.db";
/// How many entries a list shows, unless another number is given.
pub(crate) const PAGE_SIZE: u32 = 100;

/// The file of the history: `-o PATH`, or `PATH/dibble.db` when PATH is a directory, or `.dibble.db` in the project.
///
/// A relative PATH begins in the project. What is not there is a directory if it ends with a slash or has no extension.
pub fn database_path(project_dir: &Path, save: Option<&Path>) -> PathBuf {
    match save.map(|path| project_dir.join(path)) {
        None => project_dir.join(IN_PROJECT),
        Some(path) if is_directory(&path) => path.join(IN_DIRECTORY),
        Some(path) => path,
    }
}

/// [`database_path`] for who is going to write: a directory that is named and not there is made, its owner's alone.
///
/// # Errors
///
/// It cannot be made. The one above it has to be there.
pub(crate) fn writable_database_path(project_dir: &Path, save: Option<&Path>) -> Result<PathBuf, CliError> {
    let file = database_path(project_dir, save);
    let directory = save.map(|path| project_dir.join(path)).filter(|path| *path != file);
    if let Some(directory) = directory.filter(|directory| !directory.is_dir()) {
        DirBuilder::new().mode(0o700).create(&directory).map_err(|error| {
            CliError::user(format!("Cannot make the directory {}: {error}", directory.display()))
                .hint("a name with an extension, say .db, is one of a file")
        })?;
    }
    Ok(file)
}

fn is_directory(path: &Path) -> bool {
    match fs::symlink_metadata(path) {
        _ if path.as_os_str().as_bytes().ends_with(b"/") => true,
        Ok(_) => path.is_dir(),
        Err(_) => path.extension().is_none(),
    }
}

/// Who knows what ran.
pub(crate) enum History {
    Local(Store),
    Server(Client),
}

/// Opens the history that a command is asked to look at.
///
/// # Errors
///
/// There is none, it cannot be opened, or the server cannot be asked.
pub(crate) fn open(args: &HistoryArgs, context: &Context) -> Result<History, CliError> {
    if !args.local {
        return connect(&args.client, context).map(History::Server).map_err(|error| {
            let file = database_path(&context.dir, None);
            // Whoever runs workflows here may have forgotten to say that these are meant.
            if error.kind == ErrorKind::Unreachable && file.is_file() {
                error.hint(format!("use --local to see the runs of {}", file.display()))
            } else {
                error
            }
        });
    }
    let project = args.project.as_ref().map_or_else(|| context.dir.clone(), |dir| context.dir.join(dir));
    Store::open_existing(&database_path(&project, args.save.as_deref())).map(History::Local).map_err(failed)
}

/// What a server would answer, made from what it would send.
///
/// # Errors
///
/// The two do not fit, which is a fault of the program.
pub(crate) fn as_answered<T: DeserializeOwned>(sent: impl Serialize) -> Result<T, CliError> {
    serde_json::to_value(sent)
        .and_then(serde_json::from_value)
        .map_err(|error| CliError::internal(error.to_string()))
}

/// The part of a list that is asked of a server: its own page unless a size is given. More than a page comes page by
/// page, and what is negative means everything.
///
/// # Errors
///
/// Those of asking.
pub(crate) fn ask_pages<T>(
    args: &PageArgs,
    id: fn(&T) -> &Id,
    ask: impl Fn(&client::Page) -> Result<Vec<T>, ClientError>,
) -> Result<Vec<T>, CliError> {
    let mut last_id = args.last_id.map(Id::from);
    let mut all: Vec<T> = vec![];
    loop {
        let wanted = args.page_size.filter(|size| *size >= 0).map(|size| size - all.len() as i64);
        let size = wanted.map(|wanted| wanted.min(i64::from(PAGE_SIZE)));
        let page = ask(&client::Page { last_id, size })?;
        // A page that is not full is the last one, and so is an empty one where the size is the server's.
        let is_last = page.is_empty() || size.is_some_and(|size| (page.len() as i64) < size);
        let is_enough = wanted.is_some_and(|wanted| page.len() as i64 >= wanted);
        all.extend(page);
        if is_last || is_enough || args.page_size.is_none() {
            return Ok(all);
        }
        last_id = all.last().map(|item| id(item).clone());
    }
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

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::cli::client_args::ClientArgs;
    use crate::cli::context::tests::in_dir;
    use crate::cli::output::captured::Captured;
    use crate::cli::parse::tests::parsed;
    use crate::cli::{Exit, args::Definition};
    use clap::Args;
    use std::cell::RefCell;
    use std::net::TcpListener;
    use std::os::unix::fs::PermissionsExt;
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
            (Some(".x.sqlite".into()), project.join(".x.sqlite")),
            (Some("new".into()), project.join("new/dibble.db")),
            (Some(".new".into()), project.join(".new/dibble.db")),
            (Some("new.d/".into()), project.join("new.d/dibble.db")),
        ] {
            assert_eq!(database_path(project, save.as_deref()), expected);
        }
        fs::write(elsewhere.join("old"), "").unwrap();
        assert_eq!(database_path(project, Some(&elsewhere.join("old"))), elsewhere.join("old"));
        assert_eq!(fs::read_dir(elsewhere).unwrap().count(), 1, "looking makes nothing");
    }

    #[test]
    fn a_directory_is_made_for_who_writes() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let made = |save: &str| writable_database_path(dir.path(), Some(Path::new(save)));
        assert_eq!(made("new"), Ok(path("new/dibble.db")));
        assert_eq!(fs::metadata(path("new")).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(made("new"), Ok(path("new/dibble.db")));
        assert_eq!(made("new.d/"), Ok(path("new.d/dibble.db")));
        assert!(path("new.d").is_dir());
        assert_eq!(made("a.db"), Ok(path("a.db")));
        assert_eq!(
            made("no/such").unwrap_err().to_string(),
            format!(
                "error: Cannot make the directory {}: No such file or directory (os error 2)\n\
                 hint: a name with an extension, say .db, is one of a file",
                path("no/such").display()
            )
        );
        assert!(!path("no").exists() && !path("a.db").exists());
    }

    #[test]
    fn local_histories_are_opened_where_they_are() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::create_dir(path("jobs")).unwrap();
        for file in ["jobs/.dibble.db", "jobs/dibble.db", "other.db"] {
            Store::open(&path(file)).unwrap();
        }
        let (context, _) = in_dir(dir.path());
        let opened = |project: Option<&str>, save: Option<&str>| {
            let args = HistoryArgs {
                local: true,
                project: project.map(Into::into),
                save: save.map(Into::into),
                client: ClientArgs::default(),
            };
            match open(&args, &context) {
                Ok(History::Local(store)) => Ok(store.file().to_owned()),
                Ok(History::Server(_)) => panic!("a server was asked"),
                Err(error) => Err(error.message),
            }
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
    fn runs_of_this_directory_are_mentioned_when_no_server_answers() {
        let (_store, dir) = project();
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = |dir: &Path| {
            let client = ClientArgs { endpoint: Some(closed.to_string()), ..ClientArgs::default() };
            let args = HistoryArgs { client, ..HistoryArgs::default() };
            open(&args, &in_dir(dir).0).err().unwrap().to_string()
        };
        let message = format!(
            "error: Cannot connect to http://{closed}: Connection refused (os error 111)\n\
             hint: is a server running there? -e names another one"
        );
        assert_eq!(error(Path::new("/")), message);
        let file = dir.path().join(".dibble.db");
        assert_eq!(
            error(dir.path()),
            format!("{message}\nhint: use --local to see the runs of {}", file.display())
        );
    }

    #[test]
    fn more_than_a_page_comes_page_by_page() {
        // 250 ids, newest first, in pages of 100 at most.
        let asked = |page_size, last_id| {
            let seen = RefCell::new(vec![]);
            let ask = |page: &client::Page| {
                let before = page.last_id.as_ref().map_or(251, |id| id.0.parse::<i64>().unwrap());
                seen.borrow_mut().push((before, page.size));
                let size = page.size.unwrap_or(100);
                Ok((1..before).rev().take(usize::try_from(size).unwrap()).map(Id::from).collect())
            };
            let found = ask_pages(&PageArgs { last_id, page_size }, |id| id, ask).unwrap();
            (found.len(), seen.into_inner())
        };
        assert_eq!(asked(None, None), (100, vec![(251, None)]));
        assert_eq!(asked(None, Some(7)), (6, vec![(7, None)]));
        assert_eq!(asked(Some(3), None), (3, vec![(251, Some(3))]));
        assert_eq!(asked(Some(0), None), (0, vec![(251, Some(0))]));
        assert_eq!(asked(Some(120), None), (120, vec![(251, Some(100)), (151, Some(20))]));
        assert_eq!(asked(Some(300), Some(31)), (30, vec![(31, Some(100))]));
        assert_eq!(asked(Some(-1), None), (250, vec![(251, None), (151, None), (51, None), (1, None)]));
    }

    #[test]
    fn pages_have_a_hundred_entries_unless_a_number_is_given() {
        let limit = |page_size| page(&PageArgs { last_id: Some(7), page_size }, AttemptId).limit;
        assert_eq!([None, Some(3), Some(0), Some(-1)].map(limit), [100, 3, 0, u32::MAX]);
        let before = |last_id| page(&PageArgs { last_id, page_size: None }, AttemptId).before;
        assert_eq!([before(Some(7)), before(None)], [Some(AttemptId(7)), None]);
    }
}
