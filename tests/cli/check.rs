//! `dibble check`

use crate::support::Project;
use insta::assert_snapshot;

#[test]
fn it_shows_definitions_parameters_and_schedules() {
    let project = Project::new()
        .dig("schedule: {daily>: '07:00:00'}\n+a: {require>: other}\n+b: {echo>: x}")
        .file("other.dig", "timezone: Asia/Tokyo\n+a: {echo>: x}");
    assert_snapshot!(project.dibble(&["check", "-p", "k=v"]), @r#"
      System default timezone: UTC

      Definitions (2 workflows):
        other (2 tasks)
        wf (3 tasks)
          -> other

      Parameters:
        k: "v"

      Schedules (1 entries):
        wf:
          daily>: "07:00:00"
          first session time: 2026-01-02 00:00:00 +0000
          first scheduled to run at: 2026-01-02 07:00:00 +0000 (in 3h 55m 55s)

      Next times of wf (UTC):
        2026-01-02 07:00:00 +0000 (session 2026-01-02 00:00:00 +0000)
        2026-01-03 07:00:00 +0000 (session 2026-01-03 00:00:00 +0000)
        2026-01-04 07:00:00 +0000 (session 2026-01-04 00:00:00 +0000)
        2026-01-05 07:00:00 +0000 (session 2026-01-05 00:00:00 +0000)
        2026-01-06 07:00:00 +0000 (session 2026-01-06 00:00:00 +0000)

    ------- stderr -------
    2026-01-02 03:04:05 +0000: Dibble vVERSION
    "#);
}

#[test]
fn a_project_without_workflows() {
    assert_snapshot!(Project::new().dibble(&["check"]), @"
      System default timezone: UTC

      Definitions (0 workflows):

      Parameters:
        {}

      Schedules (0 entries):

    ------- stderr -------
    2026-01-02 03:04:05 +0000: Dibble vVERSION
    ");
}

#[test]
fn all_errors_at_once_with_their_places() {
    let project = Project::new()
        .dig("timezone: Asia/Tokio\n+a:\n  echo>: x\n  sh>: y\n+b:\n  foo: 1\n")
        .file("bad.dig", "+a:\n  echo>: [x\n");
    let out = project.dibble(&["check"]).fails(1).says(&["wf.dig:1", "wf.dig:6", "bad.dig:"]);
    assert_snapshot!(out, @r#"
      System default timezone: UTC

    ------- stderr -------
    2026-01-02 03:04:05 +0000: Dibble vVERSION
    error: Validating project failed
    workflow $PROJECT/bad.dig
    error: unclosed bracket '['
     --> bad.dig:2:10
      |
    2 |   echo>: [x
      |          ^
    workflow $PROJECT/wf.dig
    error: Expected a time zone for key 'timezone' but got "Asia/Tokio" (string)
     --> wf.dig:1:11
      |
    1 | timezone: Asia/Tokio
      |           ^^^^^^^^^^
      |
      = note: Unknown time zone name: Asia/Tokio
      = help: did you mean `Asia/Tokyo`?

    error: A task can't have more than one operator: {"echo>":"x","sh>":"y"}
     --> wf.dig:4:3
      |
    4 |   sh>: y
      |   ^^^

    error: +wf+b contains invalid keys: 'foo': "{"foo":1}"
     --> wf.dig:6:3
      |
    6 |   foo: 1
      |   ^^^
      |
      = help: a task needs an operator, whose key ends with `>`: `foo>`
    [exit status: 1]
    "#);
}

#[test]
fn json_for_programs() {
    let project = Project::new().dig("schedule: {daily>: '07:00:00'}\n+a: {echo>: x}");
    let out = project.dibble(&["check", "--json"]).success();
    let read: serde_json::Value = serde_json::from_str(&out.stdout).unwrap_or_else(|e| panic!("{e}:\n{out}"));
    assert!(read.is_object());
    assert_snapshot!(out, @r#"
    {
      "timezone": "UTC",
      "workflows": [
        {
          "name": "wf",
          "timezone": "UTC",
          "tasks": 2,
          "requires": [],
          "schedule": {
            "definition": {
              "daily>": "07:00:00"
            },
            "upcoming": [
              {
                "sessionTime": "2026-01-02T00:00:00+00:00",
                "runTime": "2026-01-02T07:00:00+00:00",
                "clockChange": null
              },
              {
                "sessionTime": "2026-01-03T00:00:00+00:00",
                "runTime": "2026-01-03T07:00:00+00:00",
                "clockChange": null
              },
              {
                "sessionTime": "2026-01-04T00:00:00+00:00",
                "runTime": "2026-01-04T07:00:00+00:00",
                "clockChange": null
              },
              {
                "sessionTime": "2026-01-05T00:00:00+00:00",
                "runTime": "2026-01-05T07:00:00+00:00",
                "clockChange": null
              },
              {
                "sessionTime": "2026-01-06T00:00:00+00:00",
                "runTime": "2026-01-06T07:00:00+00:00",
                "clockChange": null
              }
            ]
          }
        }
      ],
      "parameters": {},
      "errors": [],
      "warnings": []
    }
    ------- stderr -------
    2026-01-02 03:04:05 +0000: Dibble vVERSION
    "#);
}

#[test]
fn json_of_errors_for_programs() {
    let out = Project::new().dig("+a:\n  foo: 1\n").dibble(&["check", "--json"]).fails(1);
    let read: serde_json::Value = serde_json::from_str(&out.stdout).unwrap_or_else(|e| panic!("{e}:\n{out}"));
    assert!(read.is_object());
    assert_snapshot!(out, @r#"
    {
      "workflows": [],
      "errors": [
        {
          "message": "+wf+a contains invalid keys: 'foo': \"{\"foo\":1}\"",
          "place": {
            "file": "wf.dig",
            "line": 2,
            "column": 3
          },
          "hint": "a task needs an operator, whose key ends with `>`: `foo>`"
        }
      ],
      "warnings": []
    }
    ------- stderr -------
    2026-01-02 03:04:05 +0000: Dibble vVERSION
    [exit status: 1]
    "#);
}

#[test]
fn it_leaves_nothing_behind() {
    let project = Project::new().dig("+a: {echo>: x}");
    let _ = project.dibble(&["c", "wf.dig"]).success();
    assert_eq!(project.files(), ["wf.dig"]);
}

#[test]
fn another_directory() {
    let out =
        Project::new().file("sub/wf.dig", "+a: {echo>: x}").dibble(&["check", "--project", "sub"]).success();
    assert!(out.stdout.contains("wf (2 tasks)"), "{out}");
}

#[test]
fn a_workflow_that_is_named_is_the_one_that_is_checked() {
    let project = Project::new()
        .dig("+a: {echo>: x}")
        .file("jobs/daily.dig", "+a: {ehco>: x}")
        .file("jobs/other.dig", "schedule: {daily>: noon}\n+a: {echo>: x}")
        .file("bad/broken.dig", "+a: {foo: 1}");
    for arguments in [
        &["check", "jobs/daily.dig"][..],
        &["check", "--project", "jobs", "daily.dig"],
        &["check", "--project", "jobs", "daily"],
    ] {
        let out = project.dibble(arguments).success().says(&["Unknown task type: ehco", "daily.dig:1"]);
        assert!(out.stdout.contains("Definitions (1 workflows):\n    daily (2 tasks)"), "{out}");
    }
    let _ = project.dibble(&["check", "jobs/other.dig"]).fails(1).says(&["other.dig:1"]);
    let _ = project.dibble(&["check", "bad/broken.dig"]).fails(1).says(&["broken.dig:1:6"]);
}

#[test]
fn a_workflow_that_is_not_there_is_an_error() {
    let project = Project::new().dig("+a: {echo>: x}");
    let _ = project.dibble(&["check", "nosuch.dig"]).fails(1).says(&["Workflow 'nosuch' does not exist"]);
    let _ = project.dibble(&["check", "--json", "nosuch"]).fails(1).says(&["'nosuch' does not exist"]);
    let _ = project.dibble(&["check", "/nosuch/x.dig"]).fails(1).says(&["outside of project directory"]);
}

#[test]
fn a_schedule_that_is_no_mapping_is_refused() {
    let list = Project::new().dig("schedule:\n  - cron>: '* * * * *'\n+a: {echo>: x}\n");
    let message = "Expected object type for key 'schedule' but got [{\"cron>\":\"* * * * *\"}] (array)";
    let _ = list.dibble(&["check"]).fails(1).says(&[message, "wf.dig:2:3", "a mapping without `-`"]);
    let text = Project::new().dig("schedule: daily\n+a: {echo>: x}\n");
    let _ = text.dibble(&["check"]).fails(1).says(&["wf.dig:1:11"]);
    let _ = text.dibble(&["run", "wf.dig"]).fails(1).says(&["wf.dig:1:11"]);
}

#[test]
fn an_sla_that_cannot_be_read_is_told_before_it_stops_the_run() {
    let project = Project::new().dig("sla: 10\n+a: {echo>: x}\n");
    let message = "Parameter 'sla' must be an object";
    let _ = project.dibble(&["check"]).success().says(&["warning", message, "wf.dig:1:1"]);
    let _ = project.dibble(&["run", "wf.dig"]).fails(1).says(&[message]);
}
