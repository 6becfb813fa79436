//! Which files of a directory belong to the project, and where its links lead.

use super::names::{below, normalized, relative};
use super::{IgnoreRules, PackError};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A file or link to be packed.
#[derive(Debug)]
pub(super) struct Item {
    /// Below the project's directory.
    pub name: PathBuf,
    /// Where it is read from.
    pub source: PathBuf,
    /// The text of a link. Without, the file is packed.
    pub target: Option<PathBuf>,
}

/// Lists a project, sorted by name.
///
/// `dir` is absolute. With `copy_outgoing`, links that leave it are replaced by what they point to; otherwise they are
/// errors. `except` is left out by what it is, not by its name.
pub(super) fn list(dir: &Path, copy_outgoing: bool, except: Option<&Path>) -> Result<Vec<Item>, PackError> {
    let mut walk = Walk {
        project: dir,
        rules: IgnoreRules::of(dir)?,
        copy_outgoing,
        except: except.and_then(|path| fs::metadata(path).ok()).map(|found| identity(&found)),
        open: vec![],
        items: vec![],
    };
    walk.directory(&Place { name: PathBuf::new(), root: PathBuf::new(), real: dir.to_owned() })?;
    walk.items.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(walk.items)
}

/// A directory of the project, or one outside that is copied into it.
struct Place {
    /// Its name in the project, of which `root` is the part that links have led to: `root` is to be found at `real`.
    name: PathBuf,
    root: PathBuf,
    real: PathBuf,
}

struct Walk<'a> {
    project: &'a Path,
    rules: IgnoreRules,
    copy_outgoing: bool,
    except: Option<(u64, u64)>,
    /// The directories round the current one, links resolved.
    open: Vec<PathBuf>,
    items: Vec<Item>,
}

impl Walk<'_> {
    fn directory(&mut self, place: &Place) -> Result<(), PackError> {
        let dir = place.path();
        let canonical = dir.canonicalize().map_err(|source| unreadable(&dir, source))?;
        if self.open.contains(&canonical) {
            return Err(PackError::Cycle { link: self.project.join(&place.root), target: canonical });
        }
        self.open.push(canonical);
        for entry in fs::read_dir(&dir).map_err(|source| unreadable(&dir, source))? {
            let entry = entry.map_err(|source| unreadable(&dir, source))?;
            self.entry(place, &entry)?;
        }
        self.open.pop();
        Ok(())
    }

    fn entry(&mut self, place: &Place, entry: &fs::DirEntry) -> Result<(), PackError> {
        let path = entry.path();
        let name = place.name.join(entry.file_name());
        let kind = entry.file_type().map_err(|source| unreadable(&path, source))?;
        // As for Git, what a link points to decides whether it is a directory.
        let followed = if kind.is_symlink() { fs::metadata(&path) } else { entry.metadata() };
        if self.rules.ignore(&name, followed.as_ref().is_ok_and(fs::Metadata::is_dir)) {
            return Ok(());
        }
        if kind.is_symlink() && self.link(place, &name, &path)? {
            return Ok(());
        }
        let found = followed.map_err(|source| unreadable(&path, source))?;
        if found.is_dir() {
            let below = if kind.is_symlink() {
                Place {
                    root: name.clone(),
                    name,
                    real: path.canonicalize().map_err(|source| unreadable(&path, source))?,
                }
            } else {
                Place { name, root: place.root.clone(), real: place.real.clone() }
            };
            return self.directory(&below);
        }
        if !found.is_file() {
            return Err(PackError::Special(path));
        }
        if self.except != Some(identity(&found)) {
            self.items.push(Item { name, source: path, target: None });
        }
        Ok(())
    }

    /// Packs a link as it is. False if what it points to has to be copied.
    fn link(&mut self, place: &Place, name: &Path, path: &Path) -> Result<bool, PackError> {
        let text = fs::read_link(path).map_err(|source| unreadable(path, source))?;
        let means = normalized(&place.path().join(text));
        match self.inside(place, &means) {
            Some(inside) => {
                let target = Some(relative(name, &inside));
                self.items.push(Item { name: name.to_owned(), source: path.to_owned(), target });
                Ok(true)
            }
            None if self.copy_outgoing => Ok(false),
            None => Err(PackError::OutgoingLink { target: means, project: self.project.to_owned() }),
        }
    }

    /// The name of what a link means, if that is in the project, or in the outer directory that is being copied.
    fn inside(&self, place: &Place, means: &Path) -> Option<PathBuf> {
        let copied = means.strip_prefix(&place.real).ok().map(|rest| place.root.join(rest));
        copied
            .or_else(|| means.strip_prefix(self.project).ok().map(Path::to_owned))
            .and_then(|name| below(&name))
    }
}

impl Place {
    fn path(&self) -> PathBuf {
        let below_root = self.name.components().skip(self.root.components().count());
        self.real.components().chain(below_root).collect()
    }
}

/// Tells whether two paths are the same file.
fn identity(found: &fs::Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}

fn unreadable(path: &Path, source: io::Error) -> PackError {
    PackError::Unreadable { path: path.to_owned(), source }
}
