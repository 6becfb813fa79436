//! `dibble backup` and `dibble restore`

use crate::support::{Project, Server, dump};
use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn project() -> Project {
    let project = Project::new().dig("+a: {echo>: hi}");
    let _ = project.run(&[]).success();
    project
}

fn history(project: &Project) -> String {
    dump(&project.path(".dibble.db"))
}

#[test]
fn a_copy_is_put_back() {
    let project = project();
    let before = history(&project);
    let (file, copy) = (project.path(".dibble.db"), project.path("copy.db"));
    let out = project.dibble(&["backup", "copy.db"]).success();
    let begin = format!("Copied {} to {} and checked it: ", file.display(), copy.display());
    assert!(out.stdout.starts_with(&begin), "{out}");
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);

    let _ = project.dibble(&["run", "wf.dig", "--session", "2026-02-01"]).success();
    let longer = history(&project);
    let out = project.dibble(&["restore", "copy.db"]).success();
    assert_eq!(out.stdout, format!("Checked {} and put it in place as {}\n", copy.display(), file.display()));
    let owners =
        |text: &str| text.lines().filter(|line| !line.contains("identity=")).collect::<Vec<_>>().join("\n");
    assert_eq!(owners(&history(&project)), owners(&before));
    assert_eq!(dump(&project.path(".dibble.db.before-restore")), longer);

    let names = project.files();
    let beside: Vec<_> = names.iter().filter(|name| name.starts_with("copy.db")).collect();
    assert_eq!(beside, ["copy.db"], "nothing is left beside the copy");

    let _ = project
        .dibble(&["restore", "copy.db"])
        .fails(1)
        .says(&["before-restore is there already\nhint: move it away"]);
    let _ = project.dibble(&["restore", "copy.db", "--force"]).success();
    let again = project.run(&[]).success();
    assert_eq!(again.skipped(), ["+wf+a"]);
    assert_eq!(project.files().iter().filter(|name| name.contains("dibble-copy")).count(), 0);
}

#[test]
fn nothing_is_overwritten_unasked() {
    let project = project().file("there", "x");
    let _ = project
        .dibble(&["backup", "there"])
        .fails(1)
        .says(&["there is there already\nhint: --force replaces it"]);
    assert_eq!(project.read("there"), "x");
    let _ = project.dibble(&["backup", "there", "--force"]).success();
    assert_eq!(dump(&project.path("there")), history(&project));
    let _ = project
        .dibble(&["backup", ".dibble.db", "--force"])
        .fails(1)
        .says(&[".dibble.db is the database itself"]);
    let _ = project.dibble(&["backup", "no/such"]).fails(1).says(&["cannot create"]);
}

#[test]
fn what_is_no_sound_copy_is_refused_and_changes_nothing() {
    let project = project().file("text", "hello".repeat(1000)).file("empty", "");
    let before = history(&project);
    let _ = project.dibble(&["backup", "newer"]).success();
    Connection::open(project.path("newer")).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    let _ = project.dibble(&["backup", "dangling"]).success();
    let dangling = Connection::open(project.path("dangling")).unwrap();
    dangling.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM projects").unwrap();
    drop(dangling);
    Connection::open(project.path("foreign")).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    for (name, text) in [
        ("text", "is not a SQLite database"),
        ("empty", "is not a SQLite database"),
        ("foreign", "is a SQLite database of another program"),
        ("newer", "was written by a newer Dibble"),
        ("dangling", "is not sound: 3 rows refer to rows that are not there"),
        ("nosuch", "does not exist"),
    ] {
        let _ = project.dibble(&["restore", name]).fails(1).says(&[text]);
    }
    assert_eq!(history(&project), before);
    assert!(!project.has(".dibble.db.before-restore"));
}

#[test]
fn a_damaged_database_is_replaced() {
    let project = project();
    let before = history(&project);
    let _ = project.dibble(&["backup", "copy.db"]).success();
    let project = project.file(".dibble.db", "damaged ".repeat(1000)).file(".dibble.db-wal", "left");
    let _ = project.dibble(&["restore", "copy.db"]).success();
    assert_eq!(history(&project).lines().count(), before.lines().count());
    assert_eq!(project.read(".dibble.db.before-restore"), "damaged ".repeat(1000));
    assert!(!project.has(".dibble.db-wal"));
}

#[test]
fn a_server_is_copied_while_it_works_and_not_replaced() {
    let mut server = Server::new().start();
    server.push("p", "1", &[("wf.dig", "timezone: UTC\n+a: {echo>: hi}\n")]);
    let _ =
        server.project.dibble(&["secrets", "--project", "p", "-e", &server.url(), "--set", "k=v"]).success();
    let key = server.project.path("data.db.key");
    let note = format!("The key of its secrets is not in it: keep {}, too\n", key.display());
    let _ = server.project.dibble(&["backup", "copy.db", "-o", "data.db"]).success().says(&[&note]);
    let refused = server.project.dibble(&["restore", "copy.db", "-o", "data.db"]).fails(1);
    let text = format!(
        "works with {}\nhint: end it first, or name another file with -o",
        server.project.path("data.db").display()
    );
    let _ = refused.says(&[&text]);
    let elsewhere = server.project.dibble(&["restore", "copy.db", "-o", "other.db"]).success();
    let text = format!(
        "There are secrets in it: put their key at {}",
        server.project.path("other.db.key").display()
    );
    let _ = elsewhere.says(&[&text]);
    let _ = server.stop();
    let _ = server.project.dibble(&["restore", "copy.db", "-o", "data.db"]).success();
    server.run();
    assert_eq!(server.get("/api/projects").json()["projects"][0]["name"], "p");
}
