//! Where changes have to be noticed, so that nothing that matters to a path is missed: a walk along the path, component by
//! component, through all links.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

/// Links in one path. The system follows fewer.
const MAX_LINKS: usize = 64;

/// A directory in which some entries matter. No component of its path is a link.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) directory: PathBuf,
    pub(super) entries: Entries,
}

/// Entries of a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Entries {
    Named(OsString),
    /// What decides which workflows there are.
    Workflows,
    /// What could be a project.
    Visible,
}

/// A path that was walked along.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// Where its components are.
    pub(super) places: BTreeSet<Place>,
    /// Where it leads; none when a component is missing.
    pub(super) end: Option<PathBuf>,
}

impl Entries {
    pub(super) fn include(&self, name: &OsStr) -> bool {
        let bytes = name.as_encoded_bytes();
        match self {
            Self::Named(known) => known == name,
            Self::Workflows => is_workflow(name) || bytes == b".digdagignore",
            Self::Visible => !bytes.starts_with(b"."),
        }
    }
}

/// The places of a project in a directory, whose workflows include these files.
pub(super) fn places_of_project(directory: &Path, included: &BTreeSet<PathBuf>) -> BTreeSet<Place> {
    let Walk { mut places, end } = walk(directory);
    let Some(end) = end else { return places };
    for link in workflow_links(&end) {
        places.append(&mut walk(&link).places);
    }
    places.insert(Place { directory: end, entries: Entries::Workflows });
    for file in included {
        places.append(&mut walk(file).places);
    }
    places
}

/// The places of a directory whose entries may be projects.
pub(super) fn places_of_folder(directory: &Path) -> BTreeSet<Place> {
    let Walk { mut places, end } = walk(directory);
    places.extend(end.map(|directory| Place { directory, entries: Entries::Visible }));
    places
}

/// Walks along an absolute path.
fn walk(path: &Path) -> Walk {
    let mut walk = Walk::default();
    let mut here = PathBuf::from("/");
    let mut left: Vec<OsString> = names(path);
    let mut links = 0;
    while let Some(name) = left.pop() {
        if name == ".." {
            here.pop();
            continue;
        }
        let next = here.join(&name);
        let found = fs::symlink_metadata(&next);
        let is_link = found.as_ref().is_ok_and(|found| found.file_type().is_symlink());
        // Nobody moves what is at the top or in /tmp, and much happens there.
        if !is_shared(&here) || is_link || found.is_err() {
            walk.places.insert(Place { directory: here.clone(), entries: Entries::Named(name) });
        }
        if found.is_err() {
            return walk;
        }
        if !is_link {
            here = next;
            continue;
        }
        links += 1;
        let Ok(target) = fs::read_link(&next) else { return walk };
        if links > MAX_LINKS {
            return walk;
        }
        if target.is_absolute() {
            here = PathBuf::from("/");
        }
        left.append(&mut names(&target));
    }
    walk.end = Some(here);
    walk
}

/// Whether many programs use a directory: the one at the top, and those in which everybody may make entries and nobody may
/// move those of others.
fn is_shared(directory: &Path) -> bool {
    const STICKY: u32 = 0o1000;
    let is_sticky = || fs::metadata(directory).is_ok_and(|found| found.permissions().mode() & STICKY != 0);
    directory == Path::new("/") || is_sticky()
}

/// The components of a path, the last one first.
fn names(path: &Path) -> Vec<OsString> {
    let name = |component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
    };
    let mut names: Vec<OsString> = path.components().filter_map(name).collect();
    names.reverse();
    names
}

/// The workflows of a directory that are links.
fn workflow_links(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let links = entries.filter(|entry| {
        is_workflow(&entry.file_name()) && entry.file_type().is_ok_and(|found| found.is_symlink())
    });
    links.map(|entry| entry.path()).collect()
}

fn is_workflow(name: &OsStr) -> bool {
    name.as_encoded_bytes().ends_with(b".dig")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use tempfile::TempDir;

    /// The places below the root, `directory: entries`.
    fn shown(root: &Path, places: &BTreeSet<Place>) -> Vec<String> {
        let line = |place: &Place| {
            let directory = place.directory.strip_prefix(root).ok()?.display().to_string();
            Some(match &place.entries {
                Entries::Named(name) => format!("{directory}: {}", name.display()),
                other => format!("{directory}: {other:?}"),
            })
        };
        places.iter().filter_map(line).collect()
    }

    fn root() -> (TempDir, PathBuf) {
        let root = TempDir::new().unwrap();
        let path = root.path().canonicalize().unwrap();
        (root, path)
    }

    #[test]
    fn every_link_of_a_path_matters() {
        let (_guard, root) = root();
        fs::create_dir_all(root.join("releases/1/jobs")).unwrap();
        fs::create_dir_all(root.join("shared")).unwrap();
        fs::write(root.join("shared/a.dig"), "").unwrap();
        symlink("releases/1", root.join("current")).unwrap();
        symlink("../../../shared/a.dig", root.join("releases/1/jobs/a.dig")).unwrap();
        let places = places_of_project(&root.join("current/jobs"), &BTreeSet::new());
        assert_eq!(
            shown(&root, &places),
            [
                ": current",
                ": releases",
                ": shared",
                "releases: 1",
                "releases/1: jobs",
                "releases/1/jobs: a.dig",
                "releases/1/jobs: Workflows",
                "shared: a.dig",
            ]
        );
    }

    #[test]
    fn included_files_matter_wherever_they_are() {
        let (_guard, root) = root();
        fs::create_dir_all(root.join("p/inc")).unwrap();
        let included = ["inc/there.dig", "not/there.dig"].map(|path| root.join("p").join(path));
        let places = places_of_project(&root.join("p"), &included.into());
        let expected = [": p", "p: inc", "p: not", "p: Workflows", "p/inc: there.dig"];
        assert_eq!(shown(&root, &places), expected);
    }

    #[test]
    fn what_is_missing_is_waited_for() {
        let (_guard, root) = root();
        let places = places_of_project(&root.join("a/b/c"), &BTreeSet::new());
        assert_eq!(shown(&root, &places), [": a"]);
        symlink("loop", root.join("loop")).unwrap();
        let places = places_of_project(&root.join("loop"), &BTreeSet::new());
        assert_eq!(shown(&root, &places), [": loop"]);
        assert_eq!(shown(&root, &places_of_folder(&root)), [": Visible"]);
    }

    #[test]
    fn entries_are_told_apart() {
        let named = Entries::Named("x.yml".into());
        for (entries, name, expected) in [
            (&named, "x.yml", true),
            (&named, "y.yml", false),
            (&Entries::Workflows, "a.dig", true),
            (&Entries::Workflows, ".digdagignore", true),
            (&Entries::Workflows, "a.dig~", false),
            (&Entries::Workflows, ".dibble.db-wal", false),
            (&Entries::Visible, "sales", true),
            (&Entries::Visible, ".git", false),
        ] {
            assert_eq!(entries.include(OsStr::new(name)), expected, "{entries:?} {name}");
        }
    }
}
