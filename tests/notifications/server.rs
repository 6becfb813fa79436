//! A server tells what goes wrong, goes on trying, and remembers what was answered.

use crate::support::{HttpStub, Server, SmtpStub, wait_until};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use std::net::TcpListener;

const DAY: &str = "2026-01-02T00:00:00Z";

fn notifications(server: &Server) -> Vec<Value> {
    server.get("/api/notifications").json()["notifications"].as_array().unwrap().clone()
}

fn http(url: &str) -> String {
    format!("notification.type = http\nnotification.http.url = {url}\nnotification.min_retry_wait = 1")
}

#[test]
fn a_failed_attempt_is_told_and_recorded_once() {
    let stub = HttpStub::answering(&["500 Internal Server Error", "200 OK\n\ntaken"]);
    let server = Server::new().config(&http(&stub.url())).start();
    let _ = server.push("p", "r1", &[("wf.dig", "+a:\n  sh>: echo hello; echo hunter22; exit 9\n")]);
    let _ = server.dibble(&["secrets", "--project", "p", "--set", "token=hunter22"]).success();
    let id = server.start_attempt(&server.workflow("p", "wf"), DAY);
    assert_eq!(server.finished(&id)["success"], false);
    let body =
        |request: String| -> Value { serde_json::from_str(request.split_once("\n\n").unwrap().1).unwrap() };
    let told = [stub.request(), stub.request()].map(body);
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0]["message"], "Workflow session attempt failed");
    assert_eq!(
        (&told[0]["task_name"], &told[0]["session_time"]),
        (&json!("+wf^failure-alert"), &json!("2026-01-02T00:00:00+00:00"))
    );
    assert_eq!(
        told[0]["failed_tasks"],
        json!([{"name": "+wf+a", "error": "Command failed with code 9 (runtime)"}])
    );
    assert!(told[0]["last_output"].as_str().unwrap().contains("\nhello\n***\n"), "{}", told[0]);
    assert!(told[0]["host"].is_string() && !told[0].to_string().contains("hunter22"));
    assert!(stub.is_quiet());
    let listed = notifications(&server);
    assert_eq!(listed.len(), 1, "{listed:?}");
    let expected = json!({
        "id": "1", "createdAt": listed[0]["createdAt"], "kind": "task", "project": "p", "workflow": "wf",
        "attemptId": id, "message": "Workflow session attempt failed", "state": "sent", "tries": 2, "retryAt": null,
        "channel": "http", "answer": "200 OK: taken", "endedAt": listed[0]["endedAt"],
    });
    assert_eq!(listed[0], expected);
    let out = server.dibble(&["notifications"]).success().stdout;
    assert!(out.contains("  state: sent\n  channel: http\n  tries: 2\n  answer: 200 OK: taken\n"), "{out}");
}

#[test]
fn what_could_not_be_sent_is_sent_by_the_next_server() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut server = Server::new()
        .config(&http(&format!("http://{closed}")))
        .config("executor.attempt_ttl = 1s\nnotification.min_retry_wait = 30000")
        .start();
    let _ = server.push("p", "r1", &[("wf.dig", "+a:\n  sh>: sleep 600\n")]);
    let id = server.start_attempt(&server.workflow("p", "wf"), DAY);
    assert_eq!(server.finished(&id)["status"], "killed");
    wait_until("it was tried", || notifications(&server)[0]["tries"] == 1);
    let pending = notifications(&server).remove(0);
    assert_eq!((&pending["kind"], &pending["state"]), (&json!("time_limit"), &json!("pending")));
    assert!(server.get("/metrics").text().contains("\ndibble_notifications_pending 1\n"));
    // The end does not wait for the next try.
    let out = server.stop().success().stdout;
    let said = "Sending notification 1 failed: retry 1 of 10: Failed to send HTTP notification: 127.0.0.1: ";
    assert!(out.contains(said), "{out}");
    server.configure("notification.type = shell\nnotification.shell.command = cat > told");
    // Its time comes while no server runs.
    let file = rusqlite::Connection::open(server.project.path("data.db")).unwrap();
    file.execute("UPDATE notifications SET retry_at = 0", []).unwrap();
    file.close().unwrap();
    server.run();
    wait_until("it was sent", || notifications(&server)[0]["state"] == "sent");
    let told: Value = serde_json::from_str(&server.project.read("told")).unwrap();
    let message = "Workflow execution timeout: the attempt takes longer than executor.attempt_ttl = 1s";
    assert_eq!((&told["message"], &told["attempt_id"]), (&json!(message), &json!(1)));
    let sent = notifications(&server).remove(0);
    assert_eq!((&sent["tries"], &sent["answer"]), (&json!(2), &json!("exit code = 0")));
}

#[test]
fn settings_are_followed_when_they_change_and_refused_when_they_are_wrong() {
    let server = Server::new().config("notification.type = http").spawn().end().fails(1);
    let _ = server.says(&["error: Parameter 'notification.http.url' is required but not set"]);
    let stub = SmtpStub::answering("250 ok", "535 5.7.8 no");
    let mut server = Server::new().start();
    let _ = server.push("p", "r1", &[("wf.dig", "+a:\n  notify>: hello\n")]);
    let workflow = server.workflow("p", "wf");
    let first = server.start_attempt(&workflow, DAY);
    assert_eq!(server.finished(&first)["success"], true);
    assert_eq!(notifications(&server)[0]["state"], "dropped");
    server.configure(&format!(
        "notification.type = mail\nnotification.mail.from = a@example.com\nnotification.mail.to = b@example.com\n\
         notification.mail.host = 127.0.0.1\nnotification.mail.port = {}\nnotification.mail.tls = false\n\
         notification.mail.username = me\nnotification.mail.password = hunter2\nnotification.retries = 0",
        stub.port()
    ));
    server.signal(Signal::SIGHUP);
    server.process().wait_for("The configuration was read again: notification.mail.from,");
    let second = server.start_attempt(&workflow, "2026-01-03T00:00:00Z");
    assert_eq!(server.finished(&second)["success"], false);
    let failed = notifications(&server);
    let hello: Vec<_> = failed.iter().filter(|told| told["message"] == "hello").collect();
    assert_eq!((&hello[0]["state"], &hello[0]["channel"]), (&json!("failed"), &json!("mail")));
    assert!(hello[0]["answer"].as_str().unwrap().contains("535"), "{hello:?}");
    server.configure("notification.mail.port = 99999");
    server.signal(Signal::SIGHUP);
    server.process().wait_for("The configuration stays as it is: error: notification.mail.port: expected ");
    let (log, listed) = (server.get(&format!("/api/logs/{second}/files")).text(), format!("{failed:?}"));
    let out = server.stop().success();
    assert!(![log, listed, out.stdout.clone()].iter().any(|text| text.contains("hunter2")), "{out}");
}

#[test]
fn settings_can_be_tried_out() {
    let stub = SmtpStub::new();
    let server = Server::new().config(&format!(
        "notification.type = mail\nnotification.mail.from = a@example.com\nnotification.mail.to = b@example.com\n\
         notification.mail.host = 127.0.0.1\nnotification.mail.port = {}\nnotification.mail.tls = false",
        stub.port()
    ));
    let out = server.project.dibble(&["notifications", "--test", "-c", "server.properties"]).success().stdout;
    assert_eq!(out, "Sent by mail: 250 2.0.0 Ok: queued as 42\n");
    assert!(stub.mail().text.contains("\n\nTest of notifications on "));
    server.configure("notification.mail.port = 1");
    let out = server.project.dibble(&["notifications", "--test", "-c", "server.properties"]).fails(1);
    let _ = out.says(&["error: Not sent by mail: 127.0.0.1:1: "]);
    server.configure("notification.type = shell\nnotification.shell.command = echo no such host >&2; exit 3");
    let out = server.project.dibble(&["notifications", "--test", "-c", "server.properties"]).fails(1);
    let _ = out.says(&["error: Not sent by shell: exit code = 3: no such host"]);
}
