//! What the server tells of itself.

use crate::support::Server;
use serde_json::json;

#[test]
fn the_server_tells_how_it_is() {
    let server = Server::new().start();
    let health = server.get("/healthz");
    assert_eq!(health.status, 200);
    assert_eq!(
        health.json(),
        json!({
            "database": {"status": "ok"}, "scheduler": {"status": "ok"}, "watcher": {"status": "disabled"},
            "disk": {"status": "ok"},
        })
    );
    assert!(server.get("/metrics").text().contains("\ndibble_tasks_running 0\n"));
    let document = server.get("/api/openapi.json").json();
    assert_eq!(document["openapi"].as_str().map(|version| &version[..3]), Some("3.1"));
    assert_eq!(server.get("/api/version").json(), json!({"version": "0.10.6-SNAPSHOT"}));
}

#[test]
fn an_idle_server_does_nothing() {
    let server = Server::new().start();
    assert_eq!(server.get("/healthz").status, 200);
    let ticks = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.process().pid())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_ascii_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    // Switches of threads that nobody asked for: the count of the gate, the runner and the scheduler stands still.
    let switches = || {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", server.process().pid())).unwrap();
        let of = |task: std::fs::DirEntry| {
            let status = std::fs::read_to_string(task.path().join("status")).unwrap_or_default();
            let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches:"));
            line.and_then(|line| line.split_ascii_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or(0)
        };
        tasks.map(|task| of(task.unwrap())).sum::<u64>()
    };
    let mut before = (ticks(), switches());
    crate::support::wait_until("nothing has happened for half a second", || {
        std::thread::sleep(std::time::Duration::from_millis(500));
        let now = (ticks(), switches());
        std::mem::replace(&mut before, now) == now
    });
}
