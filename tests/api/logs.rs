//! The logs of tasks: in the database, and with `-O` in Digdag's tree of files, too.

use crate::support::Server;
use flate2::read::MultiGzDecoder;
use std::io::Read;

fn unpacked(bytes: &[u8]) -> String {
    let mut text = String::new();
    MultiGzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    text
}

#[test]
fn logs_are_served_and_written_to_the_tree() {
    let mut server = Server::new().args(&["-O", "logs"]).start();
    let _ = server.push("p", "r1", &[("wf.dig", "+a:\n  sh>: echo out; echo err >&2\n")]);
    let id = server.start_attempt(&server.workflow("p", "wf"), "2026-01-02T00:00:00Z");
    let _ = server.finished(&id);
    let files = server.get(&format!("/api/logs/{id}/files")).json();
    let name = files["files"][0]["fileName"].as_str().unwrap().to_owned();
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
    assert_eq!(tree.len(), 1, "{tree:?}");
    assert_eq!(unpacked(&std::fs::read(server.project.path(&tree[0])).unwrap()), log);
}
