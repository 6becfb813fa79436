//! `dibble secrets --local`

use crate::support::Project;
use std::os::unix::fs::PermissionsExt;

#[track_caller]
fn list(project: &Project) -> Vec<String> {
    let out = project.dibble(&["secrets", "--local"]).success();
    out.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn they_are_set_listed_and_deleted() {
    let project = Project::new();
    assert_eq!(list(&project), [""; 0]);
    let _ = project
        .dibble(&["secrets", "--local", "--set", "b=2", "a.key=1"])
        .success()
        .says(&["Secret 'b' set", "Secret 'a.key' set"]);
    assert_eq!(list(&project), ["a.key", "b"]);
    let _ = project.dibble(&["secret", "--local", "--delete", "b"]).success().says(&["Secret 'b' deleted"]);
    assert_eq!(list(&project), ["a.key"]);
    let _ = project.dibble(&["secrets", "--local", "--delete", "b"]).success();
}

#[test]
fn values_come_from_files_and_standard_input() {
    let project = Project::new()
        .dig("+a:\n  sh>: printf '%s|' \"$F\" \"$I\" \"$M\" > got\n  _env: {F: '${secret:file}', I: '${secret:input}', M: '${secret:many}'}")
        .file("value", "from file")
        .file("many.yml", "many: from map\n")
        .stdin("from input");
    let _ = project.dibble(&["secrets", "--local", "--set", "file=@value"]).success();
    let _ = project.dibble(&["secrets", "--local", "--set", "input=-"]).success();
    let _ = project.dibble(&["secrets", "--local", "--set", "@many.yml"]).success();
    let _ = project.run(&[]).success();
    assert_eq!(project.read("got"), "from file|from input|from map|");
}

/// Digdag leaves them to the umask.
#[test]
fn nobody_else_can_read_them() {
    let project = Project::new();
    let _ = project.dibble(&["secrets", "--local", "--set", "k=v"]).success();
    let path = project.home().join(".config/digdag/secrets/k");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "v");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn mistakes_change_nothing() {
    let project = Project::new();
    for args in [
        &["secrets"][..],
        &["secrets", "--local", "--project", "p"],
        &["secrets", "--local", "--set", "a=1", "--delete", "b"],
        &["secrets", "--local", "--set", "bad key=x"],
        &["secrets", "--local", "--set", "../a=x"],
        &["secrets", "--local", "--set", "a=1", "a=2"],
        &["secrets", "--local", "--set", "a=@nowhere"],
    ] {
        let out = project.dibble(args);
        assert_ne!(out.exit(), "0", "{args:?}\n{out}");
        assert!(out.stderr.contains("error: "), "{args:?}\n{out}");
    }
    assert_eq!(list(&project), [""; 0]);
}

/// A configuration file may give secrets too; those that were set win or not, but both are there.
#[test]
fn the_configuration_gives_secrets() {
    let project = Project::new()
        .dig("+a:\n  sh>: echo $S > got\n  _env: {S: '${secret:k.l}'}")
        .file("c.properties", "secrets.k.l = configured\n");
    let _ = project.run(&["-c", "c.properties"]).success();
    assert_eq!(project.read("got"), "configured\n");
}
