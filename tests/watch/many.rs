//! Many projects, one watcher.

use super::{daily, revision, schedules, wait_for_revision, write};
use crate::support::{Server, wait_until};
use std::fs;
use std::time::{Duration, Instant};

const PROJECTS: usize = 200;

/// The target is a second; the test allows for a busy machine.
#[test]
fn a_change_of_one_file_among_many_projects_is_registered_soon() {
    let mut server = Server::new().args(&["--projects-dir", "jobs"]);
    for number in 0..PROJECTS {
        server = server.file(&format!("jobs/p{number}/wf.dig"), &daily(7));
    }
    let server = server.start();
    assert_eq!(schedules(&server).len(), 100, "a page of them");
    let mut longest = Duration::ZERO;
    for (number, hour) in [(0, 8), (117, 9), (199, 10)] {
        let project = format!("p{number}");
        let begin = Instant::now();
        write(&server, &format!("jobs/{project}/wf.dig"), &daily(hour));
        wait_for_revision(&server, &project, "2");
        longest = longest.max(begin.elapsed());
    }
    assert!(longest < Duration::from_secs(5), "{longest:?}");
    assert_eq!(revision(&server, "p1"), "1");
}

/// A server that has nothing to do does nothing: neither the thread that attends to directories nor the one that hears of
/// changes is ever woken.
#[test]
fn an_idle_watcher_does_not_wake_up() {
    let server = super::watching();
    wait_for_revision(&server, "p", "1");
    let watcher = || {
        let tasks = fs::read_dir(format!("/proc/{}/task", server.process().pid())).unwrap();
        let status = tasks.flatten().filter_map(|task| fs::read_to_string(task.path().join("status")).ok());
        let is_ours = |status: &String| {
            ["Name:\twatcher\n", "Name:\tnotify-rs"].iter().any(|name| status.starts_with(name))
        };
        let switches = status.filter(is_ours).map(|status| {
            let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches:")).unwrap();
            line.split('\t').nth(1).unwrap().parse::<u64>().unwrap()
        });
        let switches: Vec<u64> = switches.collect();
        assert_eq!(switches.len(), 2, "both threads");
        switches.iter().sum::<u64>()
    };
    let switches = |seconds: u64| {
        let (before, end) = (watcher(), Instant::now() + Duration::from_secs(seconds));
        while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            // It may return before its time.
            std::thread::park_timeout(left);
        }
        watcher() - before
    };
    // What was left of its start may come in the first second.
    switches(1);
    assert_eq!(switches(3), 0);
    let before = watcher();
    write(&server, "p/data.csv", "");
    wait_until("it wakes up when there is something", || watcher() > before);
}
