//! `loop>`

use crate::support::Project;

#[test]
fn it_counts_from_zero() {
    let out = Project::new().dig("+a:\n  loop>: 3\n  _do: {echo>: '${i} ${task_name}'}").run(&[]).success();
    assert_eq!(out.lines(), ["0 +wf+a^sub+loop-0", "1 +wf+a^sub+loop-1", "2 +wf+a^sub+loop-2"]);
}

#[test]
fn the_number_may_be_computed_or_zero() {
    let out =
        Project::new().dig("_export: {n: 2}\n+a:\n  loop>: ${n * 1}\n  _do: {echo>: x}").run(&[]).success();
    assert_eq!(out.lines(), ["x", "x"]);
    let out = Project::new().dig("+a:\n  loop>: 0\n  _do: {echo>: x}").run(&[]).success();
    assert_eq!(out.lines(), [""; 0]);
}

#[test]
fn it_can_be_parallel() {
    let meet = "touch f${i}; while [ $(ls f* | wc -l) -lt 2 ]; do sleep 0.01; done";
    let dig = format!("+a:\n  loop>: 2\n  _parallel: true\n  _do: {{sh>: '{meet}'}}");
    let _ = Project::new().dig(&dig).run(&[]).success();
}

#[test]
fn mistakes_are_explained() {
    for (task, message) in [
        ("loop>: many\n  _do: {echo>: x}", "Expected integer (int) type for key '_command'"),
        ("loop>: 1", "Parameter '_do' is required but not set"),
    ] {
        let out = Project::new().dig(&format!("+a:\n  {task}")).run(&[]).fails(1);
        assert!(out.failure().1.contains(message), "{out}");
    }
}
