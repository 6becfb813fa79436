//! `dibble run`: what stands on the terminal. These snapshots show the whole face of the command.

use crate::support::Project;
use insta::assert_snapshot;

#[test]
fn a_success() {
    let out = Project::new().dig("+a: {echo>: hello}\n+b: {sh>: 'echo out; echo err >&2'}").run(&[]);
    assert_snapshot!(out, @r#"
    2026-01-02 03:04:05 +0000 [INFO] (main): Using session 2026-01-02T00:00:00+00:00 in $PROJECT/.dibble.db.
    2026-01-02 03:04:05 +0000 [INFO] (main): Starting a new session project id=1 workflow name=wf session_time=2026-01-02T00:00:00+00:00
    2026-01-02 03:04:05 +0000 [INFO] (....@[0:default:1:1]+wf+a): echo>: hello
    hello
    2026-01-02 03:04:05 +0000 [INFO] (....@[0:default:1:1]+wf+b): sh>: echo out; echo err >&2
    out
    err
    ------- stderr -------
    2026-01-02 03:04:05 +0000: Dibble vVERSION
    Success. Task state is saved at $PROJECT/.dibble.db.
      * Use --session <daily | hourly | "yyyy-MM-dd[ HH:mm:ss]"> to not reuse the last session time.
      * Use --rerun, --start +NAME, or --goal +NAME argument to rerun skipped tasks.
    "#);
}

#[test]
fn a_second_run() {
    let project = Project::new().dig("+a: {echo>: hello}");
    let _ = project.run(&[]).success();
    assert_snapshot!(project.dibble(&["run", "wf"]), @r#"
    2026-01-02 03:04:05 +0000 [WARN] (main): Reusing the last session time 2026-01-02T00:00:00+00:00.
    2026-01-02 03:04:05 +0000 [INFO] (main): Using session 2026-01-02T00:00:00+00:00 in $PROJECT/.dibble.db.
    2026-01-02 03:04:05 +0000 [INFO] (main): Starting a new session project id=1 workflow name=wf session_time=2026-01-02T00:00:00+00:00
    2026-01-02 03:04:05 +0000 [WARN] (....@[0:default:1:2]+wf+a): Skipped
    ------- stderr -------
    2026-01-02 03:04:05 +0000: Dibble vVERSION
    Success. Task state is saved at $PROJECT/.dibble.db.
      * Use --session <daily | hourly | "yyyy-MM-dd[ HH:mm:ss]"> to not reuse the last session time.
      * Use --rerun, --start +NAME, or --goal +NAME argument to rerun skipped tasks.
    "#);
}

#[test]
fn a_failure() {
    let out = Project::new()
        .dig("+a: {sh>: 'echo some output; echo the cause >&2; exit 3'}\n+b: {echo>: never}")
        .run(&[]);
    assert_snapshot!(out, @r#"
    2026-01-02 03:04:05 +0000 [INFO] (main): Using session 2026-01-02T00:00:00+00:00 in $PROJECT/.dibble.db.
    2026-01-02 03:04:05 +0000 [INFO] (main): Starting a new session project id=1 workflow name=wf session_time=2026-01-02T00:00:00+00:00
    2026-01-02 03:04:05 +0000 [INFO] (....@[0:default:1:1]+wf+a): sh>: echo some output; echo the cause >&2; exit 3
    some output
    the cause
    2026-01-02 03:04:05 +0000 [ERROR] (....@[0:default:1:1]+wf+a): Task failed with unexpected error: Command failed with code 3
    2026-01-02 03:04:05 +0000 [INFO] (....@[0:default:1:1]+wf^failure-alert): type: notify
    ------- stderr -------
    2026-01-02 03:04:05 +0000: Dibble vVERSION
    error: 
      * +wf+a:
        Command failed with code 3 (runtime)

    Task state is saved at $PROJECT/.dibble.db.
      * Use --session <daily | hourly | "yyyy-MM-dd[ HH:mm:ss]"> to not reuse the last session time.
      * Use --rerun, --start +NAME, or --goal +NAME argument to rerun skipped tasks.
    [exit status: 1]
    "#);
}

#[test]
fn an_error_in_the_file() {
    let out = Project::new().dig("+load:\n  for_eahc>: {n: [1]}\n  sh>: x\n+g:\n  _retr: 1\n").run(&[]);
    assert_snapshot!(out, @r#"
    ------- stderr -------
    2026-01-02 03:04:05 +0000: Dibble vVERSION
    error: Validating project failed
    workflow $PROJECT/wf.dig
    error: A task can't have more than one operator: {"for_eahc>":{"n":[1]},"sh>":"x"}
     --> wf.dig:3:3
      |
    3 |   sh>: x
      |   ^^^

    error: +wf+g contains invalid keys: '_retr' (did you mean [_retry, _after, _error, _secrets]?): "{"_retr":1}"
     --> wf.dig:5:3
      |
    5 |   _retr: 1
      |   ^^^^^
      |
      = help: did you mean `_retry`?
    [exit status: 1]
    "#);
}

#[test]
fn an_error_in_a_template() {
    let out = Project::new().dig("+a: {echo>: 'x ${nope.y}'}").run(&[]);
    assert_snapshot!(out, @r#"
    2026-01-02 03:04:05 +0000 [INFO] (main): Using session 2026-01-02T00:00:00+00:00 in $PROJECT/.dibble.db.
    2026-01-02 03:04:05 +0000 [INFO] (main): Starting a new session project id=1 workflow name=wf session_time=2026-01-02T00:00:00+00:00
    2026-01-02 03:04:05 +0000 [ERROR] (....@[0:default:1:1]+wf+a): Configuration error at task +wf+a: Failed to evaluate a variable x ${nope.y} (ReferenceError: nope is not defined) (config)
    2026-01-02 03:04:05 +0000 [INFO] (....@[0:default:1:1]+wf^failure-alert): type: notify
    ------- stderr -------
    2026-01-02 03:04:05 +0000: Dibble vVERSION
    error: 
      * +wf+a:
        Failed to evaluate a variable x ${nope.y} (ReferenceError: nope is not defined) (config)

    Task state is saved at $PROJECT/.dibble.db.
      * Use --session <daily | hourly | "yyyy-MM-dd[ HH:mm:ss]"> to not reuse the last session time.
      * Use --rerun, --start +NAME, or --goal +NAME argument to rerun skipped tasks.
    [exit status: 1]
    "#);
}

#[test]
fn levels_choose_what_is_logged() {
    let project = Project::new().dig("+a: {echo>: hello}");
    let out = project.run(&["-l", "error"]).success();
    assert_eq!(out.stdout, "hello\n");
    let _ = project.run(&["-l", "loud"]).fails(2).says(&["Unknown log level 'loud'"]);
}

#[test]
fn the_log_can_go_to_a_file() {
    let project = Project::new().dig("+a: {echo>: hello}");
    let out = project.run(&["-L", "run.log"]).success();
    assert_eq!(out.stdout, "hello\n");
    assert!(project.read("run.log").contains("+wf+a): echo>: hello"), "{}", project.read("run.log"));
}
