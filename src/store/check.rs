//! Whether a file is sound: SQLite's own checks, made on a connection that only reads.

use super::open::{self, Found};
use super::{Reader, Result, StoreError};
use std::path::Path;

/// How much of the file is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Every page once.
    Quick,
    /// Whether tables and indices agree, too. Takes several times as long.
    Full,
}

/// What was found wrong, for a person; nothing when the file is sound.
pub fn damages(r: &Reader, depth: Depth) -> Result<Vec<String>> {
    let pragma = match depth {
        Depth::Quick => "PRAGMA quick_check(10)",
        Depth::Full => "PRAGMA integrity_check(10)",
    };
    match r.rows(pragma, &[], |row| row.get::<_, String>(0)) {
        Ok(found) if found == ["ok"] => Ok(vec![]),
        // Some damages keep it from looking any further.
        Err(StoreError::Corrupt { source, .. }) => Ok(vec![source.to_string()]),
        found => found,
    }
}

/// How many rows refer to rows that are not there.
pub fn dangling_references(r: &Reader) -> Result<u64> {
    Ok(r.rows("PRAGMA foreign_key_check", &[], |_| Ok(()))?.len() as u64)
}

/// A file as it is, whichever version of Dibble wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// Of the schema.
    pub version: i64,
    /// The version that this program knows.
    pub known: i64,
    pub damages: Vec<String>,
    pub dangling_references: u64,
    /// Whether free room can be given back in small steps.
    pub is_incremental: bool,
}

/// Looks at a file without changing it, not even to bring it to the current schema.
///
/// # Errors
///
/// It cannot be read, is newer, or not Dibble's.
pub fn examine(path: &Path, depth: Depth) -> Result<Examined> {
    let file = open::absolute(path)?;
    open::require(&file)?;
    let (reader, found, version) = open::any_version(&file)?;
    reader.snapshot(|r| {
        let damages = damages(r, depth)?;
        let is_readable = found != Found::Empty && damages.is_empty();
        Ok(Examined {
            version,
            known: open::known_version(),
            dangling_references: if is_readable { dangling_references(r)? } else { 0 },
            damages,
            is_incremental: super::space::is_incremental(r)?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing;
    use rusqlite::Connection;
    use std::fs;

    #[test]
    fn a_sound_file_has_no_damages() {
        let (store, directory) = testing::store();
        testing::attempt(&store, "");
        let examined = examine(&directory.path().join("test.db"), Depth::Full).unwrap();
        let version = examined.known;
        let sound = Examined {
            version,
            known: version,
            damages: vec![],
            dangling_references: 0,
            is_incremental: true,
        };
        assert_eq!(examined, sound);
    }

    #[test]
    fn references_to_nothing_are_told_and_nothing_is_changed() {
        let (store, directory) = testing::store();
        testing::attempt(&store, "");
        drop(store);
        let file = directory.path().join("test.db");
        let connection = Connection::open(&file).unwrap();
        connection
            .execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM projects; PRAGMA user_version = 2;")
            .unwrap();
        drop(connection);
        let before = fs::read(&file).unwrap();
        let examined = examine(&file, Depth::Quick).unwrap();
        // The revision, the session and the attempt.
        assert_eq!((examined.version, examined.dangling_references), (2, 3));
        assert_eq!(fs::read(&file).unwrap(), before);
    }

    #[test]
    fn damages_are_told() {
        let (store, directory) = testing::store();
        testing::attempt(&store, "");
        drop(store);
        let file = directory.path().join("test.db");
        let mut bytes = fs::read(&file).unwrap();
        let middle = bytes.len() / 2 / 4096 * 4096;
        bytes[middle..middle + 4096].fill(0xff);
        fs::write(&file, bytes).unwrap();
        for depth in [Depth::Quick, Depth::Full] {
            let examined = examine(&file, depth).unwrap();
            assert!(!examined.damages.is_empty(), "{examined:?}");
        }
    }
}
