//! Schedules: they fire, and can be switched off.

use crate::support::{Server, wait_until};
use serde_json::Value;

const DIG: &str = "timezone: UTC\nschedule:\n  minutes_interval>: 1\n+a:\n  echo>: ${session_time}\n";

#[test]
fn what_was_missed_while_the_server_was_down_is_caught_up() {
    let mut server = Server::new().start();
    let _ = server.push("p", "r1&schedule_from=2026-01-02T00:00:00Z", &[("wf.dig", DIG)]);
    let first = server.get("/api/schedules").json();
    assert_eq!(first["schedules"][0]["project"]["name"], "p");
    let _ = server.stop().success();
    let mut server = server.args(&["--catch-up", "last"]);
    server.run();
    let sessions = || server.get("/api/sessions").json()["sessions"].as_array().unwrap().clone();
    wait_until("a session is started", || !sessions().is_empty());
    let done = |session: &Value| session["lastAttempt"]["done"] == true;
    wait_until("it has ended", || sessions().iter().all(done));
}

#[test]
fn nothing_fires_when_the_scheduler_is_off() {
    let server = Server::new().args(&["--disable-scheduler"]).start();
    let _ = server.push("p", "r1&schedule_from=2026-01-02T00:00:00Z", &[("wf.dig", DIG)]);
    assert_eq!(server.get("/healthz").json()["scheduler"]["status"], "disabled");
    let out = server.dibble(&["schedules"]).success();
    assert!(out.stdout.contains("workflow: wf"), "{out}");
    let _ = server.dibble(&["disable", "p", "wf"]).success();
    assert!(!server.get("/api/schedules").json()["schedules"][0]["disabledAt"].is_null());
    assert_eq!(server.get("/api/sessions").text(), r#"{"sessions":[]}"#);
}
