//! The files of revisions as they were uploaded.

use super::{Reader, Result, Writer};
use crate::model::RevisionId;
use rusqlite::named_params;

/// Keeps the archive of a new revision.
///
/// # Errors
///
/// The revision has one already.
pub fn insert(w: &Writer, revision: RevisionId, md5: [u8; 16], gzip: &[u8]) -> Result<()> {
    w.execute(
        "INSERT INTO archives (revision_id, md5, gzip) VALUES (:revision, :md5, :gzip)",
        named_params! { ":revision": revision, ":md5": md5, ":gzip": gzip },
    )?;
    Ok(())
}

/// The archive of a revision, byte for byte as it was uploaded; none when it was read from a directory.
pub fn gzip(r: &Reader, revision: RevisionId) -> Result<Option<Vec<u8>>> {
    r.row(
        "SELECT gzip FROM archives WHERE revision_id = :revision",
        named_params! { ":revision": revision },
        |row| row.get("gzip"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Durability, testing, workflows};

    #[test]
    fn an_archive_comes_back_as_it_was() {
        let (store, _directory) = testing::store();
        let workflow = testing::workflow(&store, "p", "wf");
        let revision = store.read(|r| workflows::by_id(r, workflow)).unwrap().unwrap().revision_id;
        assert_eq!(store.read(|r| gzip(r, revision)).unwrap(), None);
        store.write(Durability::Full, |w| insert(w, revision, [7; 16], b"\x1f\x8b")).unwrap();
        assert_eq!(store.read(|r| gzip(r, revision)).unwrap().as_deref(), Some(&b"\x1f\x8b"[..]));
    }
}
