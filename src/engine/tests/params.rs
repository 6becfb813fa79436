//! Which parameters a task sees of the others.

use crate::engine::testing::{World, fails, generates, stores};
use crate::engine::tree::visible_params;
use crate::model::TaskResult;
use crate::store::testing::object;
use serde_json::{Value, json};

#[test]
fn exports_go_down_and_the_inner_ones_win() {
    let world = World::new(
        "
_export: {a: 1, o: {x: 1}, l: [1, 2]}
+g:
  _export: {o: {y: 2}, l: [3], g: 1}
  +t:
    _export: {own: 1, a: 2}
    sh>: x
+u: {sh>: x}
",
    )
    .run();
    assert_eq!(world.saw("+g+t"), r#"{"a":2,"o":{"x":1,"y":2},"l":[3],"g":1,"own":1}"#);
    assert_eq!(world.saw("+u"), r#"{"a":1,"o":{"x":1},"l":[1,2]}"#);
}

#[test]
fn a_task_does_not_see_the_own_keys_of_others() {
    let world = World::new("+a: {loop>: 1, own: 1, _export: {e: 1}}\n")
        .on("+a", [generates(json!({"+s": {"sh>": "x", "k": 1}, "+t": {"sh>": "x"}}))])
        .run();
    assert_eq!(world.saw("+a^sub+t"), r#"{"e":1}"#);
}

#[test]
fn stored_parameters_go_to_those_that_come_after() {
    let world = World::new(
        "
+a: {sh>: x}
+g:
  +b: {sh>: x}
  +c: {sh>: x}
+d: {sh>: x}
",
    )
    .on("+a", [stores(json!({"k": "a"}))])
    .on("+g+b", [stores(json!({"k": "b", "o": {"b": 1}}))])
    .on("+g+c", [stores(json!({"o": {"c": 1}}))])
    .run();
    assert_eq!(world.saw("+a"), "{}");
    assert_eq!(world.saw("+g+b"), r#"{"k":"a"}"#);
    assert_eq!(world.saw("+g+c"), r#"{"k":"b","o":{"b":1}}"#);
    assert_eq!(world.saw("+d"), r#"{"k":"b","o":{"b":1,"c":1}}"#);
}

#[test]
fn exports_and_stored_parameters_interleave_by_place() {
    let world = World::new(
        "
_export: {v: root}
+a: {sh>: x}
+g:
  _export: {v: group}
  +b: {sh>: x}
  +c: {sh>: x}
+d: {sh>: x}
",
    )
    .on("+a", [stores(json!({"v": "a"}))])
    .on("+g+b", [stores(json!({"w": "b"}))])
    .run();
    assert_eq!(world.saw("+a"), r#"{"v":"root"}"#);
    assert_eq!(world.saw("+g+b"), r#"{"v":"group"}"#);
    assert_eq!(world.saw("+g+c"), r#"{"v":"group","w":"b"}"#);
    assert_eq!(world.saw("+d"), r#"{"v":"a","w":"b"}"#);
}

#[test]
fn a_store_within_a_group_wins_over_the_groups_export() {
    let world = World::new(
        "
+g:
  _export: {v: group}
  +a: {sh>: x}
  +b: {sh>: x}
  +c: {sh>: x, _export: {v: own}}
",
    )
    .on("+g+a", [stores(json!({"v": "a"}))])
    .run();
    assert_eq!(world.saw("+g+b"), r#"{"v":"a"}"#);
    assert_eq!(world.saw("+g+c"), r#"{"v":"own"}"#);
}

#[test]
fn tasks_beside_each_other_do_not_see_each_other() {
    let world = World::new(
        "
+k: {sh>: x}
+g:
  _parallel: true
  +a: {sh>: x}
  +b: {sh>: x}
  +c: {sh>: x, _after: [+b]}
+d: {sh>: x}
+e: {sh>: x, _background: true}
+f: {sh>: x}
",
    )
    .on("+k", [stores(json!({"k": 1}))])
    .on("+g+a", [stores(json!({"v": "a", "a": 1}))])
    .on("+g+b", [stores(json!({"v": "b"}))])
    .on("+e", [stores(json!({"e": 1}))])
    .start()
    .end("+e")
    .end("+k")
    .end("+g+b")
    .end("+g+a")
    .run();
    assert_eq!(world.saw("+g+c"), r#"{"k":1,"v":"b"}"#);
    // Both are seen afterwards, in the order in which they are written, whoever was first.
    assert_eq!(world.saw("+d"), r#"{"k":1,"v":"b","a":1}"#);
    assert_eq!(world.saw("+e"), "{}");
    assert_eq!(world.saw("+f"), r#"{"k":1,"v":"b","a":1,"e":1}"#);
}

#[test]
fn what_a_task_waits_for_comes_with_its_own_upstreams_before_it() {
    let world = World::new(
        "
_parallel: true
+c: {sh>: x}
+a: {sh>: x}
+b: {sh>: x, _after: [+c]}
+d: {sh>: x, _after: [+b, +a]}
",
    )
    .on("+c", [stores(json!({"v": "c", "w": "c"}))])
    .on("+a", [stores(json!({"v": "a"}))])
    .on("+b", [stores(json!({"w": "b"}))])
    .run();
    // +a, then +c, which +b waits for, then +b.
    assert_eq!(world.saw("+d"), r#"{"v":"c","w":"b"}"#);
}

#[test]
fn resets_come_before_what_is_stored() {
    let resets = |paths: &[&str], store: Value| {
        stores(store)
            .with(|result| result.reset_store_params = paths.iter().map(ToString::to_string).collect())
    };
    let world = World::new(
        "
_export: {e: 1, o: {e: 1}}
+a: {sh>: x}
+b: {sh>: x}
+c: {sh>: x}
",
    )
    .on("+a", [stores(json!({"o": {"last": 1, "kept": 1}}))])
    .on("+b", [resets(&["o.last", "e", "o.e.x", "nothing.there"], json!({"o": {"new": 1}}))])
    .run();
    assert_eq!(world.saw("+c"), r#"{"o":{"e":1,"kept":1,"new":1}}"#);
}

#[test]
fn what_an_operator_exports_goes_to_the_tasks_below_it() {
    let exporting = generates(json!({"+s": {"sh>": "x"}})).with(|result| {
        result.export_params = object(json!({"o": {"dynamic": 1}, "v": "dynamic"}));
        result.store_params = object(json!({"s": 1}));
    });
    let world = World::new(
        "
+a: {loop>: 1, _export: {o: {static: 1}, v: static}, _check: {sh>: x}}
+b: {sh>: x}
",
    )
    .on("+a", [exporting])
    .on("+a^sub+s", [stores(json!({"below": 1}))])
    .run();
    assert_eq!(world.saw("+a"), r#"{"o":{"static":1},"v":"static"}"#);
    assert_eq!(world.saw("+a^sub+s"), r#"{"o":{"static":1,"dynamic":1},"v":"dynamic","s":1}"#);
    assert_eq!(world.saw("+a^check"), r#"{"o":{"static":1,"dynamic":1},"v":"dynamic","s":1,"below":1}"#);
    assert_eq!(world.saw("+b"), r#"{"s":1,"below":1}"#);
}

#[test]
fn a_handler_sees_the_error_and_the_export_of_its_task() {
    let world = World::new(
        "
+a:
  sh>: x
  own: 1
  _export: {e: 1}
  _error:
    _export: {h: 1}
    +n: {sh>: x}
",
    )
    .on("+a", [fails("no")])
    .run();
    assert_eq!(world.saw("+a^error+n"), r#"{"e":1,"h":1,"error":{"message":"no"}}"#);
}

#[test]
fn stores_of_earlier_generations_stay_visible_to_those_after_the_group() {
    let world = World::new(
        "
+g:
  _retry: 1
  +a: {sh>: x}
  +b: {sh>: x}
+c: {sh>: x}
",
    )
    .on("+g+a", [stores(json!({"v": 1, "first": 1})), stores(json!({"v": 2}))])
    .on("+g+b", [fails("no")])
    .run();
    assert_eq!(world.saw("+g+a"), "{}");
    assert_eq!(world.saw("+g+b"), r#"{"v":2}"#);
    assert_eq!(world.saw("+c"), r#"{"v":2,"first":1}"#);
}

#[test]
fn everything_lies_over_the_base() {
    let world = World::new("_export: {a: 2}\n+t: {sh>: x}\n").start();
    let task = world.attempt.task(world.id("+t")).unwrap();
    let params = visible_params(&world.attempt, task, object(json!({"a": 1, "b": 1})));
    assert_eq!(Value::Object(params).to_string(), r#"{"a":2,"b":1}"#);
    assert_eq!(task.result, TaskResult::default());
}
