//! The limit of 1,000 tasks in an attempt.

use crate::support::Project;

/// Digdag counts the root twice.
#[test]
fn nine_hundred_and_ninety_eight_tasks_fit() {
    let dig: String = (0..998).map(|n| format!("+t{n}: {{echo>: {n}}}\n")).collect();
    let out = Project::new().file("wf.dig", dig).run(&[]).success();
    assert_eq!(out.lines().len(), 998);
}

#[test]
fn one_more_is_refused_before_anything_runs() {
    let dig: String = (0..999).map(|n| format!("+t{n}: {{echo>: {n}}}\n")).collect();
    let out = Project::new()
        .file("wf.dig", dig)
        .run(&[])
        .fails(1)
        .says(&["Too many tasks. Limit: 1000, Current: 1, Adding: 1000"]);
    assert_eq!(out.operators(), [""; 0]);
}

#[test]
fn generated_tasks_count() {
    let out = Project::new().dig("+l:\n  loop>: 999\n  _do: {echo>: x}").run(&[]).fails(1);
    assert_eq!(out.failure().0, "+wf+l");
    assert!(out.failure().1.contains("Too many tasks. Limit: 1000, Current: 2"), "{out}");
}

#[test]
fn a_loop_has_a_limit_of_its_own() {
    let out = Project::new().dig("+l:\n  loop>: 1001\n  _do: {echo>: x}").run(&[]).fails(1);
    assert!(out.failure().1.contains("Too many loop subtasks. Limit: 1000"), "{out}");
}
