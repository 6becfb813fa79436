//! Two that want the same name.

use super::{daily, rename, revision, schedules, wait_for_revision, wait_for_schedules, watching, write};
use crate::support::{Server, wait_until};
use serde_json::json;
use std::os::unix::fs::symlink;

#[test]
fn directories_of_one_name_are_refused() {
    let server = Server::new().args(&["--project", "a/x", "--project", "b/x"]);
    let out = server.spawn().end().fails(2);
    let _ = out.says(&["error: Two directories would be project x: ", "a/x and ", "b/x"]);
}

#[test]
fn a_directory_that_is_named_comes_before_one_that_is_found() {
    let server = Server::new().args(&["--projects-dir", "jobs", "--project", "x", "--project", "./x"]);
    let server = server.file("x/wf.dig", &daily(7)).file("jobs/x/wf.dig", &daily(8)).start();
    assert_eq!(schedules(&server), ["x/wf 07:00"]);
    server.process().wait_for("jobs/x is not watched: ");

    // It is shown for as long as the directory is there.
    let list = server.get("/api/projects").json();
    let refused = &list["unregistered"][0];
    assert_eq!((&refused["name"], &refused["refused"]), (&json!("x"), &json!(true)));
    let jobs = server.project.path("jobs/x").canonicalize().unwrap();
    assert_eq!(refused["directory"], json!(jobs));
    let error = refused["error"].as_str().unwrap();
    assert!(
        error.contains("jobs/x is not watched: ") && error.ends_with("/x is project x already"),
        "{error}"
    );
    assert_eq!(server.get("/api/projects?name=x").json()["unregistered"], list["unregistered"]);
    assert_eq!(server.get("/api/projects?name_pattern=y").json(), json!({"projects": []}));
    assert_eq!(server.get("/api/watched").json()["watched"].as_array().unwrap().len(), 2);
    let out = server.dibble(&["projects"]).success();
    let said = "  error: its files do not run, for another directory has its name:
    ";
    assert!(out.stdout.contains(said), "{out}");
    let health = server.get("/healthz");
    let message = "something is wrong with 1 of 3 watched directories: see `dibble projects`";
    assert_eq!((health.status, health.json()["watcher"]["message"].as_str()), (200, Some(message)));
    std::fs::remove_dir_all(jobs).unwrap();
    wait_until("it is gone", || server.get("/healthz").json()["watcher"] == json!({"status": "ok"}));
    assert!(server.get("/api/projects").json().get("unregistered").is_none());
}

/// Each has a database of its own, so nothing but the directory could tell.
#[cfg(target_os = "linux")]
#[test]
fn a_second_server_on_the_directory_says_so() {
    let mut first = watching();
    let directory = first.project.path("p").display().to_string();
    let text = |pid: nix::unistd::Pid| {
        format!("[WARN] (main): Another server, process {pid}, watches {directory}, too")
    };
    let said = text(first.process().pid());
    let parent = first.project.path("").display().to_string();
    for args in [["--project", directory.as_str()], ["--projects-dir", parent.trim_end_matches('/')]] {
        let mut second = Server::new().args(&args).start();
        second.process().wait_for(&said);
        assert_eq!(schedules(&second), ["p/wf 07:00"], "it is not refused");
        let doctor = first.project.dibble(&["doctor", "-o", "data.db"]).fails(1);
        assert!(doctor.stdout.contains("is watched by the processes "), "{doctor}");
        let _ = second.stop().success();
    }
    let quiet = Server::new().args(&["--project", &directory, "--disable-scheduler"]).start();
    assert!(!quiet.process().printed().contains("Another server"), "it starts no sessions");
    let doctor = first.project.dibble(&["doctor", "-o", "data.db"]);
    assert!(doctor.stdout.contains("none is watched by two servers"), "{doctor}");
    // What a server holds ends with it, however it ends; and the first one has nothing to say.
    assert!(!first.process().printed().contains("Another server"));
    first.kill();
    let third = Server::new().args(&["--project", &directory]).start();
    assert!(!third.process().printed().contains("Another server"));
    assert_eq!(first.project.files().iter().filter(|file| file.starts_with("p/")).count(), 2);
}

#[test]
fn the_directory_takes_the_place_of_what_is_pushed_when_it_changes() {
    let server = watching();
    let _ = server.push("p", "r1", &[("wf.dig", &daily(8))]);
    server.process().wait_for("[WARN] (main): ");
    assert_eq!((revision(&server, "p").as_str(), schedules(&server)), ("r1", vec!["p/wf 08:00".to_owned()]));
    // A look without a change is no change.
    server.signal(nix::sys::signal::Signal::SIGHUP);
    server.process().wait_for("The configuration was read again");
    assert_eq!(revision(&server, "p"), "r1");
    write(&server, "p/wf.dig", &daily(9));
    wait_for_schedules(&server, &["p/wf 09:00"]);
    wait_for_revision(&server, "p", "2");
    server.process().wait_for("Revision r1 of project p was pushed: ");
}

#[test]
fn one_directory_under_two_names_is_told_of() {
    let server = Server::new().args(&["--projects-dir", "jobs"]);
    let server = server.file("jobs/rel-1/wf.dig", &daily(7)).file("jobs/rel-2/wf.dig", &daily(8));
    let jobs = server.project.path("jobs");
    symlink("rel-1", jobs.join("current")).unwrap();
    let server = server.start();
    assert_eq!(schedules(&server), ["current/wf 07:00", "rel-1/wf 07:00", "rel-2/wf 08:00"]);
    let said = |release: &str| {
        let jobs = jobs.display();
        format!(
            "[WARN] (main): {jobs}/current and {jobs}/{release} are one directory: it runs as project current and as \
             project {release}, so each of its schedules runs twice."
        )
    };
    server.process().wait_for(&said("rel-1"));
    symlink("rel-2", server.project.path("next")).unwrap();
    rename(&server, "next", "jobs/current");
    server.process().wait_for(&said("rel-2"));
    assert_eq!(server.process().printed().matches(" are one directory").count(), 2);
}
