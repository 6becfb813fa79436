//! A database that cannot be used: newer, corrupt, another program's, read-only. It is never deleted or overwritten.

use crate::support::Project;
use rusqlite::Connection;
use std::fs;

fn project() -> Project {
    let project = Project::new().dig("+a: {echo>: x}");
    let _ = project.run(&[]).success();
    project
}

/// The run fails, names the file, runs nothing, and leaves the file as it is.
#[track_caller]
fn refused(project: &Project, says: &[&str]) {
    let before = fs::read(project.path(".dibble.db")).unwrap();
    let out = project.dibble(&["run", "wf.dig", "--rerun"]).fails(1).says(&[".dibble.db"]).says(says);
    assert_eq!(out.operators(), [""; 0]);
    assert_eq!(fs::read(project.path(".dibble.db")).unwrap(), before, "the file was changed");
}

#[test]
fn a_file_of_a_newer_version() {
    let project = project();
    Connection::open(project.path(".dibble.db")).unwrap().pragma_update(None, "user_version", 999).unwrap();
    refused(&project, &["newer", "999"]);
}

#[test]
fn a_corrupt_file() {
    let project = project();
    let path = project.path(".dibble.db");
    let mut bytes = fs::read(&path).unwrap();
    for byte in bytes.iter_mut().skip(100) {
        *byte = !*byte;
    }
    fs::write(&path, bytes).unwrap();
    refused(&project, &[]);
}

#[test]
fn a_cut_off_file() {
    let project = project();
    let path = project.path(".dibble.db");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2 + 100]).unwrap();
    refused(&project, &[]);
}

#[test]
fn something_that_is_no_database() {
    refused(
        &Project::new()
            .dig("+a: {echo>: x}")
            .file(".dibble.db", "these are my notes, not a database\n".repeat(50)),
        &[],
    );
}

#[test]
fn a_database_of_another_program() {
    let project = Project::new().dig("+a: {echo>: x}");
    let other = Connection::open(project.path(".dibble.db")).unwrap();
    other.execute_batch("CREATE TABLE tasks (mine TEXT); INSERT INTO tasks VALUES ('keep')").unwrap();
    drop(other);
    refused(&project, &[]);
}

#[test]
fn a_directory_in_its_place() {
    let project = Project::new().dig("+a: {echo>: x}").file(".dibble.db/file", "");
    let _ = project.run(&[]).fails(1).says(&[".dibble.db"]);
}

#[test]
fn a_read_only_directory() {
    let project = Project::new().dig("+a: {echo>: x}").unprivileged();
    project.chmod("", 0o555);
    let out = project.run(&[]).fails(1).says(&[".dibble.db", "ermission denied"]);
    assert_eq!(out.operators(), [""; 0]);
    assert_eq!(project.run(&["--no-save"]).success().lines(), ["x"]);
    project.chmod("", 0o755);
    assert_eq!(project.files(), ["wf.dig"]);
}

#[test]
fn a_read_only_file() {
    let project = project().unprivileged();
    project.chmod(".dibble.db", 0o444);
    refused(&project, &[]);
}

#[test]
fn an_empty_file_is_a_new_one() {
    let project = Project::new().dig("+a: {echo>: x}").file(".dibble.db", "");
    assert_eq!(project.run(&[]).success().lines(), ["x"]);
}
