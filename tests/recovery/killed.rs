//! `kill -9` in the middle of a run, and the run after it.

use crate::support::{Project, dump, tasks, wait_until};
use std::fs;

const DIG: &str = "
    +a: {sh>: 'echo a >> ran'}
    +b: {sh>: 'echo b >> ran; while [ ! -e go ]; do sleep 0.01; done'}
    +c: {sh>: 'echo c >> ran'}
";

/// Waits until the tasks have left this in the file `ran`.
#[track_caller]
fn wait_for(project: &Project, ran: &str) {
    wait_until(&format!("{ran:?} has run"), || {
        fs::read_to_string(project.path("ran")).is_ok_and(|text| text == ran)
    });
}

#[test]
fn the_next_run_skips_what_had_succeeded_and_runs_the_rest_again() {
    let project = Project::new().dig(DIG);
    let program = project.start(&["run", "wf.dig", "--session", "2026-01-02"]);
    wait_for(&project, "a\nb\n");
    program.kill();
    let project = project.file("go", "");
    let out = project.run(&[]).success();
    assert_eq!(out.skipped(), ["+wf+a"]);
    assert_eq!(project.read("ran"), "a\nb\nb\nc\n");
    let states = ["+wf success", "+wf+a success", "+wf+b success", "+wf+c success"];
    assert_eq!(tasks(&project.path(".dibble.db")), states);
}

#[test]
fn the_same_without_naming_the_session() {
    let project = Project::new().dig(DIG);
    let program = project.start(&["run", "wf.dig"]);
    wait_for(&project, "a\nb\n");
    program.kill();
    let project = project.file("go", "");
    let out = project.dibble(&["run", "wf.dig"]).success();
    assert_eq!((out.skipped(), project.read("ran")), (vec!["+wf+a".to_owned()], "a\nb\nb\nc\n".to_owned()));
}

#[test]
fn generated_tasks_that_had_succeeded_are_not_run_again() {
    let project = Project::new().dig(
        "
        +l:
          loop>: 3
          _do: {sh>: 'echo ${i} >> ran; [ ${i} != 1 ] || while [ ! -e go ]; do sleep 0.01; done'}
        ",
    );
    let program = project.start(&["run", "wf.dig", "--session", "2026-01-02"]);
    wait_for(&project, "0\n1\n");
    program.kill();
    let project = project.file("go", "");
    let _ = project.run(&[]).success();
    let ran = project.read("ran");
    assert!(ran.starts_with("0\n1\n") && ran.ends_with("1\n2\n"), "{ran}");
}

#[test]
fn the_killed_attempt_is_closed_in_the_history() {
    let project = Project::new().dig(DIG);
    let program = project.start(&["run", "wf.dig", "--session", "2026-01-02"]);
    wait_for(&project, "a\nb\n");
    program.kill();
    let project = project.file("go", "");
    let _ = project.run(&[]).success();
    let out = project.dibble(&["attempts", "--local"]).success();
    assert!(!out.stdout.contains("running"), "{out}");
}

/// Whatever the moment, the file is sound and what was done stays done.
#[test]
fn a_kill_at_any_moment_corrupts_nothing() {
    for moment in 0..12 {
        let tasks: String = (0..8).map(|n| format!("+t{n}: {{sh>: 'echo {n} >> ran'}}\n")).collect();
        let project = Project::new().file("wf.dig", tasks);
        let program = project.start(&["run", "wf.dig", "--session", "2026-01-02"]);
        let lines = || fs::read_to_string(project.path("ran")).unwrap_or_default().lines().count();
        wait_until("enough has run", || lines() >= moment.min(8));
        program.kill();
        let before = lines();
        let out = project.run(&[]).success();
        assert_eq!(out.skipped().len() + out.ran().len(), 8, "{out}");
        // At least once, and again only what was running or had just ended.
        assert!(out.skipped().len() + 1 >= before, "{before} had run\n{out}");
        assert!(dump(&project.path(".dibble.db")).contains("+wf+t7"));
    }
}
