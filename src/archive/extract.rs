//! Extracting an archive into a directory that may hold files already. What was there is replaced, never written through:
//! a link to elsewhere that stands in the way goes, and what it pointed to stays as it is.

use super::names::relative;
use super::read::{Header, Kind, members};
use super::{ArchiveError, Limits, Member};
use std::collections::HashMap;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// Extracts all members of a gzipped archive and tells of each file and link. The directory is made if it is not there.
///
/// Permissions are those of the archive; owners and times are not restored.
///
/// # Errors
///
/// The archive is damaged, too large, or tries to leave the directory; or a file cannot be written. What was extracted
/// before stays.
pub fn extract(
    gzip: impl Read,
    dir: &Path,
    limits: &Limits,
    progress: &mut dyn FnMut(Member<'_>),
) -> Result<(), ArchiveError> {
    fs::create_dir_all(dir).map_err(|source| ArchiveError::Disk { path: dir.to_owned(), source })?;
    let mut target = Target { dir, made: HashMap::new(), dir_modes: vec![] };
    members(gzip, limits, &mut |header, content| {
        target.put(header, content)?;
        match &header.kind {
            Kind::Directory => {}
            Kind::File | Kind::HardLink(_) => progress(Member::File(&header.name)),
            Kind::Symlink(to) => {
                progress(Member::Symlink { name: &header.name, target: &relative(&header.name, to) });
            }
        }
        Ok(())
    })?;
    target.finish()
}

struct Target<'a> {
    dir: &'a Path,
    /// What this archive has made, directories aside. No other member may lie below it.
    made: HashMap<PathBuf, Made>,
    /// Set at the end: a directory may be read-only.
    dir_modes: Vec<(PathBuf, u32)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Made {
    File,
    Link,
}

impl Target<'_> {
    fn put(&mut self, header: &Header, content: &mut dyn Read) -> Result<(), ArchiveError> {
        let Header { name, kind, mode } = header;
        let invalid = || ArchiveError::Entry { name: name.display().to_string() };
        self.make_directories(name.parent().unwrap_or(Path::new("")), &invalid)?;
        let path = self.dir.join(name);
        let disk = |source| ArchiveError::Disk { path: path.clone(), source };
        match kind {
            Kind::Directory => {
                self.make_directories(name, &invalid)?;
                self.dir_modes.push((path, *mode));
                return Ok(());
            }
            Kind::File => {
                self.clear(name)?;
                write(&path, content, *mode)?;
                self.made.insert(name.clone(), Made::File);
            }
            Kind::Symlink(to) => {
                self.clear(name)?;
                symlink(relative(name, to), &path).map_err(disk)?;
                self.made.insert(name.clone(), Made::Link);
            }
            Kind::HardLink(to) => {
                if self.made.get(to) != Some(&Made::File) || to == name {
                    return Err(invalid());
                }
                self.clear(name)?;
                fs::hard_link(self.dir.join(to), &path).map_err(disk)?;
                self.made.insert(name.clone(), Made::File);
            }
        }
        Ok(())
    }

    /// Makes a directory and those above it. Files and links that were there before the archive give way.
    fn make_directories(&self, name: &Path, invalid: &dyn Fn() -> ArchiveError) -> Result<(), ArchiveError> {
        let mut below = PathBuf::new();
        for part in name.components() {
            below.push(part);
            if self.made.contains_key(&below) {
                return Err(invalid());
            }
            let path = self.dir.join(&below);
            let make = || match fs::symlink_metadata(&path) {
                Ok(found) if found.is_dir() => Ok(()),
                Ok(_) => fs::remove_file(&path).and_then(|()| fs::create_dir(&path)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => fs::create_dir(&path),
                Err(error) => Err(error),
            };
            make().map_err(|source| ArchiveError::Disk { path: path.clone(), source })?;
        }
        Ok(())
    }

    /// Removes what is in the place of a file or link: a file, a link, or an empty directory.
    fn clear(&mut self, name: &Path) -> Result<(), ArchiveError> {
        let path = self.dir.join(name);
        self.made.remove(name);
        let cleared = match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => fs::remove_dir(&path),
            Ok(_) => fs::remove_file(&path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        };
        cleared.map_err(|source| ArchiveError::Disk { path, source })
    }

    /// Gives the directories their permissions, inner ones first. Their owner can always work in them, or nobody could
    /// extract the next revision over this one.
    fn finish(self) -> Result<(), ArchiveError> {
        for (path, mode) in self.dir_modes.into_iter().rev() {
            let is_dir = fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir());
            if is_dir {
                fs::set_permissions(&path, Permissions::from_mode(mode | 0o700))
                    .map_err(|source| ArchiveError::Disk { path, source })?;
            }
        }
        Ok(())
    }
}

fn write(path: &Path, content: &mut dyn Read, mode: u32) -> Result<(), ArchiveError> {
    let disk = |source| ArchiveError::Disk { path: path.to_owned(), source };
    // `create_new` follows no link, should one have appeared meanwhile.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(disk)?;
    let mut buffer = [0; 16 << 10];
    loop {
        // Reading and writing are told apart, so that a full disk is not called a damaged archive.
        let read = content.read(&mut buffer).map_err(ArchiveError::Damaged)?;
        if read == 0 {
            break;
        }
        io::Write::write_all(&mut file, &buffer[..read]).map_err(disk)?;
    }
    file.set_permissions(Permissions::from_mode(mode)).map_err(disk)
}
