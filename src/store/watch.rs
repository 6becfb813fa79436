//! Tells whether others have committed something, without reading it.

use super::{Reader, Result};

/// Sees the commits of other connections, of this process and of others. A look costs no disk access.
#[derive(Debug)]
pub struct Watch {
    /// None for a database that nobody else can write to.
    reader: Option<Reader>,
    seen: i64,
}

impl Watch {
    pub(super) fn new(reader: Option<Reader>) -> Result<Self> {
        let mut watch = Self { reader, seen: 0 };
        watch.has_changed()?;
        Ok(watch)
    }

    /// Whether something was committed since the last call, or since the watch began.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub fn has_changed(&mut self) -> Result<bool> {
        let Some(reader) = &self.reader else { return Ok(false) };
        let version = reader
            .connection()
            .pragma_query_value(None, "data_version", |row| row.get(0))
            .map_err(|error| reader.error(error))?;
        Ok(std::mem::replace(&mut self.seen, version) != version)
    }
}

#[cfg(test)]
mod tests {
    use crate::store::testing;
    use crate::store::{Durability, Store, projects};

    #[test]
    fn commits_of_others_are_seen_once() {
        let (store, _directory) = testing::store();
        let other = Store::open(store.file()).unwrap();
        let mut watch = store.watch().unwrap();
        assert!(!watch.has_changed().unwrap());
        let write = |name| {
            other.write(Durability::Normal, |w| projects::find_or_insert(w, name, testing::at(1))).unwrap();
        };
        write("p");
        write("q");
        assert!(watch.has_changed().unwrap());
        assert!(!watch.has_changed().unwrap());
        assert_eq!(store.read(|r| projects::list(r, None, 10)).unwrap().len(), 2);
        assert!(!watch.has_changed().unwrap());
        write("r");
        assert!(watch.has_changed().unwrap());
    }

    #[test]
    fn memory_has_no_others() {
        assert!(!Store::memory().unwrap().watch().unwrap().has_changed().unwrap());
    }
}
