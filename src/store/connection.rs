//! One connection with its transaction: what the functions of the store read and write through.

use super::{Result, StoreError, open};
use rusqlite::{Connection, OptionalExtension, Row, ToSql};
use std::cell::Cell;
use std::ops::Deref;
use std::path::{Path, PathBuf};

/// Parameters of a statement by name, as `named_params!` makes them.
pub(super) type Values<'a> = &'a [(&'a str, &'a dyn ToSql)];

/// How long a commit lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Survives a power cut: the commit waits for the disk.
    Full,
    /// Survives the end of the process; a power cut can take back the newest ones.
    Normal,
}

/// An open transaction that reads.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    file: PathBuf,
}

/// An open transaction that reads and writes.
#[derive(Debug)]
pub struct Writer {
    reader: Reader,
    durability: Cell<Option<Durability>>,
    abandoned: Cell<bool>,
}

impl Deref for Writer {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

impl Reader {
    pub(super) fn new(connection: Connection, file: &Path) -> Self {
        Self { connection, file: file.to_owned() }
    }

    /// Reads all rows of a query.
    pub(super) fn rows<T>(
        &self,
        sql: &'static str,
        values: Values<'_>,
        from_row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let read = || -> rusqlite::Result<Vec<T>> {
            self.connection.prepare_cached(sql)?.query_map(values, from_row)?.collect()
        };
        read().map_err(|error| self.error(error))
    }

    /// Reads the first row of a query.
    pub(super) fn row<T>(
        &self,
        sql: &'static str,
        values: Values<'_>,
        from_row: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        let read = || self.connection.prepare_cached(sql)?.query_row(values, from_row).optional();
        read().map_err(|error| self.error(error))
    }

    /// Does some reading in one transaction.
    pub(super) fn snapshot<T>(&self, work: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        let _transaction = Transaction::begin(self, "BEGIN DEFERRED")?;
        work(self)
    }

    pub(super) fn error(&self, error: rusqlite::Error) -> StoreError {
        StoreError::of(&self.file, error)
    }

    /// For opening, migrating and dumping, whose statements are none of the cached ones.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    fn execute(&self, sql: &'static str, values: Values<'_>) -> Result<usize> {
        let execute = || self.connection.prepare_cached(sql)?.execute(values);
        execute().map_err(|error| self.error(error))
    }
}

impl Writer {
    pub(super) fn new(connection: Connection, file: &Path) -> Self {
        let reader = Reader::new(connection, file);
        Self { reader, durability: Cell::new(None), abandoned: Cell::new(false) }
    }

    /// Lets the transaction be rolled back at its end, whatever the closure returns.
    pub fn abandon(&self) {
        self.abandoned.set(true);
    }

    /// Runs a statement and tells how many rows it changed.
    pub(super) fn execute(&self, sql: &'static str, values: Values<'_>) -> Result<usize> {
        self.reader.execute(sql, values)
    }

    /// Runs an `INSERT` of one row and tells its id.
    pub(super) fn insert(&self, sql: &'static str, values: Values<'_>) -> Result<i64> {
        match self.execute(sql, values)? {
            1 => Ok(self.connection.last_insert_rowid()),
            rows => Err(self.error(rusqlite::Error::StatementChangedRows(rows))),
        }
    }

    /// Does some writing in one transaction.
    pub(super) fn transaction<T>(
        &self,
        durability: Durability,
        work: impl FnOnce(&Self) -> Result<T>,
    ) -> Result<T> {
        self.set_durability(durability)?;
        self.abandoned.set(false);
        let transaction = Transaction::begin(self, "BEGIN IMMEDIATE")?;
        let value = work(self)?;
        if !self.abandoned.get() {
            transaction.commit()?;
        }
        Ok(value)
    }

    /// Does a part of a transaction's writing, which alone is taken back when it fails: the rest of the transaction goes on.
    ///
    /// # Errors
    ///
    /// Those of the file. What `work` returns comes back as it is.
    pub fn part<T, E>(&self, work: impl FnOnce(&Self) -> Result<T, E>) -> Result<Result<T, E>> {
        self.execute("SAVEPOINT part", &[])?;
        let result = work(self);
        if result.is_err() {
            self.execute("ROLLBACK TO part", &[])?;
        }
        self.execute("RELEASE part", &[])?;
        Ok(result)
    }

    /// Begins the WAL of a new database, without waiting for the disk. Otherwise the first commit would wait twice: SQLite
    /// takes its header to the disk before anything else, lest a power cut leave an older one before newer commits. A new
    /// WAL has no older one.
    pub(super) fn begin_wal(&self) -> Result<()> {
        // Any commit does it: this one changes nothing.
        let unchanged =
            format!("PRAGMA synchronous = OFF; PRAGMA application_id = {};", open::APPLICATION_ID);
        self.connection.execute_batch(&unchanged).map_err(|error| self.error(error))
    }

    pub(super) fn set_durability(&self, durability: Durability) -> Result<()> {
        if self.durability.get() == Some(durability) {
            return Ok(());
        }
        // This pragma acts while it is compiled, so it cannot be cached, and outside of transactions only.
        let pragma = match durability {
            Durability::Full => "PRAGMA synchronous = FULL",
            Durability::Normal => "PRAGMA synchronous = NORMAL",
        };
        self.connection.execute_batch(pragma).map_err(|error| self.error(error))?;
        self.durability.set(Some(durability));
        Ok(())
    }
}

/// Ends the transaction, also when the work in it fails or panics.
struct Transaction<'a>(&'a Reader);

impl<'a> Transaction<'a> {
    fn begin(reader: &'a Reader, begin: &'static str) -> Result<Self> {
        reader.execute(begin, &[])?;
        Ok(Self(reader))
    }

    fn commit(self) -> Result<()> {
        self.0.execute("COMMIT", &[]).map(drop)
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if !self.0.connection.is_autocommit() {
            // If this fails, SQLite has rolled back already, or the next transaction tells what is wrong.
            let _ = self.0.execute("ROLLBACK", &[]);
        }
    }
}
