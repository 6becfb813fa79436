//! Whether the file that is open is still the one that has its name: whoever removes a file that is in use takes nothing
//! from those who use it, and what they write is gone when they end.
//!
//! The file is never opened for this, for closing it would drop the locks of the process.

use super::{Result, StoreError};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What tells a file from any other while it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// That of the file with this name; none when there is none.
    pub(super) fn of(file: &Path) -> std::io::Result<Option<Self>> {
        match fs::metadata(file) {
            Ok(metadata) => Ok(Some(Self { device: metadata.dev(), inode: metadata.ino() })),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// # Errors
    ///
    /// [`StoreError::Moved`] when the name belongs to another file by now, or to none. What cannot be looked at is taken
    /// to be in its place.
    pub(super) fn check(self, file: &Path) -> Result<()> {
        match Self::of(file) {
            Ok(found) if found != Some(self) => Err(StoreError::Moved { file: file.to_owned() }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::store::testing;
    use crate::store::{Store, StoreError};
    use std::fs;

    #[test]
    fn a_file_that_was_removed_or_replaced_is_noticed() {
        let (store, directory) = testing::store();
        assert!(store.check_place().is_ok());
        let (file, aside) = (store.file().to_owned(), directory.path().join("aside.db"));
        fs::rename(&file, &aside).unwrap();
        let moved = |checked| matches!(checked, Err(StoreError::Moved { file: moved }) if moved == file);
        assert!(moved(store.check_place()));
        fs::write(&file, "").unwrap();
        assert!(moved(store.check_place()));
        fs::rename(&aside, &file).unwrap();
        assert!(store.check_place().is_ok());
        assert!(Store::memory().unwrap().check_place().is_ok());
    }
}
