//! Every option that says which sessions of a schedule are run, each on a server that was down for four hours.

use crate::support::{Project, Server, wait_until};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use std::fs;

const BEFORE: &str = "2026-01-02T01:00:30Z";
const AFTER: &str = "2026-01-02T05:10:00Z";

/// A workflow for every full hour, with further lines in its schedule.
fn hourly(lines: &[&str]) -> String {
    let lines: String = lines.iter().map(|line| format!("  {line}\n")).collect();
    format!("timezone: UTC\nschedule:\n  hourly>: 00:00\n{lines}+a:\n  echo>: x\n")
}

fn start(server: &mut Server, now: &str) {
    server.project = std::mem::replace(&mut server.project, Project::new()).clock(now);
    server.run();
}

/// The project p is pushed to a server, which then is down from [`BEFORE`] to [`AFTER`].
fn after_downtime(mut server: Server, files: &[(&str, &str)], before: impl FnOnce(&Server)) -> Server {
    start(&mut server, BEFORE);
    let _ = server.push("p", "r1", files);
    before(&server);
    server.kill();
    start(&mut server, AFTER);
    server
}

/// What has become of the sessions of a workflow, and its next one: `04:00 05:00; not 2: why; next 06:00`
fn story(server: &Server, workflow: &str) -> String {
    let clock = |time: &Value| time.as_str().unwrap()[11..16].to_owned();
    let sessions = server.get("/api/sessions?page_size=100").json();
    let own = sessions["sessions"].as_array().unwrap().iter();
    let mut times: Vec<String> = own
        .filter(|session| session["workflow"]["name"] == workflow)
        .map(|session| clock(&session["sessionTime"]))
        .collect();
    times.sort();
    let schedules = server.get("/api/schedules").json();
    let mut found = schedules["schedules"].as_array().unwrap().iter();
    let schedule = found.find(|schedule| schedule["workflow"]["name"] == workflow).unwrap();
    let skipped = schedule["skipped"].as_array().cloned().unwrap_or_default();
    let skipped: String = skipped
        .iter()
        .rev()
        .map(|skipped| format!("not {}: {}; ", skipped["count"], skipped["reason"].as_str().unwrap()))
        .collect();
    format!("{}; {skipped}next {}", times.join(" "), clock(&schedule["nextScheduleTime"]))
}

/// Waits for the last of the sessions, and then looks at all of them.
#[track_caller]
fn assert_stories(server: &Server, expected: &[(&str, &str)]) {
    let stories = || expected.iter().map(|(name, _)| (*name, story(server, name))).collect::<Vec<_>>();
    wait_until("all have started", || stories().iter().all(|(_, story)| story.ends_with("next 06:00")));
    let expected: Vec<_> = expected.iter().map(|&(name, story)| (name, story.to_owned())).collect();
    assert_eq!(stories(), expected);
}

#[test]
fn missed_sessions_are_run_as_workflows_and_settings_say() {
    let server = Server::new().config(
        "schedule.catch_up = last\nschedule.catch_up_limit = 3\nschedule.catch_up.p.none = none\n\
         schedule.catch_up.p.all = all\nschedule.catch_up.p.delayed = all\nschedule.catch_up.p.overtime = all\n\
         schedule.catch_up.q.last = none",
    );
    let overtime = hourly(&["skip_on_overtime: true"])
        .replace("echo>: x", "sh>: while ! test -e $GATE; do sleep 0.01; done");
    let plain = hourly(&[]);
    let files = [
        ("all.dig", plain.as_str()),
        ("last.dig", &plain),
        ("none.dig", &plain),
        ("delayed.dig", &hourly(&["skip_delayed_by: 90m"])),
        ("overtime.dig", &overtime),
    ];
    let server = server.env("GATE", "{project}/gate");
    let server = after_downtime(server, &files, |server| {
        let _ = server.start_attempt(&server.workflow("p", "overtime"), "2026-01-02T00:30:00Z");
    });
    assert_stories(
        &server,
        &[
            (
                "all",
                "03:00 04:00 05:00; not 1: more than schedule.catch_up_limit = 3 were missed; next 06:00",
            ),
            ("last", "05:00; not 3: missed, and schedule.catch_up = last; next 06:00"),
            ("none", "; not 4: missed, and schedule.catch_up = none; next 06:00"),
            ("delayed", "04:00 05:00; not 2: later than skip_delayed_by allows; next 06:00"),
            (
                "overtime",
                "00:30; not 1: more than schedule.catch_up_limit = 3 were missed; \
                 not 3: skip_on_overtime, and an attempt is still running; next 06:00",
            ),
        ],
    );
    fs::write(server.project.path("gate"), "").unwrap();
}

#[test]
fn an_option_wins_over_the_configuration() {
    let plain = hourly(&[]);
    for (how, expected) in [
        ("all", "02:00 03:00 04:00 05:00; next 06:00"),
        ("last", "05:00; not 3: missed, and schedule.catch_up = last; next 06:00"),
        ("none", "; not 4: missed, and schedule.catch_up = none; next 06:00"),
    ] {
        let other = if how == "none" { "last" } else { "none" };
        let server = Server::new().config(&format!("schedule.catch_up = {other}")).args(&["--catch-up", how]);
        assert_stories(&after_downtime(server, &[("wf.dig", &plain)], |_| {}), &[("wf", expected)]);
    }
    let _ = Server::new()
        .args(&["--catch-up", "some"])
        .spawn()
        .end()
        .fails(1)
        .says(&["schedule.catch_up = some: expected all, last or none"]);
}

#[test]
fn settings_that_are_read_again_hold_from_then_on() {
    let disable = |server: &Server| drop(server.dibble(&["disable", "p"]).success());
    let server = Server::new().config("schedule.catch_up = none");
    let server = after_downtime(server, &[("wf.dig", &hourly(&[]))], disable);
    server.configure("schedule.catch_up = all\nschedule.catch_up_limit = 2");
    server.signal(Signal::SIGHUP);
    server.process().wait_for("was read again: schedule.catch_up, schedule.catch_up_limit");
    let _ = server.dibble(&["enable", "p"]).success();
    let story = "04:00 05:00; not 2: more than schedule.catch_up_limit = 2 were missed; next 06:00";
    assert_stories(&server, &[("wf", story)]);
}

#[test]
fn a_schedule_begins_on_its_start_and_ends_with_its_end() {
    let daily = "timezone: UTC\nschedule:\n  daily>: '01:00:00'\n  start: 2026-01-03\n  end: 2026-01-04\n+a:\n  echo>: x\n";
    let mut server = Server::new();
    start(&mut server, BEFORE);
    let _ = server.push("p", "r1", &[("wf.dig", daily)]);
    let next = |server: &Server| server.get("/api/schedules").json()["schedules"][0]["nextRunTime"].clone();
    assert_eq!(next(&server), "2026-01-03T01:00:00Z");
    let _ = server.stop().success();
    start(&mut server, "2026-01-09T00:00:00Z");
    wait_until("it has ended", || next(&server) == "9999-01-01T00:00:00Z");
    let sessions = server.get("/api/sessions").json();
    let times: Vec<_> =
        sessions["sessions"].as_array().unwrap().iter().map(|row| &row["sessionTime"]).collect();
    assert_eq!(times, ["2026-01-04T00:00:00+00:00", "2026-01-03T00:00:00+00:00"]);
    let shown = server.dibble(&["schedules"]).success();
    assert!(!shown.stdout.contains("next run:") && !shown.stdout.contains("skipped:"), "{shown}");
}

#[test]
fn what_a_disabled_schedule_missed_runs_when_it_is_enabled_unless_it_is_skipped() {
    let plain = hourly(&[]);
    let names = ["enabled", "moved", "off", "skipped", "skipped_to"];
    let files = names.map(|name| (format!("{name}.dig"), plain.clone()));
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let disable = |server: &Server| drop(server.dibble(&["disable", "p"]).success());
    let server = after_downtime(Server::new(), &files, disable);
    assert!(names.iter().all(|name| story(&server, name) == "; next 02:00"));

    let _ = server.dibble(&["enable", "p", "enabled"]).success();
    let _ = server.dibble(&["reschedule", "p", "moved", "--skip-to", "2026-01-02 05:00:00 +0000"]).success();
    let _ = server.dibble(&["enable", "p", "moved"]).success();
    let schedules = server.get("/api/schedules").json();
    let enable = |name: &str, body: Value| {
        let mut all = schedules["schedules"].as_array().unwrap().iter();
        let found = all.find(|schedule| schedule["workflow"]["name"] == name).unwrap();
        server.send("POST", &format!("/api/schedules/{}/enable", found["id"].as_str().unwrap()), &body).status
    };
    assert_eq!(enable("skipped", json!({"skipSchedule": true})), 200);
    let until = json!({"skipSchedule": true, "nextTime": "2026-01-02T04:00:00"});
    assert_eq!(enable("skipped_to", until), 200);
    assert_stories(
        &server,
        &[
            ("enabled", "02:00 03:00 04:00 05:00; next 06:00"),
            ("moved", "05:00; next 06:00"),
            ("skipped", "; next 06:00"),
            ("skipped_to", "04:00 05:00; next 06:00"),
        ],
    );
    assert_eq!(story(&server, "off"), "; next 02:00");
    // There is nothing to skip: it stays disabled, as in Digdag.
    let _ = server.dibble(&["disable", "p", "skipped"]).success();
    assert_eq!(enable("skipped", json!({"skipSchedule": true})), 409);
}

#[test]
fn a_server_without_a_scheduler_leaves_everything_to_the_next_one() {
    let plain = hourly(&[]);
    let server = Server::new().args(&["--disable-scheduler"]);
    let mut server = after_downtime(server, &[("wf.dig", &plain)], |_| {});
    let id = server.start_attempt(&server.workflow("p", "wf"), "2026-01-02T03:00:00Z");
    assert_eq!(server.finished(&id)["success"], true);
    assert_eq!(story(&server, "wf"), "03:00; next 02:00");
    let _ = server.stop().success();
    let mut server = server.without_args();
    server.run();
    // The session that was started by hand is not run again.
    assert_stories(&server, &[("wf", "02:00 03:00 04:00 05:00; next 06:00")]);
    let attempts = server.get("/api/attempts?include_retried=true").json();
    assert_eq!(attempts["attempts"].as_array().unwrap().len(), 4);
}

#[test]
fn a_session_is_late_after_as_long_as_the_configuration_says() {
    let plain = hourly(&[]);
    for (late_after, late) in [("3h", true), ("3h 10m 1s", false), ("none", false)] {
        let server = Server::new().config(&format!("schedule.late_after = {late_after}"));
        let mut server = after_downtime(server, &[("wf.dig", &plain)], |_| {});
        assert_stories(&server, &[("wf", "02:00 03:00 04:00 05:00; next 06:00")]);
        let ended = server.stop().success();
        let news = "[WARN] (main): p/wf: session 2026-01-02T02:00:00+00:00 starts 3h 10m 0s late";
        assert_eq!(ended.stdout.contains(news), late, "{late_after}: {ended}");
    }
}
