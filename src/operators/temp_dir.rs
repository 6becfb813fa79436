//! The temporary directory of a running task: `.digdag/tmp/digdag-sh-<task id>-<random>` in the project, where the id is
//! that of the first task that had it. Where the project cannot be written to, it is among the system's temporary files.
//!
//! The project's own directory is never made: one that is gone may come back, and must not find another in its place.

use super::{Context, OperatorError};
use std::fmt::Display;
use std::fs::{self, DirEntry, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{self, Component, Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tempfile::TempDir;

/// Where temporary directories are, below the project, and the directory above.
const PLACE: &str = ".digdag/tmp";
const ABOVE: &str = ".digdag";

/// How often a directory is tried to be made while other runs remove the empty one above it.
const ATTEMPTS: usize = 100;

/// Directories that no task has at the moment. Making and removing one for every task would cost as much as a short
/// command, so they are emptied and used again until the attempt ends.
static UNUSED: Mutex<Vec<Unused>> = Mutex::new(Vec::new());

#[derive(Debug)]
struct Unused {
    place: PathBuf,
    operator: String,
    path: PathBuf,
}

/// A directory of one task, emptied when this is dropped.
#[derive(Debug)]
pub(crate) struct TaskDir {
    place: PathBuf,
    operator: String,
    path: PathBuf,
}

/// Removes the temporary directories of a project that no task has, and the directory above when nothing is in it: at the
/// end of an attempt.
pub fn remove_unused_dirs(project_dir: &Path) {
    let place = project_dir.join(PLACE);
    for unused in lock().extract_if(.., |unused| unused.place == place) {
        let _ = fs::remove_dir(&unused.path);
    }
    // Both stay when other runs, or Digdag, have something there.
    let _ = fs::remove_dir(&place);
    let _ = place.parent().map(fs::remove_dir);
}

impl TaskDir {
    /// Takes or makes a directory that only the user can look into, as what is written there may hold secrets.
    pub(crate) fn create(ctx: &Context<'_>, operator: &str) -> Result<Self, OperatorError> {
        let place = ctx.project_dir.join(PLACE);
        let fits = |unused: &Unused| unused.place == place && unused.operator == operator;
        let unused = {
            let mut all = lock();
            all.iter().position(fits).map(|found| all.swap_remove(found))
        };
        let path = match unused.filter(|unused| unused.path.is_dir()) {
            Some(unused) => unused.path,
            None => make(ctx.project_dir, &format!("digdag-{operator}-{}-", ctx.task.task_id))?,
        };
        Ok(Self { place, operator: operator.to_owned(), path })
    }

    /// The path of a file in this directory.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a file and returns its path as commands that run in `dir` get it.
    pub(crate) fn write(
        &self,
        dir: &Path,
        name: &str,
        content: impl AsRef<[u8]>,
    ) -> Result<String, OperatorError> {
        let path = self.file(name);
        fs::write(&path, content).map_err(|error| failed("write", &path, &error))?;
        Ok(self.seen_from(dir, name))
    }

    /// The path of a file in this directory as commands that run in `dir` get it: relative, as in Digdag. Below a link to a
    /// directory `..` leads elsewhere, there it is absolute, and so it is outside the project.
    pub(crate) fn seen_from(&self, dir: &Path, name: &str) -> String {
        let relative = relative(dir, &self.path);
        let is_relative = self.outside().is_none() && dir.join(&relative).exists();
        let path = if is_relative { relative } else { self.path.clone() };
        path.join(name).to_string_lossy().into_owned()
    }

    /// The path of this directory when it is not in the project.
    pub(crate) fn outside(&self) -> Option<&Path> {
        (!self.path.starts_with(&self.place)).then_some(&self.path)
    }
}

impl Drop for TaskDir {
    fn drop(&mut self) {
        // Elsewhere none is kept for other tasks: what cleans up there could remove it, and anybody make it anew.
        if self.outside().is_some() {
            let _ = fs::remove_dir_all(&self.path);
            return;
        }
        let emptied =
            fs::read_dir(&self.path).and_then(|mut entries| entries.try_for_each(|entry| remove(&entry?)));
        if emptied.is_err() {
            let _ = fs::remove_dir_all(&self.path);
            return;
        }
        let (place, operator) = (std::mem::take(&mut self.place), std::mem::take(&mut self.operator));
        lock().push(Unused { place, operator, path: std::mem::take(&mut self.path) });
    }
}

fn remove(entry: &DirEntry) -> io::Result<()> {
    if entry.file_type()?.is_dir() { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) }
}

fn make(project: &Path, prefix: &str) -> Result<PathBuf, OperatorError> {
    let place = project.join(PLACE);
    let private = || Permissions::from_mode(0o700);
    let make = |dir: &Path| tempfile::Builder::new().prefix(prefix).permissions(private()).tempdir_in(dir);
    let mut made = make(&place);
    // Another run that ends at this moment may remove the place again.
    for _ in 0..ATTEMPTS {
        if made.as_ref().err().is_none_or(|error| error.kind() != ErrorKind::NotFound) || is_gone(project) {
            break;
        }
        made = make_place(project).and_then(|()| make(&place));
    }
    match made.map(TempDir::keep) {
        Ok(path) => Ok(path),
        Err(_) if is_gone(project) => {
            Err(OperatorError::runtime(format!("The project's directory {} is gone", project.display())))
        }
        Err(error) if is_unwritable(&error) => {
            let made = path::absolute(std::env::temp_dir()).and_then(|dir| make(&dir));
            made.map(TempDir::keep).map_err(|other| {
                failed("make a directory in", &place, &format!("{error}; nor elsewhere: {other}"))
            })
        }
        Err(error) => Err(failed("make a directory in", &place, &error)),
    }
}

/// Makes what is missing below the project, one after another, so that the project itself is never made.
fn make_place(project: &Path) -> io::Result<()> {
    for dir in [ABOVE, PLACE] {
        match fs::create_dir(project.join(dir)) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Whether there is no such directory. One that cannot be looked at may be there.
fn is_gone(project: &Path) -> bool {
    match fs::metadata(project) {
        Ok(found) => !found.is_dir(),
        Err(error) => matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
    }
}

/// Whether nothing can be made there, however often it is tried.
fn is_unwritable(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::NotADirectory
    )
}

fn lock() -> MutexGuard<'static, Vec<Unused>> {
    UNUSED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed(what: &str, path: &Path, error: &impl Display) -> OperatorError {
    OperatorError::runtime(format!("Cannot {what} {}: {error}", path.display()))
}

/// The way from one absolute path to another.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let (from, to): (Vec<_>, Vec<_>) = (from.components().collect(), to.components().collect());
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from[common..].iter().map(|_| Component::ParentDir);
    up.chain(to[common..].iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operators::testing::Task;
    use serde_json::json;
    use std::os::unix::fs::symlink;
    use std::thread;

    #[test]
    fn the_directory_is_private_and_leaves_nothing_behind() {
        let task = Task::new(json!({}));
        let dir = task.with(|ctx| TaskDir::create(ctx, "sh")).unwrap();
        let name = dir.path.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(name.starts_with("digdag-sh-4-"), "{name}");
        assert_eq!(fs::metadata(&dir.path).unwrap().permissions().mode() & 0o777, 0o700);
        let seen = dir.write(&task.dir(), "runner.sh", "x").unwrap();
        assert_eq!(seen, format!(".digdag/tmp/{name}/runner.sh"));
        assert_eq!(
            dir.seen_from(&task.dir().join("a/b"), "r"),
            dir.file("r").to_string_lossy(),
            "a directory that is not there has no way back"
        );
        drop(dir);
        assert!(task.dir().join(PLACE).exists());
        assert!(task.files().is_empty(), "{:?}", task.files());
    }

    #[test]
    fn paths_are_relative_unless_a_link_is_in_the_way() {
        let task = Task::new(json!({})).file("sub/dir/x", "").file(".digdag/status/x", "");
        symlink(task.dir().join("sub/dir"), task.dir().join("link")).unwrap();
        let dir = task.with(|ctx| TaskDir::create(ctx, "py")).unwrap();
        assert!(
            dir.seen_from(&task.dir().join("sub/dir"), "r").starts_with("../../.digdag/tmp/digdag-py-4-")
        );
        assert!(Path::new(&dir.seen_from(&task.dir().join("link"), "r")).is_absolute());
        drop(dir);
        assert!(task.dir().join(".digdag/status/x").exists());
        remove_unused_dirs(&task.dir());
        assert!(!task.dir().join(".digdag/tmp").exists());
    }

    #[test]
    fn a_project_that_is_gone_is_not_made_anew() {
        let task = Task::new(json!({}));
        let project = task.dir().join("p");
        let create = || {
            task.with(|ctx| {
                TaskDir::create(&Context { project_dir: &project, ..*ctx }, "sh").map(|dir| dir.path.clone())
            })
        };
        let expected = format!("The project's directory {} is gone (runtime)", project.display());
        assert_eq!(create().unwrap_err().to_string(), expected);
        symlink("nowhere", &project).unwrap();
        assert_eq!(create().unwrap_err().to_string(), expected);
        fs::remove_file(&project).unwrap();
        fs::write(&project, "").unwrap();
        assert_eq!(create().unwrap_err().to_string(), expected);
        fs::remove_file(&project).unwrap();
        // A directory that another task had is no longer there, either.
        fs::create_dir(&project).unwrap();
        let made = create().unwrap();
        fs::remove_dir_all(&project).unwrap();
        assert_eq!(create().unwrap_err().to_string(), expected);
        assert!(!made.exists() && task.files().is_empty(), "{:?}", task.files());
    }

    #[test]
    fn where_nothing_can_be_made_it_is_elsewhere() {
        for obstacle in [".digdag", ".digdag/tmp"] {
            let task = Task::new(json!({})).file(obstacle, "");
            let dir = task.with(|ctx| TaskDir::create(ctx, "sh")).unwrap();
            let path = dir.outside().unwrap().to_owned();
            assert!(path.is_absolute() && !path.starts_with(task.dir()), "{path:?}");
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
            let seen = dir.write(&task.dir(), "runner.sh", "x").unwrap();
            assert_eq!(Path::new(&seen), path.join("runner.sh"));
            drop(dir);
            assert!(!path.exists());
        }
    }

    #[test]
    fn tasks_that_come_and_go_at_once_do_not_disturb_each_other() {
        let task = Task::new(json!({}));
        let project = task.dir();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let other = Task::new(json!({}));
                    for _ in 0..50 {
                        other.with(|ctx| {
                            let ctx = Context { project_dir: &project, ..*ctx };
                            let dir = TaskDir::create(&ctx, "sh").unwrap();
                            dir.write(&project, "f", "x").unwrap();
                        });
                    }
                });
            }
        });
        assert!(task.files().is_empty(), "{:?}", task.files());
    }
}
