//! The logs of tasks: in the database, and with `-O` in Digdag's tree of files, too.

use crate::support::Server;
use flate2::read::MultiGzDecoder;
use serde_json::json;
use std::fs;
use std::io::Read;

fn unpacked(bytes: &[u8]) -> String {
    let mut text = String::new();
    MultiGzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    text
}

#[test]
fn logs_are_served_and_written_to_the_tree() {
    let mut server = Server::new().args(&["-O", "logs"]).config("agent.id = 7@box").start();
    let _ = server.push("p", "r1", &[("wf.dig", "+a:\n  sh>: echo out; echo err >&2\n")]);
    let id = server.start_attempt(&server.workflow("p", "wf"), "2026-01-02T00:00:00Z");
    let _ = server.finished(&id);
    let files = server.get(&format!("/api/logs/{id}/files")).json();
    let name = files["files"][0]["fileName"].as_str().unwrap().to_owned();
    assert!(name.ends_with(".7@box.log.gz") && files["files"][0]["agentId"] == "7@box", "{files}");
    let log = unpacked(&server.get(&format!("/api/logs/{id}/files/{name}")).body);
    assert!(
        log.contains("sh>: echo out; echo err >&2") && log.contains("\nout\n") && log.contains("err"),
        "{log}"
    );
    let out = server.dibble(&["log", &id]).success();
    assert!(out.stdout.contains("\nout\n"), "{out}");
    // The output of tasks is in their logs only.
    let printed = server.stop().success().stdout;
    assert!(printed.contains("+wf+a): sh>: echo out") && !printed.contains("\nout\n"), "{printed}");
    let tree = server
        .project
        .files()
        .into_iter()
        .filter(|file| file.starts_with("logs/") && file.ends_with(".log.gz"));
    let tree: Vec<String> = tree.collect();
    assert!(tree.len() == 1 && tree[0].ends_with(&format!("/{name}")), "{name} {tree:?}");
    assert_eq!(unpacked(&fs::read(server.project.path(&tree[0])).unwrap()), log);
}

#[test]
fn log_files_that_cannot_be_written_are_told_once() {
    let server = Server::new().args(&["-O", "logs"]).start();
    let _ = server.push("p", "r1", &[("wf.dig", "+a:\n  echo>: hi\n+b:\n  echo>: ho\n")]);
    let workflow = server.workflow("p", "wf");
    let run = |name: &str| {
        let (time, params) = ("2026-01-02T00:00:00Z", json!({}));
        let body =
            json!({"workflowId": workflow, "sessionTime": time, "retryAttemptName": name, "params": params});
        let id = server.send("PUT", "/api/attempts", &body).json()["id"].as_str().unwrap().to_owned();
        assert_eq!(server.finished(&id)["success"], true);
    };
    let logs = server.project.path("logs");
    fs::remove_dir(&logs).unwrap();
    fs::write(&logs, "").unwrap();
    run("one");
    run("two");
    server.process().wait_for("[WARN] (main): Log files are not complete: cannot write ");
    fs::remove_file(&logs).unwrap();
    run(&"long".repeat(100));
    server.process().wait_for("[INFO] (main): Log files are written again");
    assert_eq!(server.process().printed().matches("not complete").count(), 1);
    let files: Vec<String> = server.project.files();
    assert_eq!(files.iter().filter(|file| file.ends_with(".log.gz")).count(), 2, "{files:?}");
}

#[test]
fn a_followed_log_is_not_sent_again() {
    let mut server = Server::new()
        .env("GATE", "{project}/gate")
        .config("server.access-log.path = access\nserver.access-log.pattern = %U%q")
        .start();
    let task = "+a:\n  sh>: echo begun; while ! test -e $GATE; do sleep 0.01; done; echo ended\n";
    let _ = server.push("p", "r1", &[("wf.dig", task)]);
    let id = server.start_attempt(&server.workflow("p", "wf"), "2026-01-02T00:00:00Z");
    let follow = server.project.start(&["log", &id, "-f", "-e", &server.url()]);
    follow.wait_for("begun\n");
    let files = server.get(&format!("/api/logs/{id}/files")).json();
    let file = format!("/api/logs/{id}/files/{}", files["files"][0]["fileName"].as_str().unwrap());
    let chunk = server.get(&file).header("Dibble-Last-Chunk").unwrap().to_owned();
    fs::write(server.project.path("gate"), "").unwrap();
    let shown = follow.end().success().stdout;
    let (begun, rest) = shown.split_once("\nbegun\n").unwrap();
    assert!(begun.ends_with("echo ended") && rest == "ended\n", "{shown}");
    let answer = server.get(&format!("{file}?after_chunk={chunk}"));
    assert_eq!(unpacked(&answer.body), "ended\n");
    assert_ne!(answer.header("Dibble-Last-Chunk"), Some(chunk.as_str()));
    let _ = server.stop();
    let asked = fs::read_to_string(server.project.path("access/access.log")).unwrap();
    // The test has asked so once, too.
    assert!(asked.matches("?after_chunk=").count() > 1, "{asked}");
}
