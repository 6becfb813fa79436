//! File systems of whose changes the kernel does not tell all: those on which others make changes, too.
//!
//! Not among them is overlayfs, on which containers live: inside a container its changes are told of. Whoever changes the
//! layers from outside sets `watch.poll = always`.

use std::path::Path;

/// Whether a directory is on such a file system. False for one that cannot be asked about.
#[cfg(target_os = "linux")]
pub(super) fn is_remote(directory: &Path) -> bool {
    // The low half is enough for all of them; the type's width and sign differ between C libraries.
    nix::sys::statfs::statfs(directory)
        .is_ok_and(|found| REMOTE.contains(&(found.filesystem_type().0 as u64 & 0xFFFF_FFFF)))
}

/// `FSEvents` tells of all but network volumes, which are left to `watch.poll = always`; kqueue, of a directory, only which
/// entries come and go, not that they are written in place.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_remote(_: &Path) -> bool {
    cfg!(not(target_os = "macos"))
}

/// Of `statfs(2)` and `linux/magic.h`.
#[cfg(target_os = "linux")]
const REMOTE: [u64; 14] = [
    0x0000_6969, // NFS
    0x0000_517B, // SMB
    0xFF53_4D42, // CIFS
    0xFE53_4D42, // SMB2
    0x0000_564C, // NCP
    0x0102_1997, // 9P: virtual machines, WSL
    0x6573_5546, // FUSE: sshfs, virtiofs, file sharing of containers
    0x786F_4256, // VirtualBox
    0xBACB_ACBC, // VMware
    0x00C3_6400, // Ceph
    0x0BD0_0BD0, // Lustre
    0x7375_7245, // Coda
    0x5346_414F, // AFS
    0x0116_1970, // GFS2
];

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_this_kernel_is_not_remote() {
        assert!(!is_remote(Path::new("/proc")));
        assert!(!is_remote(Path::new("/nonexistent")));
    }
}
