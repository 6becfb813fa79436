//! `/api/logs`: the log files of an attempt, one for each run of a task.
//!
//! The store has chunks by task and number of the run. A file's name is Digdag's, and tells both.
//!
//! Digdag always sends whole files. Here a client that follows a log asks for what was added to a file only, by the number
//! of the last chunk that it knows.

use super::log_stream::LogStream;
use super::{ApiError, App, Body, PathParams, Request, Response, Route, attempts, wire};
use crate::logs::file_name::{NANOSECONDS_OF_A_MILLISECOND, ending};
use crate::model::AttemptId;
use crate::store::task_logs::{self, LogFile, LogFileRow};
use std::path::{Component, Path};
use std::sync::Arc;

pub const ROUTES: &[Route<App>] = &[
    Route::get("/api/logs/{attempt_id}/files", list),
    Route::get_gzip("/api/logs/{attempt_id}/files/{file_name}", get),
];

/// Tells up to which chunk of the file an answer goes, and so that the server knows of chunks at all.
pub const LAST_CHUNK: &str = "Dibble-Last-Chunk";

fn list(app: &App, request: &Request, path: &PathParams) -> Result<Response, ApiError> {
    let attempt = AttemptId(path.scalar("attempt_id")?);
    let prefix = request.query().text("task").unwrap_or_default();
    let rows = app.read(|reader| {
        attempts::find(reader, attempt)?;
        Ok(task_logs::list(reader, attempt)?)
    })?;
    let agent = app.service().agent();
    let mut files: Vec<(String, LogFileRow)> =
        rows.into_iter().map(|row| (file_name(&row, agent), row)).collect();
    files.retain(|(name, _)| name.starts_with(prefix));
    files.sort_by(|(left, _), (right, _)| left.cmp(right));
    let handles =
        files.iter().map(|(name, row)| wire::LogFile::new(name, row.size, &row.task, row.first_at, agent));
    Ok(Response::json(200, &wire::collection("files", handles)))
}

fn get(app: &App, request: &Request, path: &PathParams) -> Result<Response, ApiError> {
    let attempt = AttemptId(path.scalar("attempt_id")?);
    let name = path.text("file_name");
    if leads_out(name) {
        return Err(ApiError::invalid(format!("Invalid file name: {name}")));
    }
    let not_found = || ApiError::not_found(format!("Log file not found: {name}"));
    let named = FileName::parse(name);
    let after: u32 = request.query().scalar("after_chunk")?.unwrap_or(0);
    let (file, row) = app.read(|reader| {
        attempts::find(reader, attempt)?;
        let FileName { task, time, number } = named.ok_or_else(not_found)?;
        let file = LogFile { attempt, task: task.to_owned(), number };
        let row = task_logs::find(reader, &file)?.filter(|row| file_time(row) == time);
        Ok((file, row.ok_or_else(not_found)?))
    })?;
    let response = match after.checked_add(1) {
        Some(only) if only == row.chunks => {
            let chunks = app.read(|reader| Ok(task_logs::chunks(reader, &file, after, 1)?))?;
            Response::gzip_file(chunks.into_iter().next().map_or_else(Vec::new, |chunk| chunk.gzip))
        }
        _ => {
            let stream = LogStream::new(Arc::clone(app.store()), file, after..row.chunks);
            Response { body: Body::Stream(Box::new(stream), None), ..Response::gzip_file(vec![]) }
        }
    };
    Ok(response.with_header(LAST_CHUNK, row.chunks.to_string()))
}

/// What a file's name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileName<'a> {
    task: &'a str,
    /// Seconds and milliseconds since 1970.
    time: (i64, u32),
    /// Of the run of the task, from 1.
    number: u32,
}

fn file_name(row: &LogFileRow, agent: &str) -> String {
    format!("{}{}", row.task, ending(row.first_at, row.number, agent))
}

fn file_time(row: &LogFileRow) -> (i64, u32) {
    (row.first_at.timestamp(), row.first_at.timestamp_subsec_millis())
}

impl<'a> FileName<'a> {
    /// Reads `+wf+a@6b025e8e0473d7e2.27318@vm.log.gz`. Who wrote it does not matter: it may have been another process.
    fn parse(name: &'a str) -> Option<Self> {
        let (task, rest) = name.split_once('@')?;
        let (time, _agent) = rest.strip_suffix(".log.gz")?.split_once('.')?;
        let (seconds, nanoseconds) = time.split_at_checked(time.len().checked_sub(8)?)?;
        let seconds = i64::from_str_radix(seconds, 16).ok()?;
        let nanoseconds = u32::from_str_radix(nanoseconds, 16).ok()?;
        Some(Self {
            task,
            time: (seconds, nanoseconds / NANOSECONDS_OF_A_MILLISECOND),
            number: nanoseconds % NANOSECONDS_OF_A_MILLISECOND,
        })
    }
}

/// Whether a name would lead out of the directory that Digdag keeps such files in. There is none here, but who asks for it
/// is told the same.
fn leads_out(name: &str) -> bool {
    let mut depth = 0_i32;
    Path::new(name).components().any(|component| {
        match component {
            Component::Normal(_) => depth += 1,
            Component::ParentDir => depth -= 1,
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return true,
        }
        depth < 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::testing::{TestServer, error};
    use crate::store::Durability;
    use crate::store::task_logs::compress;
    use crate::store::testing::{self, at};
    use chrono::TimeDelta;
    use flate2::read::GzDecoder;
    use std::io::Read;

    /// Writes a chunk of the log of attempt 1.
    fn write(server: &TestServer, task: &str, number: u32, text: &str, milliseconds: i64) {
        let file = LogFile { attempt: AttemptId(1), task: task.to_owned(), number };
        let gzip = compress(text.as_bytes());
        let now = at(0) + TimeDelta::milliseconds(milliseconds);
        server.store().write(Durability::Normal, |w| task_logs::append(w, &file, &gzip, now)).unwrap();
    }

    fn filled() -> TestServer {
        let server = TestServer::new();
        testing::attempt(server.store(), "");
        write(&server, "+wf+b", 1, "b\n", 1_700_000_000_007);
        write(&server, "+wf+a", 1, "one\n", 1_700_000_000_500);
        write(&server, "+wf+a", 2, "again\n", 1_700_000_000_500);
        write(&server, "+wf+a", 1, "two\n", 1_700_000_001_500);
        write(&server, "+wf^failure-alert", 1, "alert\n", 1_700_000_002_000);
        server
    }

    const A1: &str = "+wf+a@6553f1001dcd6501.7@host.log.gz";
    const A2: &str = "+wf+a@6553f1001dcd6502.7@host.log.gz";
    const B: &str = "+wf+b@6553f100006acfc1.7@host.log.gz";
    const ALERT: &str = "+wf^failure-alert@6553f10200000001.7@host.log.gz";

    fn handle(name: &str, chunks: &[&str], task: &str, second: u32) -> String {
        let size: usize = chunks.iter().map(|text| compress(text.as_bytes()).len()).sum();
        format!(
            r#"{{"fileName":"{name}","fileSize":{size},"taskName":"{task}","fileTime":"2023-11-14T22:13:2{second}Z","agentId":"7@host","direct":null}}"#
        )
    }

    #[test]
    fn files_are_listed_by_name() {
        let server = filled();
        let a1 = handle(A1, &["one\n", "two\n"], "+wf+a", 0);
        let a2 = handle(A2, &["again\n"], "+wf+a", 0);
        let b = handle(B, &["b\n"], "+wf+b", 0);
        let alert = handle(ALERT, &["alert\n"], "+wf^failure-alert", 2);
        let list = |files: &[&str]| (200, format!(r#"{{"files":[{}]}}"#, files.join(",")));
        for (query, expected) in [
            ("", &[a1.as_str(), &a2, &b, &alert][..]),
            ("?task=%2Bwf%2Ba&direct_download=false", &[&a1, &a2]),
            ("?task=%2Bwf%2B", &[&a1, &a2, &b]),
            ("?task=%2Bwf%2Bb@6", &[&b]),
            ("?task=%2Bzz", &[]),
        ] {
            assert_eq!(server.get(&format!("/api/logs/1/files{query}")), list(expected), "{query}");
        }
        assert_eq!(
            server.get("/api/logs/9/files"),
            error(404, "Resource does not exist: session attempt id=9")
        );
    }

    #[test]
    fn a_file_is_one_gzip_member_whoever_is_said_to_have_written_it() {
        let server = filled();
        for (name, expected) in [
            (A1, "one\ntwo\n"),
            (A2, "again\n"),
            (B, "b\n"),
            ("%2Bwf%5Efailure-alert%406553f10200000001.1%40elsewhere.example.log.gz", "alert\n"),
        ] {
            let answer = server.send("GET", &format!("/api/logs/1/files/{name}"), None);
            assert_eq!((answer.status, answer.header("Content-Type")), (200, Some("application/gzip")));
            let mut decoder = GzDecoder::new(answer.body.as_slice());
            let mut text = String::new();
            decoder.read_to_string(&mut text).unwrap();
            assert_eq!((text.as_str(), decoder.into_inner().len()), (expected, 0));
            let whole = compress(expected.as_bytes()).len() as u64;
            assert_eq!(answer.length, (expected != "one\ntwo\n").then_some(whole));
        }
    }

    #[test]
    fn what_was_added_to_a_file_can_be_had_alone() {
        let server = filled();
        write(&server, "+wf+a", 1, "three\n", 1_700_000_002_500);
        for (query, expected) in [
            ("", "one\ntwo\nthree\n"),
            ("?after_chunk=0", "one\ntwo\nthree\n"),
            ("?after_chunk=1", "two\nthree\n"),
            ("?after_chunk=2", "three\n"),
            ("?after_chunk=3", ""),
            ("?after_chunk=4294967295", ""),
        ] {
            let answer = server.send("GET", &format!("/api/logs/1/files/{A1}{query}"), None);
            let mut text = String::new();
            GzDecoder::new(answer.body.as_slice()).read_to_string(&mut text).unwrap();
            assert_eq!((text.as_str(), answer.header(LAST_CHUNK)), (expected, Some("3")), "{query}");
        }
        for wrong in ["-1", "x", "4294967296"] {
            let path = format!("/api/logs/1/files/{A1}?after_chunk={wrong}");
            assert_eq!(server.get(&path), (404, String::new()), "{path}");
        }
    }

    #[test]
    fn other_names_lead_nowhere() {
        let server = filled();
        for name in [
            "nosuch.log.gz",
            "+wf+a@6553f1001dcd6503.7@host.log.gz",
            "+wf+a@6553f1011dcd6501.7@host.log.gz",
            "+wf+c@6553f1001dcd6501.7@host.log.gz",
            "+wf+a@6553f1001dcd6501.log.gz",
            "+wf+a@6553f1001dcd6501.7@host.log",
            "+wf+a@dcd6501.7@host.log.gz",
            "+wf+a@äää.7@host.log.gz",
        ] {
            let path = format!("/api/logs/1/files/{name}");
            assert_eq!(server.get(&path), error(404, &format!("Log file not found: {name}")), "{name}");
        }
        for (name, shown) in
            [("..%2Ffoo", "../foo"), ("%2Fetc%2Fpasswd", "/etc/passwd"), ("a%2F..%2F..", "a/../..")]
        {
            let path = format!("/api/logs/1/files/{name}");
            assert_eq!(server.get(&path), error(400, &format!("Invalid file name: {shown}")), "{name}");
        }
        assert_eq!(
            server.get(&format!("/api/logs/9/files/{B}")),
            error(404, "Resource does not exist: session attempt id=9")
        );
    }
}
