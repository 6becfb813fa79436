//! `_retry` of groups.

use crate::engine::testing::{World, fails, generates};
use insta::assert_snapshot;
use serde_json::json;

#[test]
fn a_group_runs_all_its_tasks_again_as_copies() {
    let world = World::new(
        "
+g:
  _retry: 1
  +a: {sh>: x}
  +h:
    +b: {sh>: x}
    +c: {sh>: x}
+d: {sh>: x}
",
    )
    .on("+g+h+b", [fails("no")])
    .run();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+g new -> planned
    0s +wf+g+a new -> running
    0s +wf+g+h new -> blocked
    0s +wf+g+h+b new -> blocked
    0s +wf+g+h+c new -> blocked
    0s +wf+d new -> blocked
    0s +wf+g+a running -> success
    0s +wf+g+h blocked -> planned
    0s +wf+g+h+b blocked -> running
    0s +wf+g planned -> planned
    0s +wf+g+h planned -> group_error
    0s +wf+g+h+b running -> error: no
    0s +wf+g+a new -> running
    0s +wf+g+h new -> blocked
    0s +wf+g+h+b new -> blocked
    0s +wf+g+h+c new -> blocked
    0s +wf+g+a running -> success
    0s +wf+g+h blocked -> planned
    0s +wf+g+h+b blocked -> running
    0s +wf+g+h+b running -> success
    0s +wf+g+h+c blocked -> running
    0s +wf+g planned -> success
    0s +wf+d blocked -> running
    0s +wf+g+h planned -> success
    0s +wf+g+h+c running -> success
    0s +wf planned -> success
    0s +wf+d running -> success
    0s finished: success
    ");
    assert_snapshot!(world.tree(), @"
    +wf success
      +g success
        +a success
        +h group_error
          +b error: no
          +c blocked
        +a success
        +h success
          +b success
          +c success
      +d success
    ");
}

#[test]
fn a_group_fails_when_its_newest_tasks_do() {
    let world = World::new(
        "
+g:
  _retry: 1
  _error: {echo>: e}
  +a: {sh>: x}
",
    )
    .on("+g+a", vec![fails("no"); 2])
    .run();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+g new -> planned
    0s +wf+g+a new -> running
    0s +wf+g planned -> planned
    0s +wf+g+a running -> error: no
    0s +wf+g+a new -> running
    0s +wf+g planned -> planned after failed children
    0s +wf+g+a running -> error: no
    0s +wf+g^error new -> running
    0s +wf planned -> planned after failed children
    0s +wf+g planned -> group_error
    0s +wf+g^error running -> success
    0s +wf^failure-alert new -> running
    0s +wf planned -> group_error
    0s +wf^failure-alert running -> success
    0s finished: failure
    ");
    assert_snapshot!(world.tree(), @"
    +wf group_error
      +g group_error
        +a error: no
        +a error: no
        ^error success
      ^failure-alert success
    ");
}

/// The seconds at which the runs of a group's task begin.
fn starts(retry: &str, failures: usize) -> Vec<String> {
    let world = World::new(&format!("+g:\n  _retry: {retry}\n  +a: {{sh>: x}}\n"))
        .on("+g+a", vec![fails("no"); failures])
        .run();
    let started = |line: &&str| line.ends_with("-> running") && line.contains("+g+a ");
    world.trace().lines().filter(started).map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn groups_wait_before_they_run_again() {
    for (retry, expected) in [
        ("{limit: 3, interval: 10}", vec!["0s", "10s", "20s", "30s"]),
        ("{limit: 3, interval: 10, interval_type: exponential}", vec!["0s", "10s", "30s", "70s"]),
        (
            "{limit: 4, interval: 10, interval_type: exponential, max_interval: 15}",
            vec!["0s", "10s", "25s", "40s", "55s"],
        ),
        ("{limit: 2, interval: 10, max_interval: 5}", vec!["0s", "10s", "20s"]),
        ("'1'", vec!["0s", "0s"]),
        ("{interval: 1}", vec!["0s"]),
        ("[1]", vec!["0s"]),
        ("0", vec!["0s"]),
    ] {
        assert_eq!(starts(retry, 9), expected, "{retry}");
    }
}

#[test]
fn a_group_in_a_group_starts_afresh_each_time() {
    let world = World::new(
        "
+g:
  _retry: 1
  +h:
    _retry: 1
    +a: {sh>: x}
",
    )
    .on("+g+h+a", vec![fails("no"); 9])
    .run();
    assert_snapshot!(world.tree(), @"
    +wf group_error
      +g group_error
        +h group_error
          +a error: no
          +a error: no
        +h group_error
          +a error: no
          +a error: no
      ^failure-alert success
    ");
}

#[test]
fn a_task_whose_subtasks_failed_is_run_again_and_generates_anew() {
    let generated = generates(json!({"+s": {"sh>": "x"}, "+t": {"sh>": "x"}}));
    let world = World::new("+a: {loop>: 1, _retry: {limit: 1, interval: 5}, _check: {echo>: c}}\n")
        .on("+a", vec![generated; 2])
        .on("+a^sub+s", [fails("no")])
        .run();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+a new -> running
    0s +wf+a running -> planned
    0s +wf+a^sub new -> planned
    0s +wf+a^sub+s new -> running
    0s +wf+a^sub+t new -> blocked
    0s +wf+a^check new -> blocked
    0s +wf+a planned -> group_retry_waiting until 5s
    0s +wf+a^sub planned -> group_error
    0s +wf+a^sub+s running -> error: no
    5s +wf+a group_retry_waiting -> running
    5s +wf+a running -> planned
    5s +wf+a^sub new -> planned
    5s +wf+a^sub+s new -> running
    5s +wf+a^sub+t new -> blocked
    5s +wf+a^check new -> blocked
    5s +wf+a^sub+s running -> success
    5s +wf+a^sub+t blocked -> running
    5s +wf+a^sub planned -> success
    5s +wf+a^sub+t running -> success
    5s +wf+a^check blocked -> running
    5s +wf planned -> success
    5s +wf+a planned -> success
    5s +wf+a^check running -> success
    5s finished: success
    ");
    assert_snapshot!(world.tree(), @"
    +wf success
      +a success
        ^sub group_error
          +s error: no
          +t blocked
        ^check blocked
        ^sub success
          +s success
          +t success
        ^check success
    ");
}

#[test]
fn a_task_shares_its_retries_between_its_own_failures_and_those_below() {
    let world = World::new("+a: {sh>: x, _retry: 2, _check: {fail>: c}}\n")
        .on("+a", [fails("one")])
        .on("+a^check", vec![fails("no"); 9])
        .run();
    assert_snapshot!(world.tree(), @"
    +wf group_error
      +a group_error
        ^check error: no
        ^check error: no
      ^failure-alert success
    ");
    let task = world.attempt.task(world.id("+a")).unwrap();
    assert_eq!((task.retry_count, &task.state_params["retry_count"]), (2, &json!(2)));
}

#[test]
fn copies_of_a_group_leave_out_what_its_tasks_generated() {
    let world = World::new(
        "
+g:
  _retry: 1
  +a: {loop>: 1}
  +b: {sh>: x}
",
    )
    .on("+g+a", vec![generates(json!({"+s": {"sh>": "x"}})); 2])
    .on("+g+b", [fails("no")])
    .run();
    assert_snapshot!(world.tree(), @"
    +wf success
      +g success
        +a success
          ^sub success
            +s success
        +b error: no
        +a success
          ^sub success
            +s success
        +b success
    ");
}

#[test]
fn a_generated_group_can_be_run_again() {
    let group =
        json!({"+h": {"_retry": 1, "_parallel": {"limit": 1}, "+s": {"sh>": "x"}, "+t": {"sh>": "x"}}});
    let world =
        World::new("+a: {loop>: 1}\n").on("+a", [generates(group)]).on("+a^sub+h+s", [fails("no")]).run();
    assert_snapshot!(world.tree(), @"
    +wf success
      +a success
        ^sub success
          +h success
            +s error: no
            +t blocked
            +s success
            +t success
    ");
}

#[test]
fn groups_in_handlers_and_checks_can_be_run_again() {
    let world = World::new(
        "
+a:
  sh>: x
  _check: {+g: {_retry: 1, +t: {sh>: x}}}
+b:
  sh>: x
  _error: {+g: {_retry: 1000000000, +t: {sh>: x}}}
",
    )
    .on("+a^check+g+t", [fails("no")])
    .on("+b", [fails("no")])
    .on("+b^error+g+t", vec![fails("no"); 2])
    .run();
    assert_snapshot!(world.tree(), @"
    +wf group_error
      +a success
        ^check success
          +g success
            +t error: no
            +t success
      +b error: no
        ^error success
          +g success
            +t error: no
            +t error: no
            +t success
      ^failure-alert success
    ");
}

#[test]
fn handlers_that_ran_in_a_group_are_not_among_its_copies() {
    let world = World::new(
        "
+g:
  _retry: 1
  +h:
    _error: {+e: {sh>: x}}
    +a: {sh>: x, _error: {+e: {sh>: x}}, _check: {+c: {sh>: x}}}
",
    )
    .on("+g+h+a", [fails("no")])
    .run();
    assert_snapshot!(world.tree(), @"
    +wf success
      +g success
        +h group_error
          +a error: no
            ^error success
              +e success
          ^error success
            +e success
        +h success
          +a success
            ^check success
              +c success
    ");
}

#[test]
fn the_workflow_itself_can_be_run_again_and_raises_no_alert() {
    let world = World::new("_retry: 1\n+a: {sh>: x}\n").on("+a", [fails("no")]).run();
    assert_snapshot!(world.tree(), @"
    +wf success
      +a error: no
      +a success
    ");
}

#[test]
fn groups_do_not_inherit_retries() {
    let world = World::new(
        "
_export: {_retry: 1}
+g:
  +a: {echo>: x}
",
    )
    .on("+g+a", vec![fails("no"); 3])
    .run();
    assert_snapshot!(world.tree(), @"
    +wf group_error
      +g group_error
        +a error: no
      +g group_error
        +a error: no
      ^failure-alert success
    ");
}
