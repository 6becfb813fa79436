//! `_error`.

use crate::engine::testing::{World, fails, generates, stores};
use crate::model::{Params, TaskId};
use insta::assert_snapshot;
use serde_json::{Value, json};

/// What a generated task exports to those below it.
fn export(world: &World, name: &str) -> String {
    let id: TaskId = world.id(name);
    Value::Object(world.attempt.task(id).map(|task| task.config.export.clone()).unwrap_or_default())
        .to_string()
}

#[test]
fn the_handler_of_a_task_runs_below_it_and_does_not_save_it() {
    let world = World::new(
        "
+a:
  sh>: x
  _error: {echo>: e}
+b: {sh>: x}
",
    )
    .on("+a", [fails("no")])
    .run();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+a new -> running
    0s +wf+b new -> blocked
    0s +wf+a running -> planned after failure: no
    0s +wf+a^error new -> running
    0s +wf planned -> planned after failed children
    0s +wf+a planned -> error: no
    0s +wf+a^error running -> success
    0s +wf^failure-alert new -> running
    0s +wf planned -> group_error
    0s +wf^failure-alert running -> success
    0s finished: failure
    ");
    assert_eq!(export(&world, "+a^error"), r#"{"error":{"message":"no"}}"#);
}

#[test]
fn a_handler_may_be_a_group_and_may_fail() {
    let world = World::new(
        "
+a:
  sh>: x
  _error:
    +e: {sh>: x}
    +f: {sh>: x}
",
    )
    .on("+a", [fails("no")])
    .on("+a^error+e", [fails("worse")])
    .run();
    assert_snapshot!(world.tree(), @"
    +wf group_error
      +a error: no
        ^error group_error
          +e error: worse
          +f blocked
      ^failure-alert success
    ");
}

#[test]
fn the_handler_of_a_group_runs_after_those_inside() {
    let world = World::new(
        "
+g:
  _error: {echo>: g}
  +a:
    sh>: x
    _error: {echo>: a}
  +b: {sh>: x}
",
    )
    .on("+g+a", [fails("no")])
    .run();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+g new -> planned
    0s +wf+g+a new -> running
    0s +wf+g+b new -> blocked
    0s +wf+g+a running -> planned after failure: no
    0s +wf+g+a^error new -> running
    0s +wf+g planned -> planned after failed children
    0s +wf+g+a planned -> error: no
    0s +wf+g+a^error running -> success
    0s +wf+g^error new -> running
    0s +wf planned -> planned after failed children
    0s +wf+g planned -> group_error
    0s +wf+g^error running -> success
    0s +wf^failure-alert new -> running
    0s +wf planned -> group_error
    0s +wf^failure-alert running -> success
    0s finished: failure
    ");
}

#[test]
fn the_handler_of_the_workflow_runs_beside_the_alert() {
    let world = World::new("_error: {echo>: e}\n+a: {sh>: x}\n").on("+a", [fails("no")]).run();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+a new -> running
    0s +wf planned -> planned after failed children
    0s +wf+a running -> error: no
    0s +wf^failure-alert new -> running
    0s +wf^error new -> running
    0s +wf^failure-alert running -> success
    0s +wf planned -> group_error
    0s +wf^error running -> success
    0s finished: failure
    ");
}

#[test]
fn the_handler_of_a_group_sees_what_was_stored_and_all_errors() {
    let world = World::new(
        "
+g:
  _error:
    _export: {own: 1, s: {z: 0}}
    echo>: e
  _parallel: true
  +a: {loop>: 1}
  +b: {sh>: x}
  +c: {sh>: x}
",
    )
    .on("+g+a", [generates(json!({"+s": {"sh>": "x"}, "+t": {"sh>": "x"}}))])
    .on("+g+a^sub+s", [stores(json!({"s": {"by": "sub", "sub": 1}}))])
    .on("+g+a^sub+t", [fails("sub failed")])
    .on("+g+b", [stores(json!({"s": {"by": "b"}}))])
    .on("+g+c", [fails("c failed")])
    .run();
    // In the order of the tree: what +a generated comes before +b.
    assert_eq!(
        export(&world, "+g^error"),
        r#"{"own":1,"s":{"z":0,"by":"b","sub":1},"error":{"message":"c failed"}}"#
    );
}

#[test]
fn what_tasks_reset_is_gone_from_the_handlers_own_parameters_too() {
    let resets = stores(json!({"y": 2})).with(|result| result.reset_store_params = vec!["x.old".to_owned()]);
    let world = World::new(
        "
+g:
  _error: {echo>: e, _export: {x: {old: 1, new: 1}}}
  +a: {sh>: x}
  +b: {sh>: x}
",
    )
    .on("+g+a", [resets])
    .on("+g+b", [fails("no")])
    .run();
    assert_eq!(export(&world, "+g^error"), r#"{"x":{"new":1},"y":2,"error":{"message":"no"}}"#);
}

#[test]
fn the_error_object_replaces_a_parameter_of_that_name() {
    let world = World::new(
        "
+a:
  sh>: x
  _error: {echo>: e, _export: {error: {stacktrace: mine}, k: 1}}
",
    )
    .on("+a", [fails("no")])
    .run();
    assert_eq!(export(&world, "+a^error"), r#"{"error":{"message":"no"},"k":1}"#);
}

#[test]
fn a_handler_in_an_export_counts_for_the_task_itself_alone() {
    let world = World::new(
        "
+g:
  _export: {_error: {echo>: e}}
  +a: {sh>: x}
",
    )
    .on("+g+a", [fails("no")])
    .run();
    assert_snapshot!(world.tree(), @"
    +wf group_error
      +g group_error
        +a error: no
        ^error success
      ^failure-alert success
    ");
}

#[test]
fn an_empty_handler_is_none() {
    let world = World::new("+a: {sh>: x, _error: {}}\n").on("+a", [fails("no")]).run();
    assert_snapshot!(world.tree(), @"
    +wf group_error
      +a error: no
      ^failure-alert success
    ");
    assert_eq!(world.attempt.task(world.id("+a")).unwrap().error, {
        let error: Params = [("message".to_owned(), json!("no"))].into_iter().collect();
        error
    });
}
