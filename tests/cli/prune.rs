//! `dibble prune`, and what a run removes of its own history.

use crate::support::{Project, Server, dump};
use rusqlite::Connection;
use serde_json::{Value, json};

/// A project with sessions of the first days of January, all run on the 2nd.
fn with_history(days: std::ops::RangeInclusive<u32>) -> Project {
    let project = Project::new().dig("+a: {echo>: hi}");
    for day in days {
        let _ = project.dibble(&["run", "wf.dig", "--session", &format!("2026-01-{day:02}")]).success();
    }
    project
}

fn attempts(project: &Project) -> usize {
    dump(&project.path(".dibble.db")).matches("attempt_index=").count()
}

#[test]
fn what_is_over_the_limits_is_shown_then_removed() {
    let project = with_history(1..=5);
    let file = project.path(".dibble.db").display().to_string();
    let out = project.dibble(&["prune"]).success();
    assert_eq!(out.stdout, format!("Nothing is over the limits in {file}\n"));

    let dry = project.dibble(&["prune", "--dry-run", "--max-attempts", "2"]).success().stdout;
    let lines: Vec<&str> = dry.lines().collect();
    assert!(lines[0].starts_with("  default/wf  3 attempts, ") && lines[0].ends_with(" B of logs"), "{dry}");
    assert!(lines[1].starts_with("Would remove 3 attempts, 3 sessions; about "), "{dry}");
    assert_eq!(attempts(&project), 5);

    let removed = project.dibble(&["prune", "--max-attempts", "2"]).success().stdout;
    assert!(removed.contains("\nRemoved 3 attempts, 3 sessions; "), "{removed}");
    assert_eq!(attempts(&project), 2);

    let later = project.clock("2026-04-03T00:00:00Z");
    let answer = later.dibble(&["prune", "--json"]).success().stdout;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["workflows"][0]["attempts"], json!(1));
    assert_eq!(
        (&answer["attempts"], &answer["sessions"], &answer["dryRun"]),
        (&json!(1), &json!(1), &json!(false))
    );
    assert_eq!(answer["file"], json!(file));
    // The newest one stays, and what it has done counts.
    assert_eq!(attempts(&later), 1);
    let again = later.dibble(&["run", "wf.dig"]).success();
    assert_eq!(
        (again.session_time().as_deref(), again.skipped()),
        (Some("2026-01-05T00:00:00+00:00"), vec!["+wf+a".to_owned()])
    );
}

#[test]
fn wrong_limits_and_names_are_refused() {
    let project = with_history(1..=1);
    let refused = |words: &[&str], code, text: &str| {
        let _ = project.dibble(&[&["prune"], words].concat()).fails(code).says(&[text]);
    };
    refused(&["--max-age", "90"], 2, "--max-age 90: expected a duration such as 90d or 36h, or none");
    refused(&["--max-size", "much"], 2, "--max-size much: expected a size such as 500M or 2GiB, or none");
    refused(&["--project", "nosuch"], 1, "Resource not found: project 'nosuch'");
    refused(&["-o", "nosuch.db"], 1, "does not exist; check the path, or run a workflow with it first");
    refused(
        &["-X", "retention.max_attempts=x"],
        1,
        "retention.max_attempts = x: expected a whole number of attempts, or none",
    );
}

#[test]
fn a_run_keeps_its_own_history_within_the_limits() {
    let project = with_history(1..=4);
    let limit = ["-X", "retention.max_attempts=3"];
    let run = |day: &str, more: &[&str]| {
        let words = [&["run", "wf.dig", "--session", day], more].concat();
        let _ = project.dibble(&words).success();
    };
    run("2026-01-05", &["-X", "retention.max_attempts=3", "-X", "retention.enabled=false"]);
    assert_eq!(attempts(&project), 5);
    run("2026-01-06", &limit);
    assert_eq!(attempts(&project), 3);
    run("2026-01-07", &limit);
    assert_eq!(attempts(&project), 3);
}

#[test]
fn an_older_file_is_made_able_to_shrink() {
    let project = with_history(1..=3);
    let file = project.path(".dibble.db");
    let mode = || -> i64 {
        Connection::open(&file).unwrap().query_row("PRAGMA auto_vacuum", [], |row| row.get(0)).unwrap()
    };
    Connection::open(&file).unwrap().execute_batch("PRAGMA auto_vacuum = 0; VACUUM;").unwrap();
    assert_eq!(mode(), 0);
    let _ = project.dibble(&["prune", "--max-attempts", "1"]).success();
    assert_eq!((mode(), attempts(&project)), (2, 1));
}

#[test]
fn a_server_keeps_its_history_within_the_limits_and_can_be_helped() {
    let server = Server::new().start();
    server.push("p", "1", &[("wf.dig", "timezone: UTC\n+a: {echo>: hi}\n")]);
    for day in 1..=4 {
        let session = format!("2026-01-0{day}");
        let _ = server.dibble(&["start", "p", "wf", "--session", &session, "--wait"]).success();
    }
    let out = server.project.dibble(&["prune", "-o", "data.db", "--max-attempts", "1"]).success().stdout;
    assert!(out.contains("\nRemoved 3 attempts, 3 sessions; "), "{out}");
    let left = server.get("/api/attempts").json();
    assert_eq!(left["attempts"].as_array().unwrap().len(), 1);
}

#[test]
fn the_file_is_smaller_by_what_is_said_also_while_a_server_has_it_open() {
    let server = Server::new().start();
    let noise = "+a:\n  sh>: head -c 3000000 /dev/urandom | od -x\n";
    server.push("p", "1", &[("wf.dig", noise)]);
    for day in 1..=2 {
        let session = format!("2026-01-0{day}");
        let _ = server.dibble(&["start", "p", "wf", "--session", &session, "--wait"]).success();
    }
    let file = server.project.path("data.db");
    let size = || std::fs::metadata(&file).unwrap().len();
    let fold_in = || {
        let connection = Connection::open(&file).unwrap();
        connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    };
    fold_in();
    let before = size();
    let words = ["prune", "-o", "data.db", "--max-attempts", "1", "--json"];
    let answer: Value = serde_json::from_str(&server.project.dibble(&words).success().stdout).unwrap();
    assert_eq!(answer["givenBackBytes"], json!(before - size()), "{answer}");
    assert!(answer["givenBackBytes"].as_u64().unwrap() > 1_000_000, "{answer}");
    assert_eq!(answer["pendingBytes"], json!(0));

    // A reader that is not done keeps what it may still need.
    let session = "2026-01-03";
    let _ = server.dibble(&["start", "p", "wf", "--session", session, "--wait"]).success();
    fold_in();
    let reader = Connection::open(&file).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM attempts;").unwrap();
    let (before, words) = (size(), &words[..5]);
    let out = server.project.dibble(words).success().stdout;
    assert!(!out.contains("The file is smaller by"), "{out}");
    assert!(out.contains("The file will be smaller by ") && size() == before, "{out}");
}
