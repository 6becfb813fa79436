//! A directory whose sub-directories are projects.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What could be projects: directories, links to them, and links that lead nowhere yet. Names that begin with a dot are
/// left out, as in projects.
pub(super) fn candidates(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = vec![];
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let is_candidate = match fs::metadata(&path) {
            Ok(metadata) => metadata.is_dir(),
            Err(_) => entry.file_type().is_ok_and(|file_type| file_type.is_symlink()),
        };
        if is_candidate && !entry.file_name().as_encoded_bytes().starts_with(b".") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Whether workflows lie in the directory itself, as they do in a project.
pub(super) fn has_workflows(directory: &Path) -> bool {
    fs::read_dir(directory).is_ok_and(|mut entries| {
        entries.any(|entry| {
            let is_named_so = |name: &[u8]| name.ends_with(b".dig") && !name.starts_with(b".");
            entry.is_ok_and(|entry| {
                is_named_so(entry.file_name().as_encoded_bytes()) && entry.path().is_file()
            })
        })
    })
}

/// What is wrong with a directory of projects that has workflows itself, for a person.
pub(super) fn mistaken(folder: &Path) -> String {
    let shown = folder.display();
    format!(
        "{shown} has workflows itself, which do not run: --projects-dir runs those in its sub-directories. Did you mean \
         --project {shown}?"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn directories_and_links_to_them_could_be_projects() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        for name in ["b", "a", ".git"] {
            fs::create_dir(path(name)).unwrap();
        }
        fs::write(path("file"), "").unwrap();
        for (target, name) in [("a", "link"), ("none", "dangling"), ("file", "link-to-file")] {
            symlink(target, path(name)).unwrap();
        }
        assert_eq!(candidates(root.path()).unwrap(), ["a", "b", "dangling", "link"].map(path));
        assert!(candidates(&path("none")).is_err());
    }

    #[test]
    fn a_project_is_told_from_a_directory_of_projects() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("jobs.dig")).unwrap();
        for name in [".hidden.dig", "notes.txt", "jobs.dig/wf.dig"] {
            fs::write(root.path().join(name), "").unwrap();
        }
        assert!(!has_workflows(root.path()));
        assert!(has_workflows(&root.path().join("jobs.dig")));
        assert!(!has_workflows(&root.path().join("none")));
    }
}
