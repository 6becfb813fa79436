//! Pushing projects, and what is shown of them.

use crate::support::{Server, archive};
use serde_json::json;

const DIG: &str = "+a:\n  echo>: hi\n";

#[test]
fn a_pushed_project_is_there_with_its_workflows_after_a_restart() {
    let mut server = Server::new().start();
    let id = server.push("p", "r1", &[("wf.dig", DIG), ("data/x.txt", "x")]);
    let before = server.get("/api/projects").text();
    let _ = server.stop().success();
    server.run();
    assert_eq!(server.get("/api/projects").text(), before);
    let workflow = server.get("/api/workflow?project=p&name=wf").json();
    assert_eq!(workflow["config"], json!({"+a": {"echo>": "hi"}}));
    let answer = server.get(&format!("/api/projects/{id}/archive"));
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/gzip")));
    let mut unpacked = tar::Archive::new(flate2::read::GzDecoder::new(answer.body.as_slice()));
    let paths = unpacked.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string());
    assert_eq!(paths.collect::<Vec<_>>(), ["wf.dig", "data/x.txt"]);
}

#[test]
fn a_revision_is_pushed_once() {
    let server = Server::new().start();
    let _ = server.push("p", "r1", &[("wf.dig", DIG)]);
    let gzip = ("Content-Type", "application/gzip");
    let path = "/api/projects?project=p&revision=r1";
    assert_eq!(server.http("PUT", path, &[gzip], &archive(&[("wf.dig", DIG)])).status, 409);
    let broken =
        server.http("PUT", "/api/projects?project=p&revision=r2", &[gzip], &archive(&[("wf.dig", "a: [")]));
    assert_eq!(broken.status, 400);
    assert!(broken.message().contains("wf.dig:1"), "{}", broken.message());
    assert_eq!(server.get("/api/project?name=p").json()["revision"], "r1");
}

#[test]
fn the_programs_own_commands_push_and_list() {
    let server = Server::new().file("jobs/daily.dig", DIG).start();
    let _ = server.dibble(&["push", "p", "--project", "jobs", "-r", "r1"]).success();
    let out = server.dibble(&["workflows"]).success();
    assert_eq!(out.stdout, "  p\n    daily\n\n");
    let _ = server.dibble(&["delete", "p", "--force"]).success();
    assert_eq!(server.get("/api/projects").json(), json!({"projects": []}));
}
