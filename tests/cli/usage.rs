//! Help, usage errors and their exit code.

use crate::support::Project;

/// Digdag exits 0.
#[test]
fn usage_errors_exit_2_and_show_the_usage() {
    for args in [
        &[][..],
        &["run"],
        &["nosuchcommand"],
        &["run", "wf.dig", "--bogus"],
        &["run", "wf.dig", "--session"],
        &["run", "wf.dig", "--max-task-threads", "many"],
        &["tasks"],
        &["tasks", "x", "--local"],
    ] {
        let out = Project::new().dig("+a: {echo>: x}").dibble(args).fails(2);
        assert!(out.stderr.contains("Usage: dibble") && out.stdout.is_empty(), "{args:?}\n{out}");
    }
}

#[test]
fn a_mistyped_command_gets_a_suggestion() {
    let _ = Project::new().dibble(&["chekc"]).fails(2).says(&["check"]);
}

#[test]
fn help_is_no_error() {
    for command in
        "run check init secrets version completions sessions session attempts attempt tasks task log projects workflows \
         schedules start retry kill backfill reschedule enable disable"
            .split(' ')
    {
        for help in ["--help", "-help"] {
            let out = Project::new().dibble(&[command, help]).success();
            let all = format!("{}{}", out.stdout, out.stderr);
            assert!(all.contains(&format!("Usage: dibble {command}")), "{out}");
        }
    }
    let out = Project::new().dibble(&["--help"]).success();
    assert!(format!("{out}").contains("Usage: dibble"), "{out}");
}

/// Digdag takes the value only from the next word.
#[test]
fn an_equals_sign_is_accepted() {
    let out = Project::new().dig("+a: {echo>: '${session_date}'}").dibble(&[
        "run",
        "wf.dig",
        "--session=2024-05-06",
    ]);
    assert_eq!(out.success().lines(), ["2024-05-06"]);
}

#[test]
fn every_call_names_the_version_on_stderr_first() {
    let out = Project::new().dig("+a: {echo>: x}").run(&[]).success();
    let first = out.stderr.lines().next().unwrap().to_owned();
    assert_eq!(first, format!("2026-01-02 03:04:05 +0000: Dibble v{}", env!("CARGO_PKG_VERSION")));
}
