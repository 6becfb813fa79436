//! Where the kernel tells nothing, directories are read every few seconds.

use super::{daily, schedules, wait_for_schedules, write};
use crate::support::Server;
use std::fs;

#[test]
fn polling_finds_what_changes_comes_and_goes() {
    let server = Server::new()
        .config("watch.poll = always\nwatch.poll_interval = 1s")
        .args(&["--projects-dir", "jobs", "--project", "p"])
        .file("jobs/a/wf.dig", &daily(7))
        .file("p/wf.dig", &daily(8))
        .start();
    assert_eq!(schedules(&server), ["p/wf 08:00", "a/wf 07:00"]);
    write(&server, "p/wf.dig", &daily(9));
    wait_for_schedules(&server, &["p/wf 09:00", "a/wf 07:00"]);
    write(&server, "jobs/b/wf.dig", &daily(10));
    wait_for_schedules(&server, &["p/wf 09:00", "a/wf 07:00", "b/wf 10:00"]);
    fs::remove_dir_all(server.project.path("jobs/a")).unwrap();
    wait_for_schedules(&server, &["p/wf 09:00", "b/wf 10:00"]);
}

#[test]
fn values_that_make_no_sense_are_refused() {
    let server = Server::new().config("watch.poll = sometimes\nwatch.poll_interval = 0s");
    let _ = server.spawn().end().fails(1).says(&[
        "watch.poll = sometimes: expected auto, always or never",
        "watch.poll_interval = 0s: expected a duration of a second or more, such as 5s",
    ]);
}
