//! `_disable: true`: the task counts as done and does nothing.

use crate::support::Project;

#[test]
fn a_disabled_task_or_group_succeeds_without_running() {
    let out = Project::new()
        .dig(
            "
            +a: {fail>: x, _disable: true}
            +g:
              _disable: 'true'
              +b: {fail>: y}
            +c: {echo>: c}
            ",
        )
        .run(&[])
        .success();
    assert_eq!(out.operators(), ["+wf+c echo>: c"]);
}

#[test]
fn false_changes_nothing() {
    let out = Project::new().dig("+a: {echo>: x, _disable: false}").run(&[]).success();
    assert_eq!(out.lines(), ["x"]);
}
