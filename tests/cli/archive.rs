//! `dibble archive`

use crate::support::Project;
use std::os::unix::fs::symlink;
use std::process::Command;

const WORKFLOW: &str = "+a:\n  echo>: x\n";

#[test]
fn other_programs_can_read_it() {
    let long = format!("{}/{}.sql", "d".repeat(120), "n".repeat(150));
    let project = Project::new().file("wf.dig", WORKFLOW).file(&long, "x").file(".env", "").file("a.csv", "");
    let project = project.file(".digdagignore", "*.csv\n");
    symlink(&long, project.path("link")).unwrap();
    let _ = project.dibble(&["archive", "-o", "out.tar.gz"]).success();
    let listed = Command::new("tar").arg("tzf").arg(project.path("out.tar.gz")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&listed.stdout), format!("{long}\nlink\nwf.dig\n"));
}

#[test]
fn the_same_files_make_the_same_archive() {
    let project = Project::new().file("b.dig", WORKFLOW).file("a.dig", WORKFLOW).file("sub/x", "x");
    let _ = project.dibble(&["archive", "-o", "../one.tar.gz"]).success();
    let again = project.file("a.dig", WORKFLOW);
    let _ = again.dibble(&["archive", "-o", "../two.tar.gz"]).success();
    let read = |name: &str| std::fs::read(again.path("..").join(name)).unwrap();
    assert_eq!(read("one.tar.gz"), read("two.tar.gz"));
}

#[test]
fn a_wrong_workflow_is_shown_and_nothing_is_written() {
    let project = Project::new().file("bad.dig", "+a:\n  echo>: x\n bad");
    let _ = project.dibble(&["archive"]).fails(1).says(&["Validating project failed", "bad.dig:3:2"]);
    assert_eq!(project.files(), ["bad.dig"]);
}

#[test]
fn links_out_of_the_project_are_refused_unless_copied() {
    let project = Project::new().file("wf.dig", WORKFLOW);
    symlink("/etc/hostname", project.path("outlink")).unwrap();
    let hint = "Consider to add --copy-outgoing-symlinks option";
    let _ = project.dibble(&["archive"]).fails(1).says(&["Invalid symbolic link", "'/etc/hostname'", hint]);
    let out = project.dibble(&["archive", "--copy-outgoing-symlinks"]).success();
    assert!(out.stdout.contains("  Archiving outlink\n  Archiving wf.dig\n"), "{out}");
}
