//! The logs of an attempt on a server, read as they grow.
//!
//! Servers list the files with their sizes. Of a file that has grown, Dibble sends what was added. Digdag sends the whole
//! file, so that what has been read comes again; it is skipped while it is unpacked, and nothing is kept.

use crate::client::models::{Id, LogFile};
use crate::client::{Client, ClientError, Endpoint, LogDownload};
use crate::logs::{Level, LineFilter, Sink};
use crate::model::Time;
use flate2::read::MultiGzDecoder;
use std::collections::HashMap;
use std::io::{self, Read};
use std::ops::ControlFlow;

/// Which lines are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lines<'a> {
    pub(crate) attempt: &'a Id,
    /// How the full names of the tasks begin; none for all tasks.
    pub(crate) prefix: Option<&'a str>,
    /// Lines of less importance are left out; none for all lines.
    pub(crate) least: Option<Level>,
}

/// Reads logs from where it was the last time.
pub(crate) struct RemoteLog<'a> {
    client: &'a Client,
    lines: Lines<'a>,
    /// By name.
    files: HashMap<String, Progress>,
}

struct Progress {
    /// How large the file was when it was read.
    size: u64,
    /// How much text was passed on, from the beginning of the file.
    passed_on: u64,
    /// None as long as the server has not told of chunks.
    chunk: Option<LastChunk>,
    lines: LineFilter,
}

/// The last part of a file that has come as a whole.
#[derive(Clone, Copy)]
struct LastChunk {
    number: u32,
    /// How much text there is up to its end.
    text_to: u64,
}

/// Why logs cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RemoteLogError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("the connection broke off while {file} was read: {source}")]
    Lost { file: String, source: io::Error },
    #[error("{file} is damaged: {source}")]
    Damaged { file: String, source: io::Error },
}

/// What a look at the files brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) is_any: bool,
    /// Whether more is wanted.
    pub(crate) flow: ControlFlow<()>,
}

impl<'a> RemoteLog<'a> {
    pub(crate) fn new(client: &'a Client, lines: Lines<'a>) -> Self {
        Self { client, lines, files: HashMap::new() }
    }

    /// The attempt and the server it is on.
    pub(crate) fn place(&self) -> (&Id, &Endpoint) {
        (self.lines.attempt, self.client.endpoint())
    }

    /// Whether nothing more is to be expected: the attempt has ended, or all chosen tasks have.
    pub(crate) fn has_ended(&self) -> Result<bool, ClientError> {
        let Lines { attempt, prefix, .. } = self.lines;
        if self.client.attempt(attempt)?.done {
            return Ok(true);
        }
        let Some(prefix) = prefix else { return Ok(false) };
        let tasks = self.client.tasks(attempt)?;
        Ok(!tasks.iter().any(|task| task.full_name.starts_with(prefix) && may_log(&task.state)))
    }

    /// Passes on what is new, task by task, the one that began first before the others. Lines that are not complete are
    /// kept for the next time, unless this is the last. Breaks off as soon as the sink does.
    pub(crate) fn read(&mut self, is_last: bool, sink: &mut Sink<'_>) -> Result<News, RemoteLogError> {
        let Lines { attempt, prefix, .. } = self.lines;
        let mut files = self.client.log_files(attempt, prefix)?;
        sort_by_task(&mut files);
        let mut is_any = false;
        let mut counted = |lines: &[u8]| {
            is_any = true;
            sink(lines)
        };
        let mut flow = ControlFlow::Continue(());
        let mut files = files.iter().peekable();
        while let Some(file) = files.next() {
            let is_over = is_last || files.peek().is_some_and(|next| next.task_name == file.task_name);
            flow = self.read_file(file, is_over, &mut counted)?;
            if flow.is_break() {
                break;
            }
        }
        Ok(News { is_any, flow })
    }

    fn read_file(
        &mut self,
        file: &LogFile,
        is_over: bool,
        sink: &mut Sink<'_>,
    ) -> Result<ControlFlow<()>, RemoteLogError> {
        let least = self.lines.least;
        let begin = || Progress { size: 0, passed_on: 0, chunk: None, lines: LineFilter::new(least) };
        let progress = self.files.entry(file.file_name.clone()).or_insert_with(begin);
        if file.file_size != progress.size {
            let after = progress.chunk.map(|chunk| chunk.number);
            let download = self.client.log_file(self.lines.attempt, file, after)?;
            if progress.pass_on(download, &file.file_name, sink)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            progress.size = file.file_size;
        }
        Ok(if is_over { progress.lines.end(sink) } else { ControlFlow::Continue(()) })
    }
}

impl Progress {
    /// Unpacks a file, or what comes after its last chunk, piece by piece and passes on what is new.
    fn pass_on(
        &mut self,
        download: LogDownload,
        file: &str,
        sink: &mut Sink<'_>,
    ) -> Result<ControlFlow<()>, RemoteLogError> {
        // A server that does not tell of chunks has not heard of one, and begins at the beginning.
        let mut text_at = download.last_chunk.and(self.chunk).map_or(0, |LastChunk { text_to, .. }| text_to);
        let mut body = Tracked { body: download.body, failure: None };
        let mut text = MultiGzDecoder::new(&mut body);
        let mut piece = vec![0; 64 * 1024];
        let ended = loop {
            match text.read(&mut piece) {
                Ok(0) => break Ok(()),
                Ok(length) => {
                    let known = self.passed_on.saturating_sub(text_at);
                    let known = usize::try_from(known).map_or(length, |known| known.min(length));
                    text_at += length as u64;
                    self.passed_on = self.passed_on.max(text_at);
                    if known < length && self.lines.push(&piece[known..length], sink).is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        drop(text);
        let file = || file.to_owned();
        match (ended, body.failure) {
            (_, Some(source)) => Err(RemoteLogError::Lost { file: file(), source }),
            (Ok(()), None) => {
                self.chunk = download.last_chunk.map(|number| LastChunk { number, text_to: text_at });
                Ok(ControlFlow::Continue(()))
            }
            // A task that runs has not written all of its last part.
            (Err(error), None) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Ok(ControlFlow::Continue(()))
            }
            (Err(source), None) => Err(RemoteLogError::Damaged { file: file(), source }),
        }
    }
}

/// Tells what went wrong on the way from what is wrong with the file.
struct Tracked {
    body: Box<dyn Read + Send>,
    failure: Option<io::Error>,
}

impl Read for Tracked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.body.read(buffer) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                self.failure = Some(error);
                Err(io::ErrorKind::ConnectionAborted.into())
            }
            read => read,
        }
    }
}

/// Groups files by task, in the order in which tasks began; files of a task stay in the server's order.
fn sort_by_task(files: &mut [LogFile]) {
    let mut begun: HashMap<String, Time> = HashMap::new();
    for file in &*files {
        let first = begun.entry(file.task_name.clone()).or_insert(file.file_time);
        *first = file.file_time.min(*first);
    }
    files.sort_by(|a, b| {
        let key = |file: &LogFile| (begun[&file.task_name], file.task_name.clone());
        key(a).cmp(&key(b))
    });
}

/// A task that will run, or does.
fn may_log(state: &str) -> bool {
    ["blocked", "ready", "retry_waiting", "group_retry_waiting", "running"].contains(&state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::testing::{Answer, StubServer};
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use serde_json::json;
    use std::io::Write;

    const FILES: &str = "GET /api/logs/1/files";

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(vec![], Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    /// What a task that still runs has written of its file.
    fn unfinished(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(vec![], Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.flush().unwrap();
        encoder.get_ref().clone()
    }

    /// Name, task, size and second of each file.
    fn files(list: &[(&str, &str, usize, u32)]) -> Answer {
        let file = |(name, task, size, second): &(&str, &str, usize, u32)| {
            json!({
                "fileName": name, "fileSize": size, "taskName": task,
                "fileTime": format!("2026-11-22T03:16:{second}Z"), "agentId": "1@h", "direct": null,
            })
        };
        let list: Vec<_> = list.iter().map(file).collect();
        Answer::ok(FILES, json!({ "files": list }).to_string())
    }

    fn file(name: &str, bytes: Vec<u8>) -> Answer {
        Answer::ok(&format!("{FILES}/{name}"), bytes)
    }

    /// What each of some looks brings, the last one being the last.
    fn looks(answers: Vec<Answer>, count: usize) -> (Vec<String>, Vec<String>) {
        let server = StubServer::new(answers);
        let (client, attempt) = (server.client(), Id::from(1));
        let lines = Lines { attempt: &attempt, prefix: None, least: Some(Level::Info) };
        let mut log = RemoteLog::new(&client, lines);
        let look = |number| {
            let mut text = vec![];
            let mut sink = |piece: &[u8]| {
                text.extend_from_slice(piece);
                ControlFlow::Continue(())
            };
            let news = log.read(number == count, &mut sink).unwrap();
            assert_eq!(news, News { is_any: !text.is_empty(), flow: ControlFlow::Continue(()) });
            String::from_utf8(text).unwrap()
        };
        let texts = (1..=count).map(look).collect();
        let asked = server.seen();
        let asked = asked
            .iter()
            .filter_map(|seen| Some(seen.line.strip_prefix(FILES)?.strip_prefix('/')?.to_owned()));
        (texts, asked.collect())
    }

    #[test]
    fn tasks_come_in_the_order_of_their_beginnings() {
        let list =
            [("a1", "+wf+a", 3, 30), ("a2", "+wf+a", 3, 40), ("b", "+wf+b", 3, 20), ("c", "+wf+c", 3, 30)];
        let answers = vec![
            files(&list),
            file("a1", gzip("a1")),
            file("a2", gzip("[DEBUG] no\na2\n[INFO] a2")),
            file("b", gzip("b\n")),
            file("c", gzip("c")),
        ];
        let (texts, asked) = looks(answers, 1);
        assert_eq!(texts, ["b\na1\n[INFO] a2\nc\n"]);
        assert_eq!(asked, ["b", "a1", "a2", "c"]);
    }

    #[test]
    fn files_that_have_not_grown_are_not_fetched() {
        let list = |size| files(&[("a", "+wf+a", size, 30)]);
        let texts = ["a1\na", "a1\na2\n[DEBUG] a3\n", "a1\na2\n[DEBUG] a3\n[INFO] a4"];
        let answers = vec![
            list(10),
            list(20),
            list(20),
            list(30),
            file("a", unfinished("")[..10].to_vec()),
            file("a", unfinished(texts[0])),
            file("a", unfinished(texts[1])),
            file("a", gzip(texts[2])),
        ];
        let mut sizes = answers;
        sizes.insert(3, list(25));
        let (texts, asked) = looks(sizes, 5);
        assert_eq!(texts, ["", "a1\n", "", "a2\n", "[INFO] a4\n"]);
        assert_eq!(asked, ["a", "a", "a", "a"]);
    }

    #[test]
    fn servers_that_know_chunks_send_what_was_added() {
        let list = |size| files(&[("a", "+wf+a", size, 30)]);
        let part = |query: &str, last: u32, bytes: Vec<u8>| {
            file(&format!("a{query}"), bytes).header(&format!("Dibble-Last-Chunk: {last}"))
        };
        let answers = vec![
            list(10),
            list(20),
            list(30),
            list(40),
            part("", 1, gzip("a1\na")),
            part("?after_chunk=1", 3, gzip("2\na3\n")),
            // It had grown between the list and the answer.
            part("?after_chunk=3", 3, gzip("")),
            part("?after_chunk=3", 4, gzip("a4")),
        ];
        let (texts, asked) = looks(answers, 4);
        assert_eq!(texts, ["a1\n", "a2\na3\n", "", "a4\n"]);
        assert_eq!(asked, ["a", "a?after_chunk=1", "a?after_chunk=3", "a?after_chunk=3"]);
    }

    #[test]
    fn a_server_may_be_replaced_by_one_that_knows_no_chunks() {
        let list = |size| files(&[("a", "+wf+a", size, 30)]);
        let answers = vec![
            list(10),
            list(20),
            list(30),
            file("a", gzip("a1\n")).header("Dibble-Last-Chunk: 1"),
            file("a?after_chunk=1", gzip("a1\na2\n")),
            file("a", gzip("a1\na2\na3\n")),
        ];
        let (texts, asked) = looks(answers, 3);
        assert_eq!(texts, ["a1\n", "a2\n", "a3\n"]);
        assert_eq!(asked, ["a", "a?after_chunk=1", "a"]);
    }

    #[test]
    fn a_file_may_be_of_several_parts() {
        let parts = [gzip("a1\n"), gzip("a2\na")].concat();
        let list = |size| files(&[("a", "+wf+a", size, 30)]);
        let answers = vec![list(1), list(2), file("a", gzip("a1\n")), file("a", parts)];
        assert_eq!(looks(answers, 2).0, ["a1\n", "a2\na\n"]);
    }

    #[test]
    fn large_files_pass_through() {
        let line = format!("{}\n", "x".repeat(99));
        let text = line.repeat(30_000);
        let list = |size| files(&[("a", "+wf+a", size, 30)]);
        let answers =
            vec![list(1), list(2), file("a", unfinished(&text)), file("a", gzip(&format!("{text}end\n")))];
        let (texts, _) = looks(answers, 2);
        assert!(texts[0] == text && texts[1] == "end\n");
    }

    fn failure(answers: Vec<Answer>) -> String {
        let server = StubServer::new(answers);
        let (client, attempt) = (server.client(), Id::from(1));
        let lines = Lines { attempt: &attempt, prefix: None, least: None };
        let mut log = RemoteLog::new(&client, lines);
        log.read(true, &mut |_| ControlFlow::Continue(())).unwrap_err().to_string()
    }

    #[test]
    fn damage_is_told() {
        let error =
            failure(vec![files(&[("a", "+wf+a", 3, 30)]), file("a", b"plain text of a log".to_vec())]);
        assert_eq!(error, "a is damaged: invalid gzip header");
        let error = failure(vec![files(&[("a", "+wf+a", 3, 30)])]);
        assert_eq!(error, "Resource not found: not recorded: GET /api/logs/1/files/a");
    }

    #[test]
    fn a_full_sink_breaks_off() {
        let server = StubServer::new([files(&[("a", "+wf+a", 3, 30)]), file("a", gzip("a\nb\n"))]);
        let (client, attempt) = (server.client(), Id::from(1));
        let lines = Lines { attempt: &attempt, prefix: None, least: None };
        let news = RemoteLog::new(&client, lines).read(true, &mut |_| ControlFlow::Break(())).unwrap();
        assert_eq!(news, News { is_any: true, flow: ControlFlow::Break(()) });
    }
}
