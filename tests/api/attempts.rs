//! Starting attempts, killing them, and what is told of them.

use crate::support::{Server, wait_until};
use serde_json::json;

const TIME: &str = "2026-01-02T00:00:00Z";

#[test]
fn an_attempt_runs_in_a_copy_of_its_project() {
    let server = Server::new().start();
    let dig = "+a:\n  sh>: cat data/x.txt; pwd > $OUT/place; touch made\n+b:\n  sh>: ls made\n";
    let out = server.project.dir().display().to_string();
    let dig = dig.replace("$OUT", &out);
    let _ = server.push("p", "r1", &[("wf.dig", &dig), ("data/x.txt", "from the archive\n")]);
    let id = server.start_attempt(&server.workflow("p", "wf"), TIME);
    assert_eq!(server.finished(&id)["success"], true);
    let place = server.project.read("place");
    assert!(place.trim_end().ends_with(&format!("/data.db.workspaces/attempt-{id}")), "{place}");
    wait_until("the copy is removed", || !server.project.has(&format!("data.db.workspaces/attempt-{id}")));
}

#[test]
fn a_session_has_one_attempt_without_a_name() {
    let server = Server::new().start();
    let _ = server.push("p", "r1", &[("wf.dig", "+a:\n  fail>: no\n")]);
    let workflow = server.workflow("p", "wf");
    let id = server.start_attempt(&workflow, TIME);
    assert_eq!(server.finished(&id)["status"], "error");
    let body = json!({"workflowId": workflow, "sessionTime": TIME, "params": {}});
    let again = server.send("PUT", "/api/attempts", &body);
    assert_eq!((again.status, again.json()["id"].as_str()), (409, Some(id.as_str())));
    let out = server.dibble(&["retry", &id, "--latest-revision", "--all", "--name", "again"]).success();
    assert!(out.stdout.contains("retry attempt name: again"), "{out}");
}

#[test]
fn a_kill_ends_commands_at_once() {
    let server = Server::new().start();
    let _ = server.push("p", "r1", &[("wf.dig", "+a:\n  sh>: sleep 300\n+b:\n  echo>: no\n")]);
    let id = server.start_attempt(&server.workflow("p", "wf"), TIME);
    wait_until("it runs", || server.tasks(&id).contains(&"+wf+a running".to_owned()));
    let _ = server.dibble(&["kill", &id]).success();
    let attempt = server.finished(&id);
    assert_eq!((&attempt["status"], &attempt["cancelRequested"]), (&json!("killed"), &json!(true)));
    assert_eq!(server.tasks(&id), ["+wf canceled", "+wf+a canceled", "+wf+b blocked"]);
    let count = |status: &str| format!("dibble_attempts_ended_total{{status=\"{status}\"}}");
    wait_until("it is counted", || {
        let metrics = server.get("/metrics").text();
        metrics.contains(&(count("canceled") + " 1\n")) && metrics.contains(&(count("error") + " 0\n"))
    });
}

#[test]
fn a_command_waits_for_the_end_and_follows_the_log() {
    let server = Server::new().start();
    let _ = server.push("p", "r1", &[("ok.dig", "+a:\n  echo>: hello\n"), ("bad.dig", "+a:\n  fail>: no\n")]);
    let out = server.dibble(&["start", "p", "ok", "--session", "now", "--wait"]).success();
    assert!(out.stdout.contains("echo>: hello"), "{out}");
    let out = server.dibble(&["start", "p", "bad", "--session", "now", "--wait"]);
    assert_eq!(out.exit(), "1", "{out}");
}
