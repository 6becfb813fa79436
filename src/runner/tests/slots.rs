//! Tasks that wait for slots: who runs when, and what ends the waiting.

use super::service::forget_the_process;
use super::{Machine, Running, request, wait_for};
use crate::actions::start::{StartRequest, Started};
use crate::model::{AttemptId, Params, Settings, WorkflowId};
use crate::runner::SlotSettings;
use std::fs;
use std::time::{Duration, Instant};

const DAY: &str = "2026-11-01T00:00:00Z";
const PATIENCE: Duration = Duration::from_secs(60);

fn slots(pairs: &[(&str, &str)]) -> SlotSettings {
    let mut settings = Settings::default();
    pairs.iter().for_each(|(key, value)| settings.set(format!("slots.{key}"), *value));
    SlotSettings::from_settings(&settings).unwrap()
}

fn machine(pairs: &[(&str, &str)]) -> Machine {
    let mut machine = Machine::new();
    machine.options.slots = slots(pairs);
    machine
}

/// `db 1/2 +3`: used, size, waiting.
fn usage(running: &Running) -> String {
    let slots = running.service.load().slots();
    let shown = slots.iter().map(|it| format!("{} {}/{} +{}", it.name, it.used, it.size, it.waiting));
    shown.collect::<Vec<_>>().join(", ")
}

/// Nobody tells of slots; what is waited for comes within milliseconds.
fn wait_until(condition: impl Fn() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < PATIENCE);
        std::thread::yield_now();
    }
}

/// Starts an attempt of another name.
fn again(running: &Running, workflow: WorkflowId, name: &str) -> AttemptId {
    let start = StartRequest { name: name.to_owned(), params: Params::new(), ..request(workflow, DAY) };
    let Started::New(row) = running.service.start(&start).unwrap() else { panic!("not started") };
    row.id
}

#[test]
fn tasks_of_several_workflows_share_a_slot() {
    let machine = machine(&[("db", "1"), ("db.tasks", "*+load")]);
    let running = machine.start_up();
    let load = format!("+load:\n  sh>: {}\n", wait_for(&machine.path("go")));
    let workflows = running.push_all("p", &[("one", &load), ("two", &load)]);
    let one = running.start(workflows[0], DAY).id;
    wait_until(|| usage(&running) == "db 1/1 +0");
    let two = running.start(workflows[1], DAY).id;
    running.heard.wait_until(|lines| lines.iter().any(|it| it == "Waiting for slot db (1 of 1 in use)"));
    wait_until(|| usage(&running) == "db 1/1 +1" && running.service.load().queued_tasks() == 1);
    // Others are not held up.
    let other = running.push("q", "+a:\n  echo>: x\n");
    let other = running.start(other, DAY).id;
    assert_eq!(running.outcome(other), "success: +wf success, +wf+a success");
    fs::write(machine.path("go"), "").unwrap();
    assert_eq!(running.outcome(one), "success: +one success, +one+load success");
    assert_eq!(running.outcome(two), "success: +two success, +two+load success");
    wait_until(|| usage(&running) == "db 0/1 +0" && running.service.load().queued_tasks() == 0);
}

#[test]
fn a_task_has_its_slot_only_while_it_runs() {
    // The loop and what it generates need the same slot, one after another.
    let machine = machine(&[("db", "1"), ("db.tasks", "+wf+each*")]);
    let running = machine.start_up();
    let dig = "+each:\n  for_each>: {x: [1, 2, 3]}\n  _parallel: true\n  _do:\n    +a:\n      echo>: ${x}\n";
    let row = running.start(running.push("p", dig), DAY);
    let outcome = running.outcome(row.id);
    assert!(outcome.starts_with("success: +wf success, +wf+each success,"), "{outcome}");
}

#[test]
fn who_waits_can_be_killed_alone() {
    let machine = machine(&[("db", "1"), ("db.tasks", "p/*")]);
    let running = machine.start_up();
    let workflow =
        running.push("p", &format!("+a:\n  sh>: {}\n+b:\n  echo>: b\n", wait_for(&machine.path("go"))));
    let first = running.start(workflow, DAY).id;
    wait_until(|| usage(&running) == "db 1/1 +0");
    let [second, third] = ["2", "3"].map(|name| again(&running, workflow, name));
    wait_until(|| usage(&running) == "db 1/1 +2");
    running.service.kill(second).unwrap();
    assert_eq!(running.outcome(second), "killed: +wf canceled, +wf+a canceled, +wf+b blocked");
    wait_until(|| usage(&running) == "db 1/1 +1" && running.service.load().queued_tasks() == 1);
    fs::write(machine.path("go"), "").unwrap();
    for id in [first, third] {
        assert_eq!(running.outcome(id), "success: +wf success, +wf+a success, +wf+b success");
    }
}

#[test]
fn who_waits_when_the_server_ends_is_run_by_the_next_one() {
    let machine = machine(&[("db", "1"), ("db.tasks", "*+a")]);
    let running = machine.start_up();
    let workflow = running.push("p", &format!("+a:\n  sh>: {}\n", wait_for(&machine.path("go"))));
    let first = running.start(workflow, DAY).id;
    wait_until(|| usage(&running) == "db 1/1 +0");
    let second = again(&running, workflow, "2");
    wait_until(|| usage(&running) == "db 1/1 +1");
    let drained = std::thread::scope(|scope| {
        let drain = scope.spawn(|| running.service.drain(PATIENCE));
        wait_until(|| usage(&running) == "db 1/1 +0");
        fs::write(machine.path("go"), "").unwrap();
        drain.join().unwrap()
    });
    assert!(drained);
    wait_until(|| running.service.load().queued_tasks() == 0);
    assert!(!running.row(second).done);
    forget_the_process(&running);
    drop(running);
    let running = machine.start_up();
    assert_eq!(running.outcome(second), "success: +wf success, +wf+a success");
    assert_eq!(running.outcome(first), "success: +wf success, +wf+a success");
}

#[test]
fn slots_can_change_while_tasks_wait() {
    let machine = machine(&[("db", "1"), ("db.tasks", "*+a")]);
    let running = machine.start_up();
    let workflow = running.push("p", &format!("+a:\n  sh>: {}\n", wait_for(&machine.path("go"))));
    let ids = ["", "2", "3", "4"].map(|name| again(&running, workflow, name));
    wait_until(|| usage(&running) == "db 1/1 +3");
    running.service.set_slots(slots(&[("db", "2"), ("db.tasks", "*+a")]));
    wait_until(|| usage(&running) == "db 2/2 +2");
    running.service.set_slots(slots(&[("db", "1"), ("db.tasks", "*+a")]));
    wait_until(|| usage(&running) == "db 2/1 +2");
    running.service.set_slots(slots(&[]));
    wait_until(|| usage(&running).is_empty());
    fs::write(machine.path("go"), "").unwrap();
    for id in ids {
        assert_eq!(running.outcome(id), "success: +wf success, +wf+a success");
    }
}

#[test]
fn an_attempt_that_takes_too_long_does_not_wait_on() {
    let mut machine = machine(&[("db", "1"), ("db.tasks", "*+a")]);
    machine.options.attempt_ttl = super::seconds(60);
    let running = machine.start_up();
    let workflow = running.push("p", "+a:\n  sh>: sleep 600\n");
    let ids = ["", "2"].map(|name| again(&running, workflow, name));
    wait_until(|| usage(&running) == "db 1/1 +1");
    machine.clock.step_to(super::at(super::NOW) + super::seconds(61).unwrap());
    running.service.set_slots(machine.options.slots.clone());
    for id in ids {
        assert_eq!(running.outcome(id), "killed: +wf canceled, +wf+a canceled");
    }
}
