//! Files that are gone: the schedules go with them, the history stays, and all comes back with the files.

use super::{
    daily, error, rename, revision, schedules, wait_for_revision, wait_for_schedules, watching, write,
};
use crate::support::{Server, wait_until};
use std::fs;

#[test]
fn a_directory_that_is_deleted_and_made_anew() {
    let server = watching();
    let id = server.get("/api/schedules").json()["schedules"][0]["id"].clone();
    let path = format!("/api/schedules/{}/disable", id.as_str().unwrap());
    assert_eq!(server.send("POST", &path, &serde_json::json!({})).status, 200);
    fs::remove_dir_all(server.project.path("p")).unwrap();
    wait_for_schedules(&server, &[]);
    server.process().wait_for("has lost its schedules (1) until the files come back; its history stays");
    assert!(error(&server, "p").unwrap().ends_with("/p does not exist"));
    assert_eq!(revision(&server, "p"), "1");
    write(&server, "p/wf.dig", &daily(7));
    wait_for_schedules(&server, &["p/wf 07:00"]);
    let schedule = server.get("/api/schedules").json()["schedules"][0].clone();
    assert_eq!(schedule["id"], id);
    assert!(schedule["disabledAt"].is_string(), "{schedule}");
    assert_eq!(revision(&server, "p"), "1");
    // It is the new directory that is watched now.
    write(&server, "p/wf.dig", &daily(8));
    wait_for_revision(&server, "p", "2");
}

#[test]
fn a_directory_that_is_moved_away_and_back() {
    let server = watching();
    rename(&server, "p", "q");
    wait_for_schedules(&server, &[]);
    write(&server, "q/wf.dig", &daily(8));
    rename(&server, "q", "p");
    wait_for_schedules(&server, &["p/wf 08:00"]);
    write(&server, "p/wf.dig", &daily(9));
    wait_for_schedules(&server, &["p/wf 09:00"]);
}

/// Else what is moved there next would end up inside of what the task has made.
#[test]
fn a_directory_that_goes_while_its_tasks_run_is_not_made_anew() {
    let wait = "touch ../started; until [ -e ../go ]; do sleep 0.05; done";
    let dig = format!("+a:\n  sh>: {wait}\n+b:\n  sh>: echo b\n");
    let server = Server::new().args(&["--project", "p"]).file("p/wf.dig", &dig).start();
    let id = server.start_attempt(&server.workflow("p", "wf"), "2026-01-02T00:00:00Z");
    wait_until("it runs", || server.project.has("started"));
    rename(&server, "p", "p.away");
    write(&server, "go", "");
    assert_eq!(server.finished(&id)["success"], false);
    assert_eq!(server.tasks(&id)[..3], ["+wf group_error", "+wf+a success", "+wf+b error"]);
    let text = format!("The project's directory {} is gone", server.project.path("p").display());
    server.process().wait_for(&text);
    assert!(!server.project.has("p"));
}

/// Without the moment of grace the schedule would begin anew, with another id.
#[test]
fn files_that_are_gone_for_a_moment_lose_nothing() {
    let server = watching();
    let id = || server.get("/api/schedules").json()["schedules"][0]["id"].clone();
    let before = id();
    fs::remove_file(server.project.path("p/wf.dig")).unwrap();
    write(&server, "p/b.dig", &daily(8));
    write(&server, "p/wf.dig", &daily(7));
    wait_for_schedules(&server, &["p/wf 07:00", "p/b 08:00"]);
    assert_eq!(id(), before);
}

#[test]
fn projects_come_and_go_in_their_folder() {
    let server = Server::new().args(&["--projects-dir", "jobs"]).file("jobs/a/wf.dig", &daily(7));
    let mut server = server.file("jobs/README", "").file("jobs/.hidden/wf.dig", &daily(1)).start();
    assert_eq!(schedules(&server), ["a/wf 07:00"]);
    fs::create_dir(server.project.path("jobs/b")).unwrap();
    write(&server, "jobs/b/wf.dig", &daily(8));
    wait_for_schedules(&server, &["a/wf 07:00", "b/wf 08:00"]);
    rename(&server, "jobs/a", "a");
    wait_for_schedules(&server, &["b/wf 08:00"]);
    assert_eq!(error(&server, "a"), None, "nobody named it");
    rename(&server, "a", "jobs/c");
    wait_for_schedules(&server, &["b/wf 08:00", "c/wf 07:00"]);
    // Also while nobody looks.
    let _ = server.stop().success();
    rename(&server, "jobs/b", "b");
    server.run();
    assert_eq!(schedules(&server), ["c/wf 07:00"]);
    server.process().wait_for("is not watched any more: project b has lost its schedules (1) until it is");
    rename(&server, "b", "jobs/b");
    wait_for_schedules(&server, &["b/wf 08:00", "c/wf 07:00"]);
    assert_eq!(revision(&server, "b"), "1");
}

#[test]
fn a_folder_that_is_exchanged() {
    let server = Server::new().args(&["--projects-dir", "jobs"]).file("jobs/a/wf.dig", &daily(7));
    let server = server.file("next/a/wf.dig", &daily(8)).file("next/b/wf.dig", &daily(9)).start();
    rename(&server, "jobs", "previous");
    rename(&server, "next", "jobs");
    wait_for_schedules(&server, &["a/wf 08:00", "b/wf 09:00"]);
    wait_until("there is no error", || error(&server, "a").is_none());
}
