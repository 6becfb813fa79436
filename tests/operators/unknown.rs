//! Operators that do not exist.

use crate::support::Project;

#[test]
fn the_task_fails() {
    let out = Project::new().dig("+a: {nosuch>: x}").run(&[]).fails(1);
    let (task, message) = out.failure();
    assert_eq!(task, "+wf+a");
    assert!(message.starts_with("Unknown task type: nosuch"), "{message}");
}

/// Digdag finds it at run time only.
#[test]
fn check_reports_it_with_a_suggestion() {
    let out = Project::new().dig("+a:\n  for_eahc>: {n: [1]}\n  _do: {echo>: x}").dibble(&["check"]);
    let shown = format!("{out}");
    assert!(
        shown.contains("for_eahc") && shown.contains("for_each>") && shown.contains("wf.dig:2"),
        "{shown}"
    );
}

#[test]
fn check_reports_it_beside_other_mistakes() {
    let out = Project::new().dig("+a: {nosuch>: x}\n+b:\n  foo: 1").dibble(&["check"]).fails(1);
    assert!(out.stderr.contains("nosuch") && out.stderr.contains("wf.dig:3"), "{out}");
}
