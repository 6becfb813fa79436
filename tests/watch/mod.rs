//! Projects in directories, watched by a real server while real programs change their files.

mod broken;
mod conflicts;
mod edits;
mod many;
mod polling;
mod removed;
mod start;

use crate::support::{Server, wait_until};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// A workflow that runs at an hour of every day.
fn daily(hour: u32) -> String {
    format!("timezone: UTC\nschedule:\n  daily>: {hour:02}:00:00\n+a:\n  echo>: x\n")
}

fn write(server: &Server, path: &str, text: &str) {
    let path = server.project.path(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// The name of the newest revision of a project; nothing if there is no project.
fn revision(server: &Server, project: &str) -> String {
    let list = server.get(&format!("/api/projects?name={project}")).json();
    list["projects"][0]["revision"].as_str().unwrap_or_default().to_owned()
}

#[track_caller]
fn wait_for_revision(server: &Server, project: &str, expected: &str) {
    wait_until(&format!("{project} is at {expected}"), || revision(server, project) == expected);
}

/// What is wrong with the directory of a project.
fn error(server: &Server, project: &str) -> Option<String> {
    let list = server.get("/api/watched").json();
    let watched = list["watched"].as_array().unwrap();
    let found = watched.iter().find(|watched| watched["name"] == project)?;
    found["error"].as_str().map(str::to_owned)
}

/// `project/workflow 07:00`, for the time of the next run.
fn schedules(server: &Server) -> Vec<String> {
    let list = server.get("/api/schedules").json();
    let line = |schedule: &Value| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let time = text(&schedule["nextRunTime"]);
        let names = (text(&schedule["project"]["name"]), text(&schedule["workflow"]["name"]));
        format!("{}/{} {}", names.0, names.1, &time[11..16])
    };
    list["schedules"].as_array().unwrap().iter().map(line).collect()
}

#[track_caller]
fn wait_for_schedules(server: &Server, expected: &[&str]) {
    wait_until(&format!("schedules are {expected:?}"), || schedules(server) == expected);
}

/// A server that watches the directory `p` with one workflow, at revision 1.
#[track_caller]
fn watching() -> Server {
    let server = Server::new().args(&["--project", "p"]).file("p/wf.dig", &daily(7)).start();
    assert_eq!(schedules(&server), ["p/wf 07:00"]);
    server
}

fn rename(server: &Server, from: impl AsRef<Path>, to: impl AsRef<Path>) {
    fs::rename(server.project.path(from), server.project.path(to)).unwrap();
}
