//! `dibble init`

use crate::support::Project;

#[test]
fn every_type_makes_a_project_that_passes_check() {
    for kind in ["echo", "sh", "ruby", "python", "td", "postgresql"] {
        let project = Project::new();
        let out = project.dibble(&["init", "-t", kind, "mydag"]).success();
        assert!(out.stdout.contains("  Creating mydag/mydag.dig\n"), "{out}");
        assert!(out.stdout.contains("Done. "), "{out}");
        assert!(project.has("mydag/.gitignore"));
        let _ = project.dibble(&["check", "--project", "mydag"]).success();
    }
}

#[test]
fn the_local_ones_run() {
    for kind in ["echo", "sh", "ruby", "python"] {
        let project = Project::new();
        let _ = project.dibble(&["init", "-t", kind, "mydag"]).success();
        let out = project.dibble(&["run", "--project", "mydag", "mydag.dig"]).success();
        assert!(!out.lines().is_empty(), "{out}");
    }
}

#[test]
fn echo_is_the_default_and_the_current_directory_will_do() {
    let project = Project::new();
    let out = project.dibble(&["init", "."]).success();
    assert!(out.stdout.contains("dibble run proj.dig"), "{out}");
    assert_eq!(project.files(), [".gitignore", "proj.dig"]);
}

#[test]
fn what_is_there_stays() {
    let project = Project::new().file("mydag/mydag.dig", "mine").file("mydag/.gitignore", "mine");
    let out = project.dibble(&["init", "mydag"]).success();
    assert!(out.stdout.contains("File mydag/mydag.dig already exists."), "{out}");
    assert_eq!(project.read("mydag/mydag.dig"), "mine");
    let project = Project::new().file("mydag/.gitignore", "mine");
    let _ = project.dibble(&["init", "mydag"]).success();
    assert_eq!(project.read("mydag/.gitignore"), "mine");
}

#[test]
fn mistakes() {
    let _ = Project::new().dibble(&["init", "-t", "nosuch", "x"]).says(&["--type has an invalid value"]);
    let project = Project::new();
    let _ = project.dibble(&["init", "1dag"]).fails(1).says(&["1dag"]);
    assert_eq!(project.files(), [""; 0]);
    let _ = Project::new().dibble(&["init"]).fails(2).says(&["Usage"]);
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let project = Project::new().file("file", "");
    let _ = project.dibble(&["init", "file/mydag"]).fails(1).says(&["file/mydag"]);
}
