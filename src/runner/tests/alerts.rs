//! What people are told of attempts of a server.

use super::{Machine, Running, at, request, seconds, wait_for};
use crate::actions::start::Started;
use crate::model::WorkflowId;
use crate::store::notifications::{self, NotificationKind, NotificationRow, NotificationState};
use crate::store::{Page, overlong};
use chrono::TimeDelta;
use std::fs;

const DAY: &str = "2026-11-01T00:00:00Z";

fn raised(running: &Running) -> Vec<NotificationRow> {
    running.service.store().read(|r| notifications::list(r, Page::first(100))).unwrap()
}

#[test]
fn limits_of_time_are_told_with_the_cancellation() {
    let whole = "Workflow execution timeout: the attempt takes longer than executor.attempt_ttl = 0s";
    let task = "Task execution timeout: +wf+a takes longer than executor.task_ttl = 0s";
    for (whole, task, message) in [(seconds(0), None, whole), (None, seconds(0), task)] {
        let mut machine = Machine::new();
        (machine.options.attempt_ttl, machine.options.task_ttl) = (whole, task);
        let running = machine.start_up();
        let workflow = running.push("p", "+a:\n  sh>: sleep 600\n");
        let row = running.start(workflow, DAY);
        assert_eq!(running.outcome(row.id), "killed: +wf canceled, +wf+a canceled");
        let told = raised(&running);
        assert_eq!(told.len(), 1, "{told:?}");
        let told = &told[0];
        assert_eq!((told.kind, told.state), (NotificationKind::TimeLimit, NotificationState::Pending));
        assert_eq!((told.message.as_str(), told.attempt), (message, Some(row.id)));
        assert_eq!((told.project_name.as_deref(), told.workflow_name.as_deref()), (Some("p"), Some("wf")));
        let pending = running.service.store().read(notifications::next_pending).unwrap().unwrap();
        assert_eq!(pending.payload["message"], message);
        assert_eq!(pending.payload["session_time"], "2026-11-01T00:00:00+00:00");
        assert_eq!(pending.payload["task_name"], serde_json::Value::Null);
    }
}

#[test]
fn a_failed_attempt_is_told_once() {
    let machine = Machine::new();
    let running = machine.start_up();
    let workflow =
        running.push("p", "_error:\n  echo>: cleaning up\n+a:\n  _retry: 2\n  fail>: no\n+b:\n  echo>: b\n");
    let row = running.start(workflow, DAY);
    assert!(running.outcome(row.id).starts_with("error: "));
    let told = raised(&running);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].kind, told[0].state), (NotificationKind::Task, NotificationState::Dropped));
    assert_eq!(
        (told[0].message.as_str(), told[0].attempt),
        ("Workflow session attempt failed", Some(row.id))
    );
}

/// A workflow that runs until the file is there.
fn waiting(machine: &Machine, running: &Running) -> WorkflowId {
    running.push("p", &format!("+a:\n  sh>: {}\n", wait_for(&machine.path("go"))))
}

/// Lets so many seconds pass.
fn pass(machine: &Machine, running: &Running, seconds: i64, number: usize) {
    machine.clock.step_to(machine.clock.now() + TimeDelta::seconds(seconds));
    // A clock that is stepped wakes nobody: another attempt does.
    let other = running.push(&format!("other{number}"), "+a:\n  echo>: x\n");
    let row = running.start(other, DAY);
    assert!(running.outcome(row.id).starts_with("success"));
}

#[test]
fn what_takes_much_longer_than_usual_is_marked_and_told_once() {
    for (history, expected) in [(5, true), (4, false)] {
        let mut machine = Machine::new();
        machine.options.overlong_factor = Some(3);
        let running = machine.start_up();
        let workflow = waiting(&machine, &running);
        fs::write(machine.path("go"), "").unwrap();
        for day in 1..=history {
            let row = running.start(workflow, &format!("2026-10-{day:02}T00:00:00Z"));
            assert!(running.outcome(row.id).starts_with("success"));
        }
        fs::remove_file(machine.path("go")).unwrap();
        let Started::New(row) = running.service.start(&request(workflow, DAY)).unwrap() else { panic!() };
        let id = row.id;
        pass(&machine, &running, 9, 1);
        assert_eq!(running.row(id).overlong_at, None);
        pass(&machine, &running, 1, 2);
        assert_eq!(running.row(id).overlong_at.is_some(), expected);
        pass(&machine, &running, 600, 3);
        assert_eq!(running.service.store().read(overlong::count_running).unwrap(), u32::from(expected));
        fs::write(machine.path("go"), "").unwrap();
        assert!(running.outcome(id).starts_with("success"));
        let told = raised(&running);
        assert_eq!(told.len(), usize::from(expected), "{told:?}");
        if expected {
            assert_eq!(running.row(id).overlong_at, Some(at("2026-11-22T03:10:49Z")));
            let message = "Workflow takes much longer than usual: 10 s so far, usually 0 s";
            assert_eq!((told[0].kind, told[0].message.as_str()), (NotificationKind::Overlong, message));
            running.heard.wait_until(|lines| lines.contains(&format!("{message}: attempt {id} of p/wf")));
        }
    }
}
