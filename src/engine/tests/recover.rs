//! Taking over an attempt whose process is gone.

use crate::engine::testing::{World, fails, polls, succeeds};
use crate::engine::{Cause, Event, IllegalTransition, advance};
use crate::model::TaskState;
use insta::assert_snapshot;

const TWO_BESIDE_EACH_OTHER: &str = "
+g:
  _parallel: true
  +a: {sh>: x}
  +b: {sh>: x}
+c: {sh>: x}
";

#[test]
fn running_tasks_are_run_again() {
    let world = World::new(TWO_BESIDE_EACH_OTHER).with_store().start().end("+g+b").crash().run();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+g new -> planned
    0s +wf+g+a new -> running
    0s +wf+g+b new -> running
    0s +wf+c new -> blocked
    0s +wf+g+b running -> success
    0s +wf+g+a running -> running
    0s +wf+g planned -> success
    0s +wf+g+a running -> success
    0s +wf+c blocked -> running
    0s +wf planned -> success
    0s +wf+c running -> success
    0s finished: success
    ");
}

#[test]
fn waiting_tasks_wait_on() {
    let world = World::new("+a: {sh>: x}\n")
        .with_store()
        .on("+a", [polls(60), succeeds()])
        .start()
        .end("+a")
        .wait(20)
        .crash()
        .run();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+a new -> running
    0s +wf+a running -> retry_waiting until 60s
    60s +wf+a retry_waiting -> running
    60s +wf planned -> success
    60s +wf+a running -> success
    60s finished: success
    ");
}

#[test]
fn a_canceled_attempt_ends_at_once() {
    let world = World::new(TWO_BESIDE_EACH_OTHER).with_store().start().cancel().crash();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+g new -> planned
    0s +wf+g+a new -> running
    0s +wf+g+b new -> running
    0s +wf+c new -> blocked
    0s cancel requested
    0s +wf planned -> planned (to be canceled)
    0s +wf+g planned -> planned (to be canceled)
    0s +wf+g+a running -> running (to be canceled)
    0s +wf+g+b running -> running (to be canceled)
    0s +wf+c blocked -> blocked (to be canceled)
    0s +wf+g+a running -> canceled
    0s +wf planned -> canceled
    0s +wf+g planned -> canceled
    0s +wf+g+b running -> canceled
    0s finished: failure
    ");
}

#[test]
fn a_lost_task_keeps_its_retries() {
    let world = World::new("+a: {sh>: x, _retry: 1}\n")
        .with_store()
        .on("+a", vec![fails("no"); 2])
        .start()
        .end("+a")
        .crash()
        .run();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+a new -> running
    0s +wf+a running -> running
    0s +wf+a running -> running
    0s +wf planned -> planned after failed children
    0s +wf+a running -> error: no
    0s +wf^failure-alert new -> running
    0s +wf planned -> group_error
    0s +wf^failure-alert running -> success
    0s finished: failure
    ");
}

#[test]
fn what_comes_too_late_is_refused() {
    let world = World::new("+a: {sh>: x}\n").run();
    let task = world.id("+a");
    let succeeded = Event::Succeeded { task, result: Default::default() };
    assert_eq!(
        advance(&world.attempt, succeeded, world.now, Default::default()),
        Err(IllegalTransition { state: TaskState::Success, cause: Cause::Succeeded })
    );
    assert_eq!(
        advance(&world.attempt, Event::Lost { task }, world.now, Default::default()),
        Err(IllegalTransition { state: TaskState::Success, cause: Cause::Lost })
    );
}
