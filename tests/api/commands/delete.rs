//! `delete`: a project is gone, what it ran is still there.

use super::Console;
use insta::assert_snapshot;

#[test]
fn a_project_is_deleted_after_a_question() {
    let console = Console::with_project();
    let _ = console.run("dibble push p2 -r v1; dibble start p1 plain --session 2024-01-02 --wait");
    assert_snapshot!(console.run("
        dibble delete p2
        echo n | dibble delete p2
        echo y | dibble delete p2
        dibble delete p1 --force
        dibble delete p1 --force
        dibble delete nosuch --force
        dibble delete
        dibble projects
        dibble schedules
        dibble sessions
        dibble workflows p1
        dibble sessions p1
    "), @"
    $ dibble delete p2
    Project:
      id: 2
      name: p2
      latest revision: v1
      created at: 2026-11-22 03:30:00 +0000
      last updated at: 2026-11-22 03:30:00 +0000
    2> Are you sure you want to delete this project? [y/N]: 
    2> error: canceled.
    2> hint: there is nobody to ask; --force does not ask
    [exit status: 1]
    $ echo n | dibble delete p2
    Project:
      id: 2
      name: p2
      latest revision: v1
      created at: 2026-11-22 03:30:00 +0000
      last updated at: 2026-11-22 03:30:00 +0000
    2> Are you sure you want to delete this project? [y/N]: error: canceled.
    [exit status: 1]
    $ echo y | dibble delete p2
    Project:
      id: 2
      name: p2
      latest revision: v1
      created at: 2026-11-22 03:30:00 +0000
      last updated at: 2026-11-22 03:30:00 +0000
    2> Are you sure you want to delete this project? [y/N]: Project 'p2' is deleted.
    $ dibble delete p1 --force
    Project:
      id: 1
      name: p1
      latest revision: r1
      created at: 2026-11-22 03:30:00 +0000
      last updated at: 2026-11-22 03:30:00 +0000
    2> Project 'p1' is deleted.
    $ dibble delete p1 --force
    2> error: Resource not found: project not found: p1
    [exit status: 1]
    $ dibble delete nosuch --force
    2> error: Resource not found: project not found: nosuch
    [exit status: 1]
    $ dibble delete
    2> Usage: dibble delete <project> [options...]
    2> error: Missing argument: <project>
    [exit status: 2]
    $ dibble projects
    Projects
    2> Use `dibble workflows <project-name>` to show details.
    $ dibble schedules
    Schedules:
    0 entries.
    2> Use `dibble workflows [project-name] [name]` to show workflow details.
    $ dibble sessions
    Sessions:
      session id: 1
      attempt id: 1
      uuid: UUID
      project: p1
      workflow: plain
      session time: 2024-01-02 00:00:00 +0000
      retry attempt name: 
      params: {}
      created at: 2026-11-22 03:30:00 +0000
      kill requested: false
      status: success

    $ dibble workflows p1
    2> error: Resource not found: project not found: p1
    [exit status: 1]
    $ dibble sessions p1
    2> error: Resource not found: project not found: p1
    [exit status: 1]
    ");
    assert_snapshot!(console.run("
        dibble log 1 +plain+a
        dibble push p1 -r r1 | tail -n 8
        dibble sessions p1
    "), @"
    $ dibble log 1 +plain+a
    2026-11-22 03:30:00.000 +0000 [INFO] (....@[0:p1:1:1]+plain+a): echo>: plain p=undefined
    plain p=undefined
    $ dibble push p1 -r r1 | tail -n 8
      id: 3
      name: p1
      revision: r1
      archive type: db
      project created at: 2026-11-22T03:30:00Z
      revision updated at: 2026-11-22T03:30:00Z

    Use `dibble workflows` to show all workflows.
    $ dibble sessions p1
    Sessions:
    2> Use `dibble start` to start a session.
    ");
}
