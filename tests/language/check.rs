//! `_check`: a task after a successful operator.

use crate::support::Project;

#[test]
fn it_runs_after_success_and_its_failure_counts() {
    let out = Project::new().dig("+a:\n  echo>: x\n  _check: {echo>: checked}").run(&[]).success();
    assert_eq!(out.lines(), ["x", "checked"]);
    let out =
        Project::new().dig("+a:\n  echo>: x\n  _check: {fail>: bad}\n+b: {echo>: never}").run(&[]).fails(1);
    assert_eq!(out.failure(), ("+wf+a^check".to_owned(), "bad".to_owned()));
}

#[test]
fn it_comes_after_generated_tasks() {
    let out = Project::new()
        .dig("+l:\n  loop>: 2\n  _do: {echo>: '${i}'}\n  _check: {echo>: checked}")
        .run(&[])
        .success();
    assert_eq!(out.lines(), ["0", "1", "checked"]);
}

/// Digdag says nothing about it.
#[test]
fn on_a_group_it_is_not_run_and_check_warns() {
    let project = Project::new().dig("+g:\n  _check: {echo>: never}\n  +a: {echo>: x}");
    assert_eq!(project.run(&[]).success().lines(), ["x"]);
    let out = project.dibble(&["check"]).success();
    assert!(format!("{out}").contains("_check"), "{out}");
}
