//! The client commands and the resources of our own server: whole command lines and the whole API; only the server's
//! sockets are not its own.

use crate::cli::execute;
use crate::cli::output::captured::Captured;
use crate::client::testing::{Answer, Seen, StubServer};
use crate::dig::schedule::ScheduleTime;
use crate::server::testing::TestServer;
use crate::store::task_logs::{self, LogFile};
use crate::store::testing::{self, at};
use crate::store::{Durability, schedules};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::sync::Arc;

fn variable(name: &str) -> Option<String> {
    match name {
        // The server's clock shows the same.
        "DIBBLE_NOW" => Some("1970-01-01T01:00:00Z".to_owned()),
        "TZ" => Some("UTC".to_owned()),
        "DIGDAG_CONFIG_HOME" => Some("/nonexistent".to_owned()),
        _ => None,
    }
}

/// A server with an attempt that has ended, and a workflow `daily` of the project `p1` with a schedule.
fn server() -> StubServer {
    let server = TestServer::new();
    let store = server.store();
    let attempt = testing::attempt(store, "");
    testing::finish(store, attempt, true);
    let file = LogFile { attempt, task: "+wf+a".to_owned(), number: 1 };
    for text in ["[INFO] one\n[DEBUG] two\nthree", "\n[INFO] four\n"] {
        let gzip = task_logs::compress(text.as_bytes());
        store.write(Durability::Normal, |w| task_logs::append(w, &file, &gzip, at(1))).unwrap();
    }
    let config = json!({"schedule": {"daily>": "07:00:00"}, "+a": {"echo>": "x"}});
    let workflow = server.define("p1", "daily", "Asia/Tokyo", config);
    let next = ScheduleTime { session: at(54_000), run: at(79_200) };
    store.write(Durability::Full, |w| schedules::insert(w, workflow, next, at(5))).unwrap();
    StubServer::answering(move |Seen { line, headers, body }| {
        let (method, target) = line.split_once(' ').unwrap();
        let content_type = headers.iter().find(|(name, _)| name == "content-type");
        let body = content_type.map(|(_, content_type)| (content_type.as_str(), body.as_bytes()));
        let answer = server.send(method, target, body);
        Answer::new(line, answer.status, answer.body)
    })
}

/// The exit code, standard output, and standard error after the banner.
fn dibble(server: &StubServer, words: &[&str]) -> (u8, String, String) {
    let (output, captured) = Captured::new();
    let url = server.url();
    let words = words.iter().copied().chain(["-e", url.as_str()]).map(OsString::from);
    let code = execute(words, &Arc::new(output), variable);
    let err = captured.err().split_once('\n').map(|(_, rest)| rest.to_owned()).unwrap_or_default();
    (code, captured.out(), err)
}

/// What a command prints that succeeds.
#[track_caller]
fn out(server: &StubServer, words: &[&str]) -> String {
    let (code, out, err) = dibble(server, words);
    assert_eq!(code, 0, "{words:?}: {err}");
    out
}

/// What a command says that fails.
#[track_caller]
fn error(server: &StubServer, words: &[&str]) -> String {
    let (code, out, err) = dibble(server, words);
    assert_eq!((code, out.as_str()), (1, ""), "{words:?}");
    err
}

#[test]
fn what_is_registered_is_listed() {
    let server = server();
    let projects = out(&server, &["projects", "p1"]);
    assert!(projects.starts_with("Projects\n  name: p1\n  id: 2\n  revision: "), "{projects}");
    assert_eq!(out(&server, &["workflows"]), "  p\n    wf\n  p1\n    daily\n\n");
    assert_eq!(out(&server, &["workflows", "p1"]), "  p1\n    daily\n\n");
    assert_eq!(
        out(&server, &["workflows", "p1", "daily"]),
        "schedule:\n  daily>: \"07:00:00\"\n\"+a\":\n  echo>: \"x\"\n\n"
    );
    assert_eq!(
        out(&server, &["schedules"]),
        "Schedules:\n  id: 1\n  project: p1\n  workflow: daily\n  disabled at: \n  \
         next session time: 1970-01-02 00:00:00 +0900\n  \
         next scheduled to run at: 1970-01-01 22:00:00 +0000 (in 21h 0m 0s)\n  \
         next run: 1970-01-02 07:00:00 +0900 (session 1970-01-02 00:00:00 +0900)\n  \
         next run: 1970-01-03 07:00:00 +0900 (session 1970-01-03 00:00:00 +0900)\n  \
         next run: 1970-01-04 07:00:00 +0900 (session 1970-01-04 00:00:00 +0900)\n  \
         next run: 1970-01-05 07:00:00 +0900 (session 1970-01-05 00:00:00 +0900)\n  \
         next run: 1970-01-06 07:00:00 +0900 (session 1970-01-06 00:00:00 +0900)\n\n1 entries.\n"
    );
    assert_eq!(error(&server, &["projects", "nope"]), "error: Project 'nope' does not exist.\n");
    assert_eq!(
        error(&server, &["workflows", "p1", "nope"]),
        "error: Resource not found: workflow not found in the latest revision of project id = 2: nope\n"
    );
}

#[test]
fn what_ran_is_shown_as_it_is_from_a_file() {
    let server = server();
    let (store, dir) = crate::cli::history::tests::project();
    let attempt = testing::attempt(&store, "");
    testing::finish(&store, attempt, true);
    let project = dir.path().to_str().unwrap();
    for words in
        [&["sessions"][..], &["session", "1"], &["attempts", "1"], &["attempt", "1"], &["tasks", "1"]]
    {
        for json in [&[][..], &["--json"]] {
            let (output, captured) = Captured::new();
            let local = [words, json, &["--local", "--project", project]].concat();
            assert_eq!(execute(local.iter().map(OsString::from), &Arc::new(output), variable), 0);
            assert_eq!(out(&server, &[words, json].concat()), captured.out(), "{words:?}");
        }
    }
    assert_eq!(out(&server, &["log", "1"]), "[INFO] one\n[INFO] four\n");
    assert_eq!(out(&server, &["log", "1", "-v", "-f"]), "[INFO] one\n[DEBUG] two\nthree\n[INFO] four\n");
    assert_eq!(out(&server, &["log", "1", "+wf+b"]), "");
    for words in [
        &["session", "999"][..],
        &["attempts", "999"],
        &["attempt", "999"],
        &["tasks", "999"],
        &["log", "999"],
    ] {
        let error = error(&server, words);
        assert!(error.starts_with("error: Resource not found: Resource does not exist: session "), "{error}");
        assert!(error.ends_with(" id=999\n"), "{error}");
    }
}

#[test]
fn attempts_are_started_and_started_again() {
    let server = server();
    let start = ["start", "p1", "daily", "--session", "1970-01-05", "-p", "a.b=c,d"];
    let started = out(&server, &start);
    assert!(
        started.starts_with("Started a session attempt:\n  session id: 2\n  attempt id: 2\n"),
        "{started}"
    );
    for line in
        ["session time: 1970-01-05 00:00:00 +0900", "retry attempt name: ", "params: {\"a\":{\"b\":\"c,d\"}"]
    {
        assert!(started.contains(&format!("\n  {line}")), "{line}: {started}");
    }
    let exists = dibble(&server, &start);
    assert_eq!(
        (exists.0, exists.2.as_str()),
        (
            1,
            "error: A session for the requested session_time already exists (session_id=2, attempt_id=2, \
             session_time=1970-01-05T00:00+09:00)\nhint: use `dibble retry 2 --latest-revision --all` command to run \
             the session again for the same session_time\n"
        )
    );
    let retried = out(&server, &["retry", "2", "--keep-revision", "--all", "--name", "n/1"]);
    assert!(retried.contains("\n  retry attempt name: n/1\n  params: {\"a\":{\"b\":\"c,d\"}"), "{retried}");
    let taken = error(&server, &["retry", "2", "--latest-revision", "--all", "--name", "n/1"]);
    assert!(
        taken.starts_with("error: Request conflicted: the session has an attempt named 'n/1' already"),
        "{taken}"
    );
    let unknown = error(&server, &["retry", "1", "--latest-revision", "--resume-from", "+zz"]);
    assert!(unknown.starts_with("error: Status code 400: {\"message\":"), "{unknown}");
    assert_eq!(
        error(&server, &["kill", "1"]),
        "error: Request conflicted: {\"message\":\"Session attempt already killed or finished\",\"status\":409}\n"
    );
}

#[test]
fn an_attempt_can_be_waited_for() {
    let server = server();
    let words = ["start", "p1", "daily", "--session", "1970-01-06", "--wait"];
    let shown = out(&server, &words);
    assert!(
        shown.starts_with("Started a session attempt:\n") && shown.ends_with(": echo>: x\nx\n"),
        "{shown}"
    );
}

#[test]
fn schedules_are_switched_and_moved() {
    let server = server();
    assert_eq!(out(&server, &["disable", "p1"]), "Disabled schedule id: 1\n");
    let list: Value = serde_json::from_str(&out(&server, &["schedules", "--json"])).unwrap();
    assert_eq!(list["schedules"][0]["disabledAt"], json!("1970-01-01T01:00:00Z"));
    assert_eq!(out(&server, &["enable", "p1", "daily"]), "Enabled schedule id: 1\n");
    let moved = out(&server, &["reschedule", "1", "--skip", "3"]);
    assert!(moved.contains("\n  next session time: 1970-01-05 00:00:00 +0900\n"), "{moved}");
    let past = error(&server, &["reschedule", "1", "-t", "1970-01-01 00:00:00 +0000"]);
    assert_eq!(
        past,
        "error: Request conflicted: {\"message\":\"Specified time to skip schedules is already past\",\"status\":409}\n"
    );
    let words = ["backfill", "p1", "daily", "--from", "1970-01-02", "--name", "bf", "--dry-run"];
    let (code, out, err) = dibble(&server, &words);
    assert_eq!((code, err.as_str()), (0, "No session attempts started.\n"));
    assert_eq!(out.matches("\n  retry attempt name: bf\n").count(), 3, "{out}");
    let many = error(&server, &["backfill", "1", "-f", "1970-01-02", "--count", "500"]);
    assert_eq!(
        many,
        "error: Status code 400: {\"message\":\"count is set to 500 but there are only 3 attempts until the next \
         schedule time\",\"status\":400}\n"
    );
}
