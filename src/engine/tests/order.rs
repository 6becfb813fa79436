//! Who starts when.

use crate::engine::testing::{World, polls};
use insta::assert_snapshot;

#[test]
fn a_sequence_runs_one_task_after_another() {
    let world = World::new(
        "
+a: {echo>: x}
+b: {echo>: x}
",
    )
    .run();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+a new -> running
    0s +wf+b new -> blocked
    0s +wf+a running -> success
    0s +wf+b blocked -> running
    0s +wf planned -> success
    0s +wf+b running -> success
    0s finished: success
    ");
}

#[test]
fn groups_start_with_their_first_task_and_end_with_their_last() {
    let world = World::new(
        "
+g:
  +h:
    +a: {echo>: x}
  +b: {echo>: x}
+c: {echo>: x}
",
    )
    .run();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+g new -> planned
    0s +wf+g+h new -> planned
    0s +wf+g+h+a new -> running
    0s +wf+g+b new -> blocked
    0s +wf+c new -> blocked
    0s +wf+g+h planned -> success
    0s +wf+g+h+a running -> success
    0s +wf+g+b blocked -> running
    0s +wf+g planned -> success
    0s +wf+g+b running -> success
    0s +wf+c blocked -> running
    0s +wf planned -> success
    0s +wf+c running -> success
    0s finished: success
    ");
}

#[test]
fn parallel_tasks_start_together() {
    let world = World::new(
        "
+g:
  _parallel: true
  +a: {sh>: x}
  +b: {sh>: x}
  +c: {sh>: x}
+d: {echo>: x}
",
    )
    .start()
    .end("+g+c")
    .end("+g+a")
    .end("+g+b")
    .run();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+g new -> planned
    0s +wf+g+a new -> running
    0s +wf+g+b new -> running
    0s +wf+g+c new -> running
    0s +wf+d new -> blocked
    0s +wf+g+c running -> success
    0s +wf+g+a running -> success
    0s +wf+g planned -> success
    0s +wf+g+b running -> success
    0s +wf+d blocked -> running
    0s +wf planned -> success
    0s +wf+d running -> success
    0s finished: success
    ");
}

#[test]
fn a_limit_makes_chunks_that_wait_for_each_other() {
    let world = World::new(
        "
_parallel: {limit: 2}
+a: {sh>: x}
+b: {sh>: x}
+c: {sh>: x}
+d: {sh>: x}
+e: {sh>: x}
",
    )
    .start()
    .end("+b")
    .end("+a")
    .run();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+a new -> running
    0s +wf+b new -> running
    0s +wf+c new -> blocked
    0s +wf+d new -> blocked
    0s +wf+e new -> blocked
    0s +wf+b running -> success
    0s +wf+a running -> success
    0s +wf+c blocked -> running
    0s +wf+d blocked -> running
    0s +wf+c running -> success
    0s +wf+d running -> success
    0s +wf+e blocked -> running
    0s +wf planned -> success
    0s +wf+e running -> success
    0s finished: success
    ");
}

#[test]
fn a_background_task_starts_with_its_group_and_the_next_task_waits_for_it() {
    let world = World::new(
        "
+a: {sh>: x}
+b: {sh>: x}
+c: {sh>: x, _background: true}
+d: {sh>: x}
",
    )
    .start()
    .end("+a")
    .end("+b")
    .end("+c")
    .run();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+a new -> running
    0s +wf+b new -> blocked
    0s +wf+c new -> running
    0s +wf+d new -> blocked
    0s +wf+a running -> success
    0s +wf+b blocked -> running
    0s +wf+b running -> success
    0s +wf+c running -> success
    0s +wf+d blocked -> running
    0s +wf planned -> success
    0s +wf+d running -> success
    0s finished: success
    ");
}

#[test]
fn after_names_the_siblings_to_wait_for() {
    let world = World::new(
        "
_parallel: true
+a: {sh>: x}
+b: {sh>: x}
+c: {sh>: x, _after: [+a]}
+d: {sh>: x, _after: [+b, +c]}
",
    )
    .start()
    .end("+a")
    .end("+c")
    .run();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+a new -> running
    0s +wf+b new -> running
    0s +wf+c new -> blocked
    0s +wf+d new -> blocked
    0s +wf+a running -> success
    0s +wf+c blocked -> running
    0s +wf+c running -> success
    0s +wf+b running -> success
    0s +wf+d blocked -> running
    0s +wf planned -> success
    0s +wf+d running -> success
    0s finished: success
    ");
}

#[test]
fn a_workflow_without_tasks_succeeds_at_once() {
    assert_snapshot!(World::new("timezone: UTC\n").run().trace(), @"
    0s +wf new -> success
    0s finished: success
    ");
}

#[test]
fn empty_and_disabled_tasks_succeed_as_empty_groups() {
    let world = World::new(
        "
+a: {}
+b: {_disable: true, sh>: x}
+c:
  _disable: true
  +d: {sh>: x}
+e: {sh>: x}
",
    )
    .run();
    assert_snapshot!(world.tree(), @"
    +wf success
      +a success
      +b success
      +c success
      +e success
    ");
    assert_eq!(world.runs.len(), 1);
}

#[test]
fn a_task_that_polls_is_run_again_and_keeps_the_time_of_its_first_start() {
    let world = World::new("+a: {sh>: x}\n").on("+a", [polls(5), polls(7)]).run();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+a new -> running
    0s +wf+a running -> retry_waiting until 5s
    5s +wf+a retry_waiting -> running
    5s +wf+a running -> retry_waiting until 12s
    12s +wf+a retry_waiting -> running
    12s +wf planned -> success
    12s +wf+a running -> success
    12s finished: success
    ");
    let task = world.attempt.task(world.id("+a")).unwrap();
    assert_eq!((task.retry_count, task.started_at), (2, Some(crate::model::Time::UNIX_EPOCH)));
}
