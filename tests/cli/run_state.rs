//! `dibble run`: where state is kept, and what keeps none.

use crate::support::{Project, tasks};

#[test]
fn one_file_in_the_project_holds_everything() {
    let project = Project::new().dig("+a: {echo>: x}");
    let out = project.run(&[]).success();
    assert!(out.stderr.contains(".dibble.db"), "the end says where the state is:\n{out}");
    assert_eq!(project.files(), [".dibble.db", "wf.dig"]);
    assert_eq!(tasks(&project.path(".dibble.db")), ["+wf success", "+wf+a success"]);
}

#[test]
fn save_names_another_file_or_directory() {
    let project = Project::new().dig("+a: {echo>: x}").file("state/readme", "");
    let _ = project.run(&["-o", "other.db"]).success();
    let _ = project.run(&["--save", "state"]).success();
    assert!(project.has("other.db") && project.has("state/dibble.db") && !project.has(".dibble.db"));
    assert_eq!(project.run(&["-o", "other.db"]).success().skipped(), ["+wf+a"]);
}

#[test]
fn no_save_keeps_and_skips_nothing() {
    let project = Project::new().dig("+a: {echo>: x}");
    for _ in 0..2 {
        assert_eq!(project.run(&["--no-save"]).success().lines(), ["x"]);
    }
    assert_eq!(project.files(), ["wf.dig"]);
    let _ = project.run(&[]).success();
    assert_eq!(project.run(&["--no-save"]).success().lines(), ["x"]);
}

/// Digdag saves that the tasks succeeded, and skips them when they are to run.
#[test]
fn a_dry_run_does_nothing_and_saves_nothing() {
    let project = Project::new().dig("+a: {sh>: 'touch made'}\n+b: {echo>: b}");
    let out = project.run(&["--dry-run"]).success();
    assert_eq!(out.ran(), ["+wf+a", "+wf+b"]);
    assert!(!project.has("made") && out.lines().iter().all(String::is_empty), "{out}");
    let out = project.run(&[]).success();
    assert_eq!((out.skipped(), out.lines()), (vec![], vec!["b".to_owned()]));
    assert!(project.has("made"));
}

#[test]
fn show_params_shows_them_before_the_task() {
    let project = Project::new().dig("_export: {k: v}\n+a: {sh>: 'touch made', extra: 1}");
    let out = project.run(&["-E"]).success();
    for text in ["  k: \"v\"", "  session_date: \"2026-01-02\"", "  extra: 1", "  task_name: \"+wf+a\""] {
        assert!(out.stdout.contains(text), "{text}\n{out}");
    }
    assert!(project.has("made"));
    let project = Project::new().dig("+a: {sh>: 'touch made', extra: 1}");
    let out = project.run(&["-dE"]).success();
    assert!(out.stdout.contains("  extra: 1") && !project.has("made"), "{out}");
}

#[test]
fn a_history_that_was_removed_or_replaced_meanwhile_is_no_longer_said_to_be_saved() {
    for (script, end) in
        [("rm .dibble.db*", 0), ("mv .dibble.db x; cp x .dibble.db", 0), ("rm .dibble.db; exit 3", 1)]
    {
        let project = Project::new().dig(&format!("+a: {{sh>: '{script}'}}"));
        let out = project.run(&[]);
        assert_eq!(out.exit(), end.to_string(), "{script}: {out}");
        let lost = format!(
            "warning: {} was removed or replaced while it was in use: the history of this run is lost, and the next run \
             skips nothing of it",
            project.path(".dibble.db").display()
        );
        assert!(out.stderr.contains(&lost), "{script}: {out}");
        assert!(!out.stderr.contains("is saved at"), "{script}: {out}");
    }
}
