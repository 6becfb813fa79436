//! Somebody removes or replaces the file of a server that runs.

use crate::support::{Server, wait_until};
use serde_json::json;
use std::fs;

const GONE: &str = "data.db was removed or replaced while it was in use";

/// The server has ended by itself, said why once, and works again when it is started again.
#[track_caller]
fn ended_and_starts_again(mut server: Server) {
    let out = server.end().fails(1).says(&[GONE]);
    assert_eq!(out.stdout.matches("[ERROR] (main): ").count(), 1, "{out}");
    assert!(out.stderr.contains("error: The server cannot go on: "), "{out}");
    server.run();
    assert_eq!(server.get("/healthz").status, 200);
    let _ = server.stop().success();
}

#[test]
fn health_says_so() {
    let server = Server::new().start();
    fs::remove_file(server.project.path("data.db")).unwrap();
    let health = server.get("/healthz");
    assert_eq!((health.status, &health.json()["database"]["status"]), (503, &json!("failed")));
    assert!(health.text().contains(GONE), "{health:?}");
    ended_and_starts_again(server);
}

#[test]
fn nothing_begins_in_a_file_that_is_lost() {
    let server = Server::new().start();
    server.push("p", "r1", &[("wf.dig", "+a:\n  echo>: a\n")]);
    let workflow = server.workflow("p", "wf");
    // Another file has the name now.
    fs::rename(server.project.path("data.db"), server.project.path("old.db")).unwrap();
    fs::write(server.project.path("data.db"), "").unwrap();
    let body = json!({"workflowId": workflow, "sessionTime": "2026-11-01T00:00:00Z", "params": {}});
    let answer = server.send("PUT", "/api/attempts", &body);
    assert_eq!(answer.status, 500);
    fs::remove_file(server.project.path("data.db")).unwrap();
    ended_and_starts_again(server);
}

#[test]
fn a_project_that_is_removed_with_its_database_ends_its_scheduler() {
    let workflow = "schedule: {daily>: '00:00:00'}\n+a: {echo>: a}\n";
    let mut server = Server::scheduler().file("wf.dig", workflow).start();
    wait_until("it is scheduled", || server.get("/api/schedules").text().contains("\"wf\""));
    for name in ["data.db", "data.db-wal", "data.db-shm", "wf.dig"] {
        fs::remove_file(server.project.path(name)).unwrap();
    }
    fs::write(server.project.path("wf.dig"), workflow).unwrap();
    let _ = server.end().fails(1).says(&[GONE]);
}
