//! Files that are wrong: the last good revision stays, and everybody is told until they are mended.

use super::{daily, error, revision, schedules, wait_for_schedules, watching, write};
use crate::support::{Server, wait_until};
use std::fs;
use std::time::{Duration, Instant};

const BROKEN: &str = "timezone: UTC\nschedule:\n  daily>: 08:00:00\n+a:\n  echo>: [x\n";

#[test]
fn a_broken_file_is_told_of_until_it_is_mended() {
    let mut server = watching();
    write(&server, "p/wf.dig", BROKEN);
    wait_until("the error is known", || error(&server, "p").is_some());
    let text = error(&server, "p").unwrap();
    assert!(text.starts_with("Validating project failed\nworkflow "), "{text}");
    assert!(text.contains("--> wf.dig:") && text.contains("^"), "{text}");
    assert_eq!(schedules(&server), ["p/wf 07:00"]);
    let project = server.get("/api/project?name=p").json();
    assert_eq!((&project["revision"], &project["watchError"]), (&"1".into(), &text.as_str().into()));
    let listed = server.dibble(&["projects"]).success().stdout;
    assert!(listed.contains("  error: the revision is older than the files, which are wrong:\n"), "{listed}");
    assert!(listed.contains("--> wf.dig:"), "{listed}");

    let mended = Instant::now();
    write(&server, "p/wf.dig", &daily(9));
    wait_for_schedules(&server, &["p/wf 09:00"]);
    assert!(mended.elapsed() < Duration::from_secs(5), "{:?}", mended.elapsed());
    assert_eq!((error(&server, "p"), revision(&server, "p").as_str()), (None, "2"));
    let printed = server.stop().success().stdout;
    assert_eq!(printed.matches("[ERROR] (main): Failed to reload ").count(), 1, "{printed}");
    assert!(
        printed.contains(": project p stays at revision 1 until it is mended\nValidating project"),
        "{printed}"
    );
}

#[test]
fn mended_as_it_was_it_makes_no_revision() {
    let server = watching();
    write(&server, "p/wf.dig", BROKEN);
    wait_until("the error is known", || error(&server, "p").is_some());
    write(&server, "p/wf.dig", &daily(7));
    wait_until("it is mended", || error(&server, "p").is_none());
    assert_eq!(revision(&server, "p"), "1");
}

#[test]
fn a_schedule_that_can_never_be_is_an_error() {
    let server = watching();
    write(&server, "p/wf.dig", "timezone: UTC\nschedule:\n  cron>: 0 0 31 2 *\n+a:\n  echo>: x\n");
    wait_until("the error is known", || error(&server, "p").is_some_and(|text| text.contains("wf.dig:3:10")));
    assert_eq!(schedules(&server), ["p/wf 07:00"]);
}

#[test]
fn what_was_never_good_is_listed_too() {
    let server = Server::new().args(&["--project", "good", "--project", "bad"]);
    let server = server.file("good/wf.dig", &daily(7)).file("bad/wf.dig", BROKEN).start();
    assert_eq!(schedules(&server), ["good/wf 07:00"]);
    let listed = server.dibble(&["projects"]).success().stdout;
    assert!(listed.contains("  name: bad\n  directory: "), "{listed}");
    let listed = server.dibble(&["projects", "bad"]).success().stdout;
    assert!(listed.contains("  error: there is no revision, for the files are wrong:\n"), "{listed}");
    write(&server, "bad/wf.dig", &daily(8));
    wait_for_schedules(&server, &["good/wf 07:00", "bad/wf 08:00"]);
}

#[test]
fn a_file_that_nobody_may_read_is_an_error() {
    let mut server = Server::new().args(&["--project", "p"]).file("p/wf.dig", &daily(7));
    server.project = server.project.unprivileged();
    let server = server.start();
    server.project.chmod("p/wf.dig", 0o000);
    wait_until("the error is known", || {
        error(&server, "p").is_some_and(|text| text.contains("Permission denied"))
    });
    server.project.chmod("p/wf.dig", 0o644);
    wait_until("it is mended", || error(&server, "p").is_none());
}

#[test]
fn a_directory_that_becomes_a_file_is_an_error() {
    let server = watching();
    fs::rename(server.project.path("p"), server.project.path("q")).unwrap();
    write(&server, "p", "");
    wait_until("the error is known", || {
        error(&server, "p").is_some_and(|text| text.ends_with("/p is no directory"))
    });
    assert_eq!(schedules(&server), ["p/wf 07:00"]);
}
