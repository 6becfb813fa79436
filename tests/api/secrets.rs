//! Secrets of projects: set by a client, seen by tasks, kept over a restart, shown to nobody.

use crate::support::Server;
use serde_json::json;
use std::fs;

const DIG: &str =
    "+a:\n  _env: {T: '${secret:token}'}\n  sh>: test \"$(echo $T | tr a-z A-Z)\" = GEHEIMNIS\n";

#[test]
fn tasks_see_secrets_and_nobody_else_does() {
    let mut server = Server::new().start();
    let id = server.push("p", "r1", &[("wf.dig", DIG)]);
    let put =
        server.send("PUT", &format!("/api/projects/{id}/secrets/token"), &json!({"value": "geheimnis"}));
    assert_eq!(put.status, 200, "{put:?}");
    let _ = server.stop().success();
    for file in fs::read_dir(server.project.dir()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap_or_default();
        assert!(!bytes.windows(9).any(|window| window == b"geheimnis"), "a file holds the secret");
    }
    server.run();
    let out = server.dibble(&["secrets", "--project", "p"]).success();
    assert_eq!(out.stdout, "token\n");
    let attempt = server.start_attempt(&server.workflow("p", "wf"), "2026-01-02T00:00:00Z");
    assert_eq!(server.finished(&attempt)["success"], true);
}
