//! Past sessions of a schedule, one after another.

use super::{Machine, Running, at, wait_for};
use crate::actions::backfill::BackfillRequest;
use crate::dig::schedule::ScheduleTime;
use crate::model::{ScheduleId, WorkflowId};
use crate::store::attempts::AttemptRow;
use crate::store::{Durability, schedules};
use serde_json::json;
use std::fs;

fn schedule(running: &Running, workflow: WorkflowId) -> ScheduleId {
    let next = ScheduleTime { session: at("2026-11-22T00:00:00Z"), run: at("2026-11-22T00:00:00Z") };
    running
        .service
        .store()
        .write(Durability::Full, |w| schedules::insert(w, workflow, next, next.run))
        .unwrap()
}

fn backfill(schedule: ScheduleId, count: Option<u32>) -> BackfillRequest {
    let from = at("2026-11-19T00:00:00Z");
    BackfillRequest { schedule, from, name: "b".to_owned(), count, dry_run: false }
}

fn times(rows: &[AttemptRow]) -> Vec<String> {
    rows.iter().map(|row| row.session_time.time().format("%m-%d").to_string()).collect()
}

#[test]
fn sessions_run_one_after_another() {
    let machine = Machine::new();
    let running = machine.start_up();
    let log = machine.path("log");
    let dig = format!(
        "schedule:\n  daily>: 00:00:00\n+a:\n  sh>: echo ${{session_date}} >> {}; {}\n",
        log.display(),
        wait_for(&machine.path("go"))
    );
    let schedule = schedule(&running, running.push("p", &dig));
    let rows = running.service.backfill(&backfill(schedule, None)).unwrap();
    assert_eq!(times(&rows), ["11-19", "11-20", "11-21"]);
    let waits: Vec<_> = rows.iter().map(|row| row.waits_for).collect();
    assert_eq!(waits, [None, Some(rows[0].session_id), Some(rows[1].session_id)]);
    let last = |row: &AttemptRow| row.params.get("last_executed_session_time").cloned();
    let before = ["2026-11-19T00:00:00+00:00", "2026-11-20T00:00:00+00:00"].map(|time| Some(json!(time)));
    assert_eq!(rows.iter().map(last).collect::<Vec<_>>(), [None, before[0].clone(), before[1].clone()]);
    assert!(running.tasks(rows[1].id).is_empty());
    let error = running.service.kill(rows[1].id).unwrap_err();
    assert_eq!(error.to_string(), "Session attempt already killed or finished");

    fs::write(machine.path("go"), "").unwrap();
    assert_eq!(running.outcome(rows[2].id), "success: +wf success, +wf+a success");
    assert_eq!(fs::read_to_string(&log).unwrap(), "2026-11-19\n2026-11-20\n2026-11-21\n");
    let error = running.service.backfill(&backfill(schedule, None)).unwrap_err().to_string();
    assert_eq!(
        error,
        "Attempt of project id=1 workflow=wf instant=2026-11-19T00:00:00Z attempt name=b already exists"
    );
}

#[test]
fn the_earliest_come_first_and_there_must_be_enough() {
    let running = Machine::new().start_up();
    let schedule = schedule(&running, running.push("p", "schedule:\n  daily>: 00:00:00\n+a:\n  echo>: a\n"));
    let dry = BackfillRequest { dry_run: true, ..backfill(schedule, Some(2)) };
    let rows = running.service.backfill(&dry).unwrap();
    assert_eq!(times(&rows), ["11-19", "11-20"]);
    assert!(rows.iter().all(|row| row.id.0 == 0 && row.params.is_empty()));
    let error = running.service.backfill(&backfill(schedule, Some(4))).unwrap_err().to_string();
    assert_eq!(error, "count is set to 4 but there are only 3 attempts until the next schedule time");
    let error = running.service.backfill(&backfill(ScheduleId(9), None)).unwrap_err().to_string();
    assert_eq!(error, "Resource does not exist: schedule id=9");
}

#[test]
fn a_time_too_long_ago_is_refused_before_anything_is_written() {
    let running = Machine::new().start_up();
    let dig = "schedule:\n  minutes_interval>: 1\n+a:\n  echo>: a\n";
    let schedule = schedule(&running, running.push("p", dig));
    for dry_run in [false, true] {
        let from = at("2020-01-01T00:00:00Z");
        let request = BackfillRequest { from, dry_run, ..backfill(schedule, None) };
        let error = running.service.backfill(&request).unwrap_err().to_string();
        let expected =
            "There are more than 10000 session times, which is the limit; give a count or a later time";
        assert_eq!(error, expected);
    }
}

#[test]
fn sessions_that_wait_for_their_turn_leave_room_for_others() {
    let machine = Machine { max_attempts: 2, ..Machine::new() };
    let running = machine.start_up();
    let wait = wait_for(&machine.path("go"));
    let schedule = schedule(
        &running,
        running.push("p", &format!("schedule:\n  daily>: 00:00:00\n+a:\n  sh>: {wait}\n")),
    );
    let rows = running.service.backfill(&backfill(schedule, None)).unwrap();
    assert_eq!(rows.len(), 3);
    let other = running.start(running.push("q", "+a:\n  echo>: a\n"), "2026-11-01T00:00:00Z");
    assert_eq!(running.outcome(other.id), "success: +wf success, +wf+a success");
    fs::write(machine.path("go"), "").unwrap();
    assert_eq!(running.outcome(rows[2].id), "success: +wf success, +wf+a success");
}

#[test]
fn a_session_is_over_when_its_newest_attempt_has_ended() {
    let machine = Machine::new();
    let running = machine.start_up();
    let log = machine.path("log");
    let dig = format!(
        "schedule:\n  daily>: 00:00:00\n+a:\n  sh>: while [ ! -e {}/go-${{retry_attempt_name}} ]; do sleep 0.01; done; \
         echo ${{retry_attempt_name}} ${{session_date}} >> {}\n",
        machine.path("").display(),
        log.display()
    );
    let schedule = schedule(&running, running.push("p", &dig));
    let named = |name: &str| BackfillRequest { name: name.to_owned(), ..backfill(schedule, Some(2)) };
    let one = running.service.backfill(&named("one")).unwrap();
    let two = running.service.backfill(&named("two")).unwrap();
    fs::write(machine.path("go-one"), "").unwrap();
    assert_eq!(running.outcome(one[0].id), "success: +wf success, +wf+a success");
    let waits = |row: &AttemptRow| running.row(row.id).waits_for.is_some();
    assert_eq!(
        (waits(&one[1]), waits(&two[1])),
        (true, true),
        "the second attempt of the first session runs"
    );

    fs::write(machine.path("go-two"), "").unwrap();
    for row in [&one[1], &two[1]] {
        assert_eq!(running.outcome(row.id), "success: +wf success, +wf+a success");
    }
    let said = fs::read_to_string(&log).unwrap();
    assert!(said.starts_with("one 2026-11-19\ntwo 2026-11-19\n"), "{said}");
}
