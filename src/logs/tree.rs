//! Digdag's tree of log files (`-O DIR`): one gzip file for every run of a task, readable while it grows. Reading them is
//! deliberately absent: the store has all logs, too.
//!
//!     DIR/2026-11-22/0.1hello@20260131T000000+0900/+hello+one@6b025e8e0473d7e2.27318@host.log.gz
//!         created    site.project workflow@session  task@start in seconds and nanoseconds.process@host

use super::Level;
use super::file_name::{ending, entry};
use crate::model::{ProjectId, SessionTime, Time, Zone};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The log files below a directory.
#[derive(Debug)]
pub struct LogTree {
    dir: PathBuf,
    /// Who writes: `27318@host`.
    agent: String,
    /// Why files could not be written since some were for the last time. Each of them was told.
    causes: Mutex<BTreeSet<String>>,
    listener: Listener,
}

/// Hears that files cannot be written, and that they can be again.
struct Listener(Box<Tell>);

type Tell = dyn Fn(Level, &str) + Send + Sync;

/// A log file cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum LogTreeError {
    #[error("cannot write log files to {}: {source}; make it a directory that you may write to", dir.display())]
    Directory { dir: PathBuf, source: io::Error },
    #[error("cannot write {}: {source}", file.display())]
    File { file: PathBuf, source: io::Error },
}

/// What names an attempt's directory.
#[derive(Debug, Clone, Copy)]
pub struct AttemptPlace<'a> {
    pub created_at: Time,
    pub project: ProjectId,
    pub workflow: &'a str,
    pub session_time: SessionTime,
    pub timezone: &'a Zone,
    /// Empty for the session's first-class attempt.
    pub name: &'a str,
}

/// The log file of one run of a task. It is made when something is written for the first time.
#[derive(Debug)]
pub struct TreeFile {
    tree: Arc<LogTree>,
    attempt_dir: PathBuf,
    task: String,
    /// Counts the runs of the task from 1.
    number: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Nothing is being written; the file, if there is one, is complete.
    Closed,
    Open {
        path: PathBuf,
        gzip: GzEncoder<File>,
    },
    /// It could not be written, and is left as it is.
    Failed,
}

impl LogTree {
    /// Makes the directory, if there is none, and tries whether files can be made in it. `agent` is who writes them.
    ///
    /// The listener is told what goes wrong later, each cause once until files can be written again: it must not end what
    /// is running.
    ///
    /// # Errors
    ///
    /// They cannot.
    pub fn open(
        dir: &Path,
        agent: &str,
        listener: impl Fn(Level, &str) + Send + Sync + 'static,
    ) -> Result<Self, LogTreeError> {
        let tried = fs::create_dir_all(dir).and_then(|()| tempfile::tempfile_in(dir));
        tried.map_err(|source| LogTreeError::Directory { dir: dir.to_owned(), source })?;
        let (dir, agent, listener) = (dir.to_owned(), agent.to_owned(), Listener(Box::new(listener)));
        Ok(Self { dir, agent, causes: Mutex::default(), listener })
    }

    /// The directory of an attempt.
    pub fn attempt_dir(&self, place: &AttemptPlace<'_>) -> PathBuf {
        let AttemptPlace { project, workflow, name, .. } = place;
        let session = place.timezone.local(place.session_time.time()).format("%Y%m%dT%H%M%S%z");
        let name = if name.is_empty() { String::new() } else { format!("_{name}") };
        // Names of attempts may hold anything, but must not lead out of the tree. Digdag takes them as they are.
        let attempt = entry(&format!("0.{project}{workflow}@{session}{name}"), "");
        self.dir.join(place.created_at.format("%Y-%m-%d").to_string()).join(attempt)
    }

    /// The file for a run of a task; `number` counts the runs from 1.
    pub fn file(self: &Arc<Self>, attempt_dir: PathBuf, task: &str, number: u32) -> TreeFile {
        let (tree, task) = (Arc::clone(self), task.to_owned());
        TreeFile { tree, attempt_dir, task, number, state: State::Closed }
    }

    fn fails(&self, file: PathBuf, source: io::Error) {
        let is_new = self.causes().insert(source.to_string());
        if is_new {
            let error = LogTreeError::File { file, source };
            (self.listener.0)(Level::Warn, &format!("Log files are not complete: {error}"));
        }
    }

    fn works(&self) {
        let causes = mem::take(&mut *self.causes());
        if !causes.is_empty() {
            (self.listener.0)(Level::Info, "Log files are written again");
        }
    }

    fn causes(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.causes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}

impl TreeFile {
    /// Adds text, which can be read at once. `start` is when the run began to write; it names the file.
    ///
    /// What goes wrong is told to the tree's listener: a full disk here must not end the run.
    pub fn write(&mut self, text: &[u8], start: Time) {
        self.state = match mem::replace(&mut self.state, State::Failed) {
            State::Failed => State::Failed,
            State::Closed => {
                let ending = ending(start, self.number, &self.tree.agent);
                let path = self.attempt_dir.join(entry(&self.task, &ending));
                let opened =
                    append_to(&self.tree.dir, &path).map(|file| GzEncoder::new(file, Compression::default()));
                self.checked(path, opened.and_then(|gzip| write(gzip, text)))
            }
            State::Open { path, gzip } => self.checked(path, write(gzip, text)),
        };
    }

    /// Completes the file. What is written afterwards is put behind it.
    pub fn finish(&mut self) {
        self.state = match mem::replace(&mut self.state, State::Closed) {
            State::Open { path, gzip } => match gzip.finish() {
                Ok(_) => State::Closed,
                Err(source) => self.failed(path, source),
            },
            state => state,
        };
    }

    fn checked(&self, path: PathBuf, written: io::Result<GzEncoder<File>>) -> State {
        match written {
            Ok(gzip) => {
                self.tree.works();
                State::Open { path, gzip }
            }
            Err(source) => self.failed(path, source),
        }
    }

    fn failed(&self, file: PathBuf, source: io::Error) -> State {
        self.tree.fails(file, source);
        State::Failed
    }
}

/// Opens a file at its end: runs of a task that begin at the same time share one. A tree that was removed begins anew, but
/// what it was in is not made: that may be a project, which its user has moved and will put another in the place of.
fn append_to(tree: &Path, path: &Path) -> io::Result<File> {
    match fs::create_dir(tree) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    OpenOptions::new().create(true).append(true).open(path)
}

/// Flushing ends a block of the compressed text, so that readers see all of it.
fn write(mut gzip: GzEncoder<File>, text: &[u8]) -> io::Result<GzEncoder<File>> {
    gzip.write_all(text)?;
    gzip.flush()?;
    Ok(gzip)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::parse_iso;
    use flate2::read::MultiGzDecoder;
    use std::io::{ErrorKind, Read};

    /// What a tree has told.
    #[derive(Default, Clone)]
    struct Told(Arc<Mutex<Vec<String>>>);

    impl Told {
        fn tree(&self, dir: &Path) -> Result<Arc<LogTree>, LogTreeError> {
            let told = self.clone();
            let listener = move |level, text: &str| told.0.lock().unwrap().push(format!("{level:?} {text}"));
            LogTree::open(dir, "7@host", listener).map(Arc::new)
        }

        fn take(&self) -> Vec<String> {
            mem::take(&mut *self.0.lock().unwrap())
        }
    }

    fn start() -> Time {
        parse_iso("2026-11-22T03:16:30.074700770Z").unwrap()
    }

    fn place<'a>(timezone: &'a Zone, name: &'a str) -> AttemptPlace<'a> {
        AttemptPlace {
            created_at: parse_iso("2026-11-21T23:59:59Z").unwrap(),
            project: ProjectId(1),
            workflow: "wf",
            session_time: SessionTime::new(parse_iso("2026-11-20T00:00:00+09:00").unwrap()),
            timezone,
            name,
        }
    }

    /// What can be read of a file, and whether it is complete.
    fn content(path: &Path) -> (String, bool) {
        let mut text = vec![];
        let read = MultiGzDecoder::new(File::open(path).unwrap()).read_to_end(&mut text);
        assert!(read.as_ref().is_ok() || read.as_ref().is_err_and(|e| e.kind() == ErrorKind::UnexpectedEof));
        (String::from_utf8(text).unwrap(), read.is_ok())
    }

    #[test]
    fn places_are_digdags() {
        let dir = tempfile::tempdir().unwrap();
        let tree = Told::default().tree(dir.path()).unwrap();
        let (tokyo, utc) = (Zone::parse("Asia/Tokyo").unwrap(), Zone::utc());
        let day = dir.path().join("2026-11-21");
        let attempt_dir = |zone, name| tree.attempt_dir(&place(zone, name));
        assert_eq!(attempt_dir(&tokyo, ""), day.join("0.1wf@20261120T000000+0900"));
        assert_eq!(attempt_dir(&utc, "again"), day.join("0.1wf@20261119T150000+0000_again"));
        assert_eq!(
            attempt_dir(&tokyo, "a/../../b"),
            day.join("0.1wf@20261120T000000+0900_a%2F..%2F..%2Fb~94f167223786c681")
        );
        let long = attempt_dir(&tokyo, &"x".repeat(300));
        assert_eq!(long.file_name().map(std::ffi::OsStr::len), Some(255));
    }

    #[test]
    fn files_can_be_read_while_they_grow() {
        let dir = tempfile::tempdir().unwrap();
        let told = Told::default();
        let tree = told.tree(&dir.path().join("new/logs")).unwrap();
        let attempt_dir = tree.attempt_dir(&place(&Zone::utc(), ""));
        let path = attempt_dir.join("+wf+a@6b025e8e04692682.7@host.log.gz");
        let mut file = tree.file(attempt_dir, "+wf+a", 2);
        file.finish();
        assert!(!path.exists());
        for (text, all) in [("one\n", "one\n"), ("two\n", "one\ntwo\n")] {
            file.write(text.as_bytes(), start());
            assert_eq!(content(&path), (all.to_owned(), false));
        }
        file.finish();
        assert_eq!(content(&path), ("one\ntwo\n".to_owned(), true));
        file.write(b"late\n", start());
        assert_eq!(content(&path), ("one\ntwo\nlate\n".to_owned(), false));
        drop(file);
        assert_eq!(content(&path), ("one\ntwo\nlate\n".to_owned(), true));
        assert!(told.take().is_empty());
    }

    #[test]
    fn a_directory_that_is_none_is_an_error_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let error = Told::default().tree(&file).unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot write log files to {}: ", file.display())), "{error}");
        assert!(fs::read_dir(dir.path()).unwrap().count() == 1);
    }

    #[test]
    fn what_the_tree_was_in_is_not_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let (told, project) = (Told::default(), dir.path().join("project"));
        let tree = told.tree(&project.join("logs")).unwrap();
        let write = || tree.file(project.join("logs/day"), "+a", 1).write(b"one\n", start());
        fs::remove_dir(project.join("logs")).unwrap();
        write();
        assert!(project.join("logs/day").exists() && told.take().is_empty());
        fs::remove_dir_all(&project).unwrap();
        write();
        assert!(!project.exists() && told.take()[0].contains("No such file or directory"));
    }

    #[test]
    fn each_cause_is_told_once_until_files_are_written_again() {
        let dir = tempfile::tempdir().unwrap();
        let told = Told::default();
        let tree = told.tree(dir.path()).unwrap();
        let write = |place: &str, task: &str| {
            let mut file = tree.file(dir.path().join(place), task, 1);
            file.write(b"one\n", start());
            file.write(b"two\n", start());
            file.finish();
        };
        fs::write(dir.path().join("file"), "").unwrap();
        for _ in 0..2 {
            write("file", "+a");
            write("file", "+b");
            let shown = dir.path().join("file/+a@6b025e8e04692681.7@host.log.gz");
            let shown = shown.display();
            let cause =
                format!("Warn Log files are not complete: cannot write {shown}: File exists (os error 17)");
            assert_eq!(told.take(), [cause]);
            write("dir", &"x".repeat(300));
            write("dir", "+c/d\0");
            assert_eq!(told.take(), ["Info Log files are written again"]);
        }
    }
}
