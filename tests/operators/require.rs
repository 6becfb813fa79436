//! `require>`

use crate::support::Project;

#[test]
fn another_workflow_runs_for_the_same_session_and_is_waited_for() {
    let project = Project::new()
        .moving_clock()
        .dig("+a: {require>: other}\n+b: {sh>: 'cat made'}")
        .file("other.dig", "+t: {sh>: 'echo ${session_time} > made'}");
    let out = project.run(&[]).success();
    assert_eq!(out.lines(), ["2026-01-02T00:00:00+00:00"]);
}

#[test]
fn its_failure_is_ones_own_unless_it_is_ignored() {
    let project = Project::new()
        .moving_clock()
        .dig("+a: {require>: other}")
        .file("ignore.dig", "+a: {require>: other, ignore_failure: true}")
        .file("other.dig", "+t: {fail>: no}");
    let out = project.run(&[]).fails(1);
    assert!(
        out.failures().iter().any(|failure| failure.message.contains("Dependent workflow failed")),
        "{out}"
    );
    let project = Project::new()
        .moving_clock()
        .file("wf.dig", "+a: {require>: other, ignore_failure: true}\n+b: {echo>: on}")
        .file("other.dig", "+t: {sh>: exit 1}");
    assert_eq!(project.run(&[]).lines(), ["on"]);
}

#[test]
fn parameters_are_handed_over() {
    let project = Project::new()
        .moving_clock()
        .dig("_export: {hidden: 1}\n+a:\n  require>: other\n  params: {given: 5}")
        .file("other.dig", "+t: {echo>: '${given} ${typeof hidden}'}");
    assert_eq!(project.run(&[]).success().lines(), ["5 undefined"]);
}

#[test]
fn an_unknown_workflow_is_named() {
    let out = Project::new().moving_clock().dig("+a: {require>: nope}").run(&[]).fails(1);
    assert!(out.failure().1.contains("Dependent workflow does not exist"), "{out}");
    assert!(out.failure().1.contains("nope"), "{out}");
}

/// Digdag waits for ever.
#[test]
fn workflows_that_require_each_other_are_an_error() {
    for other in ["wf", "other"] {
        let project = Project::new()
            .dig(&format!("+a: {{require>: {other}}}"))
            .file("other.dig", "+b: {require>: wf}\n");
        let out = project.run(&[]).fails(1);
        assert!(out.to_string().contains("Workflow 'wf' waits for this one"), "{out}");
    }
}
