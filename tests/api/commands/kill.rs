//! `kill`.

use super::Console;
use crate::support::wait_until;
use insta::assert_snapshot;

#[test]
fn an_attempt_is_killed_once() {
    let console = Console::with_project();
    let _ = console.run("dibble start p1 slow --session 2024-01-02");
    let running = || console.server.tasks("1").contains(&"+slow+s running".to_owned());
    wait_until("it runs", running);
    assert_snapshot!(console.run("dibble kill 1"), @"
    $ dibble kill 1
    Kill requested for session attempt 1
    ");
    let _ = console.server.finished("1");
    assert_snapshot!(console.run("
        dibble attempt 1
        dibble tasks 1 | grep -e name: -e state:
        dibble kill 1
        dibble kill 999
        dibble kill abc
        dibble kill
    "), @r#"
    $ dibble attempt 1
      session id: 1
      attempt id: 1
      uuid: UUID
      project: p1
      workflow: slow
      session time: 2024-01-02 00:00:00 +0000
      retry attempt name: 
      params: {}
      created at: 2026-11-22 03:30:00 +0000
      finished at: 2026-11-22 03:30:00 +0000
      kill requested: true
      status: killed

    $ dibble tasks 1 | grep -e name: -e state:
       name: +slow
       state: canceled
       name: +slow+s
       state: canceled
       name: +slow+t
       state: blocked
    $ dibble kill 1
    2> error: Request conflicted: {"message":"Session attempt already killed or finished","status":409}
    [exit status: 1]
    $ dibble kill 999
    2> error: Resource not found: {"message":"Resource does not exist: session attempt id=999","status":404}
    [exit status: 1]
    $ dibble kill abc
    2> Usage: dibble kill <attempt-id> [options...]
    2> error: For input string: "abc"
    [exit status: 2]
    $ dibble kill
    2> Usage: dibble kill <attempt-id> [options...]
    2> error: Missing argument: <attempt-id>
    [exit status: 2]
    "#);
}
