//! Waking a task that polls.

use crate::engine::testing::{World, fails, polls};
use insta::assert_snapshot;

#[test]
fn a_task_that_polls_is_run_at_once() {
    let world =
        World::new("+a: {require>: x}\n").on("+a", [polls(60)]).start().end("+a").wait(3).wake("+a").run();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+a new -> running
    0s +wf+a running -> retry_waiting until 60s
    3s +wf+a retry_waiting -> running
    3s +wf planned -> success
    3s +wf+a running -> success
    3s finished: success
    ");
}

#[test]
fn nothing_happens_to_tasks_in_other_states() {
    let world = World::new(
        "
+a: {sh>: x}
+g:
  _retry: {limit: 1, interval: 60}
  +b: {sh>: x}
  +c: {sh>: x}
",
    )
    .on("+g+b", [fails("no")])
    .start();
    let before = world.trace().to_owned();
    let world = world.wake("+a").wake("+g").wake("+g+b");
    assert_eq!(world.trace(), before);
    let world = world.end("+a").end("+g+b");
    let before = world.trace().to_owned();
    let world = world.wake("+a").wake("+g").wake("+g+b").wake("+g+c").wake("");
    assert_eq!(world.trace(), before);
}
