//! The log of one run of a task on its way to the store, and to its file in Digdag's tree: collected in memory, written in
//! chunks.

use crate::logs::TreeFile;
use crate::model::{AttemptId, Time};
use crate::store::task_logs::{self, LogFile};
use crate::store::{Durability, Store, StoreError, Writer};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Text of a task's log that has not been written yet.
#[derive(Debug)]
pub(super) struct TaskLog {
    file: LogFile,
    pending: Mutex<Pending>,
    /// Held from taking text to having written it, so that chunks are written in their order.
    order: Mutex<()>,
    /// How many bytes are kept at the most.
    limit: u64,
}

#[derive(Debug)]
struct Pending {
    /// Somebody is going to take the text.
    planned: bool,
    text: Vec<u8>,
    /// Bytes that have come, those that were cut included.
    size: u64,
    /// Whether the log was cut.
    cut: bool,
    /// When the first text came.
    start: Option<Time>,
    /// Whether a chunk was taken.
    is_begun: bool,
    /// The run has ended: its file in the tree is to be completed.
    ended: bool,
    tree: Option<TreeFile>,
}

/// What adding to a log asks its caller to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fill {
    /// Nothing: a write is planned already.
    More,
    /// No write is planned: plan one.
    Unplanned,
    /// There is too much to keep in memory: write now.
    Full,
}

/// A compressed part of a log, ready to be written.
pub(super) struct Chunk<'a> {
    file: &'a LogFile,
    /// When its first text came, if it is the first one of its file: files are named by that.
    begun: Option<Time>,
    gzip: Vec<u8>,
    _order: MutexGuard<'a, ()>,
}

/// Bytes that are kept in memory at the most.
const FULL: usize = 256 * 1024;

impl TaskLog {
    /// The log of a run of a task; `number` counts the runs from 1. `tree` is where it is written, too. What goes beyond
    /// `limit` bytes is cut. Its maker plans the first write.
    pub(super) fn new(
        attempt: AttemptId,
        task: &str,
        number: u32,
        tree: Option<TreeFile>,
        limit: u64,
    ) -> Self {
        let pending = Pending {
            planned: true,
            text: vec![],
            size: 0,
            cut: false,
            start: None,
            is_begun: false,
            ended: false,
            tree,
        };
        let file = LogFile { attempt, task: task.to_owned(), number };
        Self { file, pending: Mutex::new(pending), order: Mutex::new(()), limit }
    }

    pub(super) fn append(&self, bytes: &[u8], now: Time) -> Fill {
        let mut pending = self.lock();
        pending.start.get_or_insert(now);
        let left = self.limit.saturating_sub(pending.size);
        pending.size += bytes.len() as u64;
        if pending.size <= self.limit {
            pending.text.extend_from_slice(bytes);
        } else if !std::mem::replace(&mut pending.cut, true) {
            let kept = usize::try_from(left).unwrap_or(bytes.len());
            pending.text.extend_from_slice(&bytes[..kept]);
            let cut =
                format!("\n(the log ends here: it is larger than log.max_task_size, {} bytes)\n", self.limit);
            pending.text.extend_from_slice(cut.as_bytes());
        }
        match pending.text.len() {
            FULL.. => Fill::Full,
            _ if !std::mem::replace(&mut pending.planned, true) => Fill::Unplanned,
            _ => Fill::More,
        }
    }

    /// Nothing more is expected: the next time the log is taken, its file in the tree is completed. Tells whether that is
    /// still to be planned.
    pub(super) fn end(&self) -> bool {
        let mut pending = self.lock();
        pending.ended = true;
        !std::mem::replace(&mut pending.planned, true)
    }

    /// The planned write is about to be made: what comes from now on needs another one.
    pub(super) fn unplan(&self) {
        self.lock().planned = false;
    }

    pub(super) fn has_ended(&self) -> bool {
        self.lock().ended
    }

    /// Takes what is pending, compressed; none when nothing is. Writes it to the tree, where its order is that of its
    /// coming because the lock is held.
    pub(super) fn take(&self) -> Option<Chunk<'_>> {
        let order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        let mut pending = self.lock();
        let Pending { text, start, is_begun, ended, tree, .. } = &mut *pending;
        let text = std::mem::take(text);
        if let Some(tree) = tree {
            if let Some(start) = start.filter(|_| !text.is_empty()) {
                tree.write(&text, start);
            }
            if *ended {
                tree.finish();
            }
        }
        if text.is_empty() {
            return None;
        }
        let begun = start.filter(|_| !std::mem::replace(is_begun, true));
        drop(pending);
        Some(Chunk { file: &self.file, begun, gzip: task_logs::compress(&text), _order: order })
    }

    /// Writes what is pending in a transaction of its own.
    pub(super) fn write(&self, store: &Store, now: Time) -> Result<(), StoreError> {
        match self.take() {
            Some(chunk) => store.write(Durability::Normal, |writer| chunk.write(writer, now)),
            None => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Chunk<'_> {
    pub(super) fn write(&self, writer: &Writer, now: Time) -> Result<(), StoreError> {
        task_logs::append(writer, self.file, &self.gzip, self.begun.unwrap_or(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::LogTree;
    use crate::model::time::parse_iso;
    use flate2::read::MultiGzDecoder;
    use std::fs::{self, File};
    use std::io::Read;
    use std::path::Path;
    use std::sync::Arc;

    /// The names of the files in a directory without host and process, what can be read of them, and whether it is all.
    fn files(dir: &Path) -> Vec<(String, String, bool)> {
        let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
        let mut files: Vec<_> = entries
            .map(|entry| {
                let mut text = vec![];
                let read = MultiGzDecoder::new(File::open(entry.path()).unwrap()).read_to_end(&mut text);
                let name = entry.file_name().into_string().unwrap();
                let name = name.split('.').next().unwrap().to_owned();
                (name, String::from_utf8(text).unwrap(), read.is_ok())
            })
            .collect();
        files.sort();
        files
    }

    #[test]
    fn what_goes_to_the_store_goes_to_the_tree() {
        let dir = tempfile::tempdir().unwrap();
        let tree = Arc::new(LogTree::open(dir.path(), "7@host", |_, _| {}).unwrap());
        let attempt_dir = dir.path().join("a");
        let new = |number| {
            let file = tree.file(attempt_dir.clone(), "+wf+a", number);
            TaskLog::new(AttemptId(1), "+wf+a", number, Some(file), u64::MAX)
        };
        let at = |text| parse_iso(text).unwrap();
        let (first, later) = (at("2026-11-22T03:16:30.5Z"), at("2026-11-22T03:16:31Z"));
        let (one, two) = (new(1), new(2));
        assert_eq!(one.append(b"a\n", first), Fill::More);
        assert_eq!(one.append(b"b\n", later), Fill::More);
        one.unplan();
        assert!(one.take().is_some());
        assert_eq!(two.append(b"x\n", later), Fill::More);
        assert!(!two.end(), "its first write is planned");
        assert!(two.take().is_some());
        let (name, name_of_two) = ("+wf+a@6b025e8e1dcd6501".to_owned(), "+wf+a@6b025e8f00000002".to_owned());
        let complete = (name_of_two, "x\n".to_owned(), true);
        assert_eq!(files(&attempt_dir), [(name.clone(), "a\nb\n".to_owned(), false), complete.clone()]);

        assert_eq!(one.append(b"c\n", later), Fill::Unplanned);
        one.unplan();
        assert!(one.take().is_some());
        assert!(one.end());
        assert!(one.take().is_none());
        assert_eq!(files(&attempt_dir), [(name, "a\nb\nc\n".to_owned(), true), complete]);
    }

    #[test]
    fn much_text_is_to_be_written_at_once() {
        let log = TaskLog::new(AttemptId(1), "+wf+a", 1, None, u64::MAX);
        assert_eq!(log.append(&[b'x'; FULL - 1], Time::UNIX_EPOCH), Fill::More);
        assert_eq!(log.append(b"y", Time::UNIX_EPOCH), Fill::Full);
        assert!(log.take().is_some());
        assert!(log.take().is_none());
    }

    #[test]
    fn a_log_that_is_too_large_is_cut_once() {
        let text = |limit, parts: &[&str]| {
            let log = TaskLog::new(AttemptId(1), "+wf+a", 1, None, limit);
            for part in parts {
                log.append(part.as_bytes(), Time::UNIX_EPOCH);
            }
            let text = log.lock().text.clone();
            String::from_utf8(text).unwrap()
        };
        let end =
            |limit| format!("\n(the log ends here: it is larger than log.max_task_size, {limit} bytes)\n");
        assert_eq!(text(4, &["ab", "cd"]), "abcd");
        assert_eq!(text(3, &["ab", "cd", "ef"]), format!("abc{}", end(3)));
        assert_eq!(text(4, &["abcd", "e", "f"]), format!("abcd{}", end(4)));
        assert_eq!(text(0, &["ab", "cd"]), end(0));
    }
}
