//! `_error`: what runs after a failure. It never rescues.

use crate::support::Project;

#[test]
fn it_sees_the_error_of_its_task() {
    let out = Project::new()
        .dig(
            "
            +a:
              sh>: exit 3
              _error: {echo>: 'caught ${error.message}'}
            ",
        )
        .run(&[])
        .fails(1);
    assert_eq!(out.lines(), ["caught Command failed with code 3 (runtime)"]);
    assert_eq!(
        out.operators().last().unwrap(),
        "+wf+a^error echo>: caught Command failed with code 3 (runtime)"
    );
    assert_eq!(out.failure().0, "+wf+a");
}

#[test]
fn inner_handlers_run_before_outer_ones() {
    let out = Project::new()
        .dig(
            "
            +g:
              +a: {fail>: boom}
              _error:
                +e1: {echo>: 'inner ${error.message}'}
                +e2: {echo>: '${task_name}'}
            +h: {echo>: never}
            _error: {echo>: 'outer ${error.message}'}
            ",
        )
        .run(&[])
        .fails(1);
    assert_eq!(out.lines(), ["inner boom", "+wf+g^error+e2", "outer boom"]);
}

#[test]
fn a_failing_handler_is_a_failure_too() {
    let out = Project::new().dig("+a:\n  fail>: first\n  _error: {fail>: second}").run(&[]).fails(1);
    let tasks: Vec<String> = out.failures().into_iter().map(|failure| failure.task).collect();
    assert_eq!(tasks, ["+wf+a", "+wf+a^error"]);
}

#[test]
fn it_is_not_run_without_a_failure() {
    let out = Project::new().dig("+a:\n  echo>: fine\n  _error: {echo>: never}").run(&[]).success();
    assert_eq!(out.lines(), ["fine"]);
}

#[test]
fn it_must_be_a_task() {
    let _ = Project::new()
        .dig("+a: {echo>: x, _error: text}")
        .run(&[])
        .fails(1)
        .says(&["_error", "must be an object"]);
    let two = "+a:\n  echo>: x\n  _error: {echo>: 1, sh>: 2}";
    let _ = Project::new().dig(two).run(&[]).fails(1).says(&["more than one operator"]);
}

#[test]
fn what_follows_a_failure_stays_blocked() {
    let project = Project::new().dig("+a: {fail>: x}\n+b: {echo>: never}");
    let _ = project.run(&[]).fails(1);
    let states = crate::support::tasks(&project.path(".dibble.db"));
    let expected = ["+wf group_error", "+wf+a error", "+wf+b blocked", "+wf^failure-alert success"];
    assert_eq!(states, expected);
}
