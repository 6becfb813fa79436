//! `dibble run` again: what is skipped, and `--rerun`, `--start`, `--goal`, `--end` and a task's name.

use crate::support::{Output, Project};

const DIG: &str = "
    +a: {echo>: A}
    +b:
      +b1: {echo>: B1}
      +b2: {echo>: B2}
    +c: {echo>: C}
";

/// A project whose four tasks have succeeded.
fn done() -> Project {
    let project = Project::new().dig(DIG);
    assert_eq!(project.run(&[]).success().lines(), ["A", "B1", "B2", "C"]);
    project
}

#[track_caller]
fn check(out: &Output, ran: &[&str], skipped: &[&str]) {
    let names = |names: &[&str]| names.iter().map(|name| format!("+wf{name}")).collect::<Vec<_>>();
    assert_eq!(out.ran(), names(ran), "ran\n{out}");
    assert_eq!(out.skipped(), names(skipped), "skipped\n{out}");
}

#[test]
fn what_succeeded_is_skipped() {
    check(&done().run(&[]).success(), &[], &["+a", "+b+b1", "+b+b2", "+c"]);
}

#[test]
fn rerun_runs_everything() {
    check(&done().run(&["--rerun"]).success(), &["+a", "+b+b1", "+b+b2", "+c"], &[]);
    check(&done().run(&["-a"]).success(), &["+a", "+b+b1", "+b+b2", "+c"], &[]);
}

#[test]
fn another_session_starts_from_nothing() {
    let out = done().dibble(&["run", "wf.dig", "--session", "2026-01-03"]).success();
    check(&out, &["+a", "+b+b1", "+b+b2", "+c"], &[]);
}

#[test]
fn start_goal_and_end_choose() {
    for (args, ran, skipped) in [
        (&["--start", "+b"][..], &["+b+b1", "+b+b2", "+c"][..], &["+a"][..]),
        (&["--start", "+b+b2"], &["+b+b2", "+c"], &["+a", "+b+b1"]),
        (&["--goal", "+b"], &["+b+b1", "+b+b2"], &["+a", "+c"]),
        (&["--goal", "+b+b1"], &["+b+b1"], &["+a", "+b+b2", "+c"]),
        (&["--rerun", "--end", "+c"], &["+a", "+b+b1", "+b+b2"], &["+c"]),
        (&["--start", "+b", "--end", "+c"], &["+b+b1", "+b+b2"], &["+a", "+c"]),
    ] {
        check(&done().run(args).success(), ran, skipped);
    }
}

/// Digdag takes them for done from then on.
#[test]
fn tasks_that_were_left_out_are_not_done() {
    let project = Project::new().dig(DIG);
    check(&project.run(&["--goal", "+b"]).success(), &["+a", "+b+b1", "+b+b2"], &["+c"]);
    check(&project.run(&["--end", "+b"]).success(), &[], &["+a", "+b+b1", "+b+b2", "+c"]);
    check(&project.run(&[]).success(), &["+c"], &["+a", "+b+b1", "+b+b2"]);
}

/// Digdag ignores them then.
#[test]
fn goal_and_end_choose_without_a_history_too() {
    let project = Project::new().dig(DIG);
    check(&project.run(&["--no-save", "--goal", "+b"]).success(), &["+a", "+b+b1", "+b+b2"], &["+c"]);
    check(&project.run(&["--no-save", "--end", "+b"]).success(), &["+a"], &["+b+b1", "+b+b2", "+c"]);
}

#[test]
fn the_end_of_a_name_is_enough() {
    check(&done().run(&["--start", "b2"]).success(), &["+b+b2", "+c"], &["+a", "+b+b1"]);
}

#[test]
fn a_name_runs_only_that_part() {
    let project = Project::new().dig(DIG);
    check(&project.run(&["+b"]).success(), &["+b+b1", "+b+b2"], &[]);
    check(&project.run(&["+b+b2"]).success(), &[], &["+b+b2"]);
    check(&project.run(&["+b+b2", "--rerun"]).success(), &["+b+b2"], &[]);
}

#[test]
fn a_name_that_fits_nothing_is_refused() {
    for args in [&["--start", "+x"][..], &["--goal", "+x"], &["--end", "+x"], &["+x"]] {
        let message = "Task pattern '+x' doesn't match with any tasks";
        let out = done().run(args).fails(1).says(&[message]);
        assert_eq!(out.operators(), [""; 0]);
    }
}

#[test]
fn options_that_exclude_each_other_are_a_usage_error() {
    for args in [
        &["--start", "+a", "--goal", "+b"][..],
        &["--goal", "+a", "--end", "+b"],
        &["--rerun", "--start", "+a"],
        &["--rerun", "--goal", "+a"],
    ] {
        let _ = done().run(args).fails(2).says(&["don't work together", "Usage"]);
    }
}

/// Digdag leaves generated tasks alone: `--goal` on a task that generates others runs none of them again.
#[test]
fn generated_tasks_go_with_their_task() {
    let project = Project::new().dig("+l:\n  loop>: 2\n  _do: {echo>: '${i}'}\n+c: {echo>: C}");
    assert_eq!(project.run(&[]).success().lines(), ["0", "1", "C"]);
    let out = project.run(&["--goal", "+l"]).success();
    assert_eq!(out.lines(), ["0", "1"]);
    let out = project.run(&["--start", "+c"]).success();
    assert_eq!(out.lines(), ["C"]);
}

/// What a skipped task stored or exported is there all the same.
#[test]
fn skipped_tasks_give_their_results_again() {
    let project = Project::new()
        .file("t.py", "import digdag\ndef put():\n    digdag.env.store({'v': 'stored'})\n")
        .dig("+put: {py>: t.put, python: python3}\n+show: {sh>: 'echo $v; test -e ok'}");
    let _ = project.run(&[]).fails(1);
    let out = project.file("ok", "").run(&[]).success();
    assert_eq!(out.skipped(), ["+wf+put"]);
    assert_eq!(out.lines(), ["stored"]);
}

/// A task that was changed after its success is still skipped, as in Digdag.
#[test]
fn a_new_task_runs_and_a_changed_one_is_skipped() {
    let project = done().dig("+a: {echo>: CHANGED}\n+new: {echo>: NEW}");
    assert_eq!(project.run(&[]).success().lines(), ["NEW"]);
}
