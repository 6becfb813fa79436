//! `dibble sessions`, `attempts`, `attempt`, `tasks` and `log` with `--local`.

use crate::support::Project;
use insta::assert_snapshot;

/// Two sessions; the second one failed first and was run again.
fn project() -> Project {
    let project = Project::new()
        .dig("+a: {echo>: 'said ${session_date}'}\n+b: {sh>: 'echo trying; test -e ok'}")
        .file("ok", "");
    let _ = project.run(&[]).success();
    std::fs::remove_file(project.path("ok")).unwrap();
    let _ = project.dibble(&["run", "wf.dig", "--session", "2026-01-03"]).fails(1);
    let project = project.file("ok", "");
    let _ = project.dibble(&["run", "wf.dig", "--session", "2026-01-03"]).success();
    project
}

#[test]
fn sessions_are_listed_the_newest_last() {
    assert_snapshot!(project().dibble(&["sessions", "--local"]).success(), @"
    Sessions:
      session id: 1
      attempt id: 1
      uuid: UUID
      project: default
      workflow: wf
      session time: 2026-01-02 00:00:00 +0000
      retry attempt name: 
      params: {}
      created at: 2026-01-02 03:04:05 +0000
      kill requested: false
      status: success

      session id: 2
      attempt id: 3
      uuid: UUID
      project: default
      workflow: wf
      session time: 2026-01-03 00:00:00 +0000
      retry attempt name: UUID
      params: {}
      created at: 2026-01-02 03:04:05 +0000
      kill requested: false
      status: success

    ------- stderr -------
    2026-01-02 03:04:05 +0000: Dibble vVERSION
    ");
}

#[test]
fn attempts_are_listed() {
    assert_snapshot!(project().dibble(&["attempts", "--local"]).success(), @"
    Session attempts:
      session id: 1
      attempt id: 1
      uuid: UUID
      project: default
      workflow: wf
      session time: 2026-01-02 00:00:00 +0000
      retry attempt name: 
      params: {}
      created at: 2026-01-02 03:04:05 +0000
      finished at: 2026-01-02 03:04:05 +0000
      kill requested: false
      status: success

      session id: 2
      attempt id: 3
      uuid: UUID
      project: default
      workflow: wf
      session time: 2026-01-03 00:00:00 +0000
      retry attempt name: UUID
      params: {}
      created at: 2026-01-02 03:04:05 +0000
      finished at: 2026-01-02 03:04:05 +0000
      kill requested: false
      status: success

    ------- stderr -------
    2026-01-02 03:04:05 +0000: Dibble vVERSION
    ");
}

#[test]
fn lists_have_pages() {
    let project = project();
    let ids = |args: &[&str]| -> Vec<String> {
        let out = project.dibble(&[&["attempts", "--local"], args].concat()).success();
        out.stdout
            .lines()
            .filter_map(|line| line.trim().strip_prefix("attempt id: "))
            .map(str::to_owned)
            .collect()
    };
    // As in Digdag, attempts that were followed by another one are shown with their session only.
    assert_eq!(ids(&[]), ["1", "3"]);
    assert_eq!(ids(&["-s", "1"]), ["3"]);
    assert_eq!(ids(&["-i", "3", "-s", "1"]), ["1"]);
    assert_eq!(ids(&["2"]), ["2", "3"]);
}

#[test]
fn the_tasks_of_an_attempt() {
    assert_snapshot!(project().dibble(&["tasks", "--local", "2"]).success(), @r#"
       id: 1
       name: +wf
       state: group_error
       started: 
       updated: 2026-01-02 03:04:05 +0000
       config: {}
       parent: null
       upstreams: []
       export params: {}
       store params: {}
       state params: {}

       id: 2
       name: +wf+a
       state: success
       started: 2026-01-02 03:04:05 +0000
       updated: 2026-01-02 03:04:05 +0000
       config: {"echo>":"said ${session_date}"}
       parent: 1
       upstreams: []
       export params: {}
       store params: {}
       state params: {}

       id: 3
       name: +wf+b
       state: error
       started: 2026-01-02 03:04:05 +0000
       updated: 2026-01-02 03:04:05 +0000
       config: {"sh>":"echo trying; test -e ok"}
       parent: 1
       upstreams: [2]
       export params: {}
       store params: {}
       state params: {}
       error: Command failed with code 1 (runtime)

       id: 4
       name: +wf^failure-alert
       state: success
       started: 2026-01-02 03:04:05 +0000
       updated: 2026-01-02 03:04:05 +0000
       config: {"_type":"notify","_command":"Workflow session attempt failed"}
       parent: 1
       upstreams: []
       export params: {}
       store params: {}
       state params: {}

    4 entries.
    ------- stderr -------
    2026-01-02 03:04:05 +0000: Dibble vVERSION
    "#);
}

#[test]
fn tasks_as_json_for_programs() {
    let out = project().dibble(&["tasks", "--local", "2", "--json"]).success();
    let read: serde_json::Value = serde_json::from_str(&out.stdout).unwrap_or_else(|e| panic!("{e}:\n{out}"));
    assert_snapshot!(serde_json::to_string_pretty(&read).unwrap(), @r#"
    {
      "tasks": [
        {
          "id": "1",
          "fullName": "+wf",
          "parentId": null,
          "config": {},
          "upstreams": [],
          "state": "group_error",
          "cancelRequested": false,
          "exportParams": {},
          "storeParams": {},
          "stateParams": {},
          "updatedAt": "2026-01-02T03:04:05Z",
          "retryAt": null,
          "startedAt": null,
          "error": {},
          "isGroup": true
        },
        {
          "id": "2",
          "fullName": "+wf+a",
          "parentId": "1",
          "config": {
            "echo>": "said ${session_date}"
          },
          "upstreams": [],
          "state": "success",
          "cancelRequested": false,
          "exportParams": {},
          "storeParams": {},
          "stateParams": {},
          "updatedAt": "2026-01-02T03:04:05Z",
          "retryAt": null,
          "startedAt": "2026-01-02T03:04:05Z",
          "error": {},
          "isGroup": false
        },
        {
          "id": "3",
          "fullName": "+wf+b",
          "parentId": "1",
          "config": {
            "sh>": "echo trying; test -e ok"
          },
          "upstreams": [
            "2"
          ],
          "state": "error",
          "cancelRequested": false,
          "exportParams": {},
          "storeParams": {},
          "stateParams": {},
          "updatedAt": "2026-01-02T03:04:05Z",
          "retryAt": null,
          "startedAt": "2026-01-02T03:04:05Z",
          "error": {
            "message": "Command failed with code 1 (runtime)",
            "stacktrace": "Command failed with code 1 (runtime)"
          },
          "isGroup": false
        },
        {
          "id": "4",
          "fullName": "+wf^failure-alert",
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
          "updatedAt": "2026-01-02T03:04:05Z",
          "retryAt": null,
          "startedAt": "2026-01-02T03:04:05Z",
          "error": {},
          "isGroup": false
        }
      ]
    }
    "#);
}

#[test]
fn the_log_of_an_attempt() {
    let project = project();
    assert_snapshot!(project.dibble(&["log", "--local", "1"]).success(), @"
    2026-01-02 03:04:05.000 +0000 [INFO] (....@[0:default:1:1]+wf+a): echo>: said 2026-01-02
    said 2026-01-02
    2026-01-02 03:04:05.000 +0000 [INFO] (....@[0:default:1:1]+wf+b): sh>: echo trying; test -e ok
    trying
    ------- stderr -------
    2026-01-02 03:04:05 +0000: Dibble vVERSION
    ");
    let out = project.dibble(&["log", "--local", "2", "+wf+b"]).success();
    assert!(out.stdout.contains("trying") && !out.stdout.contains("said"), "{out}");
}

#[test]
fn the_log_of_a_running_attempt_can_be_followed() {
    let project =
        Project::new().dig("+a: {sh>: 'echo begin; while [ ! -e go ]; do sleep 0.01; done; echo end'}");
    let running = project.start(&["run", "wf.dig", "--session", "2026-01-02"]);
    running.wait_for("begin");
    let following = project.start(&["log", "--local", "1", "-f"]);
    following.wait_for("begin");
    let project = project.file("go", "");
    let _ = running.end().success();
    let log = following.end().success();
    assert!(log.stdout.contains("end"), "{log}");
    drop(project);
}

#[test]
fn what_is_not_there_is_named() {
    let project = project();
    for args in [
        &["tasks", "--local", "99"][..],
        &["attempt", "--local", "99"],
        &["log", "--local", "99"],
        &["session", "--local", "99"],
    ] {
        let _ = project.dibble(args).fails(1).says(&["99"]);
    }
    let empty = Project::new().dig("+a: {echo>: x}");
    let out = empty.dibble(&["sessions", "--local"]);
    assert!(!empty.has(".dibble.db"), "looking makes no file:\n{out}");
}

#[test]
fn without_local_a_server_is_asked_and_the_local_file_is_mentioned() {
    let project = project();
    for command in [&["sessions"][..], &["attempts"], &["tasks", "1"], &["log", "1"]] {
        let _ = project.dibble(command).fails(1).says(&["--local"]);
    }
}
