//! How much room the file takes, and giving back what has become free in it.

use super::{Durability, Reader, Result, Store, Writer};
use rusqlite::{Error, Row};

/// The room that a database takes. What is still in the WAL counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// In bytes.
    pub page_size: u64,
    pub pages: u64,
    /// Of these, how many hold nothing.
    pub free_pages: u64,
}

impl Space {
    /// In bytes, what is in use.
    pub fn used(self) -> u64 {
        self.pages.saturating_sub(self.free_pages) * self.page_size
    }

    /// In bytes, with what is free.
    pub fn total(self) -> u64 {
        self.pages * self.page_size
    }
}

pub fn measure(r: &Reader) -> Result<Space> {
    // One by one, as each is a number in the header: joined they would be four virtual tables.
    Ok(Space {
        page_size: number(r, "PRAGMA page_size")?,
        pages: number(r, "PRAGMA page_count")?,
        free_pages: number(r, "PRAGMA freelist_count")?,
    })
}

/// Whether free room can be given back in small steps. It cannot in a file that was made before there was retention.
pub fn is_incremental(r: &Reader) -> Result<bool> {
    const INCREMENTAL: i64 = 2;
    // What is told is what the connection found at the beginning of its last transaction that read the file.
    number(r, "PRAGMA page_count")?;
    // Not a cached statement: it is answered when it is compiled.
    let mode: i64 = r
        .connection()
        .query_row("PRAGMA auto_vacuum", [], |row| row.get(0))
        .map_err(|error| r.error(error))?;
    Ok(mode == INCREMENTAL)
}

/// Gives up to 64 free pages back to the file system. Tells how many pages the file has lost.
pub fn shrink_a_little(w: &Writer) -> Result<u64> {
    shrink(w, "PRAGMA incremental_vacuum(64)")
}

/// Gives up to 4 free pages back: on a full disk, where there is no room for what has to be in the write-ahead log first.
/// Tells how many pages the file has lost.
pub fn shrink_least(w: &Writer) -> Result<u64> {
    shrink(w, "PRAGMA incremental_vacuum(4)")
}

fn shrink(w: &Writer, pragma: &'static str) -> Result<u64> {
    let before = number(w, "PRAGMA page_count")?;
    let shrink = || -> Result<(), Error> {
        let mut statement = w.connection().prepare_cached(pragma)?;
        // A page goes with every step.
        let mut steps = statement.raw_query();
        while steps.next()?.is_some() {}
        Ok(())
    };
    shrink().map_err(|error| w.error(error))?;
    Ok(before.saturating_sub(number(w, "PRAGMA page_count")?))
}

impl Store {
    /// Folds the write-ahead log into the file, as far as nobody reads what was before; waits for nobody. Tells whether all
    /// of it is in the file now: only then is the file as large as [`Space::total`] says.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub fn fold_in_log(&self) -> Result<bool> {
        self.outside_of_transactions(Durability::Normal, |w| {
            let counts = |row: &Row<'_>| Ok((row.get("log")?, row.get("checkpointed")?));
            let counts: Option<(i64, i64)> = w.row("PRAGMA wal_checkpoint(PASSIVE)", &[], counts)?;
            Ok(counts.is_none_or(|(all, folded)| all == folded))
        })
    }

    /// Writes the whole file anew, without gaps, so that it can give back free room in small steps from then on. It needs
    /// the room of a second file meanwhile, and nobody else can write.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub fn rewrite(&self) -> Result<()> {
        self.outside_of_transactions(Durability::Full, |w| {
            let rewrite = "PRAGMA auto_vacuum = INCREMENTAL; VACUUM;";
            w.connection().execute_batch(rewrite).map_err(|error| w.error(error))
        })
    }
}

fn number(r: &Reader, pragma: &'static str) -> Result<u64> {
    Ok(r.row(pragma, &[], |row| row.get::<_, i64>(0))?.unwrap_or_default().unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing;
    use rusqlite::Connection;

    fn fill(store: &Store, sql: &'static str) {
        store.write(Durability::Normal, |w| w.execute(sql, &[])).unwrap();
    }

    /// Half a thousand pages.
    fn fill_pages(store: &Store) {
        fill(
            store,
            "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 500)
             INSERT INTO stored_params SELECT n, hex(zeroblob(2000)), 1 FROM numbers",
        );
    }

    #[test]
    fn free_room_is_given_back_in_steps() {
        let (store, _directory) = testing::store();
        let space = || store.read(measure).unwrap();
        let empty = space();
        assert!(store.read(is_incremental).unwrap());
        fill_pages(&store);
        let full = space();
        assert!(full.used() > empty.used() + 2_000_000, "{full:?}");
        fill(&store, "DELETE FROM stored_params");
        let freed = space();
        assert_eq!((freed.pages, freed.total()), (full.pages, full.total()));
        assert!(freed.free_pages > 400, "{freed:?}");
        let step = || store.write(Durability::Normal, shrink_a_little).unwrap();
        assert_eq!(step(), 64);
        while step() > 0 {}
        assert_eq!(space().free_pages, 0);
        assert!(space().pages <= empty.pages + 2, "{:?}", space());
    }

    #[test]
    fn every_new_file_can_give_room_back() {
        let directory = tempfile::tempdir().unwrap();
        let empty = directory.path().join("empty.db");
        std::fs::write(&empty, "").unwrap();
        for store in [Store::open(&empty).unwrap(), Store::memory().unwrap()] {
            assert!(store.read(is_incremental).unwrap(), "{}", store.file().display());
        }
    }

    #[test]
    fn an_older_file_can_after_it_was_rewritten() {
        let (store, directory) = testing::store();
        testing::attempt(&store, "");
        drop(store);
        let file = directory.path().join("test.db");
        let older = Connection::open(&file).unwrap();
        older.execute_batch("PRAGMA auto_vacuum = NONE; VACUUM;").unwrap();
        drop(older);
        let store = Store::open(&file).unwrap();
        assert!(!store.read(is_incremental).unwrap());
        fill_pages(&store);
        fill(&store, "DELETE FROM stored_params");
        assert_eq!(store.write(Durability::Normal, shrink_a_little).unwrap(), 0);
        store.rewrite().unwrap();
        assert!(store.read(is_incremental).unwrap());
        assert_eq!(store.read(measure).unwrap().free_pages, 0);
        fill_pages(&store);
    }
}
