//! `dibble doctor`

use crate::support::{Output, Project, Server};
use rusqlite::Connection;
use serde_json::Value;

/// The findings about the database: what the machine is like differs.
fn of_database(out: &Output) -> Vec<String> {
    let machine = ["disk", "workspaces", "file_system", "watches", "cgroup"];
    let lines: Vec<&str> = out.stdout.lines().collect();
    let is_of_machine = |line: &str| {
        let check = line.split_whitespace().nth(1).unwrap_or_default();
        machine.contains(&check) || (check == "clock" && line.contains("the machine's zone"))
    };
    let mut kept = vec![];
    let mut skips = false;
    for line in lines {
        if !line.starts_with(' ') {
            skips = is_of_machine(line);
        }
        if !skips {
            kept.push(line.to_owned());
        }
    }
    kept
}

fn project() -> Project {
    let project = Project::new().dig("+a: {echo>: hi}");
    let _ = project.run(&[]).success();
    project
}

#[test]
fn all_is_well() {
    let project = project();
    let out = project.dibble(&["doctor"]).success();
    let file = project.path(".dibble.db").display().to_string();
    let found = of_database(&out);
    let size = found.iter().position(|line| line.contains("  size  ")).unwrap();
    assert!(found[size].ends_with(", of 2.0 GiB at most"), "{out}");
    // Whether anybody could do something as root depends on who runs the tests.
    let access = found.iter().position(|line| line.contains("  access  ")).unwrap();
    let root = nix::unistd::geteuid().is_root();
    assert!(found[access].starts_with(if root { "warning " } else { "ok " }), "{out}");
    let left_out = if root { vec![size, access, access + 1] } else { vec![size, access] };
    let rest: Vec<&String> =
        found.iter().enumerate().filter(|(at, _)| !left_out.contains(at)).map(|(_, line)| line).collect();
    assert_eq!(
        rest,
        [
            &format!("ok       file         {file} is its owner's alone (mode 0600)"),
            "ok       integrity    SQLite finds no damage",
            "ok       references   every row refers to rows that are there",
            "ok       schema       the newest one, 3",
            "ok       room         free room is given back to the file system (auto_vacuum is incremental)",
            "ok       server       no server works with it",
            "ok       attempts     0 unfinished, none of a process that is gone",
        ]
    );
    assert!(out.stdout.contains("  disk  ") && out.stdout.contains("the machine's zone is "), "{out}");
}

#[test]
fn what_is_wrong_is_told_with_what_mends_it() {
    let project = project();
    let file = project.path(".dibble.db");
    let connection = Connection::open(&file).unwrap();
    let harm = "PRAGMA foreign_keys = OFF; DELETE FROM projects; PRAGMA auto_vacuum = 0; VACUUM;";
    connection.execute_batch(harm).unwrap();
    drop(connection);
    project.chmod(".dibble.db", 0o644);
    let project = project.clock("2025-01-01T00:00:00Z");
    let out = project.dibble(&["doctor", "--full", "--json"]);
    assert_eq!(out.exit(), "1");
    let answer: Value = serde_json::from_str(&out.stdout).unwrap();
    let of = |check: &str| {
        let all = answer["findings"].as_array().unwrap();
        let finding = all.iter().find(|finding| finding["check"] == check).unwrap();
        [&finding["state"], &finding["message"], &finding["fix"]]
            .map(|text| text.as_str().unwrap_or("-").to_owned())
    };
    let shown = file.display();
    assert_eq!(
        of("file"),
        ["problem".to_owned(), format!("others may use {shown} (mode 0644)"), format!("chmod 600 {shown}")]
    );
    assert_eq!(of("references")[..2], ["problem", "3 rows refer to rows that are not there"]);
    assert_eq!(of("room")[2], "call `dibble prune` while nobody works with the file");

    let missing = project.dibble(&["doctor", "-o", "nosuch.db"]);
    assert_eq!(missing.exit(), "1");
    assert!(missing.stdout.starts_with("problem  database     "), "{missing}");
    assert!(missing.stdout.contains("fix: run a workflow or start a server, or name another file with -o"));
}

#[test]
fn a_token_ends_that_everybody_is_root() {
    let project = project();
    let access = || {
        let out = project.dibble(&["doctor"]).success();
        out.stdout.lines().find(|line| line.contains("  access  ")).unwrap_or_default().to_owned()
    };
    if nix::unistd::geteuid().is_root() {
        let text = "a server that root runs lets every user of this machine run commands as root: nobody has to sign in";
        assert_eq!(access(), format!("warning  access       {text}"));
    }
    let _ = project.dibble(&["token", "create", "ci"]).success();
    assert_eq!(access(), "ok       access       a server asks for a token");
}

#[test]
fn a_clock_that_went_back_is_told() {
    let project = project().clock("2025-01-01T00:00:00Z");
    let out = project.dibble(&["doctor"]);
    assert_eq!(out.exit(), "1");
    let text =
        "problem  clock        the clock shows an earlier time than when attempt 1 was made: it went back";
    assert!(out.stdout.contains(text), "{out}");
}

#[test]
fn a_server_that_works_with_it_and_a_missing_key_are_told() {
    let server = Server::new().start();
    let _ = server.push("p", "1", &[("wf.dig", "+a: {echo>: hi}\n")]);
    let _ = server.dibble(&["secrets", "--project", "p", "--set", "k=v"]).success();
    let out = server.project.dibble(&["doctor", "-o", "data.db"]).success();
    assert!(out.stdout.contains(" serves it\n"), "{out}");
    let key = server.project.path("data.db.key");
    assert!(
        out.stdout.contains(&format!("ok       key          {} is its owner's alone", key.display())),
        "{out}"
    );
    std::fs::remove_file(&key).unwrap();
    let out = server.project.dibble(&["doctor", "-o", "data.db"]);
    assert_eq!(out.exit(), "1");
    assert!(out.stdout.contains("nobody can read the secrets without it"), "{out}");
}
