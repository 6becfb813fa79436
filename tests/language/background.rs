//! `_background`: a task that starts with the group and that the next one waits for.

use crate::support::Project;

#[test]
fn it_runs_beside_the_tasks_before_it_and_the_next_one_waits() {
    let out = Project::new()
        .dig(
            "
            +a: {sh>: 'while [ ! -e there ]; do sleep 0.01; done; echo a'}
            +b:
              _background: true
              sh>: touch there; echo b
            +c: {echo>: c}
            ",
        )
        .run(&[])
        .success();
    assert_eq!(out.sorted_lines(), ["a", "b", "c"]);
    assert_eq!(out.lines().last().unwrap(), "c");
}

#[test]
fn it_starts_at_once_however_late_it_stands() {
    let out = Project::new()
        .dig(
            "
            +a: {sh>: 'while [ ! -e there ]; do sleep 0.01; done'}
            +b: {echo>: b}
            +late:
              _background: true
              sh>: touch there
            ",
        )
        .run(&[])
        .success();
    assert_eq!(out.lines(), ["b"]);
}

#[test]
fn its_failure_fails_the_workflow() {
    let out = Project::new().dig("+a: {_background: true, fail>: no}\n+b: {echo>: never}").run(&[]).fails(1);
    assert_eq!(out.failure().0, "+wf+a");
}
