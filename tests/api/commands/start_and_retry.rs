//! `start` and `retry`.

use super::Console;
use insta::assert_snapshot;

#[test]
fn sessions_are_started() {
    let console = Console::with_project();
    assert_snapshot!(console.run("
        dibble start p1 plain --session '2024-01-02 00:00:00' -p p=1
        dibble start p1 plain --session '2024-01-02 00:00:00'
        dibble start p1 plain --session '2024-01-02 00:00:00' --retry again
        dibble start p1 plain --session '2024-01-02 00:00:00' --retry again
        dibble start p1 plain --session now | grep time:
        dibble start p1 daily --session daily
        dibble start p1 daily --session hourly | grep -e time: -e params:
        dibble start p1 daily --session 2024-03-03 -d
    "), @r#"
    $ dibble start p1 plain --session '2024-01-02 00:00:00' -p p=1
    Started a session attempt:
      session id: 1
      attempt id: 1
      uuid: UUID
      project: p1
      workflow: plain
      session time: 2024-01-02 00:00:00 +0000
      retry attempt name: 
      params: {"p":"1"}
      created at: 2026-11-22 03:30:00 +0000

    2> * Use `dibble session 1` to show session status.
    2> * Use `dibble task 1` and `dibble log 1` to show task status and logs.
    $ dibble start p1 plain --session '2024-01-02 00:00:00'
    2> error: A session for the requested session_time already exists (session_id=1, attempt_id=1, session_time=2024-01-02T00:00Z)
    2> hint: use `dibble retry 1 --latest-revision --all` command to run the session again for the same session_time
    [exit status: 1]
    $ dibble start p1 plain --session '2024-01-02 00:00:00' --retry again
    Started a session attempt:
      session id: 1
      attempt id: 2
      uuid: UUID
      project: p1
      workflow: plain
      session time: 2024-01-02 00:00:00 +0000
      retry attempt name: again
      params: {}
      created at: 2026-11-22 03:30:00 +0000

    2> * Use `dibble session 1` to show session status.
    2> * Use `dibble task 2` and `dibble log 2` to show task status and logs.
    $ dibble start p1 plain --session '2024-01-02 00:00:00' --retry again
    2> error: A session for the requested session_time already exists (session_id=1, attempt_id=2, session_time=2024-01-02T00:00Z)
    2> hint: use `dibble retry 2 --latest-revision --all` command to run the session again for the same session_time
    [exit status: 1]
    $ dibble start p1 plain --session now | grep time:
      session time: 2026-11-22 03:30:00 +0000
    2> * Use `dibble session 2` to show session status.
    2> * Use `dibble task 3` and `dibble log 3` to show task status and logs.
    $ dibble start p1 daily --session daily
    Started a session attempt:
      session id: 3
      attempt id: 4
      uuid: UUID
      project: p1
      workflow: daily
      session time: 2026-11-22 00:00:00 +0000
      retry attempt name: 
      params: {"last_session_time":"2026-11-21T00:00:00+00:00","next_session_time":"2026-11-23T00:00:00+00:00"}
      created at: 2026-11-22 03:30:00 +0000

    2> * Use `dibble session 3` to show session status.
    2> * Use `dibble task 4` and `dibble log 4` to show task status and logs.
    $ dibble start p1 daily --session hourly | grep -e time: -e params:
      session time: 2026-11-22 03:00:00 +0000
      params: {"last_session_time":"2026-11-22T00:00:00+00:00","next_session_time":"2026-11-23T00:00:00+00:00"}
    2> * Use `dibble session 4` to show session status.
    2> * Use `dibble task 5` and `dibble log 5` to show task status and logs.
    $ dibble start p1 daily --session 2024-03-03 -d
    Session attempt:
      session id: (dry run)
      attempt id: (dry run)
      uuid: (dry run)
      project: p1
      workflow: daily
      session time: 2024-03-03 00:00:00 +0000
      retry attempt name: 
      params: {}

    2> Session attempt is not started.
    "#);
    assert_snapshot!(console.run("
        dibble push p1 -r r2 > /dev/null; dibble start p1 plain --session '2024-01-03 00:00:00' --revision r1
        dibble start p1 plain --session 2024-01-04 --revision zz
        dibble start p1 plain --session 2024-01-05 -P nosuch.yml
        echo 'p: {q: 1}' > params.yml; dibble start p1 plain --session 2024-01-05 -P params.yml | grep params:
        dibble start p1 nosuch --session now
        dibble start nosuch plain --session now
        dibble start p1 daily --session schedule
        dibble start p1 plain --session garbage
        dibble start p1 plain --session 2024-01-07T00:00:00+09:00
        dibble start p1 plain
        dibble start p1
    "), @r#"
    $ dibble push p1 -r r2 > /dev/null; dibble start p1 plain --session '2024-01-03 00:00:00' --revision r1
    Started a session attempt:
      session id: 5
      attempt id: 6
      uuid: UUID
      project: p1
      workflow: plain
      session time: 2024-01-03 00:00:00 +0000
      retry attempt name: 
      params: {}
      created at: 2026-11-22 03:30:00 +0000

    2> * Use `dibble session 5` to show session status.
    2> * Use `dibble task 6` and `dibble log 6` to show task status and logs.
    $ dibble start p1 plain --session 2024-01-04 --revision zz
    2> error: Resource not found: Resource does not exist: revision name=zz in project id=1
    [exit status: 1]
    $ dibble start p1 plain --session 2024-01-05 -P nosuch.yml
    2> error: nosuch.yml: cannot be read: No such file or directory (os error 2)
    [exit status: 1]
    $ echo 'p: {q: 1}' > params.yml; dibble start p1 plain --session 2024-01-05 -P params.yml | grep params:
      params: {"p":{"q":1}}
    2> * Use `dibble session 6` to show session status.
    2> * Use `dibble task 7` and `dibble log 7` to show task status and logs.
    $ dibble start p1 nosuch --session now
    2> error: Resource not found: workflow not found in the latest revision of project id = 1: nosuch
    [exit status: 1]
    $ dibble start nosuch plain --session now
    2> error: Resource not found: project not found: nosuch
    [exit status: 1]
    $ dibble start p1 daily --session schedule
    2> error: --session must be hourly, daily, now, "yyyy-MM-dd", or "yyyy-MM-dd HH:mm:SS" format: schedule
    [exit status: 1]
    $ dibble start p1 plain --session garbage
    2> error: --session must be hourly, daily, now, "yyyy-MM-dd", or "yyyy-MM-dd HH:mm:SS" format: garbage
    [exit status: 1]
    $ dibble start p1 plain --session 2024-01-07T00:00:00+09:00
    2> error: --session must be hourly, daily, now, "yyyy-MM-dd", or "yyyy-MM-dd HH:mm:SS" format: 2024-01-07T00:00:00+09:00
    [exit status: 1]
    $ dibble start p1 plain
    2> Usage: dibble start <project-name> <name> --session TIME [options...]
    2> error: --session option is required
    [exit status: 2]
    $ dibble start p1
    2> Usage: dibble start <project-name> <name> --session TIME [options...]
    2> error: Missing argument: <name>
    [exit status: 2]
    "#);
}

#[test]
fn start_waits_and_ends_with_the_result() {
    let console = Console::with_project();
    assert_snapshot!(console.run("
        dibble start p1 plain --session 2024-01-02 --wait
        dibble start p1 fails --session 2024-01-02 --wait
    "), @"
    $ dibble start p1 plain --session 2024-01-02 --wait
    Started a session attempt:
      session id: 1
      attempt id: 1
      uuid: UUID
      project: p1
      workflow: plain
      session time: 2024-01-02 00:00:00 +0000
      retry attempt name: 
      params: {}
      created at: 2026-11-22 03:30:00 +0000

    2026-11-22 03:30:00.000 +0000 [INFO] (....@[0:p1:1:1]+plain+a): echo>: plain p=undefined
    plain p=undefined
    2026-11-22 03:30:00.000 +0000 [INFO] (....@[0:p1:1:1]+plain+g): for_each>: {v=[1, two]}
    2026-11-22 03:30:00.000 +0000 [INFO] (....@[0:p1:1:1]+plain+g^sub+for-0=v=0=1): echo>: 1
    1
    2026-11-22 03:30:00.000 +0000 [INFO] (....@[0:p1:1:1]+plain+g^sub+for-0=v=1=two): echo>: two
    two
    2> * Use `dibble session 1` to show session status.
    2> * Use `dibble task 1` and `dibble log 1` to show task status and logs.
    $ dibble start p1 fails --session 2024-01-02 --wait
    Started a session attempt:
      session id: 2
      attempt id: 2
      uuid: UUID
      project: p1
      workflow: fails
      session time: 2024-01-02 00:00:00 +0000
      retry attempt name: 
      params: {}
      created at: 2026-11-22 03:30:00 +0000

    2026-11-22 03:30:00.000 +0000 [INFO] (....@[0:p1:2:2]+fails+bad): sh>: echo out; exit 3
    out
    2026-11-22 03:30:00.000 +0000 [ERROR] (....@[0:p1:2:2]+fails+bad): Task failed with unexpected error: Command failed with code 3
    2026-11-22 03:30:00.000 +0000 [INFO] (....@[0:p1:2:2]+fails^failure-alert): type: notify
    2> * Use `dibble session 2` to show session status.
    2> * Use `dibble task 2` and `dibble log 2` to show task status and logs.
    2> error: Session attempt 2 failed.
    2> hint: `dibble task 2` shows what went wrong
    [exit status: 1]
    ");
}

#[test]
fn a_failed_attempt_is_run_again() {
    let console = Console::with_project();
    console.file("fails.dig", "timezone: UTC\n+ok:\n  echo>: fine\n+bad:\n  sh>: exit 3\n");
    let _ = console.run("dibble push p1 -r r2; dibble start p1 fails --session 2024-01-06 --wait");
    assert_snapshot!(console.run("
        dibble retry 1 --latest-revision --all
        dibble retry 1 --latest-revision --resume | grep name:
        dibble retry 1 --latest-revision --resume-from +bad --name rn1
        dibble retry 1 --latest-revision --resume-from +zz
        dibble retry 1 --keep-revision --all --name rn2 | grep name:
        dibble retry 1 --revision r1 --all --name rn3 | grep name:
        dibble retry 1 --latest-revision --all --name rn2
        dibble retry 1 --latest-revision
        dibble retry 1 --all
        dibble retry 1 --latest-revision --keep-revision --all
        dibble retry 1 --latest-revision --all --resume
        dibble retry 999 --latest-revision --all
        dibble retry
    "), @r#"
    $ dibble retry 1 --latest-revision --all
    Started a session attempt:
      session id: 1
      attempt id: 2
      uuid: UUID
      project: p1
      workflow: fails
      session time: 2024-01-06 00:00:00 +0000
      retry attempt name: UUID
      params: {}
      created at: 2026-11-22 03:30:00 +0000

    2> * Use `dibble session 1` to show session status.
    2> * Use `dibble task 2` and `dibble log 2` to show task status and logs.
    $ dibble retry 1 --latest-revision --resume | grep name:
      retry attempt name: UUID
    2> * Use `dibble session 1` to show session status.
    2> * Use `dibble task 3` and `dibble log 3` to show task status and logs.
    $ dibble retry 1 --latest-revision --resume-from +bad --name rn1
    Started a session attempt:
      session id: 1
      attempt id: 4
      uuid: UUID
      project: p1
      workflow: fails
      session time: 2024-01-06 00:00:00 +0000
      retry attempt name: rn1
      params: {}
      created at: 2026-11-22 03:30:00 +0000

    2> * Use `dibble session 1` to show session status.
    2> * Use `dibble task 4` and `dibble log 4` to show task status and logs.
    $ dibble retry 1 --latest-revision --resume-from +zz
    2> error: Status code 400: {"message":"Task pattern '+zz' doesn't match with any tasks. (no match)","status":400}
    [exit status: 1]
    $ dibble retry 1 --keep-revision --all --name rn2 | grep name:
      retry attempt name: rn2
    2> * Use `dibble session 1` to show session status.
    2> * Use `dibble task 5` and `dibble log 5` to show task status and logs.
    $ dibble retry 1 --revision r1 --all --name rn3 | grep name:
      retry attempt name: rn3
    2> * Use `dibble session 1` to show session status.
    2> * Use `dibble task 6` and `dibble log 6` to show task status and logs.
    $ dibble retry 1 --latest-revision --all --name rn2
    2> error: Request conflicted: the session has an attempt named 'rn2' already (attempt_id=5)
    2> hint: --name gives the new attempt another name
    [exit status: 1]
    $ dibble retry 1 --latest-revision
    2> Usage: dibble retry <attempt-id> [options...]
    2> error: --all, --resume, or --resume-from <+name> option is required.
    [exit status: 2]
    $ dibble retry 1 --all
    2> Usage: dibble retry <attempt-id> [options...]
    2> error: --keep-revision, --latest-revision, or --revision <name> option is required.
    [exit status: 2]
    $ dibble retry 1 --latest-revision --keep-revision --all
    2> Usage: dibble retry <attempt-id> [options...]
    2> error: Setting --keep-revision, --latest-revision, or --revision together is invalid.
    [exit status: 2]
    $ dibble retry 1 --latest-revision --all --resume
    2> Usage: dibble retry <attempt-id> [options...]
    2> error: Setting --all, --resume, or --resume-from together is invalid.
    [exit status: 2]
    $ dibble retry 999 --latest-revision --all
    2> error: Resource not found: Resource does not exist: session attempt id=999
    [exit status: 1]
    $ dibble retry
    2> Usage: dibble retry <attempt-id> [options...]
    2> error: Missing argument: <attempt-id>
    [exit status: 2]
    "#);
    for attempt in ["2", "3", "4", "5", "6"] {
        assert_eq!(console.server.finished(attempt)["status"], "error");
    }
    // Attempt 3 took over what had succeeded, attempt 6 ran the first revision.
    assert_snapshot!(console.run("
        dibble tasks 3 | grep -e name: -e state:
        dibble tasks 6 | grep name:
    "), @"
    $ dibble tasks 3 | grep -e name: -e state:
       name: +fails
       state: group_error
       name: +fails+ok
       state: success
       name: +fails+bad
       state: error
       name: +fails^failure-alert
       state: success
    $ dibble tasks 6 | grep name:
       name: +fails
       name: +fails+bad
       name: +fails+never
       name: +fails^failure-alert
    ");
}

#[test]
fn a_workflow_requires_one_of_another_project() {
    let console = Console::with_project();
    console.file(
        "req.dig",
        "timezone: UTC\n+a:\n  require>: daily\n  session_time: 2024-01-09T00:00:00Z\n+b:\n  require>: other\n  project_name: p2\n",
    );
    let _ = console.run("mkdir ../other; cd ../other; echo '+a: {echo>: other}' > other.dig; dibble push p2");
    let _ = console.run("dibble push p1 -r r2; dibble start p1 req --session 2024-01-02");
    assert_eq!(console.server.finished("1")["success"], true);
    assert_snapshot!(console.run("
        dibble sessions | grep -e workflow: -e time: -e status:
        dibble log 1
    "), @"
    $ dibble sessions | grep -e workflow: -e time: -e status:
      workflow: req
      session time: 2024-01-02 00:00:00 +0000
      status: success
      workflow: daily
      session time: 2024-01-09 00:00:00 +0000
      status: success
      workflow: other
      session time: 2024-01-02 00:00:00 +0000
      status: success
    $ dibble log 1
    2026-11-22 03:30:00.000 +0000 [INFO] (....@[0:p1:1:1]+req+a): require>: daily
    2026-11-22 03:30:00.000 +0000 [INFO] (....@[0:p1:1:1]+req+b): require>: other
    ");
}
