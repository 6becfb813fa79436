//! How much room is left on a disk.

use nix::sys::statvfs::statvfs;
use std::path::Path;

/// What users may still write to the file system of a place, in bytes, with the directory that was asked: a place that is
/// not there yet counts as what it will be made in. None for what cannot be looked at.
pub fn free_space(place: &Path) -> Option<(u64, &Path)> {
    let there = place.ancestors().find(|place| place.exists())?;
    let stat = statvfs(there).ok()?;
    Some((stat.blocks_available().saturating_mul(stat.fragment_size()), there))
}
