//! `if>`

use crate::support::Project;

#[test]
fn a_condition_chooses_the_branch() {
    let cases = [
        ("true", "yes"),
        ("'true'", "yes"),
        ("1", "yes"),
        ("${1 < 2}", "yes"),
        ("false", "no"),
        ("0", "no"),
        ("''", "no"),
        ("${1 > 2}", "no"),
    ];
    for (condition, expected) in cases {
        let dig = format!("+a:\n  if>: {condition}\n  _do: {{echo>: yes}}\n  _else_do: {{echo>: no}}");
        assert_eq!(Project::new().dig(&dig).run(&[]).success().lines(), [expected], "{condition}");
    }
}

#[test]
fn an_absent_branch_does_nothing() {
    let out = Project::new().dig("+a:\n  if>: false\n  _do: {echo>: x}").run(&[]).success();
    assert_eq!(out.ran(), ["+wf+a"]);
}

#[test]
fn mistakes_are_explained() {
    let cases = [
        (
            "if>: yes\n  _do: {echo>: x}",
            "Expected 'true' or 'false' for key '_command' but got \"yes\" (string)",
        ),
        ("if>: 1.5\n  _do: {echo>: x}", "Expected 'true' or 'false'"),
        ("if>: true", "Both _do and _else_do are not specified."),
        ("if>:\n  _do: {echo>: x}", "Parameter '_command' is required but not set"),
    ];
    for (task, message) in cases {
        let out = Project::new().dig(&format!("+a:\n  {task}")).run(&[]).fails(1);
        assert!(out.failure().1.starts_with(message), "{out}");
    }
}

#[test]
fn a_branch_may_be_a_group() {
    let out = Project::new()
        .dig("+a:\n  if>: true\n  _do:\n    +x: {echo>: x}\n    +y: {echo>: '${task_name}'}")
        .run(&[])
        .success();
    assert_eq!(out.lines(), ["x", "+wf+a^sub+y"]);
}
