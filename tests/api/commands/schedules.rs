//! `schedules`, `reschedule`, `enable`, `disable`, `backfill`.

use super::Console;
use insta::assert_snapshot;

#[test]
fn schedules_are_moved_and_switched() {
    let console = Console::with_project();
    assert_snapshot!(console.run("
        dibble schedules
        dibble schedules --json
        dibble reschedule p1 daily --skip 2 -d
        dibble reschedule p1 daily --skip 2
        dibble reschedule p1 daily --skip-to '2026-12-10 00:00:00 +0000'
        dibble reschedule p1 daily --skip-to 2026-12-11
        dibble reschedule p1 daily --skip-to '2020-01-01 00:00:00 +0000'
        dibble reschedule 1 --skip 1
        dibble reschedule p1 daily --skip-to '2026-12-20 00:00:00 +0000' --run-at '2026-12-20 10:00:00 +0000'
        dibble reschedule p1 nosuch --skip 1
        dibble reschedule p1 daily
        dibble reschedule p1
        dibble schedules
    "), @r#"
    $ dibble schedules
    Schedules:
      id: 1
      project: p1
      workflow: daily
      disabled at: 
      next session time: 2026-11-22 00:00:00 +0000
      next scheduled to run at: 2026-11-22 07:00:00 +0000 (in 3h 30m 0s)
      next run: 2026-11-22 07:00:00 +0000 (session 2026-11-22 00:00:00 +0000)
      next run: 2026-11-23 07:00:00 +0000 (session 2026-11-23 00:00:00 +0000)
      next run: 2026-11-24 07:00:00 +0000 (session 2026-11-24 00:00:00 +0000)
      next run: 2026-11-25 07:00:00 +0000 (session 2026-11-25 00:00:00 +0000)
      next run: 2026-11-26 07:00:00 +0000 (session 2026-11-26 00:00:00 +0000)

    1 entries.
    2> Use `dibble workflows [project-name] [name]` to show workflow details.
    $ dibble schedules --json
    {
      "schedules": [
        {
          "id": "1",
          "project": {
            "id": "1",
            "name": "p1"
          },
          "workflow": {
            "id": "1",
            "name": "daily"
          },
          "nextRunTime": "2026-11-22T07:00:00Z",
          "nextScheduleTime": "2026-11-22T00:00:00+00:00",
          "disabledAt": null,
          "nextTimes": [
            {
              "sessionTime": "2026-11-22T00:00:00+00:00",
              "runTime": "2026-11-22T07:00:00+00:00",
              "clockChange": null
            },
            {
              "sessionTime": "2026-11-23T00:00:00+00:00",
              "runTime": "2026-11-23T07:00:00+00:00",
              "clockChange": null
            },
            {
              "sessionTime": "2026-11-24T00:00:00+00:00",
              "runTime": "2026-11-24T07:00:00+00:00",
              "clockChange": null
            },
            {
              "sessionTime": "2026-11-25T00:00:00+00:00",
              "runTime": "2026-11-25T07:00:00+00:00",
              "clockChange": null
            },
            {
              "sessionTime": "2026-11-26T00:00:00+00:00",
              "runTime": "2026-11-26T07:00:00+00:00",
              "clockChange": null
            }
          ]
        }
      ]
    }
    $ dibble reschedule p1 daily --skip 2 -d
      id: 1
      workflow: daily
      disabled at: 
      next session time: 2026-11-24 00:00:00 +0000
      next scheduled to run at: 2026-11-24 07:00:00 +0000 (in 51h 30m 0s)

    2> Schedule is not updated.
    $ dibble reschedule p1 daily --skip 2
      id: 1
      workflow: daily
      disabled at: 
      next session time: 2026-11-24 00:00:00 +0000
      next scheduled to run at: 2026-11-24 07:00:00 +0000 (in 51h 30m 0s)

    2> Use `dibble schedules` to show schedules.
    $ dibble reschedule p1 daily --skip-to '2026-12-10 00:00:00 +0000'
      id: 1
      workflow: daily
      disabled at: 
      next session time: 2026-12-10 00:00:00 +0000
      next scheduled to run at: 2026-12-10 07:00:00 +0000 (in 435h 30m 0s)

    2> Use `dibble schedules` to show schedules.
    $ dibble reschedule p1 daily --skip-to 2026-12-11
    2> error: -t, --skip-to option must be "yyyy-MM-dd HH:mm:ss Z" format or UNIX timestamp: 2026-12-11
    2> hint: current local time is "2026-11-22 03:30:00 +0000"
    [exit status: 1]
    $ dibble reschedule p1 daily --skip-to '2020-01-01 00:00:00 +0000'
    2> error: Request conflicted: {"message":"Specified time to skip schedules is already past","status":409}
    [exit status: 1]
    $ dibble reschedule 1 --skip 1
    2> error: Request conflicted: {"message":"Specified time to skip schedules is already past","status":409}
    [exit status: 1]
    $ dibble reschedule p1 daily --skip-to '2026-12-20 00:00:00 +0000' --run-at '2026-12-20 10:00:00 +0000'
      id: 1
      workflow: daily
      disabled at: 
      next session time: 2026-12-20 00:00:00 +0000
      next scheduled to run at: 2026-12-20 10:00:00 +0000 (in 678h 30m 0s)

    2> Use `dibble schedules` to show schedules.
    $ dibble reschedule p1 nosuch --skip 1
    2> error: Resource not found: schedule not found in the latest revision of project id = 1: nosuch
    [exit status: 1]
    $ dibble reschedule p1 daily
    2> Usage: dibble reschedule <schedule-id> | <project-name> <name> [options...]
    2> error: -s or -t is required
    [exit status: 2]
    $ dibble reschedule p1
    2> Usage: dibble reschedule <schedule-id> | <project-name> <name> [options...]
    2> error: -s or -t is required
    [exit status: 2]
    $ dibble schedules
    Schedules:
      id: 1
      project: p1
      workflow: daily
      disabled at: 
      next session time: 2026-12-20 00:00:00 +0000
      next scheduled to run at: 2026-12-20 10:00:00 +0000 (in 678h 30m 0s)
      next run: 2026-12-20 10:00:00 +0000 (session 2026-12-20 00:00:00 +0000)
      next run: 2026-12-21 07:00:00 +0000 (session 2026-12-21 00:00:00 +0000)
      next run: 2026-12-22 07:00:00 +0000 (session 2026-12-22 00:00:00 +0000)
      next run: 2026-12-23 07:00:00 +0000 (session 2026-12-23 00:00:00 +0000)
      next run: 2026-12-24 07:00:00 +0000 (session 2026-12-24 00:00:00 +0000)

    1 entries.
    2> Use `dibble workflows [project-name] [name]` to show workflow details.
    "#);
    assert_snapshot!(console.run("
        dibble disable 1
        dibble disable p1 daily
        dibble schedules | grep disabled
        dibble enable p1 daily
        dibble enable 1
        dibble disable p1
        dibble enable p1
        dibble schedules | grep disabled
        dibble enable p1 nosuch
        dibble disable 999
        dibble disable
    "), @r#"
    $ dibble disable 1
    Disabled schedule id: 1
    $ dibble disable p1 daily
    Disabled schedule id: 1
    $ dibble schedules | grep disabled
      disabled at: 2026-11-22 03:30:00 +0000 (0s ago)
    2> Use `dibble workflows [project-name] [name]` to show workflow details.
    $ dibble enable p1 daily
    Enabled schedule id: 1
    $ dibble enable 1
    Enabled schedule id: 1
    $ dibble disable p1
    Disabled schedule id: 1
    $ dibble enable p1
    Enabled schedule id: 1
    $ dibble schedules | grep disabled
      disabled at: 
    2> Use `dibble workflows [project-name] [name]` to show workflow details.
    $ dibble enable p1 nosuch
    2> error: Resource not found: schedule not found in the latest revision of project id = 1: nosuch
    [exit status: 1]
    $ dibble disable 999
    2> error: Resource not found: {"message":"Resource does not exist: schedule id=999","status":404}
    [exit status: 1]
    $ dibble disable
    2> Usage: dibble disable <schedule-id> | <project-name> [name] [options...]
    2> error: Missing argument: <schedule-id | project-name>
    [exit status: 2]
    "#);
}

#[test]
fn past_sessions_are_run() {
    let console = Console::with_project();
    assert_snapshot!(console.run("
        dibble backfill p1 daily --from 2026-11-20 --dry-run
        dibble backfill p1 daily --from '2026-11-18 00:00:00' --name bf1 --count 2
        dibble backfill p1 daily --from 2026-11-18 --name bf1 --count 2
        dibble backfill p1 daily --from 2026-11-18 --name bf3 --count 500
        dibble backfill 1 --from 2026-11-18 --name bf4 --count 1
        dibble backfill p1 daily --from '2026-11-18 00:00:00 +0000' --dry-run
        dibble backfill p1 slow --from 2026-11-18
        dibble backfill p1 nosuch --from 2026-11-18
        dibble backfill p1 daily --from garbage
        dibble backfill p1 daily --name bf2
    "), @r#"
    $ dibble backfill p1 daily --from 2026-11-20 --dry-run
    Session attempts:
      id: 0
      uuid: UUID
      project: p1
      workflow: daily
      session time: 2026-11-20 00:00:00 +0000
      retry attempt name: UUID
      params: {}
      created at: 2026-11-22 03:30:00 +0000

      id: 0
      uuid: UUID
      project: p1
      workflow: daily
      session time: 2026-11-21 00:00:00 +0000
      retry attempt name: UUID
      params: {}
      created at: 2026-11-22 03:30:00 +0000

    2> No session attempts started.
    $ dibble backfill p1 daily --from '2026-11-18 00:00:00' --name bf1 --count 2
    Session attempts:
      id: 1
      uuid: UUID
      project: p1
      workflow: daily
      session time: 2026-11-18 00:00:00 +0000
      retry attempt name: bf1
      params: {"last_session_time":"2026-11-17T00:00:00+00:00","next_session_time":"2026-11-19T00:00:00+00:00"}
      created at: 2026-11-22 03:30:00 +0000

      id: 2
      uuid: UUID
      project: p1
      workflow: daily
      session time: 2026-11-19 00:00:00 +0000
      retry attempt name: bf1
      params: {"last_executed_session_time":"2026-11-18T00:00:00+00:00","last_session_time":"2026-11-18T00:00:00+00:00","next_session_time":"2026-11-20T00:00:00+00:00"}
      created at: 2026-11-22 03:30:00 +0000

    2> Backfill session attempts started.
    2> Use `dibble sessions` to show the session attempts.
    $ dibble backfill p1 daily --from 2026-11-18 --name bf1 --count 2
    2> error: Request conflicted: {"message":"Attempt of project id=1 workflow=daily instant=2026-11-18T00:00:00Z attempt name=bf1 already exists","status":409}
    [exit status: 1]
    $ dibble backfill p1 daily --from 2026-11-18 --name bf3 --count 500
    2> error: Status code 400: {"message":"count is set to 500 but there are only 4 attempts until the next schedule time","status":400}
    [exit status: 1]
    $ dibble backfill 1 --from 2026-11-18 --name bf4 --count 1
    Session attempts:
      id: 3
      uuid: UUID
      project: p1
      workflow: daily
      session time: 2026-11-18 00:00:00 +0000
      retry attempt name: bf4
      params: {"last_session_time":"2026-11-17T00:00:00+00:00","next_session_time":"2026-11-19T00:00:00+00:00"}
      created at: 2026-11-22 03:30:00 +0000

    2> Backfill session attempts started.
    2> Use `dibble sessions` to show the session attempts.
    $ dibble backfill p1 daily --from '2026-11-18 00:00:00 +0000' --dry-run
    2> error: --from must be "yyyy-MM-dd", or "yyyy-MM-dd HH:mm:SS" format: 2026-11-18 00:00:00 +0000
    [exit status: 1]
    $ dibble backfill p1 slow --from 2026-11-18
    2> error: Resource not found: schedule not found in the latest revision of project id = 1: slow
    [exit status: 1]
    $ dibble backfill p1 nosuch --from 2026-11-18
    2> error: Resource not found: schedule not found in the latest revision of project id = 1: nosuch
    [exit status: 1]
    $ dibble backfill p1 daily --from garbage
    2> error: --from must be "yyyy-MM-dd", or "yyyy-MM-dd HH:mm:SS" format: garbage
    [exit status: 1]
    $ dibble backfill p1 daily --name bf2
    2> Usage: dibble backfill <schedule-id> | <project-name> <name> --from TIME [options...]
    2> error: --from option is required
    [exit status: 2]
    "#);
    for attempt in ["1", "2", "3"] {
        assert_eq!(console.server.finished(attempt)["success"], true);
    }
    assert_snapshot!(console.run("dibble sessions p1 | grep -e 'session time' -e attempt -e status"), @"
    $ dibble sessions p1 | grep -e 'session time' -e attempt -e status
      attempt id: 3
      session time: 2026-11-18 00:00:00 +0000
      retry attempt name: bf4
      status: success
      attempt id: 2
      session time: 2026-11-19 00:00:00 +0000
      retry attempt name: bf1
      status: success
    ");
}
