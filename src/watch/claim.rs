//! Noticing that another server watches the same directory: with a database of its own, it would start every session a
//! second time.
//!
//! A claim is a lock on the open directory itself, so nothing is written, it works where nothing may be, and it ends with
//! its process, whatever becomes of that. It is a shared lock of a kind that cannot be exclusive on a directory: nobody
//! waits for it, least of all a workflow that uses `flock`. It is on the byte whose number is that of the process, in a
//! file that has no bytes, so whoever asks is told by whom. The kernel keeps such locks for all processes of a machine,
//! in containers, too; servers on several machines that share a directory do not notice each other. Only Linux has them.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What a directory is to a server that watches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Project,
    /// Its sub-directories are projects.
    Folder,
}

/// Says that this process watches a directory, until it is dropped.
#[derive(Debug)]
pub(super) struct Claim {
    directory: File,
    role: Role,
}

/// The processes that watch the project in a directory, this one too if it does; none when that cannot be found out.
pub fn watchers(directory: &Path) -> Vec<u32> {
    let mut found = holders_of(directory, Role::Project);
    found.extend(directory.parent().map(|parent| holders_of(parent, Role::Folder)).unwrap_or_default());
    found
}

/// The processes that watch a directory in this role.
pub(super) fn holders_of(directory: &Path, role: Role) -> Vec<u32> {
    File::open(directory).map(|directory| locks::holders(&directory, role)).unwrap_or_default()
}

impl Claim {
    /// None when the directory cannot be read, or the file system has no locks.
    pub(super) fn new(directory: &Path, role: Role) -> Option<Self> {
        let directory = File::open(directory).ok()?;
        locks::hold(&directory, role).then_some(Self { directory, role })
    }

    /// Whether it is the directory that has this path now.
    pub(super) fn is_of(&self, directory: &Path) -> bool {
        let id = |found: fs::Metadata| (found.dev(), found.ino());
        let (held, now) = (self.directory.metadata(), fs::metadata(directory));
        held.ok().map(id).is_some_and(|held| now.ok().map(id) == Some(held))
    }

    /// The other processes that watch the directory in the same role.
    pub(super) fn others(&self) -> Vec<u32> {
        locks::holders(&self.directory, self.role)
    }
}

#[cfg(target_os = "linux")]
mod locks {
    use super::Role;
    use nix::fcntl::{FcntlArg, fcntl};
    use nix::libc::{F_RDLCK, F_UNLCK, F_WRLCK, SEEK_SET, flock, off_t};
    use std::fs::File;

    /// More than the largest number of a process.
    const SPAN: off_t = 1 << 32;

    /// Tells whether that was possible.
    pub(super) fn hold(directory: &File, role: Role) -> bool {
        let own = lock(F_RDLCK, first(role) + off_t::from(std::process::id()), 1);
        fcntl(directory, FcntlArg::F_OFD_SETLK(&own)).is_ok()
    }

    /// Who holds it over another opening of the directory than this one.
    pub(super) fn holders(directory: &File, role: Role) -> Vec<u32> {
        let (mut from, end) = (first(role), first(role) + SPAN);
        let mut found = vec![];
        while from < end {
            // What would stand in the way of a lock that nobody asks for: the one with the lowest number is told.
            let mut other = lock(F_WRLCK, from, end - from);
            let is_told = fcntl(directory, FcntlArg::F_OFD_GETLK(&mut other)).is_ok();
            if !is_told || i32::from(other.l_type) == F_UNLCK || other.l_start < from {
                break;
            }
            found.extend(u32::try_from(other.l_start - first(role)));
            from = other.l_start + 1;
        }
        found
    }

    fn first(role: Role) -> off_t {
        match role {
            Role::Project => 0,
            Role::Folder => SPAN,
        }
    }

    fn lock(kind: i32, start: off_t, length: off_t) -> flock {
        // The kinds are 0 to 2, in a field of 16 bits.
        let l_type = i16::try_from(kind).unwrap_or_default();
        flock { l_type, l_whence: SEEK_SET as i16, l_start: start, l_len: length, l_pid: 0 }
    }
}

#[cfg(not(target_os = "linux"))]
mod locks {
    use super::Role;
    use std::fs::File;

    pub(super) fn hold(_: &File, _: Role) -> bool {
        false
    }

    pub(super) fn holders(_: &File, _: Role) -> Vec<u32> {
        vec![]
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn whoever_else_watches_is_known() {
        let root = tempfile::tempdir().unwrap();
        let project = root.path().join("p");
        fs::create_dir(&project).unwrap();
        fs::set_permissions(&project, fs::Permissions::from_mode(0o500)).unwrap();
        let own = std::process::id();
        assert!(watchers(&project).is_empty());
        let one = Claim::new(&project, Role::Project).unwrap();
        assert_eq!((one.others(), watchers(&project)), (vec![], vec![own]));
        let two = Claim::new(&project, Role::Project).unwrap();
        assert_eq!((one.others(), two.others()), (vec![own], vec![own]));
        drop(two);
        assert!(one.others().is_empty());

        let folder = Claim::new(root.path(), Role::Folder).unwrap();
        assert_eq!((one.others(), folder.others()), (vec![], vec![]));
        assert!(holders_of(root.path(), Role::Project).is_empty());
        assert_eq!(watchers(&project), [own, own]);
        assert_eq!(fs::read_dir(&project).unwrap().count(), 0, "nothing is written");
    }

    #[test]
    fn a_claim_is_of_a_directory_and_not_of_a_path() {
        let root = tempfile::tempdir().unwrap();
        let [project, moved] = ["p", "moved"].map(|name| root.path().join(name));
        fs::create_dir(&project).unwrap();
        let claim = Claim::new(&project, Role::Project).unwrap();
        assert!(claim.is_of(&project));
        fs::rename(&project, &moved).unwrap();
        assert!(!claim.is_of(&project) && claim.is_of(&moved));
        fs::create_dir(&project).unwrap();
        assert!(!claim.is_of(&project));
        assert!(Claim::new(&root.path().join("none"), Role::Project).is_none());
    }
}
