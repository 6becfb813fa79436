//! How quickly `dibble server` is ready, starts attempts and answers lists, and what it needs meanwhile, with 100,000
//! finished attempts in its file. `cargo bench --bench server` prints the table; side by side with a bare loop that writes
//! and syncs a page, which is what the disk asks for a promise.
//!
//! `DIBBLE_BENCH_SHORT=1` measures fewer times, `DIBBLE_BENCH_STRICT=1` ends with 1 when a target is missed.

#![expect(clippy::expect_used, reason = "what cannot be measured ends the benchmark")]
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

mod support;

use dibble::engine::Change;
use dibble::model::time::parse_iso;
use dibble::model::{Params, SessionTime, Task, TaskFlags, TaskId, TaskKind, TaskResult, TaskState, Zone};
use dibble::store::attempts::{self, Inserted, NewAttempt};
use dibble::store::owners::{self, OwnerKind, Process};
use dibble::store::revisions::NewRevision;
use dibble::store::{Durability, Store, commit, projects, revisions, workflows};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use support::server::Server;
use support::{Row, Table, Target, is_short, median, print};
use tempfile::TempDir;
use uuid::Uuid;

const ATTEMPTS: i64 = 100_000;
const CLIENTS: usize = 8;
const CONFIG: &str = "executor.attempt_max_run = 100000\n";
const MIB: u64 = 1 << 20;

fn main() -> ExitCode {
    let directory = TempDir::new().expect("a directory");
    let file = directory.path().join("dibble.db");
    fill(&file);
    let repeat = if is_short() { 3 } else { 9 };
    let mut rows = vec![];
    let ready = median(repeat, || Server::start(directory.path(), CONFIG).ready);
    rows.push(Row::time(
        "ready, 100,000 attempts in the file",
        ready,
        Target::AtMost(Duration::from_millis(30)),
    ));

    let server = Server::start(directory.path(), CONFIG);
    let (cpu, memory) = (server.cpu(), server.memory());
    thread::sleep(Duration::from_secs(3));
    let idle = server.cpu().saturating_sub(cpu);
    rows.push(Row::memory("memory, idle", memory, 15 * MIB));
    rows.push(Row::time("CPU, idle for 3 s", idle, Target::AtMost(Duration::ZERO)));

    let fsync = median(repeat * 10, || synced_write(directory.path()));
    rows.push(Row::time("bare write of a page and sync", fsync, Target::None));
    let workflow = server.push("echo", "+a:\n  echo>: hello\n");
    let (median, p99) = latency(&server, &workflow, if is_short() { 100 } else { 500 });
    rows.push(Row::time(
        "PUT attempts to finished, median",
        median,
        Target::AtMost(Duration::from_millis(10)),
    ));
    rows.push(Row::time("PUT attempts to finished, p99", p99, Target::AtMost(Duration::from_millis(30))));

    let before = server.memory();
    let rate = throughput(&server, &workflow, 1000);
    rows.push(Row::rate("attempts a second, 8 clients", rate, Target::PerSecond(500.0)));
    let grown = server.memory().saturating_sub(before);
    rows.push(Row::memory("memory grown by 1,000 attempts", grown, 8 * MIB));

    let (list, per_second) = lists(&server, if is_short() { 500 } else { 5000 });
    rows.push(Row::time(
        "GET sessions?page_size=100, median",
        list,
        Target::AtMost(Duration::from_millis(2)),
    ));
    rows.push(Row::rate("GET sessions?page_size=100, 8 clients", per_second, Target::PerSecond(2000.0)));

    let (size, time) = long_log(&server, directory.path());
    rows.push(Row::time("a log of 100 MB, from start to its end", time, Target::None));
    rows.push(Row::memory("its size as read", size, 101 * MIB));
    rows.push(Row::memory("highest memory of the server", server.peak(), 64 * MIB));
    drop(server);
    print(&Table { rows })
}

/// Makes a file with 100,000 finished attempts of two tasks.
fn fill(file: &Path) {
    let store = Store::open(file).expect("a database");
    let now = parse_iso("2026-11-22T00:00:00Z").expect("a time");
    let process = Process { pid: 1, identity: "none".to_owned(), kind: OwnerKind::Run };
    let (owner, workflow) = store
        .write(Durability::Normal, |w| {
            let project = projects::find_or_insert(w, "history", now)?.id;
            let default_params = &Params::new();
            let new = NewRevision { project, name: "1", default_params, digest: "", directory: None };
            let revision = revisions::insert(w, &new, now)?;
            let workflow = workflows::insert(w, revision, "wf", &Zone::utc(), &Params::new())?;
            Ok((owners::insert(w, &process, now)?, workflow))
        })
        .expect("a workflow");
    let task = |id, full_name: &str, kind| Task {
        id: TaskId(id),
        parent: (id > 1).then_some(TaskId(1)),
        upstreams: vec![],
        full_name: full_name.to_owned(),
        kind,
        config: Arc::default(),
        state: TaskState::Success,
        flags: TaskFlags::default(),
        state_params: Params::new(),
        retry_count: 0,
        retry_at: None,
        started_at: None,
        updated_at: now,
        result: TaskResult::default(),
        error: Params::new(),
    };
    let tasks = [task(1, "+wf", TaskKind::Group), task(2, "+wf+a", TaskKind::Operator)];
    for thousand in 0..ATTEMPTS / 1000 {
        let insert = |w: &dibble::store::Writer| {
            for number in thousand * 1000..(thousand + 1) * 1000 {
                let new = NewAttempt {
                    workflow,
                    session_time: SessionTime::from_unix(number * 60).expect("a time"),
                    session_uuid: Uuid::from_u128(number as u128),
                    name: "",
                    timezone: &Zone::utc(),
                    params: &Params::new(),
                    owner: Some(owner),
                    waits_for: None,
                    resume: None,
                    tasks: &tasks,
                };
                let Inserted::New(row) = attempts::insert(w, &new, now)? else { continue };
                let _ = commit::apply(w, row.id, owner, &[Change::Finished { success: true, at: now }])?;
            }
            Ok(())
        };
        store.write(Durability::Normal, insert).expect("attempts");
    }
}

impl Server {
    fn connect(&self) -> Http {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        Http { reader: BufReader::new(stream.try_clone().expect("a handle")), stream }
    }

    /// Uploads a project and returns the id of its workflow `wf`.
    fn push(&self, project: &str, dig: &str) -> String {
        let mut archive = tar::Builder::new(GzEncoder::new(vec![], Compression::fast()));
        let mut header = tar::Header::new_ustar();
        header.set_size(dig.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, "wf.dig", dig.as_bytes()).expect("an archive");
        let gzip = archive.into_inner().and_then(GzEncoder::finish).expect("an archive");
        let mut http = self.connect();
        let path = format!("/api/projects?project={project}&revision=1");
        let pushed = http.send("PUT", &path, "application/gzip", &gzip);
        let id = pushed["id"].as_str().expect("a project").to_owned();
        let found = http.get(&format!("/api/projects/{id}/workflows?name=wf"));
        found["workflows"][0]["id"].as_str().expect("an id").to_owned()
    }
}

/// A connection that is kept.
struct Http {
    reader: BufReader<TcpStream>,
    stream: TcpStream,
}

impl Http {
    fn get(&mut self, path: &str) -> Value {
        self.send("GET", path, "application/json", &[])
    }

    fn send(&mut self, method: &str, path: &str, kind: &str, body: &[u8]) -> Value {
        serde_json::from_slice(&self.bytes(method, path, kind, body)).expect("JSON")
    }

    fn bytes(&mut self, method: &str, path: &str, kind: &str, body: &[u8]) -> Vec<u8> {
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        self.stream.write_all(&request).expect("a request");
        let mut length = None;
        let mut chunked = false;
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line).expect("an answer");
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            chunked |= line == "transfer-encoding: chunked";
            length = line.strip_prefix("content-length: ").and_then(|size| size.parse().ok()).or(length);
        }
        if chunked {
            return self.chunks();
        }
        let mut body = vec![0; length.expect("a length")];
        self.reader.read_exact(&mut body).expect("the whole answer");
        body
    }

    fn chunks(&mut self) -> Vec<u8> {
        let mut body = vec![];
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line).expect("the size of a chunk");
            let size = usize::from_str_radix(line.trim(), 16).expect("a size");
            let mut chunk = vec![0; size + 2];
            self.reader.read_exact(&mut chunk).expect("a chunk");
            if size == 0 {
                return body;
            }
            body.extend_from_slice(&chunk[..size]);
        }
    }

    fn start(&mut self, workflow: &str, second: usize) -> String {
        let time = SessionTime::from_unix(1_000_000_000 + second as i64).expect("a time").iso(&Zone::utc());
        let body = json!({"workflowId": workflow, "sessionTime": time, "params": {}}).to_string();
        let started = self.send("PUT", "/api/attempts", "application/json", body.as_bytes());
        started["id"].as_str().expect("an attempt").to_owned()
    }

    fn is_done(&mut self, attempt: &str) -> bool {
        self.get(&format!("/api/attempts/{attempt}"))["done"] == true
    }
}

fn synced_write(directory: &Path) -> Duration {
    let mut file = File::create(directory.join("page")).expect("a file");
    let start = Instant::now();
    file.write_all(&[1; 4096]).and_then(|()| file.sync_all()).expect("a page");
    start.elapsed()
}

/// From sending the request to seeing that the attempt is done: median and 99th percentile.
fn latency(server: &Server, workflow: &str, count: usize) -> (Duration, Duration) {
    let mut http = server.connect();
    let mut times: Vec<Duration> = (0..count)
        .map(|second| {
            let start = Instant::now();
            let attempt = http.start(workflow, second);
            while !http.is_done(&attempt) {}
            start.elapsed()
        })
        .collect();
    times.sort();
    (times[count / 2], times[count * 99 / 100])
}

/// Attempts a second, from the first request until the last one is done.
fn throughput(server: &Server, workflow: &str, count: usize) -> f64 {
    let start = Instant::now();
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            scope.spawn(move || {
                let mut http = server.connect();
                let own = (client..count).step_by(CLIENTS);
                let attempts: Vec<String> =
                    own.map(|second| http.start(workflow, 100_000 + second)).collect();
                for attempt in attempts {
                    while !http.is_done(&attempt) {
                        thread::yield_now();
                    }
                }
            });
        }
    });
    count as f64 / start.elapsed().as_secs_f64()
}

/// The median of one client, and lists a second of all clients.
fn lists(server: &Server, count: usize) -> (Duration, f64) {
    const PATH: &str = "/api/sessions?page_size=100";
    let mut http = server.connect();
    let one = median(200, || {
        let start = Instant::now();
        http.bytes("GET", PATH, "application/json", &[]);
        start.elapsed()
    });
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut http = server.connect();
                for _ in 0..count / CLIENTS {
                    http.bytes("GET", PATH, "application/json", &[]);
                }
            });
        }
    });
    (one, (count / CLIENTS * CLIENTS) as f64 / start.elapsed().as_secs_f64())
}

/// Runs a task that prints 100 MB, then reads its log.
fn long_log(server: &Server, directory: &Path) -> (u64, Duration) {
    let workflow =
        server.push("log", "+a:\n  sh>: yes 'a line of a log of some length' | head -c 100000000\n");
    let mut http = server.connect();
    let start = Instant::now();
    let attempt = http.start(&workflow, 0);
    let mut log = Command::new(support::server::PROGRAM)
        .args(["log", "-f", &attempt, "-e", &format!("http://127.0.0.1:{}", server.port)])
        .current_dir(directory)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program");
    let size =
        std::io::copy(&mut log.stdout.take().expect("its output"), &mut std::io::sink()).expect("the log");
    assert!(log.wait().expect("the program").success(), "the log was not followed");
    (size, start.elapsed())
}
