//! Reads the logs of an attempt's tasks from the store, also while they grow. Waiting for more is the caller's part.

use crate::logs::{Level, LineFilter, Sink};
use crate::model::{AttemptId, TaskState};
use crate::store::task_logs::{self, Chunk, LogFile, LogFileRow};
use crate::store::{Store, StoreError, attempts, tasks};
use flate2::read::MultiGzDecoder;
use std::collections::HashMap;
use std::io::{self, Read};
use std::ops::ControlFlow;

/// How many chunks are fetched at a time. One is the log of a second, or some 256 KiB of text.
const CHUNKS: u32 = 16;

/// A log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("chunk {chunk} of the log of task {task} in attempt {attempt} is damaged: {source}")]
    Damaged { attempt: AttemptId, task: String, chunk: u32, source: io::Error },
}

/// Which lines of an attempt's logs are read.
#[derive(Debug, Clone, Copy)]
pub struct LogSelection<'a> {
    pub attempt: AttemptId,
    /// How the full names of the tasks begin; empty for all tasks.
    pub prefix: &'a str,
    /// Lines of less importance are left out; none for all lines.
    pub least: Option<Level>,
}

/// Reads logs from where it was the last time.
#[derive(Debug)]
pub struct LogReader<'a> {
    selection: LogSelection<'a>,
    /// By task and number of its run.
    files: HashMap<(String, u32), Progress>,
}

#[derive(Debug)]
struct Progress {
    /// The last chunk that was read.
    chunk: u32,
    lines: LineFilter,
}

impl<'a> LogReader<'a> {
    pub fn new(selection: LogSelection<'a>) -> Self {
        Self { selection, files: HashMap::new() }
    }

    /// Whether nothing more is to be expected: the attempt has ended, or all chosen tasks have.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn has_ended(&self, store: &Store) -> Result<bool, StoreError> {
        let LogSelection { attempt, prefix, .. } = self.selection;
        store.read(|reader| {
            if attempts::by_id(reader, attempt)?.is_none_or(|row| row.done) {
                return Ok(true);
            }
            if prefix.is_empty() {
                return Ok(false);
            }
            let tasks = tasks::list(reader, attempt)?;
            Ok(!tasks.iter().any(|task| task.full_name.starts_with(prefix) && may_log(task.state)))
        })
    }

    /// Passes on what is new, task by task, the one that began to write first before the others. Lines that are not
    /// complete are kept for the next time, unless this is the last. Breaks off as soon as the sink does.
    ///
    /// # Errors
    ///
    /// The store cannot be read, or what it holds is no log.
    pub fn read(
        &mut self,
        store: &Store,
        is_last: bool,
        sink: &mut Sink<'_>,
    ) -> Result<ControlFlow<()>, LogError> {
        let attempt = self.selection.attempt;
        let mut files = store.read(|reader| task_logs::list(reader, attempt))?;
        files.retain(|file| file.task.starts_with(self.selection.prefix));
        sort_by_task(&mut files);
        let mut files = files.into_iter().peekable();
        while let Some(file) = files.next() {
            let is_over = is_last || files.peek().is_some_and(|next| next.task == file.task);
            if self.read_file(store, file, is_over, sink)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn read_file(
        &mut self,
        store: &Store,
        row: LogFileRow,
        is_over: bool,
        sink: &mut Sink<'_>,
    ) -> Result<ControlFlow<()>, LogError> {
        let LogSelection { attempt, least, .. } = self.selection;
        let progress = self
            .files
            .entry((row.task.clone(), row.number))
            .or_insert_with(|| Progress { chunk: 0, lines: LineFilter::new(least) });
        let file = LogFile { attempt, task: row.task, number: row.number };
        // What is written meanwhile waits for the next time, or one talkative task would hold up all others.
        while progress.chunk < row.chunks {
            let limit = CHUNKS.min(row.chunks - progress.chunk);
            let chunks = store.read(|reader| task_logs::chunks(reader, &file, progress.chunk, limit))?;
            let Some(last) = chunks.last().map(|chunk| chunk.number) else { break };
            for chunk in &chunks {
                match pass_on(chunk, &mut progress.lines, sink) {
                    Ok(ControlFlow::Continue(())) => {}
                    Ok(ControlFlow::Break(())) => return Ok(ControlFlow::Break(())),
                    Err(source) => {
                        let LogFile { attempt, task, .. } = file;
                        return Err(LogError::Damaged { attempt, task, chunk: chunk.number, source });
                    }
                }
            }
            progress.chunk = last;
        }
        Ok(if is_over { progress.lines.end(sink) } else { ControlFlow::Continue(()) })
    }
}

/// Groups files by task, in the order in which tasks began to write; runs of a task stay in order.
fn sort_by_task(files: &mut [LogFileRow]) {
    let mut begun: HashMap<String, i64> = HashMap::new();
    for file in &*files {
        let place = begun.entry(file.task.clone()).or_insert(file.place);
        *place = file.place.min(*place);
    }
    files.sort_by_key(|file| (begun[&file.task], file.number));
}

/// Unpacks a chunk piece by piece.
fn pass_on(chunk: &Chunk, lines: &mut LineFilter, sink: &mut Sink<'_>) -> io::Result<ControlFlow<()>> {
    let mut text = MultiGzDecoder::new(chunk.gzip.as_slice());
    let mut piece = vec![0; 64 * 1024];
    loop {
        match text.read(&mut piece) {
            Ok(0) => return Ok(ControlFlow::Continue(())),
            Ok(length) => {
                if lines.push(&piece[..length], sink).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A task that will run, or does. One that is planned has written what it had to.
fn may_log(state: TaskState) -> bool {
    match state {
        TaskState::Blocked
        | TaskState::Ready
        | TaskState::RetryWaiting
        | TaskState::GroupRetryWaiting
        | TaskState::Running => true,
        TaskState::Planned
        | TaskState::GroupError
        | TaskState::Success
        | TaskState::Error
        | TaskState::Canceled => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TaskKind;
    use crate::store::Durability::Normal;
    use crate::store::testing::{self, at};

    const INFO: Option<Level> = Some(Level::Info);

    fn write(store: &Store, attempt: AttemptId, task: &str, number: u32, text: &str) {
        let file = LogFile { attempt, task: task.to_owned(), number };
        let gzip = task_logs::compress(text.as_bytes());
        store.write(Normal, |w| task_logs::append(w, &file, &gzip, at(1))).unwrap();
    }

    fn read(reader: &mut LogReader<'_>, store: &Store, is_last: bool) -> String {
        let mut text = vec![];
        let mut sink = |piece: &[u8]| {
            text.extend_from_slice(piece);
            ControlFlow::Continue(())
        };
        assert!(reader.read(store, is_last, &mut sink).unwrap().is_continue());
        String::from_utf8(text).unwrap()
    }

    fn reader<'a>(attempt: AttemptId, prefix: &'a str, least: Option<Level>) -> LogReader<'a> {
        LogReader::new(LogSelection { attempt, prefix, least })
    }

    #[test]
    fn logs_are_grouped_by_task_in_the_order_of_their_beginnings() {
        let (store, _directory) = testing::store();
        let attempt = testing::attempt(&store, "");
        write(&store, attempt, "+wf+b", 1, "b1\n[DEBUG] no\n");
        write(&store, attempt, "+wf+a", 1, "a1");
        write(&store, attempt, "+wf+c", 1, "c1\n");
        write(&store, attempt, "+wf+b", 2, "b3\n");
        write(&store, attempt, "+wf+b", 1, "b2");
        write(&store, attempt, "+wf+ab", 1, "ab1\n");
        assert_eq!(read(&mut reader(attempt, "", INFO), &store, true), "b1\nb3\na1\nc1\nab1\n");
        assert_eq!(
            read(&mut reader(attempt, "", None), &store, true),
            "b1\n[DEBUG] no\nb2\nb3\na1\nc1\nab1\n"
        );
        assert_eq!(read(&mut reader(attempt, "+wf+a", INFO), &store, true), "a1\nab1\n");
        assert_eq!(read(&mut reader(attempt, "wf+a", INFO), &store, true), "");
    }

    #[test]
    fn only_what_is_new_is_read_again() {
        let (store, _directory) = testing::store();
        let attempt = testing::attempt(&store, "");
        let mut reader = reader(attempt, "", INFO);
        assert_eq!(read(&mut reader, &store, false), "");
        write(&store, attempt, "+wf+a", 1, "a1\na");
        write(&store, attempt, "+wf+b", 1, "b1\n");
        assert_eq!(read(&mut reader, &store, false), "a1\nb1\n");
        assert_eq!(read(&mut reader, &store, false), "");
        write(&store, attempt, "+wf+a", 1, "2\n[DEBUG] a3\n");
        assert_eq!(read(&mut reader, &store, false), "a2\n");
        write(&store, attempt, "+wf+a", 1, "a4\nend");
        assert_eq!(read(&mut reader, &store, false), "");
        write(&store, attempt, "+wf+a", 1, "\n[INFO] a5");
        assert_eq!(read(&mut reader, &store, true), "[INFO] a5\n");
    }

    #[test]
    fn many_and_large_chunks_are_read_to_the_end() {
        let (store, _directory) = testing::store();
        let attempt = testing::attempt(&store, "");
        let line = format!("{}\n", "x".repeat(99));
        for _ in 0..2 * CHUNKS + 3 {
            write(&store, attempt, "+wf+a", 1, &line.repeat(2000));
        }
        let all = read(&mut reader(attempt, "", INFO), &store, true);
        assert_eq!(all.len(), 100 * 2000 * (2 * CHUNKS as usize + 3));
    }

    #[test]
    fn a_full_sink_breaks_off() {
        let (store, _directory) = testing::store();
        let attempt = testing::attempt(&store, "");
        write(&store, attempt, "+wf+a", 1, "a\n");
        write(&store, attempt, "+wf+b", 1, "b\n");
        let mut seen = 0;
        let mut sink = |_: &[u8]| {
            seen += 1;
            ControlFlow::Break(())
        };
        assert!(reader(attempt, "", INFO).read(&store, true, &mut sink).unwrap().is_break());
        assert_eq!(seen, 1);
    }

    #[test]
    fn damage_is_told() {
        let (store, _directory) = testing::store();
        let attempt = testing::attempt(&store, "");
        let file = LogFile { attempt, task: "+wf+a".to_owned(), number: 1 };
        store.write(Normal, |w| task_logs::append(w, &file, b"plain text", at(1))).unwrap();
        let error = reader(attempt, "", INFO)
            .read(&store, true, &mut |_| ControlFlow::Continue(()))
            .unwrap_err()
            .to_string();
        let expected = format!("chunk 1 of the log of task +wf+a in attempt {attempt} is damaged: ");
        assert!(error.starts_with(&expected), "{error}");
    }

    #[test]
    fn following_ends_with_the_attempt_or_the_tasks() {
        let (store, _directory) = testing::store();
        let task = |id, name, state| testing::task(id, name, TaskKind::Group, state);
        let tasks = [
            task(1, "+wf", TaskState::Planned),
            task(2, "+wf+a", TaskState::Success),
            task(3, "+wf+b", TaskState::Blocked),
        ];
        let workflow = testing::workflow(&store, "p", "wf");
        let attempt = testing::insert(&store, workflow, 0, "", None, &tasks);
        let ended = |prefix| reader(attempt, prefix, INFO).has_ended(&store).unwrap();
        assert_eq!(["", "+wf", "+wf+a", "+wf+b", "+nosuch"].map(ended), [false, false, true, false, true]);
        testing::finish(&store, attempt, true);
        assert_eq!(["", "+wf", "+wf+b"].map(ended), [true, true, true]);
    }
}
