//! Attempts of a server: started, canceled, resumed, taken up by the next server.

use super::{Machine, at, request, seconds, wait_for};
use crate::actions::resume::Resume;
use crate::actions::start::{StartRequest, Started};
use crate::model::AttemptId;
use crate::operators::CancelStage;
use crate::runner::message::Message;
use std::fs;
use std::time::Duration;

const DAY: &str = "2026-11-01T00:00:00Z";

#[test]
fn an_attempt_is_started_once_for_its_session_and_name() {
    let machine = Machine::new();
    let running = machine.start_up();
    let workflow = running.push("p", "+a:\n  echo>: ${session_time}\n");
    let row = running.start(workflow, DAY);
    assert_eq!((row.id, row.index, row.done), (AttemptId(1), 1, false));
    assert_eq!(running.outcome(row.id), "success: +wf success, +wf+a success");

    let again = running.service.start(&request(workflow, DAY)).unwrap();
    assert_eq!(again, Started::Exists(running.row(row.id)));
    let named = StartRequest { name: "again".to_owned(), ..request(workflow, DAY) };
    let Started::New(named) = running.service.start(&named).unwrap() else { panic!("not started") };
    assert_eq!((named.session_id, named.index), (row.session_id, 2));
    assert_eq!(running.outcome(named.id), "success: +wf success, +wf+a success");
    assert!(running.service.drain(Duration::from_secs(60)));
}

#[test]
fn a_workflow_without_tasks_ends_at_once() {
    let machine = Machine::new();
    let running = machine.start_up();
    let workflow = running.push("p", "timezone: UTC\n");
    let row = running.start(workflow, DAY);
    assert_eq!(running.outcome(row.id), "success: +wf success");
}

#[test]
fn what_cannot_be_started_is_told() {
    let machine = Machine { max_attempts: 1, ..Machine::new() };
    let running = machine.start_up();
    let refused = |request: &StartRequest| running.service.start(request).unwrap_err().to_string();
    let workflow = running.push("p", &format!("+a:\n  sh>: {}\n", wait_for(&machine.path("go"))));
    assert_eq!(refused(&request(crate::model::WorkflowId(9), DAY)), "Resource does not exist: workflow id=9");
    let row = running.start(workflow, DAY);
    let other = request(workflow, "2026-11-02T00:00:00Z");
    assert_eq!(refused(&other), "Too many attempts running. Limit: 1, Current: 1");
    fs::write(machine.path("go"), "").unwrap();
    assert_eq!(running.outcome(row.id), "success: +wf success, +wf+a success");
    assert_eq!(running.row(row.id).session_time.time(), at(DAY));
}

#[test]
fn a_killed_attempts_commands_end() {
    let machine = Machine::new();
    let running = machine.start_up();
    let workflow = running.push("p", "+a:\n  sh>: echo > $started; sleep 600\n+b:\n  echo>: b\n");
    let started = machine.path("started");
    let mut start = request(workflow, DAY);
    start.params.insert("started".to_owned(), started.display().to_string().into());
    let Started::New(row) = running.service.start(&start).unwrap() else { panic!("not started") };
    while !started.exists() {
        std::thread::yield_now();
    }
    let before = running.service.kill(row.id).unwrap();
    assert!(!before.cancel_requested && running.row(row.id).cancel_requested);
    assert_eq!(running.outcome(row.id), "killed: +wf canceled, +wf+a canceled, +wf+b blocked");
    let error = running.service.kill(row.id).unwrap_err();
    assert_eq!(error.to_string(), "Session attempt already killed or finished");
    let error = running.service.kill(AttemptId(9)).unwrap_err();
    assert_eq!(error.to_string(), "Resource does not exist: session attempt id=9");
}

#[test]
fn what_succeeded_is_not_run_again_by_a_resumed_attempt() {
    let machine = Machine::new();
    let running = machine.start_up();
    let log = machine.path("log");
    let run = |name: &str, exit: &str| format!("  sh>: echo {name} >> {}; {exit}\n", log.display());
    let dig = format!(
        "+a:\n{}+b:\n  _retry: 1\n  +b1:\n  {}  +b2:\n  {}+c:\n{}",
        run("a", "true"),
        run("b1", "true"),
        run("b2", &format!("test -e {}", machine.path("mended").display())),
        run("c", "true"),
    );
    let workflow = running.push("p", &dig);
    let row = running.start(workflow, DAY);
    assert!(running.outcome(row.id).starts_with("error: "));
    assert_eq!(fs::read_to_string(&log).unwrap(), "a\nb1\nb2\nb1\nb2\n");

    fs::write(machine.path("mended"), "").unwrap();
    fs::write(&log, "").unwrap();
    let resume = |name: &str, resume| {
        let start = StartRequest { name: name.to_owned(), resume: Some(resume), ..request(workflow, DAY) };
        running.service.start(&start).map(|started| match started {
            Started::New(row) => running.outcome(row.id).split(':').next().unwrap().to_owned(),
            Started::Exists(_) => "exists".to_owned(),
        })
    };
    assert_eq!(resume("2", Resume::Failed { attempt: row.id }).unwrap(), "success");
    assert_eq!(fs::read_to_string(&log).unwrap(), "b2\nc\n");
    fs::write(&log, "").unwrap();
    let from = Resume::From { attempt: row.id, task: "+b".to_owned() };
    assert_eq!(resume("3", from).unwrap(), "success");
    assert_eq!(fs::read_to_string(&log).unwrap(), "b1\nb2\nc\n");

    for (wanted, message) in [
        (
            Resume::Failed { attempt: AttemptId(2) },
            "Resuming successfully completed attempts is not supported",
        ),
        (
            Resume::From { attempt: AttemptId(9), task: "+b".to_owned() },
            "Task pattern '+b' doesn't match with any tasks. (no match)",
        ),
        (
            Resume::From { attempt: row.id, task: "+x".to_owned() },
            "Task pattern '+x' doesn't match with any tasks. (no match)",
        ),
    ] {
        assert_eq!(resume("4", wanted).unwrap_err().to_string(), message);
    }
    // There is nothing to take over.
    fs::write(&log, "").unwrap();
    assert_eq!(resume("5", Resume::Failed { attempt: AttemptId(9) }).unwrap(), "success");
    assert_eq!(fs::read_to_string(&log).unwrap(), "a\nb1\nb2\nc\n");
}

#[test]
fn workflows_of_other_projects_can_be_required() {
    let machine = Machine::new();
    let running = machine.start_up();
    running.push_all("other", &[("target", "+t:\n  echo>: t\n")]);
    let workflow =
        running.push("p", "+a:\n  require>: target\n  project_name: other\n+b:\n  require>: nosuch\n");
    let row = running.start(workflow, DAY);
    let ended = running.outcome(row.id);
    assert!(ended.starts_with("error: +wf group_error, +wf+a success, +wf+b error"), "{ended}");
    assert_eq!(running.outcome(AttemptId(2)), "success: +target success, +target+t success");
}

#[test]
fn workflows_that_require_each_other_fail() {
    let machine = Machine::new();
    let running = machine.start_up();
    let texts = [("one", "+a:\n  require>: two\n"), ("two", "+b:\n  require>: one\n")];
    let workflows = running.push_all("p", &texts);
    let row = running.start(workflows[0], DAY);
    assert!(running.outcome(AttemptId(2)).starts_with("error: +two group_error, +two+b error"));
    assert!(running.outcome(row.id).starts_with("error: +one group_error, +one+a error"));
}

#[test]
fn an_attempt_that_takes_too_long_is_canceled() {
    let mut machine = Machine::new();
    machine.options.attempt_ttl = seconds(0);
    let running = machine.start_up();
    let workflow = running.push("p", "+a:\n  sh>: sleep 600\n");
    let row = running.start(workflow, DAY);
    assert_eq!(running.outcome(row.id), "killed: +wf canceled, +wf+a canceled");
    let reason =
        "Workflow execution timeout: the attempt takes longer than executor.attempt_ttl = 0s".to_owned();
    let said = format!("{reason}: attempt {} of p/wf", row.id);
    running.heard.wait_until(|lines| lines.contains(&said));
}

#[test]
fn a_task_that_takes_too_long_cancels_its_attempt() {
    let mut machine = Machine::new();
    machine.options.task_ttl = seconds(0);
    let running = machine.start_up();
    let workflow = running.push("p", "+a:\n  sh>: sleep 600\n");
    let row = running.start(workflow, DAY);
    assert_eq!(running.outcome(row.id), "killed: +wf canceled, +wf+a canceled");
    let reason = "Task execution timeout: +wf+a takes longer than executor.task_ttl = 0s";
    let said = format!("{reason}: attempt {} of p/wf", row.id);
    running.heard.wait_until(|lines| lines.contains(&said));
    assert_eq!(running.tasks(row.id)[1].error["message"], reason);
    let said = format!("[WARN] (0001@[0:p:1:1]+wf+a): Task +wf+a is canceled: {reason}\n");
    let log = running.log(row.id);
    assert!(log.ends_with(&said), "{log}");
}

#[test]
fn a_drained_server_leaves_what_has_not_begun_to_the_next() {
    let machine = Machine::new();
    let (started, go) = (machine.path("started"), machine.path("go"));
    let dig = format!("+a:\n  sh>: echo > {}; {}\n+b:\n  echo>: b\n", started.display(), wait_for(&go));
    let running = machine.start_up();
    let workflow = running.push("p", &dig);
    let row = running.start(workflow, DAY);
    while !started.exists() {
        std::thread::yield_now();
    }
    running.service.shared.inbox.send(Message::Drain);
    fs::write(&go, "").unwrap();
    assert!(running.service.drain(Duration::from_secs(60)));
    let states: Vec<_> = running.tasks(row.id).iter().map(|task| task.state.to_string()).collect();
    assert_eq!(states, ["planned", "success", "running"], "+b is for the next one");
    forget_the_process(&running);
    drop(running);

    let running = machine.start_up();
    assert_eq!(running.outcome(row.id), "success: +wf success, +wf+a success, +wf+b success");
    let said = "Task +wf+b had just begun, or not yet, when the server ended, and runs now";
    running.heard.wait_until(|lines| lines.iter().any(|line| line == said));
}

#[test]
fn a_command_that_is_ended_with_the_server_runs_again() {
    let machine = Machine::new();
    let log = machine.path("log");
    let dig = format!("+a:\n  sh>: echo x >> {}; {}\n", log.display(), wait_for(&machine.path("go")));
    let running = machine.start_up();
    let workflow = running.push("p", &dig);
    let row = running.start(workflow, DAY);
    while fs::read_to_string(&log).unwrap_or_default() != "x\n" {
        std::thread::yield_now();
    }
    running.service.shared.inbox.send(Message::Drain);
    running.service.shared.inbox.send(Message::Abort(CancelStage::Killed));
    assert!(running.service.drain(Duration::from_secs(60)));
    assert_eq!(running.tasks(row.id)[1].state.to_string(), "running");
    forget_the_process(&running);
    drop(running);

    fs::write(machine.path("go"), "").unwrap();
    let running = machine.start_up();
    assert_eq!(running.outcome(row.id), "success: +wf success, +wf+a success");
    assert_eq!(fs::read_to_string(&log).unwrap(), "x\nx\n");
    let interrupted = "Task +wf+a was interrupted because the server had ended, and runs again";
    let lines = running.heard.lines.lock().unwrap().clone();
    let goes_on =
        "Going on with attempt 1 project id=1 workflow name=wf session_time=2026-11-01T00:00:00+00:00";
    assert_eq!(lines[..2], [goes_on, interrupted], "{lines:?}");
    assert!(!lines.iter().any(|line| line.starts_with("Starting a new session")), "{lines:?}");
    let log = running.log(row.id);
    let runs: Vec<&str> = log.lines().filter(|line| line.contains("sh>: ")).collect();
    assert_eq!(runs.len(), 2, "{log}");
    let between = log.split_once(runs[0]).and_then(|(_, rest)| rest.split_once("sh>: ")).unwrap().0;
    assert!(between.contains(&format!("[WARN] (0000@[0:p:1:1]+wf+a): {interrupted}\n")), "{log}");
}

/// Lets the owner look like a process that is gone. It is this process, after all.
pub(super) fn forget_the_process(running: &super::Running) {
    use crate::store::{Durability, testing};
    running.service.store().write(Durability::Full, testing::age_owners).unwrap();
}
