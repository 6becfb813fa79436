//! The ways in which files change: what editors and programs do, step by step.

use super::{daily, rename, revision, schedules, wait_for_revision, wait_for_schedules, watching, write};
use crate::support::{Server, wait_until};
use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;

#[test]
fn a_file_that_is_written_in_place() {
    let server = watching();
    write(&server, "p/wf.dig", &daily(8));
    wait_for_schedules(&server, &["p/wf 08:00"]);
    write(&server, "p/more.dig", &daily(9));
    wait_for_schedules(&server, &["p/wf 08:00", "p/more 09:00"]);
    assert_eq!(revision(&server, "p"), "3");
    server.process().wait_for("[INFO] (main): Reloading ");
    server.process().wait_for("[INFO] (main): Added new revision 3 of project p\n");
}

/// `:w` with the usual `backup` and `writebackup`: the file is moved away, written anew, and the backup is removed.
#[test]
fn vim_moves_the_file_away_and_writes_a_new_one() {
    let server = watching();
    write(&server, "p/4913", "");
    fs::remove_file(server.project.path("p/4913")).unwrap();
    rename(&server, "p/wf.dig", "p/wf.dig~");
    write(&server, "p/wf.dig", &daily(8));
    fs::remove_file(server.project.path("p/wf.dig~")).unwrap();
    wait_for_schedules(&server, &["p/wf 08:00"]);
    assert_eq!(revision(&server, "p"), "2");
}

/// Atomic saving of VS Code and many others: a temporary file is moved over the old one.
#[test]
fn a_new_file_is_moved_over_the_old_one() {
    let server = watching();
    for hour in [8, 9] {
        write(&server, "p/.wf.dig.tmp", &daily(hour));
        rename(&server, "p/.wf.dig.tmp", "p/wf.dig");
        wait_for_schedules(&server, &[&format!("p/wf {hour:02}:00")]);
    }
    assert_eq!(revision(&server, "p"), "3");
}

#[test]
fn git_checks_out_another_branch() {
    let server = watching();
    let git = |script: &str| {
        let author = "export GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x@example.com";
        let committer = "export GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x@example.com";
        let _ = server.project.shell(&format!("set -e; {author}; {committer}; cd p; {script}")).success();
    };
    git("git init -qb main; git add .; git commit -qm one; git checkout -qb other; git rm -q wf.dig");
    write(&server, "p/b.dig", "!include : inc/b.yml\n");
    write(&server, "p/inc/b.yml", &daily(10));
    git("git add .; git commit -qm two");
    wait_for_schedules(&server, &["p/b 10:00"]);
    git("git checkout -q main");
    wait_for_schedules(&server, &["p/wf 07:00"]);
    git("git checkout -q other");
    wait_for_schedules(&server, &["p/b 10:00"]);
}

/// A file is written under a name of its own beside the old one, gets its mode and times, and is moved over it.
#[test]
fn rsync_brings_new_files() {
    let server = watching();
    write(&server, "from/wf.dig", &daily(8));
    write(&server, "from/new.dig", &daily(9));
    let steps = "for f in wf new; do cp from/$f.dig p/.$f.dig.Xy12Ab; chmod 644 p/.$f.dig.Xy12Ab; \
                 mv p/.$f.dig.Xy12Ab p/$f.dig; done";
    let script = format!("if command -v rsync; then rsync -a --delete from/ p/; else {steps}; fi");
    let _ = server.project.shell(&script).success();
    wait_for_schedules(&server, &["p/wf 08:00", "p/new 09:00"]);
}

#[test]
fn included_files_count_wherever_they_are() {
    let server = Server::new()
        .args(&["--project", "p"])
        .file("p/wf.dig", "timezone: UTC\n!include : inc/schedule.yml\n+a:\n  echo>: x\n")
        .file("p/inc/schedule.yml", "schedule:\n  daily>: 07:00:00\n")
        .start();
    assert_eq!(schedules(&server), ["p/wf 07:00"]);
    write(&server, "p/inc/schedule.yml", "schedule:\n  daily>: 08:00:00\n");
    wait_for_schedules(&server, &["p/wf 08:00"]);
    rename(&server, "p/inc", "p/gone");
    wait_until("it is missed", || {
        super::error(&server, "p").is_some_and(|error| error.contains("inc/schedule.yml"))
    });
    assert_eq!(schedules(&server), ["p/wf 08:00"]);
    write(&server, "p/inc/schedule.yml", "schedule:\n  daily>: 09:00:00\n");
    wait_for_schedules(&server, &["p/wf 09:00"]);
}

#[test]
fn what_is_no_workflow_makes_no_revision() {
    let server = watching();
    write(&server, "p/data.csv", "1,2\n");
    write(&server, "p/wf.dig", &daily(7));
    let appended = fs::OpenOptions::new().append(true).open(server.project.path("p/wf.dig"));
    appended.unwrap().write_all(b"# a remark\n").unwrap();
    // Something that does: everything before it has been looked at by then.
    write(&server, "p/wf.dig", &daily(8));
    wait_for_schedules(&server, &["p/wf 08:00"]);
    assert_eq!(revision(&server, "p"), "2");
}

#[test]
fn a_link_leads_elsewhere() {
    let server = Server::new()
        .args(&["--project", "current"])
        .file("releases/1/wf.dig", &daily(7))
        .file("releases/2/wf.dig", &daily(8));
    symlink("releases/1", server.project.path("current")).unwrap();
    let server = server.start();
    assert_eq!(schedules(&server), ["current/wf 07:00"]);
    // As deployments do: a new link is moved over the old one.
    symlink("releases/2", server.project.path("next")).unwrap();
    rename(&server, "next", "current");
    wait_for_schedules(&server, &["current/wf 08:00"]);
    write(&server, "releases/2/wf.dig", &daily(9));
    wait_for_schedules(&server, &["current/wf 09:00"]);
    write(&server, "releases/1/wf.dig", &daily(10));
    write(&server, "releases/2/wf.dig", &daily(11));
    wait_for_schedules(&server, &["current/wf 11:00"]);
    assert_eq!(revision(&server, "current"), "4");
}

#[test]
fn a_directory_above_is_exchanged() {
    let server = Server::new()
        .args(&["--project", "release/jobs"])
        .file("release/jobs/wf.dig", &daily(7))
        .file("next/jobs/wf.dig", &daily(8))
        .start();
    rename(&server, "release", "previous");
    rename(&server, "next", "release");
    wait_for_schedules(&server, &["jobs/wf 08:00"]);
    write(&server, "release/jobs/wf.dig", &daily(9));
    wait_for_schedules(&server, &["jobs/wf 09:00"]);
}

#[test]
fn a_new_schedule_starts_at_once() {
    let server = watching();
    let dig = "timezone: UTC\nschedule:\n  cron>: '* * * * *'\n+a:\n  sh>: touch ../ran\n";
    write(&server, "p/wf.dig", dig);
    wait_for_revision(&server, "p", "2");
    // Within a minute, if the scheduler was told.
    let end = std::time::Instant::now() + std::time::Duration::from_secs(70);
    while !server.project.has("ran") {
        assert!(std::time::Instant::now() < end, "it has not run:\n{}", server.process().printed());
        std::thread::yield_now();
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
}
