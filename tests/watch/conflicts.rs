//! Two that want the same name.

use super::{daily, revision, schedules, wait_for_revision, wait_for_schedules, watching, write};
use crate::support::Server;

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
