//! `dibble run`: which workflow, in which project.

use crate::support::Project;

fn project() -> Project {
    Project::new().dig("+a: {sh>: 'basename $PWD'}")
}

#[test]
fn a_workflow_is_named_by_path_or_by_name() {
    let absolute = project();
    let path = absolute.path("wf.dig");
    for name in ["wf.dig", "wf", "./wf.dig", path.to_str().unwrap()] {
        let out = absolute.dibble(&["run", name, "--rerun"]).success();
        assert_eq!(out.lines(), ["proj"], "{name}");
    }
}

#[test]
fn r_is_run() {
    assert_eq!(project().dibble(&["r", "wf"]).success().lines(), ["proj"]);
}

#[test]
fn project_names_another_directory() {
    let project = Project::new().file("sub/wf.dig", "+a: {sh>: 'basename $PWD'}");
    let out = project.dibble(&["run", "--project", "sub", "wf.dig"]).success();
    assert_eq!(out.lines(), ["sub"]);
    assert!(project.has("sub/.dibble.db") && !project.has(".dibble.db"));
}

/// The first command of the README. Digdag refuses it and asks for `cd sub`.
#[test]
fn a_file_in_another_directory_runs_there_when_no_project_is_named() {
    let project = Project::new().file("sub/dir/wf.dig", "+a: {sh>: 'basename $PWD'}");
    let out = project.dibble(&["run", "sub/dir/wf.dig"]).success();
    assert_eq!(out.lines(), ["dir"]);
    assert!(project.has("sub/dir/.dibble.db") && !project.has(".dibble.db"));
}

#[test]
fn what_is_not_there_is_named() {
    let message = "Workflow 'nosuch' does not exist in current directory";
    for name in ["nosuch", "nosuch.dig"] {
        let _ = project().dibble(&["run", name]).fails(1).says(&[message]);
    }
    let _ = project().dibble(&["run", "wf", "--project", "nodir"]).fails(1).says(&["nodir"]);
    let _ = project()
        .dibble(&["run", "/elsewhere/wf.dig", "--project", "."])
        .fails(1)
        .says(&["/elsewhere/wf.dig"]);
}

#[test]
fn task_logs_can_also_be_written_as_files() {
    let project = Project::new().dig("+a: {echo>: kept}");
    let _ = project.run(&["-O", "logs"]).success();
    let logs: Vec<String> = project.files().into_iter().filter(|file| file.ends_with(".log.gz")).collect();
    assert_eq!(logs.len(), 1, "{:?}", project.files());
    assert!(logs[0].starts_with("logs/") && logs[0].contains("+wf+a@"), "{logs:?}");
    let text = project.shell(&format!("zcat '{}'", logs[0])).success();
    assert!(text.stdout.contains("kept"), "{text}");
}
