//! What tasks print, as gzip chunks. A file is one run of a task; its chunks one after another are a gzip file.

use super::row::{self, Millis};
use super::{Reader, Result, Writer};
use crate::model::{AttemptId, Time};
use rusqlite::{Row, named_params};

pub use super::log_gzip::{Joined, compress};

/// Names a log file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LogFile {
    pub attempt: AttemptId,
    /// The task's full name.
    pub task: String,
    /// Counts the runs of the task from 1.
    pub number: u32,
}

/// A log file in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFileRow {
    pub task: String,
    pub number: u32,
    /// When its first chunk was written.
    pub first_at: Time,
    /// The place of its first chunk among all: the first file that was begun has the lowest.
    pub place: i64,
    /// How many chunks it has.
    pub chunks: u32,
    /// Its size in bytes, compressed.
    pub size: u64,
}

/// A part of a log file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Counts from 1 within the file.
    pub number: u32,
    /// A complete gzip member.
    pub gzip: Vec<u8>,
}

/// Adds a chunk, made by [`compress`], to a file.
pub fn append(w: &Writer, file: &LogFile, gzip: &[u8], now: Time) -> Result<()> {
    w.execute(
        "INSERT INTO task_logs (attempt_id, task_name, file, chunk, written_at, size, gzip)
         VALUES (
             :attempt, :task, :file,
             (SELECT 1 + coalesce(max(chunk), 0) FROM task_logs
              WHERE attempt_id = :attempt AND task_name = :task AND file = :file),
             :written_at, length(:gzip), :gzip)",
        named_params! {
            ":attempt": file.attempt,
            ":task": file.task,
            ":file": file.number,
            ":written_at": Millis(now),
            ":gzip": gzip,
        },
    )?;
    Ok(())
}

/// The files of an attempt, by task name, then in the order of its runs.
pub fn list(r: &Reader, attempt: AttemptId) -> Result<Vec<LogFileRow>> {
    r.rows(
        "SELECT task_name, file, min(written_at) AS first_at, min(rowid) AS place, count(*) AS chunks, sum(size) AS size
         FROM task_logs WHERE attempt_id = :attempt
         GROUP BY task_name, file ORDER BY task_name, file",
        named_params! { ":attempt": attempt },
        file_from_row,
    )
}

/// A file; none before its first chunk.
pub fn find(r: &Reader, file: &LogFile) -> Result<Option<LogFileRow>> {
    r.row(
        "SELECT task_name, file, min(written_at) AS first_at, min(rowid) AS place, count(*) AS chunks, sum(size) AS size
         FROM task_logs WHERE attempt_id = :attempt AND task_name = :task AND file = :file
         GROUP BY task_name, file",
        named_params! { ":attempt": file.attempt, ":task": file.task, ":file": file.number },
        file_from_row,
    )
}

/// Up to `limit` chunks of a file after the chunk `after` (0 for the beginning), in order.
pub fn chunks(r: &Reader, file: &LogFile, after: u32, limit: u32) -> Result<Vec<Chunk>> {
    r.rows(
        "SELECT chunk, gzip FROM task_logs
         WHERE attempt_id = :attempt AND task_name = :task AND file = :file AND chunk > :after
         ORDER BY chunk LIMIT :limit",
        named_params! {
            ":attempt": file.attempt,
            ":task": file.task,
            ":file": file.number,
            ":after": after,
            ":limit": limit,
        },
        |row| Ok(Chunk { number: row.get("chunk")?, gzip: row.get("gzip")? }),
    )
}

fn file_from_row(row: &Row<'_>) -> rusqlite::Result<LogFileRow> {
    Ok(LogFileRow {
        task: row.get("task_name")?,
        number: row.get("file")?,
        first_at: row::time(row, "first_at")?,
        place: row.get("place")?,
        chunks: row.get("chunks")?,
        size: row.get::<_, i64>("size")?.unsigned_abs(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Durability::Normal;
    use crate::store::testing::{self, at};
    use flate2::read::MultiGzDecoder;
    use std::io::Read;

    #[test]
    fn chunks_one_after_another_are_a_gzip_file() {
        let (store, _directory) = testing::store();
        let attempt = testing::attempt(&store, "");
        let file = |task: &str, number| LogFile { attempt, task: task.to_owned(), number };
        let append = |file: &LogFile, text: &str, second| {
            store.write(Normal, |w| append(w, file, &compress(text.as_bytes()), at(second))).unwrap();
        };
        let first = file("+wf+a", 1);
        append(&first, "one\n", 10);
        append(&first, "", 11);
        append(&first, "two\n", 12);
        let second = file("+wf+a", 2);
        append(&second, "three\n", 20);
        append(&file("+wf", 1), "group\n", 5);
        append(&first, "late\n", 30);

        let all = store.read(|r| chunks(r, &first, 0, 100)).unwrap();
        assert_eq!(all.iter().map(|chunk| chunk.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
        let gzip: Vec<u8> = all.iter().flat_map(|chunk| chunk.gzip.clone()).collect();
        let mut text = String::new();
        MultiGzDecoder::new(gzip.as_slice()).read_to_string(&mut text).unwrap();
        assert_eq!(text, "one\ntwo\nlate\n");

        let followed = store.read(|r| chunks(r, &first, 2, 1)).unwrap();
        assert_eq!(followed, all[2..3]);
        assert_eq!(store.read(|r| chunks(r, &first, 4, 100)).unwrap(), []);

        let files = store.read(|r| list(r, attempt)).unwrap();
        let shown: Vec<_> =
            files.iter().map(|file| (file.task.as_str(), file.number, file.first_at, file.chunks)).collect();
        assert_eq!(shown, [("+wf", 1, at(5), 1), ("+wf+a", 1, at(10), 4), ("+wf+a", 2, at(20), 1)]);
        assert_eq!(files[1].size, gzip.len() as u64);
        assert_eq!(store.read(|r| find(r, &first)).unwrap().as_ref(), Some(&files[1]));
        assert_eq!(store.read(|r| find(r, &file("+wf+a", 3))).unwrap(), None);
        assert!(files[1].place < files[2].place && files[2].place < files[0].place);
    }
}
