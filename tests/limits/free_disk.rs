//! `limits.free_disk`: while less of the disk is free, nothing new begins.

use crate::support::{Server, wait_until};
use nix::sys::signal::Signal;
use serde_json::json;

#[test]
fn nothing_begins_until_there_is_room() {
    let mut server = Server::new().config("limits.free_disk = 1000T").start();
    server.push("p", "r1", &[("wf.dig", "+a:\n  echo>: a\n")]);
    let workflow = server.workflow("p", "wf");
    let body = json!({"workflowId": workflow, "sessionTime": "2026-11-01T00:00:00Z", "params": {}});
    let answer = server.send("PUT", "/api/attempts", &body);
    assert_eq!(answer.status, 503);
    assert!(answer.message().starts_with("Too little room on the disk: "), "{answer:?}");
    let health = server.get("/healthz");
    assert_eq!((health.status, &health.json()["disk"]["status"]), (200, &json!("low")));
    server.process().wait_for("[ERROR] (main): No attempt begins: ");

    server.configure("limits.free_disk = 0");
    server.signal(Signal::SIGHUP);
    wait_until("there is room", || server.get("/healthz").json()["disk"] == json!({"status": "ok"}));
    server.process().wait_for("[INFO] (main): There is room on the disk again: attempts begin");
    let id = server.start_attempt(&workflow, "2026-11-01T00:00:00Z");
    assert_eq!(server.finished(&id)["success"], true);
    let _ = server.stop().success();
}
