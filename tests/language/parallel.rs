//! `_parallel` and `_after`.

use crate::support::Project;

/// Both tasks wait for the other's file: they end only when they run at the same time.
#[test]
fn parallel_tasks_run_at_the_same_time() {
    let meet = |own: &str, other: &str| format!("touch {own}; while [ ! -e {other} ]; do sleep 0.01; done");
    let project = Project::new().file(
        "wf.dig",
        format!("_parallel: true\n+a: {{sh>: '{}'}}\n+b: {{sh>: '{}'}}\n", meet("x", "y"), meet("y", "x")),
    );
    let out = project.run(&[]).success();
    assert_eq!(out.ran().len(), 2);
}

#[test]
fn one_failure_lets_the_siblings_end() {
    let out = Project::new()
        .dig(
            "
            +g:
              _parallel: true
              +bad: {fail>: no}
              +good: {sh>: 'sleep 0.2; echo done'}
            +next: {echo>: never}
            ",
        )
        .run(&[])
        .fails(1);
    assert_eq!(out.lines(), ["done"]);
    assert_eq!(out.failure(), ("+wf+g+bad".to_owned(), "no".to_owned()));
}

#[test]
fn after_orders_parallel_tasks() {
    let out = Project::new()
        .dig(
            "
            _parallel: true
            +a: {sh>: 'sleep 0.2; echo a'}
            +b:
              _after: [+a]
              echo>: b
            ",
        )
        .run(&[])
        .success();
    assert_eq!(out.lines(), ["a", "b"]);
}

/// Chunks of N with a barrier between them, not a sliding window.
#[test]
fn a_limit_makes_chunks() {
    let out = Project::new()
        .dig(
            "
            _parallel: {limit: 2}
            +a: {sh>: 'sleep 0.3; echo first'}
            +b: {echo>: first}
            +c: {echo>: second}
            +d: {echo>: second}
            ",
        )
        .run(&[])
        .success();
    assert_eq!(out.lines(), ["first", "first", "second", "second"]);
}

#[test]
fn what_is_wrong_is_said_before_anything_runs() {
    let cases = [
        ("+a: {echo>: x}\n+b: {_after: [+a], echo>: y}", "invalid if its parent task doesn't have"),
        ("_parallel: true\n+a: {_after: [+x], echo>: y}", "+x"),
        ("_parallel: true\n+a: {_background: true, echo>: y}", "_background"),
        ("+g:\n  _parallel: {}\n  +a: {echo>: x}", "limit"),
        ("+g:\n  _parallel: 5\n  +a: {echo>: x}", "Invalid _parallel format: 5"),
        ("+g:\n  _parallel: ${x}\n  +a: {echo>: x}", "Expected 'true' or 'false' for key '_parallel'"),
        (
            "_parallel: true\n+a: {echo>: x}\n+b: {_after: +a, echo>: y}",
            "Expected array type for key '_after'",
        ),
    ];
    for (dig, message) in cases {
        let out = Project::new().dig(dig).run(&[]).fails(1).says(&[message]);
        assert_eq!(out.operators(), [""; 0], "{dig}");
    }
}

#[test]
fn max_task_threads_limits_what_runs_at_once() {
    let dig = "_parallel: true\n".to_owned()
        + &(0..4)
            .map(|n| format!("+t{n}: {{sh>: 'mkdir busy && sleep 0.05 && rmdir busy'}}\n"))
            .collect::<String>();
    let _ = Project::new().file("wf.dig", dig).run(&["--max-task-threads", "1"]).success();
}
