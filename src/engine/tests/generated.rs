//! Tasks that operators generate, and how many there may be.

use crate::engine::testing::{World, fails, generates};
use crate::model::{Params, TaskState};
use insta::assert_snapshot;
use serde_json::{Value, json};

/// A group of so many tasks.
fn tasks(count: usize) -> Value {
    let tasks: Params = (0..count).map(|at| (format!("+t{at}"), json!({"sh>": "x"}))).collect();
    Value::Object(tasks)
}

/// A workflow of so many tasks.
fn workflow(count: usize) -> String {
    (0..count).map(|at| format!("+t{at}: {{sh>: x}}\n")).collect()
}

fn message(world: &World, name: &str) -> String {
    let task = world.attempt.task(world.id(name)).unwrap();
    task.error.get("message").and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[test]
fn generated_tasks_run_below_their_task() {
    let world = World::new(
        "
+a: {loop>: 1}
+b: {sh>: x}
",
    )
    .on("+a", [generates(json!({"_parallel": true, "+s": {"sh>": "x"}, "+t": {"sh>": "x"}}))])
    .run();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+a new -> running
    0s +wf+b new -> blocked
    0s +wf+a running -> planned
    0s +wf+a^sub new -> planned
    0s +wf+a^sub+s new -> running
    0s +wf+a^sub+t new -> running
    0s +wf+a^sub+s running -> success
    0s +wf+a planned -> success
    0s +wf+b blocked -> running
    0s +wf+a^sub planned -> success
    0s +wf+a^sub+t running -> success
    0s +wf planned -> success
    0s +wf+b running -> success
    0s finished: success
    ");
}

#[test]
fn a_generated_operator_stands_right_below_its_task() {
    let world = World::new("+a: {if>: true}\n").on("+a", [generates(json!({"sh>": "x"}))]).run();
    assert_snapshot!(world.tree(), @"
    +wf success
      +a success
        ^sub success
    ");
}

#[test]
fn a_task_whose_generated_tasks_fail_is_a_failed_group_with_its_handler() {
    let world = World::new("+a: {loop>: 1, _error: {echo>: e}}\n")
        .on("+a", [generates(json!({"+s": {"sh>": "x"}}))])
        .on("+a^sub+s", [fails("no")])
        .run();
    assert_snapshot!(world.tree(), @"
    +wf group_error
      +a group_error
        ^sub group_error
          +s error: no
        ^error success
      ^failure-alert success
    ");
}

#[test]
fn generated_tasks_that_cannot_be_compiled_fail_the_task() {
    let world = World::new("+a: {loop>: 1, _error: {echo>: e}}\n")
        .on("+a", [generates(json!({"+s": {"sh>": "x", "echo>": "y"}, "+t": {"foo": 1}}))])
        .run();
    assert_eq!((world.state("+a"), world.state("+a^error")), (TaskState::Error, TaskState::Success));
    assert_eq!(
        message(&world, "+a"),
        "A task can't have more than one operator: {\"sh>\":\"x\",\"echo>\":\"y\"}\n\
         +wf+a^sub+t contains invalid keys: 'foo': \"{\"foo\":1}\" (config)"
    );
    assert!(world.attempt.task(world.id("+a")).unwrap().result.subtask_config.is_empty());
}

#[test]
fn a_workflow_may_have_999_tasks_with_its_root() {
    assert_eq!(World::new(&workflow(998)).try_start().unwrap().attempt.tasks().len(), 999);
    let error = World::new(&workflow(999)).try_start().err().unwrap();
    assert_eq!(
        error.to_string(),
        "Too many tasks. Limit: 1000, Current: 1, Adding: 1000 (task limit exceeded)"
    );
}

#[test]
fn an_attempt_may_have_1000_tasks() {
    let world = World::new("+a: {loop>: 1}\n").on("+a", [generates(tasks(997))]).start().end("+a");
    assert_eq!((message(&world, "+a").as_str(), world.attempt.tasks().len()), ("", 1000));
    let world = World::new("+a: {loop>: 1}\n").on("+a", [generates(tasks(998))]).start().end("+a");
    assert_eq!(
        message(&world, "+a"),
        "Too many tasks. Limit: 1000, Current: 2, Adding: 999 (task limit exceeded)"
    );
}

#[test]
fn a_check_that_is_too_much_takes_the_generated_tasks_with_it() {
    let world = World::new("+a: {loop>: 1, _check: {echo>: c}}\n")
        .with_limit(4)
        .on("+a", [generates(tasks(1))])
        .run();
    assert_snapshot!(world.tree(), @"
    +wf group_error
      +a error: Too many tasks. Limit: 4, Current: 4, Adding: 1 (task limit exceeded)
      ^failure-alert success
    ");
}

#[test]
fn a_handler_that_is_too_much_is_left_out_and_the_alert_is_not() {
    let world = World::new("_error: {echo>: e}\n+a: {sh>: x, _error: {+e: {sh>: x}}}\n")
        .with_limit(3)
        .on("+a", [fails("no")])
        .run();
    assert_snapshot!(world.tree(), @"
    +wf group_error
      +a error: no
      ^failure-alert success
    ");
}

#[test]
fn earlier_generations_count_and_copies_are_not_limited() {
    let world = World::new(
        "
+g:
  _retry: 1
  +a: {loop>: 1}
",
    )
    .with_limit(5)
    .on("+g+a", [fails("no"), generates(tasks(1))])
    .run();
    assert_snapshot!(world.tree(), @"
    +wf group_error
      +g group_error
        +a error: no
        +a error: Too many tasks. Limit: 5, Current: 4, Adding: 2 (task limit exceeded)
      ^failure-alert success
    ");
}
