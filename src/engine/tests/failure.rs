//! What follows the failure of a task.

use crate::engine::testing::{World, fails};
use insta::assert_snapshot;

#[test]
fn what_comes_after_a_failed_task_stays_blocked() {
    let world = World::new(
        "
+a: {sh>: x}
+g:
  +b: {sh>: x}
+c: {sh>: x}
",
    )
    .on("+a", [fails("no")])
    .run();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+a new -> running
    0s +wf+g new -> blocked
    0s +wf+g+b new -> blocked
    0s +wf+c new -> blocked
    0s +wf planned -> planned after failed children
    0s +wf+a running -> error: no
    0s +wf^failure-alert new -> running
    0s +wf planned -> group_error
    0s +wf^failure-alert running -> success
    0s finished: failure
    ");
    assert_snapshot!(world.tree(), @"
    +wf group_error
      +a error: no
      +g blocked
        +b blocked
      +c blocked
      ^failure-alert success
    ");
}

#[test]
fn siblings_of_a_failed_task_go_on() {
    let world = World::new(
        "
+g:
  _parallel: true
  +a: {sh>: x}
  +b: {sh>: x}
  +c: {sh>: x, _after: [+b]}
+d: {sh>: x}
",
    )
    .on("+g+a", [fails("no")])
    .run();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+g new -> planned
    0s +wf+g+a new -> running
    0s +wf+g+b new -> running
    0s +wf+g+c new -> blocked
    0s +wf+d new -> blocked
    0s +wf+g+a running -> error: no
    0s +wf+g+b running -> success
    0s +wf+g+c blocked -> running
    0s +wf planned -> planned after failed children
    0s +wf+g planned -> group_error
    0s +wf+g+c running -> success
    0s +wf^failure-alert new -> running
    0s +wf planned -> group_error
    0s +wf^failure-alert running -> success
    0s finished: failure
    ");
    assert_snapshot!(world.tree(), @"
    +wf group_error
      +g group_error
        +a error: no
        +b success
        +c success
      +d blocked
      ^failure-alert success
    ");
}

#[test]
fn a_chunk_with_a_failed_task_is_the_last() {
    let world = World::new(
        "
_parallel: {limit: 2}
+a: {sh>: x}
+b: {sh>: x}
+c: {sh>: x}
",
    )
    .on("+a", [fails("no")])
    .run();
    assert_snapshot!(world.tree(), @"
    +wf group_error
      +a error: no
      +b success
      +c blocked
      ^failure-alert success
    ");
}

#[test]
fn every_group_above_fails_and_the_attempt_does() {
    let world = World::new("+g: {+h: {+a: {sh>: x}}}\n").on("+g+h+a", [fails("no")]).run();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+g new -> planned
    0s +wf+g+h new -> planned
    0s +wf+g+h+a new -> running
    0s +wf planned -> planned after failed children
    0s +wf+g planned -> group_error
    0s +wf+g+h planned -> group_error
    0s +wf+g+h+a running -> error: no
    0s +wf^failure-alert new -> running
    0s +wf planned -> group_error
    0s +wf^failure-alert running -> success
    0s finished: failure
    ");
}

#[test]
fn the_alert_runs_below_the_root_and_saves_nothing() {
    let world =
        World::new("+a: {sh>: x}\n").on("+a", [fails("no")]).on("^failure-alert", [fails("no mail")]).run();
    assert_snapshot!(world.tree(), @"
    +wf group_error
      +a error: no
      ^failure-alert error: no mail
    ");
    let alert = world.attempt.task(world.id("^failure-alert")).unwrap();
    let config = serde_json::Value::Object(alert.config.local.clone()).to_string();
    assert_eq!(config, r#"{"_type":"notify","_command":"Workflow session attempt failed"}"#);
}
