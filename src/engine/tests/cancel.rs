//! Canceling an attempt.

use crate::engine::testing::{World, fails, generates, polls, succeeds};
use insta::{allow_duplicates, assert_snapshot};
use serde_json::json;

#[test]
fn a_running_task_ends_as_canceled_and_the_rest_stays_blocked() {
    for end in [succeeds(), fails("no"), polls(60), generates(json!({"+s": {"sh>": "x"}}))] {
        let world = World::new(
            "
+g:
  _error: {echo>: e}
  +a: {sh>: x, _error: {echo>: e}, _check: {echo>: c}}
  +b: {sh>: x}
+c: {sh>: x}
",
        )
        .on("+g+a", [end])
        .start()
        .cancel()
        .run();
        allow_duplicates! {
            assert_snapshot!(world.trace(), @"
            0s +wf new -> planned
            0s +wf+g new -> planned
            0s +wf+g+a new -> running
            0s +wf+g+b new -> blocked
            0s +wf+c new -> blocked
            0s cancel requested
            0s +wf planned -> planned (to be canceled)
            0s +wf+g planned -> planned (to be canceled)
            0s +wf+g+a running -> running (to be canceled)
            0s +wf+g+b blocked -> blocked (to be canceled)
            0s +wf+c blocked -> blocked (to be canceled)
            0s +wf planned -> canceled
            0s +wf+g planned -> canceled
            0s +wf+g+a running -> canceled
            0s finished: failure
            ");
            assert_snapshot!(world.tree(), @"
            +wf canceled
              +g canceled
                +a canceled
                +b blocked (to be canceled)
              +c blocked (to be canceled)
            ");
        }
    }
}

#[test]
fn nothing_of_a_canceled_task_is_kept() {
    let world = World::new("+a: {sh>: x}\n")
        .on("+a", [crate::engine::testing::stores(json!({"k": 1}))])
        .start()
        .cancel()
        .run();
    let task = world.attempt.task(world.id("+a")).unwrap();
    assert!(task.result.store_params.is_empty() && task.error.is_empty());
}

#[test]
fn waiting_tasks_are_canceled_at_once() {
    let world = World::new(
        "
_parallel: true
+a: {sh>: x}
+g:
  _retry: {limit: 1, interval: 60}
  +b: {sh>: x}
",
    )
    .on("+a", [polls(60)])
    .on("+g+b", [fails("no")])
    .start()
    .end("+a")
    .end("+g+b")
    .cancel()
    .run();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+a new -> running
    0s +wf+g new -> planned
    0s +wf+g+b new -> running
    0s +wf+a running -> retry_waiting until 60s
    0s +wf+g planned -> group_retry_waiting until 60s
    0s +wf+g+b running -> error: no
    0s cancel requested
    0s +wf planned -> canceled
    0s +wf+a retry_waiting -> canceled
    0s +wf+g group_retry_waiting -> canceled
    0s finished: failure
    ");
}

#[test]
fn a_handler_that_runs_already_is_canceled_with_its_task() {
    let world = World::new("+a: {sh>: x, _error: {+e: {sh>: x}, +f: {sh>: x}}}\n")
        .on("+a", [fails("no")])
        .start()
        .end("+a")
        .cancel()
        .run();
    assert_snapshot!(world.tree(), @"
    +wf canceled
      +a canceled: no
        ^error canceled
          +e canceled
          +f blocked (to be canceled)
    ");
}

#[test]
fn the_last_running_task_ends_the_attempt() {
    let world = World::new(
        "
+done: {sh>: x}
+g:
  _parallel: true
  +a: {sh>: x}
  +h: {+b: {sh>: x}}
",
    )
    .start()
    .end("+done")
    .cancel()
    .end("+g+a")
    .end("+g+h+b");
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+done new -> running
    0s +wf+g new -> blocked
    0s +wf+g+a new -> blocked
    0s +wf+g+h new -> blocked
    0s +wf+g+h+b new -> blocked
    0s +wf+done running -> success
    0s +wf+g blocked -> planned
    0s +wf+g+a blocked -> running
    0s +wf+g+h blocked -> planned
    0s +wf+g+h+b blocked -> running
    0s cancel requested
    0s +wf planned -> planned (to be canceled)
    0s +wf+g planned -> planned (to be canceled)
    0s +wf+g+a running -> running (to be canceled)
    0s +wf+g+h planned -> planned (to be canceled)
    0s +wf+g+h+b running -> running (to be canceled)
    0s +wf+g+a running -> canceled
    0s +wf planned -> canceled
    0s +wf+g planned -> canceled
    0s +wf+g+h planned -> canceled
    0s +wf+g+h+b running -> canceled
    0s finished: failure
    ");
}

#[test]
fn a_failed_workflow_whose_alert_runs_is_canceled() {
    let world = World::new("+a: {sh>: x}\n").on("+a", [fails("no")]).start().end("+a").cancel().run();
    assert_snapshot!(world.tree(), @"
    +wf canceled
      +a error: no
      ^failure-alert canceled
    ");
}
