//! Runs every project below `samples/` and compares what its tasks print with its expected output.

use crate::support::Project;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn mydag() {
    run("mydag");
}

#[test]
fn etl() {
    run("etl");
}

#[test]
fn retry() {
    run("retry");
}

#[test]
fn call() {
    run("call");
}

#[test]
fn schedule() {
    run("schedule");
}

#[test]
fn every_sample_is_run_and_in_the_table() {
    let table = fs::read_to_string(root().join("README.md")).unwrap();
    let source = include_str!("samples.rs");
    for name in entries(&root()).into_iter().filter(|name| root().join(name).is_dir()) {
        assert!(source.contains(&format!("run(\"{name}\")")), "no test runs samples/{name}");
        assert!(
            table.contains(&format!("[{name}]({name}/{name}.dig)")),
            "samples/README.md does not show {name}"
        );
    }
}

/// Copies the sample and runs the command of every text file in it.
fn run(name: &str) {
    let directory = root().join(name);
    let mut found = 0;
    for file in entries(&directory).iter().filter(|file| file.ends_with(".txt")) {
        let text = fs::read_to_string(directory.join(file)).unwrap();
        let mut lines = text.lines().peekable();
        let command =
            lines.next().and_then(|line| line.strip_prefix("# ")).expect("a command in the first line");
        let exit =
            lines.next_if(|line| line.starts_with("# exit ")).map_or("0", |line| &line["# exit ".len()..]);
        let mut expected: Vec<String> = lines.map(str::to_owned).collect();
        expected.sort();
        // Monday in New York. The clock moves, for some tasks wait: only the schedule looks at it.
        let project = copied(&directory);
        let project =
            if name == "schedule" { project.clock("2026-01-05T15:00:00Z") } else { project.moving_clock() };
        let out = project.dibble(&command.split(' ').collect::<Vec<_>>());
        assert_eq!(out.exit(), exit, "{name}/{file}\n{out}");
        assert_eq!(out.sorted_lines(), expected, "{name}/{file}\n{out}");
        let _ = project.dibble(&["check"]).success();
        found += 1;
    }
    assert!(found > 0, "samples/{name} has no expected output");
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

fn entries(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("a directory");
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn copied(directory: &Path) -> Project {
    let project = Project::new();
    let status =
        std::process::Command::new("cp").arg("-a").arg(directory.join(".")).arg(project.dir()).status();
    assert!(status.expect("cp").success());
    // The state of somebody who tried the sample out stays behind.
    let _ = fs::remove_file(project.path(".dibble.db"));
    project
}
