//! `projects`, `workflows`, `sessions`, `session`, `attempts`, `attempt`, `tasks`, of a server with and without anything
//! to show.

use super::Console;
use insta::assert_snapshot;

#[test]
fn nothing_is_there_yet() {
    let console = Console::new();
    assert_snapshot!(console.run("
        dibble projects
        dibble workflows
        dibble sessions
        dibble attempts
        dibble schedules
        dibble projects --json
        dibble workflows --json
        dibble sessions --json
        dibble attempts --json
        dibble schedules --json
    "), @r#"
    $ dibble projects
    Projects
    2> Use `dibble workflows <project-name>` to show details.
    $ dibble workflows

    2> Use `dibble workflows <project-name> <name>` to show details.
    $ dibble sessions
    Sessions:
    2> Use `dibble start` to start a session.
    $ dibble attempts
    Session attempts:
    2> Use `dibble start` to start a session.
    $ dibble schedules
    Schedules:
    0 entries.
    2> Use `dibble workflows [project-name] [name]` to show workflow details.
    $ dibble projects --json
    {
      "projects": []
    }
    $ dibble workflows --json
    {
      "workflows": []
    }
    $ dibble sessions --json
    {
      "sessions": []
    }
    $ dibble attempts --json
    {
      "attempts": []
    }
    $ dibble schedules --json
    {
      "schedules": []
    }
    "#);
}

#[test]
fn projects_and_workflows() {
    let console = Console::with_project();
    let _ =
        console.run("mkdir ../other; cd ../other; echo '+a: {echo>: other}' > a.dig; dibble push p2 -r v1");
    assert_snapshot!(console.run("
        dibble projects
        dibble projects p2
        dibble projects x
        dibble workflows
        dibble workflows p2
        dibble workflows p1 plain
        dibble workflows p1 nosuch
        dibble workflows nosuch
        dibble workflows +plain
        dibble projects --json | grep -v archiveMd5
        dibble workflows p2 --json
        dibble workflows p1 plain --json
    "), @r#"
    $ dibble projects
    Projects
      name: p1
      id: 1
      revision: r1
      archive type: db
      project created at: 2026-11-22 03:30:00 +0000
      revision updated at: 2026-11-22 03:30:00 +0000

      name: p2
      id: 2
      revision: v1
      archive type: db
      project created at: 2026-11-22 03:30:00 +0000
      revision updated at: 2026-11-22 03:30:00 +0000

    2> Use `dibble workflows <project-name>` to show details.
    $ dibble projects p2
    Projects
      name: p2
      id: 2
      revision: v1
      archive type: db
      project created at: 2026-11-22 03:30:00 +0000
      revision updated at: 2026-11-22 03:30:00 +0000

    2> Use `dibble workflows <project-name>` to show details.
    $ dibble projects x
    2> error: Project 'x' does not exist.
    [exit status: 1]
    $ dibble workflows
      p1
        daily
        fails
        plain
        slow
      p2
        a

    2> Use `dibble workflows <project-name> <name>` to show details.
    $ dibble workflows p2
      p2
        a

    2> Use `dibble workflows <project-name> <name>` to show details.
    $ dibble workflows p1 plain
    "+a":
      echo>: "plain p=${typeof p}"
    "+g":
      for_each>:
        v:
        - 1
        - "two"
      _do:
        echo>: "${v}"

    $ dibble workflows p1 nosuch
    2> error: Resource not found: workflow not found in the latest revision of project id = 1: nosuch
    [exit status: 1]
    $ dibble workflows nosuch
    2> error: Resource not found: project not found: nosuch
    [exit status: 1]
    $ dibble workflows +plain
    2> error: Resource not found: project not found: +plain
    [exit status: 1]
    $ dibble projects --json | grep -v archiveMd5
    {
      "projects": [
        {
          "id": "1",
          "name": "p1",
          "revision": "r1",
          "createdAt": "2026-11-22T03:30:00Z",
          "updatedAt": "2026-11-22T03:30:00Z",
          "deletedAt": null,
          "archiveType": "db",
        },
        {
          "id": "2",
          "name": "p2",
          "revision": "v1",
          "createdAt": "2026-11-22T03:30:00Z",
          "updatedAt": "2026-11-22T03:30:00Z",
          "deletedAt": null,
          "archiveType": "db",
        }
      ]
    }
    $ dibble workflows p2 --json
    {
      "workflows": [
        {
          "id": "5",
          "name": "a",
          "project": {
            "id": "2",
            "name": "p2"
          },
          "revision": "v1",
          "timezone": "UTC",
          "config": {
            "+a": {
              "echo>": "other"
            }
          }
        }
      ]
    }
    $ dibble workflows p1 plain --json
    {
      "id": "3",
      "name": "plain",
      "project": {
        "id": "1",
        "name": "p1"
      },
      "revision": "r1",
      "timezone": "UTC",
      "config": {
        "+a": {
          "echo>": "plain p=${typeof p}"
        },
        "+g": {
          "for_each>": {
            "v": [
              1,
              "two"
            ]
          },
          "_do": {
            "echo>": "${v}"
          }
        }
      }
    }
    "#);
}

#[test]
fn what_ran() {
    let console = Console::with_project();
    for start in ["plain -p p=1", "plain --retry again", "fails"] {
        let _ = console.run(&format!("dibble start p1 {start} --session 2024-01-02"));
    }
    for attempt in ["1", "2", "3"] {
        let _ = console.server.finished(attempt);
    }
    assert_snapshot!(console.run("
        dibble sessions
        dibble sessions p1 plain
        dibble sessions -i 2 | grep id:
        dibble sessions --last-id 2 | grep id:
        dibble sessions -s 1 | grep id:
        dibble sessions nosuch
        dibble sessions p1 nosuch
        dibble session | grep id:
        dibble session 1
        dibble session 999
        dibble session abc
        dibble sessions p1 plain --json
        dibble session 2 --json
    "), @r#"
    $ dibble sessions
    Sessions:
      session id: 1
      attempt id: 2
      uuid: UUID
      project: p1
      workflow: plain
      session time: 2024-01-02 00:00:00 +0000
      retry attempt name: again
      params: {}
      created at: 2026-11-22 03:30:00 +0000
      kill requested: false
      status: success

      session id: 2
      attempt id: 3
      uuid: UUID
      project: p1
      workflow: fails
      session time: 2024-01-02 00:00:00 +0000
      retry attempt name: 
      params: {}
      created at: 2026-11-22 03:30:00 +0000
      kill requested: false
      status: error

    $ dibble sessions p1 plain
    Sessions:
      session id: 1
      attempt id: 2
      uuid: UUID
      project: p1
      workflow: plain
      session time: 2024-01-02 00:00:00 +0000
      retry attempt name: again
      params: {}
      created at: 2026-11-22 03:30:00 +0000
      kill requested: false
      status: success

    $ dibble sessions -i 2 | grep id:
      session id: 1
      attempt id: 2
      uuid: UUID
    $ dibble sessions --last-id 2 | grep id:
      session id: 1
      attempt id: 2
      uuid: UUID
    $ dibble sessions -s 1 | grep id:
      session id: 2
      attempt id: 3
      uuid: UUID
    $ dibble sessions nosuch
    2> error: Resource not found: project not found: nosuch
    [exit status: 1]
    $ dibble sessions p1 nosuch
    Sessions:
    2> Use `dibble start` to start a session.
    $ dibble session | grep id:
      session id: 1
      attempt id: 2
      uuid: UUID
      session id: 2
      attempt id: 3
      uuid: UUID
    $ dibble session 1
      session id: 1
      attempt id: 2
      uuid: UUID
      project: p1
      workflow: plain
      session time: 2024-01-02 00:00:00 +0000
      retry attempt name: again
      params: {}
      created at: 2026-11-22 03:30:00 +0000
      kill requested: false
      status: success

    $ dibble session 999
    2> error: Resource not found: Resource does not exist: session id=999
    [exit status: 1]
    $ dibble session abc
    2> error: Resource not found: project not found: abc
    [exit status: 1]
    $ dibble sessions p1 plain --json
    {
      "sessions": [
        {
          "id": "1",
          "project": {
            "id": "1",
            "name": "p1"
          },
          "workflow": {
            "id": "3",
            "name": "plain"
          },
          "sessionUuid": "UUID",
          "sessionTime": "2024-01-02T00:00:00+00:00",
          "lastAttempt": {
            "id": "2",
            "retryAttemptName": "again",
            "done": true,
            "success": true,
            "cancelRequested": false,
            "params": {},
            "createdAt": "2026-11-22T03:30:00Z",
            "finishedAt": "2026-11-22T03:30:00Z"
          }
        }
      ]
    }
    $ dibble session 2 --json
    {
      "id": "2",
      "project": {
        "id": "1",
        "name": "p1"
      },
      "workflow": {
        "id": "2",
        "name": "fails"
      },
      "sessionUuid": "UUID",
      "sessionTime": "2024-01-02T00:00:00+00:00",
      "lastAttempt": {
        "id": "3",
        "retryAttemptName": null,
        "done": true,
        "success": false,
        "cancelRequested": false,
        "params": {},
        "createdAt": "2026-11-22T03:30:00Z",
        "finishedAt": "2026-11-22T03:30:00Z"
      }
    }
    "#);
    assert_snapshot!(console.run("
        dibble attempts
        dibble attempts 1 | grep id:
        dibble attempts -s 2 | grep id:
        dibble attempts -i 2
        dibble attempts p1
        dibble attempts p1 plain
        dibble attempt 1
        dibble attempt 999
        dibble attempt abc
        dibble attempt
        dibble attempts 2 --json
        dibble attempt 3 --json
    "), @r#"
    $ dibble attempts
    Session attempts:
      session id: 1
      attempt id: 2
      uuid: UUID
      project: p1
      workflow: plain
      session time: 2024-01-02 00:00:00 +0000
      retry attempt name: again
      params: {}
      created at: 2026-11-22 03:30:00 +0000
      finished at: 2026-11-22 03:30:00 +0000
      kill requested: false
      status: success

      session id: 2
      attempt id: 3
      uuid: UUID
      project: p1
      workflow: fails
      session time: 2024-01-02 00:00:00 +0000
      retry attempt name: 
      params: {}
      created at: 2026-11-22 03:30:00 +0000
      finished at: 2026-11-22 03:30:00 +0000
      kill requested: false
      status: error

    $ dibble attempts 1 | grep id:
      session id: 1
      attempt id: 1
      uuid: UUID
      session id: 1
      attempt id: 2
      uuid: UUID
    $ dibble attempts -s 2 | grep id:
      session id: 1
      attempt id: 2
      uuid: UUID
      session id: 2
      attempt id: 3
      uuid: UUID
    $ dibble attempts -i 2
    Session attempts:
    2> Use `dibble start` to start a session.
    $ dibble attempts p1
    2> Usage: dibble attempts [options...]                 show attempts for all sessions
    2> error: For input string: "p1"
    [exit status: 2]
    $ dibble attempts p1 plain
    2> Usage: dibble attempts [options...]                 show attempts for all sessions
    2> error: Unexpected argument: plain
    [exit status: 2]
    $ dibble attempt 1
      session id: 1
      attempt id: 1
      uuid: UUID
      project: p1
      workflow: plain
      session time: 2024-01-02 00:00:00 +0000
      retry attempt name: 
      params: {"p":"1"}
      created at: 2026-11-22 03:30:00 +0000
      finished at: 2026-11-22 03:30:00 +0000
      kill requested: false
      status: success

    $ dibble attempt 999
    2> error: Resource not found: Resource does not exist: session attempt id=999
    [exit status: 1]
    $ dibble attempt abc
    2> Usage: dibble attempt <attempt-id> [options...]
    2> error: For input string: "abc"
    [exit status: 2]
    $ dibble attempt
    2> Usage: dibble attempt <attempt-id> [options...]
    2> error: Missing argument: <attempt-id>
    [exit status: 2]
    $ dibble attempts 2 --json
    {
      "attempts": [
        {
          "status": "error",
          "id": "3",
          "index": 1,
          "project": {
            "id": "1",
            "name": "p1"
          },
          "workflow": {
            "id": "2",
            "name": "fails"
          },
          "sessionId": "2",
          "sessionUuid": "UUID",
          "sessionTime": "2024-01-02T00:00:00+00:00",
          "retryAttemptName": null,
          "done": true,
          "success": false,
          "cancelRequested": false,
          "params": {},
          "createdAt": "2026-11-22T03:30:00Z",
          "finishedAt": "2026-11-22T03:30:00Z"
        }
      ]
    }
    $ dibble attempt 3 --json
    {
      "status": "error",
      "id": "3",
      "index": 1,
      "project": {
        "id": "1",
        "name": "p1"
      },
      "workflow": {
        "id": "2",
        "name": "fails"
      },
      "sessionId": "2",
      "sessionUuid": "UUID",
      "sessionTime": "2024-01-02T00:00:00+00:00",
      "retryAttemptName": null,
      "done": true,
      "success": false,
      "cancelRequested": false,
      "params": {},
      "createdAt": "2026-11-22T03:30:00Z",
      "finishedAt": "2026-11-22T03:30:00Z"
    }
    "#);
    assert_snapshot!(console.run("
        dibble tasks 3
        dibble tasks 1 | grep name:
        dibble task 3 | tail -n 1
        dibble tasks 999
        dibble tasks abc
        dibble tasks
        dibble tasks 3 --json
    "), @r#"
    $ dibble tasks 3
       id: 1
       name: +fails
       state: group_error
       started: 
       updated: 2026-11-22 03:30:00 +0000
       config: {}
       parent: null
       upstreams: []
       export params: {}
       store params: {}
       state params: {}

       id: 2
       name: +fails+bad
       state: error
       started: 2026-11-22 03:30:00 +0000
       updated: 2026-11-22 03:30:00 +0000
       config: {"sh>":"echo out; exit 3"}
       parent: 1
       upstreams: []
       export params: {}
       store params: {}
       state params: {}
       error: Command failed with code 3 (runtime)

       id: 3
       name: +fails+never
       state: blocked
       started: 
       updated: 2026-11-22 03:30:00 +0000
       config: {"echo>":"never"}
       parent: 1
       upstreams: [2]
       export params: {}
       store params: {}
       state params: {}

       id: 4
       name: +fails^failure-alert
       state: success
       started: 2026-11-22 03:30:00 +0000
       updated: 2026-11-22 03:30:00 +0000
       config: {"_type":"notify","_command":"Workflow session attempt failed"}
       parent: 1
       upstreams: []
       export params: {}
       store params: {}
       state params: {}

    4 entries.
    $ dibble tasks 1 | grep name:
       name: +plain
       name: +plain+a
       name: +plain+g
       name: +plain+g^sub
       name: +plain+g^sub+for-0=v=0=1
       name: +plain+g^sub+for-0=v=1=two
    $ dibble task 3 | tail -n 1
    4 entries.
    $ dibble tasks 999
    2> error: Resource not found: Resource does not exist: session attempt id=999
    [exit status: 1]
    $ dibble tasks abc
    2> Usage: dibble tasks <attempt-id> [options...]
    2> error: For input string: "abc"
    [exit status: 2]
    $ dibble tasks
    2> Usage: dibble tasks <attempt-id> [options...]
    2> error: Missing argument: <attempt-id>
    [exit status: 2]
    $ dibble tasks 3 --json
    {
      "tasks": [
        {
          "id": "1",
          "fullName": "+fails",
          "parentId": null,
          "config": {},
          "upstreams": [],
          "state": "group_error",
          "cancelRequested": false,
          "exportParams": {},
          "storeParams": {},
          "stateParams": {},
          "updatedAt": "2026-11-22T03:30:00Z",
          "retryAt": null,
          "startedAt": null,
          "error": {},
          "isGroup": true
        },
        {
          "id": "2",
          "fullName": "+fails+bad",
          "parentId": "1",
          "config": {
            "sh>": "echo out; exit 3"
          },
          "upstreams": [],
          "state": "error",
          "cancelRequested": false,
          "exportParams": {},
          "storeParams": {},
          "stateParams": {},
          "updatedAt": "2026-11-22T03:30:00Z",
          "retryAt": null,
          "startedAt": "2026-11-22T03:30:00Z",
          "error": {
            "message": "Command failed with code 3 (runtime)",
            "stacktrace": "Command failed with code 3 (runtime)"
          },
          "isGroup": false
        },
        {
          "id": "3",
          "fullName": "+fails+never",
          "parentId": "1",
          "config": {
            "echo>": "never"
          },
          "upstreams": [
            "2"
          ],
          "state": "blocked",
          "cancelRequested": false,
          "exportParams": {},
          "storeParams": {},
          "stateParams": {},
          "updatedAt": "2026-11-22T03:30:00Z",
          "retryAt": null,
          "startedAt": null,
          "error": {},
          "isGroup": false
        },
        {
          "id": "4",
          "fullName": "+fails^failure-alert",
          "parentId": "1",
          "config": {
            "_type": "notify",
            "_command": "Workflow session attempt failed"
          },
          "upstreams": [],
          "state": "success",
          "cancelRequested": false,
          "exportParams": {},
          "storeParams": {},
          "stateParams": {},
          "updatedAt": "2026-11-22T03:30:00Z",
          "retryAt": null,
          "startedAt": "2026-11-22T03:30:00Z",
          "error": {},
          "isGroup": false
        }
      ]
    }
    "#);
}
