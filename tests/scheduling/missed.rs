//! A server that was down for an hour with a job for every minute: the machine stays quiet, and everybody can see what
//! became of the missed runs.

use crate::support::{Server, wait_until};
use serde_json::Value;

/// Fails, and leaves a trace when it runs twice at a time.
fn dig(server: &Server) -> String {
    let [busy, overlap] = ["busy", "overlap"].map(|name| server.project.path(name).display().to_string());
    format!(
        "timezone: UTC\nschedule:\n  cron>: '* * * * *'\n+a:\n  sh>: \
         if mkdir {busy}; then sleep 0.01; rmdir {busy}; else touch {overlap}; fi; exit 1\n"
    )
}

fn attempts(server: &Server) -> Vec<Value> {
    server.get("/api/attempts?page_size=100").json()["attempts"].as_array().unwrap().clone()
}

#[test]
fn an_hour_down_does_not_storm_and_the_schedule_tells_the_story() {
    let mut server = Server::new();
    server.project = server.project.clock("2026-01-02T00:00:30Z");
    server.run();
    let dig = dig(&server);
    let _ = server.push("p", "r1", &[("wf.dig", &dig)]);
    let _ = server.stop().success();

    // Sixty sessions later.
    server.project = server.project.clock("2026-01-02T01:00:30Z");
    server.run();
    wait_until("all that are caught up have failed", || {
        let attempts = attempts(&server);
        let running = attempts.iter().filter(|attempt| attempt["done"] == false).count();
        assert!(running <= 1 && attempts.len() <= 24, "{attempts:#?}");
        running == 0 && attempts.len() == 24
    });
    assert!(!server.project.path("overlap").exists());
    assert!(attempts(&server).iter().all(|attempt| attempt["status"] == "error"));
    let times = attempts(&server).iter().map(|row| row["sessionTime"].to_string()).collect::<Vec<_>>();
    assert_eq!(
        (times[0].as_str(), times[23].as_str()),
        (r#""2026-01-02T01:00:00+00:00""#, r#""2026-01-02T00:37:00+00:00""#,)
    );
    let out = server.dibble(&["schedules"]).success();
    let story = "Schedules:
  id: 1
  project: p
  workflow: wf
  disabled at:\u{20}
  next session time: 2026-01-02 01:01:00 +0000
  next scheduled to run at: 2026-01-02 01:01:00 +0000 (in 30s)
  next run: 2026-01-02 01:01:00 +0000
  next run: 2026-01-02 01:02:00 +0000
  next run: 2026-01-02 01:03:00 +0000
  next run: 2026-01-02 01:04:00 +0000
  next run: 2026-01-02 01:05:00 +0000
  last session: 2026-01-02 01:00:00 +0000, attempt 24: error, started at 2026-01-02 01:00:30 +0000 (0s ago)
  skipped: 36 sessions from 2026-01-02 00:01:00 +0000 to 2026-01-02 00:36:00 +0000, at 2026-01-02 01:00:30 +0000 (0s ago): more than schedule.catch_up_limit = 24 were missed
    to run: dibble backfill 1 --from '2026-01-02 00:01:00' --count 36

1 entries.
";
    assert_eq!(out.stdout, story);

    // What was left out can be run as it says there, one after another again.
    let backfill = ["backfill", "1", "--from", "2026-01-02 00:01:00", "--count", "36"];
    let out = server.dibble(&backfill).success();
    assert!(out.stdout.contains("session time: 2026-01-02 00:36:00 +0000"), "{out}");
    wait_until("all have failed", || {
        let attempts = attempts(&server);
        attempts.len() == 60 && attempts.iter().all(|attempt| attempt["done"] == true)
    });
    assert!(!server.project.path("overlap").exists());
}

#[test]
fn a_late_session_is_told_of_and_shown_until_it_starts() {
    let mut server = Server::new();
    server.project = server.project.clock("2026-01-02T00:00:30Z");
    server.run();
    let daily = "timezone: UTC\nschedule:\n  daily>: '01:00:00'\n+a:\n  echo>: x\n";
    let _ = server.push("p", "r1", &[("wf.dig", daily)]);
    let _ = server.stop().success();
    server.project = server.project.clock("2026-01-02T03:00:00Z");
    server.run();
    wait_until("it has started", || !attempts(&server).is_empty());
    let schedule = &server.get("/api/schedules").json()["schedules"][0];
    assert_eq!(schedule["late"], Value::Null);
    let out = server.dibble(&["schedules"]).success();
    assert!(!out.stdout.contains("late: "), "{out}");
    let ended = server.stop().success();
    let news = "p/wf: session 2026-01-02T00:00:00+00:00 starts 2h 0m 0s late: it was to start at 2026-01-02T01:00:00+00:00";
    assert!(ended.stderr.contains(news) || ended.stdout.contains(news), "{ended}");
}
