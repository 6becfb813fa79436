//! Where the tasks of an attempt work: in a directory of the user's, or in a copy of the project made for the attempt.

use crate::archive::{Limits, extract};
use crate::model::RevisionId;
use crate::operators::{OperatorError, remove_unused_dirs};
use crate::store::{Store, archives};
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The directory that the tasks of one attempt see as their project. When the attempt has ended, nothing that only its
/// tasks needed is left there.
pub(super) enum Workspace {
    /// The project's own directory.
    Directory(PathBuf),
    /// A copy of an uploaded project, made when the first task needs it and removed with the attempt.
    Copy { store: Arc<Store>, revision: RevisionId, dir: PathBuf, made: Mutex<bool> },
}

impl Workspace {
    /// A copy of a revision's archive.
    pub(super) fn copy(store: Arc<Store>, revision: RevisionId, dir: PathBuf) -> Self {
        Self::Copy { store, revision, dir, made: Mutex::new(false) }
    }

    /// The directory with the project's files in it.
    ///
    /// # Errors
    ///
    /// The files cannot be put there; the next task tries again.
    pub(super) fn open(&self) -> Result<&Path, OperatorError> {
        if let Self::Copy { store, revision, dir, made } = self {
            let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
            if !*made {
                make(store, *revision, dir)?;
                *made = true;
            }
        }
        Ok(self.place())
    }

    /// Where the directory is, or would be, for those who do not look into it.
    pub(super) fn place(&self) -> &Path {
        match self {
            Self::Directory(dir) | Self::Copy { dir, .. } => dir,
        }
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        remove_unused_dirs(self.place());
        if let Self::Copy { dir, .. } = self {
            // What cannot be removed now is removed when the next server starts.
            let _ = fs::remove_dir_all(dir);
        }
    }
}

/// Removes what an earlier process left behind. No other may be using it.
pub(super) fn remove_workspaces(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with("attempt-") {
            // What cannot be removed is in nobody's way: a workspace that is needed says so itself.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn make(store: &Store, revision: RevisionId, dir: &Path) -> Result<(), OperatorError> {
    let failed = |error: &dyn std::error::Error| OperatorError::runtime(error.to_string());
    let gzip = store.read(|reader| archives::gzip(reader, revision)).map_err(|error| failed(&error))?;
    let gzip = gzip.ok_or_else(|| OperatorError::runtime("Archive is not stored"))?;
    // What an earlier process left there may be of any state.
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(&error)),
        _ => {}
    }
    // The database is its owner's alone, and so are copies of what is in it.
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|error| failed(&error))?;
    extract(gzip.as_slice(), dir, &Limits::NONE, &mut |_| {}).map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::{PackOptions, pack};
    use crate::store::{Durability, testing, workflows};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_copy_is_made_when_it_is_needed_and_goes_with_the_attempt() {
        let (store, directory) = testing::store();
        let project = directory.path().join("project");
        fs::create_dir(&project).unwrap();
        fs::write(project.join("a.txt"), "hello").unwrap();
        let mut gzip = vec![];
        let options = PackOptions { copy_outgoing_symlinks: false, except: None };
        pack(&project, &options, &mut gzip, &mut |_| {}).unwrap();
        let workflow = testing::workflow(&store, "p", "wf");
        let revision = store.read(|r| workflows::by_id(r, workflow)).unwrap().unwrap().revision_id;
        store.write(Durability::Full, |w| archives::insert(w, revision, [0; 16], &gzip)).unwrap();

        let dir = directory.path().join("workspaces/attempt-1");
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("left behind"), "").unwrap();
        let workspace = Workspace::copy(Arc::new(store), revision, dir.clone());
        assert_eq!(workspace.place(), dir);
        assert!(dir.join("left behind").exists());
        assert_eq!(fs::read_to_string(workspace.open().unwrap().join("a.txt")).unwrap(), "hello");
        assert!(!dir.join("left behind").exists());
        assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
        fs::write(dir.join("made by a task"), "").unwrap();
        assert!(workspace.open().unwrap().join("made by a task").exists());
        drop(workspace);
        assert!(!dir.exists());
    }

    #[test]
    fn what_was_left_behind_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::create_dir_all(path("attempt-1/src")).unwrap();
        fs::create_dir(path("mine")).unwrap();
        remove_workspaces(dir.path());
        assert!(!path("attempt-1").exists() && path("mine").exists());
        remove_workspaces(&path("nowhere"));
    }

    #[test]
    fn a_revision_without_an_archive_has_no_copy() {
        let (store, directory) = testing::store();
        let workspace = Workspace::copy(Arc::new(store), RevisionId(1), directory.path().join("w"));
        assert_eq!(workspace.open().unwrap_err().to_string(), "Archive is not stored (runtime)");
    }
}
