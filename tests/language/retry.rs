//! `_retry` on tasks and on groups.

use crate::support::Project;

/// Fails until it was called three times.
const THIRD_TIME: &str = "echo x >> tries; test $(wc -l < tries) -ge 3";

#[test]
fn a_task_is_run_again_n_times() {
    let project = Project::new().moving_clock().dig(&format!("+a: {{sh>: '{THIRD_TIME}', _retry: 2}}"));
    let _ = project.run(&[]).success();
    assert_eq!(project.read("tries"), "x\nx\nx\n");
}

#[test]
fn n_retries_are_n_plus_one_runs() {
    let project = Project::new().moving_clock().dig("+a: {sh>: 'echo x >> tries; exit 7', _retry: 2}");
    let out = project.run(&[]).fails(1);
    assert_eq!(project.read("tries"), "x\nx\nx\n");
    assert_eq!(out.failure(), ("+wf+a".to_owned(), "Command failed with code 7 (runtime)".to_owned()));
}

#[test]
fn a_group_runs_all_its_tasks_again() {
    let project = Project::new().moving_clock().dig(&format!(
        "+g:\n  _retry: 2\n  +a: {{sh>: 'echo x >> before'}}\n  +b: {{sh>: '{THIRD_TIME}'}}\n+end: {{echo>: done}}"
    ));
    let out = project.run(&[]).success();
    assert_eq!(project.read("before"), "x\nx\nx\n");
    assert_eq!(out.lines(), ["done"]);
}

/// Digdag exits 1 as soon as any run of any task failed.
#[test]
fn a_rescued_workflow_succeeds() {
    let project =
        Project::new().moving_clock().dig(&format!("+g:\n  _retry: 2\n  +b: {{sh>: '{THIRD_TIME}'}}"));
    let out = project.run(&[]).success();
    assert_eq!(out.failures(), []);
}

#[test]
fn the_interval_is_waited_for() {
    let project = Project::new().moving_clock().dig(
        "
        +a:
          sh>: date +%s%N >> times; test $(wc -l < times) -ge 2
          _retry: {limit: 1, interval: 1}
        ",
    );
    let _ = project.run(&[]).success();
    let times: Vec<u128> = project.read("times").lines().map(|line| line.parse().unwrap()).collect();
    assert!(times[1] - times[0] >= 900_000_000, "{times:?}");
}

#[test]
fn a_task_that_generates_tasks_makes_new_ones() {
    let project = Project::new().moving_clock().dig(&format!(
        "
        +l:
          loop>: 2
          _retry: 2
          _do: {{sh>: '{THIRD_TIME}'}}
        "
    ));
    let _ = project.run(&[]).success();
}

#[test]
fn exported_it_holds_for_operators_and_not_for_groups() {
    let project = Project::new().moving_clock().dig(&format!(
        "
        _export: {{_retry: 2}}
        +g:
          +a: {{sh>: 'echo x >> before'}}
          +b: {{sh>: '{THIRD_TIME}'}}
        "
    ));
    let _ = project.run(&[]).success();
    assert_eq!(project.read("before"), "x\n");
}

#[test]
fn echo_and_fail_are_not_retried() {
    let out = Project::new().moving_clock().dig("+a: {fail>: no, _retry: 3}").run(&[]).fails(1);
    assert_eq!(out.ran(), ["+wf+a"]);
}

#[test]
fn a_malformed_retry_fails_the_task() {
    let out =
        Project::new().dig("+a: {sh>: 'true', _retry: {limit: 1, interval_type: odd}}").run(&[]).fails(1);
    assert!(out.failure().1.contains("odd"), "{out}");
}
