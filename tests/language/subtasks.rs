//! Tasks that operators generate: names, parameters, order.

use crate::support::Project;

#[test]
fn generated_tasks_hang_below_their_operator() {
    let out = Project::new()
        .file("gen.py", "import digdag\ndef go():\n    digdag.env.add_subtask({'echo>': 'one'})\n    digdag.env.add_subtask(other, n=2)\ndef other(n):\n    print('other', n)\n")
        .dig("_export: {py: {python: python3}}\n+a: {py>: gen.go}\n+b: {echo>: after}")
        .run(&[])
        .success();
    assert_eq!(out.ran(), ["+wf+a", "+wf+a^sub+subtask0", "+wf+a^sub+subtask1", "+wf+b"]);
    assert_eq!(out.lines(), ["one", "other 2", "after"]);
}

#[test]
fn a_failing_generated_task_fails_its_operator() {
    let project = Project::new().dig("+l:\n  loop>: 2\n  _do: {sh>: 'exit ${i}'}\n+n: {echo>: never}");
    let out = project.run(&[]).fails(1);
    assert_eq!(out.failure().0, "+wf+l^sub+loop-1");
    let states = crate::support::tasks(&project.path(".dibble.db"));
    assert!(states.contains(&"+wf+l group_error".to_owned()), "{states:?}");
}

#[test]
fn they_are_not_generated_again_when_they_succeeded() {
    let project = Project::new().dig("+l:\n  loop>: 2\n  _do: {echo>: '${i}'}\n+n: {sh>: 'test -e ok'}");
    let _ = project.run(&[]).fails(1);
    let out = project.file("ok", "").run(&[]).success();
    assert_eq!(out.lines(), [""; 0]);
    assert_eq!(out.ran(), ["+wf+n"]);
}
