//! `log`, and `log -f` while an attempt runs.

use super::Console;
use crate::support::wait_until;
use insta::assert_snapshot;

#[test]
fn the_log_of_an_attempt() {
    let console = Console::with_project();
    let _ = console.run("dibble start p1 plain --session 2024-01-02 -p p=1");
    let _ = console.server.finished("1");
    assert_snapshot!(console.run("
        dibble log 1
        dibble log 1 +plain+a
        dibble log 1 plain+a
        dibble log 1 +nosuch
        dibble log 1 -v +plain+a
        dibble log 1 -f +plain+a
        dibble log 999
        dibble log 1 -t
        dibble log
    "), @"
    $ dibble log 1
    2026-11-22 03:30:00.000 +0000 [INFO] (....@[0:p1:1:1]+plain+a): echo>: plain p=string
    plain p=string
    2026-11-22 03:30:00.000 +0000 [INFO] (....@[0:p1:1:1]+plain+g): for_each>: {v=[1, two]}
    2026-11-22 03:30:00.000 +0000 [INFO] (....@[0:p1:1:1]+plain+g^sub+for-0=v=0=1): echo>: 1
    1
    2026-11-22 03:30:00.000 +0000 [INFO] (....@[0:p1:1:1]+plain+g^sub+for-0=v=1=two): echo>: two
    two
    $ dibble log 1 +plain+a
    2026-11-22 03:30:00.000 +0000 [INFO] (....@[0:p1:1:1]+plain+a): echo>: plain p=string
    plain p=string
    $ dibble log 1 plain+a
    $ dibble log 1 +nosuch
    $ dibble log 1 -v +plain+a
    2026-11-22 03:30:00.000 +0000 [INFO] (....@[0:p1:1:1]+plain+a): echo>: plain p=string
    plain p=string
    $ dibble log 1 -f +plain+a
    2026-11-22 03:30:00.000 +0000 [INFO] (....@[0:p1:1:1]+plain+a): echo>: plain p=string
    plain p=string
    $ dibble log 999
    2> error: Resource not found: Resource does not exist: session attempt id=999
    [exit status: 1]
    $ dibble log 1 -t
    2> Usage: dibble log <attempt-id> [+task name prefix] [options...]
    2> error: Unknown option: -t
    [exit status: 2]
    $ dibble log
    2> Usage: dibble log <attempt-id> [+task name prefix] [options...]
    2> error: Missing argument: <attempt-id>
    [exit status: 2]
    ");
}

#[test]
fn a_log_is_followed_to_the_end() {
    let console = Console::with_project();
    let _ = console.run("dibble start p1 slow --session 2024-01-03");
    let url = console.server.url();
    let follow = console.server.project.start(&["log", "1", "-f", "-e", &url]);
    follow.wait_for("begun");
    assert!(!follow.printed().contains("after"));
    console.open_gate();
    let out = follow.end().success();
    let message = |line: &str| line.split_once("): ").map_or(line, |(_, message)| message).to_owned();
    let messages: Vec<String> = out.stdout.lines().map(message).collect();
    let command = "sh>: echo begun; while ! test -e $GATE; do sleep 0.01; done";
    assert_eq!(messages, [command, "begun", "echo>: after", "after"]);
    wait_until("the server has noted the end", || console.server.attempt("1")["success"] == true);
}
