//! The only SQL: one SQLite file that holds everything. `schema.sql` says what is in it.
//!
//! The store applies, it never decides: what an attempt's next step is, `engine` says; what may be started, `actions`.
//! There is no query builder, no mapping framework and no cache of rows.
//!
//! # Reading and writing
//!
//! A function that reads takes a [`Reader`], one that writes a [`Writer`] (which is a `Reader`, too). Both come from
//! [`Store::read`] and [`Store::write`] only, which put one transaction round the whole closure: everything that a
//! closure reads is of one moment, everything that it writes is seen by others at once or never. Closures are short and
//! touch neither network nor processes nor other files. They must not call the store again: the writer is taken.
//!
//! # Locking
//!
//! The file is in WAL mode: readers neither wait for the writer nor hold it up. There is one writer at a time in the
//! whole machine. Within a process a mutex queues the threads; between processes `BEGIN IMMEDIATE` takes the lock before
//! the first statement, and waits up to five seconds for it. (A transaction that starts as a reader and writes later
//! fails at once when another writer was quicker, whatever the timeout: so no such transaction is ever opened.)
//! Readers have a small pool of connections, opened when first needed.
//!
//! POSIX file locks belong to the process, and closing any descriptor of the file drops them all. Nothing in the program
//! may therefore open the database file but this module; a copy is made through SQLite.
//!
//! # Durability
//!
//! A `kill -9` never takes back a commit. A power cut can take back the newest ones that were made with
//! [`Durability::Normal`], in order and as a whole, and none that was made with [`Durability::Full`], which waits for
//! the disk. What somebody was told is `Full`; a task's moves in between are `Normal`.
//!
//! # Files
//!
//! Beside `x.db` stand `x.db-wal` (the newest commits) and `x.db-shm` while a process has it open, and after a crash;
//! the next one to open it takes them in. The three belong together when copied. New files are readable by their owner
//! only. A file that is newer, damaged or not ours is refused with a [`StoreError`] that says what to do; nothing is ever
//! deleted or started afresh.

pub mod archives;
pub mod attempts;
pub mod check;
pub mod commit;
mod connection;
pub mod copy;
mod create;
#[cfg(test)]
pub(crate) mod dump;
mod error;
pub mod last_results;
pub mod leftovers;
mod log_gzip;
mod migrations;
pub mod notifications;
mod open;
pub mod overlong;
pub mod owners;
mod place;
pub mod projects;
pub mod retention;
pub mod revisions;
mod row;
pub mod schedules;
pub mod secrets;
pub mod sessions;
pub mod skipped_sessions;
pub mod space;
pub mod stored_params;
pub mod task_logs;
pub mod tasks;
pub mod tokens;
mod watch;
pub mod watched_projects;
pub mod workflows;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use connection::{Durability, Reader, Writer};
pub use error::StoreError;
pub use owners::OwnerId;
pub use row::Page;
pub use watch::Watch;

use create::Created;
use place::FileId;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What every function of the store returns.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// How many idle connections of readers are kept.
const IDLE_READERS: usize = 4;

/// An open database. Share it between threads by reference.
#[derive(Debug)]
pub struct Store {
    file: PathBuf,
    /// Which file that was when it was opened; none in memory.
    id: Option<FileId>,
    // Declared before the writer: SQLite tidies the file up when its last connection closes, and only a writer can.
    idle: Mutex<Vec<Reader>>,
    connections: Connections,
}

#[derive(Debug)]
enum Connections {
    /// The file may be written.
    ReadWrite(Mutex<Writer>),
    /// The file, or its directory, may not be written.
    ReadOnly,
    /// There is one connection, and readers wait for it like writers.
    Single(Mutex<Writer>),
}

impl Store {
    /// Opens a file, makes it when there is none, and brings an older one to the current schema.
    ///
    /// # Errors
    ///
    /// Everything that keeps the file from being read and written, and files that are newer or not Dibble's.
    pub fn open(path: &Path) -> Result<Self> {
        let file = open::absolute(path)?;
        let created = create::file_if_missing(&file)?;
        let writer = open::writer(&file)?.ok_or_else(|| StoreError::read_only(&file))?;
        if created == Created::Copy {
            writer.begin_wal()?;
        }
        Ok(Self::with(file, Connections::ReadWrite(Mutex::new(writer))))
    }

    /// As [`open`](Self::open), for a process that hardly reads: it does so over the connection that writes, and saves the
    /// time and memory of another one.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_single(path: &Path) -> Result<Self> {
        let mut store = Self::open(path)?;
        if let Connections::ReadWrite(writer) = store.connections {
            store.connections = Connections::Single(writer);
        }
        Ok(store)
    }

    /// Opens a file that is there already. One that may not be written is opened for reading.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and when there is no file. Writing to a file opened for reading is
    /// [`StoreError::ReadOnly`].
    pub fn open_existing(path: &Path) -> Result<Self> {
        let file = open::absolute(path)?;
        open::require(&file)?;
        if let Some(writer) = open::writer(&file)? {
            return Ok(Self::with(file, Connections::ReadWrite(Mutex::new(writer))));
        }
        let reader = open::reader_of_read_only(&file)?;
        let store = Self::with(file, Connections::ReadOnly);
        store.give_back(reader);
        Ok(store)
    }

    /// A database that is gone when it is dropped.
    ///
    /// # Errors
    ///
    /// Only when memory runs out.
    pub fn memory() -> Result<Self> {
        let file = PathBuf::from("(memory)");
        let writer = open::memory(&file)?;
        Ok(Self::with(file, Connections::Single(Mutex::new(writer))))
    }

    fn with(file: PathBuf, connections: Connections) -> Self {
        let id = FileId::of(&file).ok().flatten();
        Self { file, id, idle: Mutex::default(), connections }
    }

    /// The file, as an absolute path; `(memory)` when there is none.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Whether what is written now is found again by others. Costs a microsecond.
    ///
    /// # Errors
    ///
    /// [`StoreError::Moved`] when somebody has removed the file, or put another one in its place.
    pub fn check_place(&self) -> Result<()> {
        self.id.map_or(Ok(()), |id| id.check(&self.file))
    }

    /// Reads. Everything that `work` sees is of one moment.
    ///
    /// # Errors
    ///
    /// Those of `work`, and those of the file.
    pub fn read<T>(&self, work: impl FnOnce(&Reader) -> Result<T>) -> Result<T> {
        if let Connections::Single(writer) = &self.connections {
            return lock(writer).snapshot(work);
        }
        let idle = lock(&self.idle).pop();
        let reader = idle.map_or_else(|| self.open_reader(), Ok)?;
        let result = reader.snapshot(work);
        self.give_back(reader);
        result
    }

    /// Writes in one transaction, which is committed when `work` succeeds and rolled back when it fails, panics, or
    /// called [`Writer::abandon`].
    ///
    /// # Errors
    ///
    /// Those of `work`, and those of the file: [`StoreError::Busy`] when another process wrote for more than five seconds.
    pub fn write<T>(&self, durability: Durability, work: impl FnOnce(&Writer) -> Result<T>) -> Result<T> {
        match &self.connections {
            Connections::ReadWrite(writer) | Connections::Single(writer) => {
                lock(writer).transaction(durability, work)
            }
            Connections::ReadOnly => Err(StoreError::read_only(&self.file)),
        }
    }

    /// Lets `work` use the connection that writes, for what cannot be done in a transaction.
    fn outside_of_transactions<T>(
        &self,
        durability: Durability,
        work: impl FnOnce(&Writer) -> Result<T>,
    ) -> Result<T> {
        match &self.connections {
            Connections::ReadWrite(writer) | Connections::Single(writer) => {
                let writer = lock(writer);
                writer.set_durability(durability)?;
                work(&writer)
            }
            Connections::ReadOnly => Err(StoreError::read_only(&self.file)),
        }
    }

    /// Watches for commits of others, from now on. Nobody else can write to a database in memory.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub fn watch(&self) -> Result<Watch> {
        match self.connections {
            Connections::Single(_) => Watch::new(None),
            Connections::ReadWrite(_) | Connections::ReadOnly => Watch::new(Some(self.open_reader()?)),
        }
    }

    fn open_reader(&self) -> Result<Reader> {
        match self.connections {
            Connections::ReadOnly => open::reader_of_read_only(&self.file),
            Connections::ReadWrite(_) | Connections::Single(_) => open::reader(&self.file),
        }
    }

    fn give_back(&self, reader: Reader) {
        let mut idle = lock(&self.idle);
        if idle.len() < IDLE_READERS {
            idle.push(reader);
        }
    }
}

/// A panic while the mutex was held left no harm: its transaction has been rolled back.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
