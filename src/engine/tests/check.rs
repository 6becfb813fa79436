//! `_check`.

use crate::engine::testing::{World, fails, generates};
use insta::assert_snapshot;
use serde_json::json;

#[test]
fn a_check_runs_after_its_task_and_before_the_next() {
    let world = World::new(
        "
+a: {sh>: x, _check: {echo>: c}}
+b: {sh>: x}
",
    )
    .run();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+a new -> running
    0s +wf+b new -> blocked
    0s +wf+a running -> planned
    0s +wf+a^check new -> running
    0s +wf+a planned -> success
    0s +wf+b blocked -> running
    0s +wf+a^check running -> success
    0s +wf planned -> success
    0s +wf+b running -> success
    0s finished: success
    ");
}

#[test]
fn a_check_waits_for_what_the_task_generated() {
    let world = World::new("+a: {loop>: 1, _check: {echo>: c}}\n")
        .on("+a", [generates(json!({"+s": {"sh>": "x"}}))])
        .run();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+a new -> running
    0s +wf+a running -> planned
    0s +wf+a^sub new -> planned
    0s +wf+a^sub+s new -> running
    0s +wf+a^check new -> blocked
    0s +wf+a^sub planned -> success
    0s +wf+a^sub+s running -> success
    0s +wf+a^check blocked -> running
    0s +wf planned -> success
    0s +wf+a planned -> success
    0s +wf+a^check running -> success
    0s finished: success
    ");
}

#[test]
fn a_check_does_not_run_when_what_was_generated_failed() {
    let world = World::new("+a: {loop>: 1, _check: {echo>: c}}\n")
        .on("+a", [generates(json!({"+s": {"sh>": "x"}}))])
        .on("+a^sub+s", [fails("no")])
        .run();
    assert_snapshot!(world.tree(), @"
    +wf group_error
      +a group_error
        ^sub group_error
          +s error: no
        ^check blocked
      ^failure-alert success
    ");
}

#[test]
fn a_failed_check_fails_its_task_as_a_group_and_its_handler_runs() {
    let world = World::new(
        "
+a:
  sh>: x
  _check: {fail>: bad}
  _error: {echo>: e}
+b: {sh>: x}
",
    )
    .on("+a^check", [fails("bad")])
    .run();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+a new -> running
    0s +wf+b new -> blocked
    0s +wf+a running -> planned
    0s +wf+a^check new -> running
    0s +wf+a planned -> planned after failed children
    0s +wf+a^check running -> error: bad
    0s +wf+a^error new -> running
    0s +wf planned -> planned after failed children
    0s +wf+a planned -> group_error
    0s +wf+a^error running -> success
    0s +wf^failure-alert new -> running
    0s +wf planned -> group_error
    0s +wf^failure-alert running -> success
    0s finished: failure
    ");
    assert_snapshot!(world.tree(), @"
    +wf group_error
      +a group_error
        ^check error: bad
        ^error success
      +b blocked
      ^failure-alert success
    ");
}

#[test]
fn a_check_that_cannot_be_compiled_fails_the_task() {
    let world = World::new("+a: {sh>: x, _check: {echo>: 1, sh>: 2}}\n").run();
    assert_snapshot!(world.tree(), @r#"
    +wf group_error
      +a error: A task can't have more than one operator: {"echo>":1,"sh>":2} (config)
      ^failure-alert success
    "#);
}

#[test]
fn a_failed_task_is_not_checked_and_neither_is_a_group() {
    let world = World::new(
        "
+g:
  _check: {echo>: c}
  +a: {sh>: x}
+b: {sh>: x, _check: {echo>: c}}
",
    )
    .on("+b", [fails("no")])
    .run();
    assert_snapshot!(world.tree(), @"
    +wf group_error
      +g success
        +a success
      +b error: no
      ^failure-alert success
    ");
}
