//! The next five times of schedules, on the clocks of the workflow's zone.

use crate::support::{Project, Server};
use serde_json::json;

fn dig(zone: &str, schedule: &str) -> String {
    format!("timezone: {zone}\nschedule: {{{schedule}}}\n+a: {{echo>: x}}\n")
}

/// What `check` says of the times after the first one, which is Digdag's.
#[track_caller]
fn next_times(zone: &str, schedule: &str, now: &str) -> Vec<String> {
    let out = Project::new().clock(now).file("wf.dig", dig(zone, schedule)).dibble(&["check"]).success();
    let heading = format!("  Next times of wf ({zone}):");
    out.stdout
        .lines()
        .skip_while(|line| *line != heading)
        .skip(1)
        .take_while(|line| !line.is_empty())
        .map(|line| line.trim_start().to_owned())
        .collect()
}

#[test]
fn changes_of_the_clocks_are_explained() {
    let los_angeles = "America/Los_Angeles";
    for (zone, schedule, now, expected) in [
        (
            los_angeles,
            "cron>: '30 2 * * *'",
            "2024-03-09T00:00:00-08:00",
            [
                "2024-03-09 02:30:00 -0800",
                "2024-03-10 03:30:00 -0700: clocks skip 02:30:00",
                "2024-03-11 02:30:00 -0700",
                "2024-03-12 02:30:00 -0700",
                "2024-03-13 02:30:00 -0700",
            ],
        ),
        (
            los_angeles,
            "daily>: '03:00:00'",
            "2024-03-09T00:00:00-08:00",
            [
                "2024-03-09 03:00:00 -0800 (session 2024-03-09 00:00:00 -0800)",
                "2024-03-10 04:00:00 -0700 (session 2024-03-10 00:00:00 -0800): \
                 not 03:00:00, clocks change between session and run",
                "2024-03-11 03:00:00 -0700 (session 2024-03-11 00:00:00 -0700)",
                "2024-03-12 03:00:00 -0700 (session 2024-03-12 00:00:00 -0700)",
                "2024-03-13 03:00:00 -0700 (session 2024-03-13 00:00:00 -0700)",
            ],
        ),
        (
            los_angeles,
            "cron>: '0,30 * * * *'",
            "2024-11-03T00:30:00-07:00",
            [
                "2024-11-03 00:30:00 -0700",
                "2024-11-03 01:00:00 -0700: clocks show 01:00:00 twice, this is the first, and it runs at both",
                "2024-11-03 01:30:00 -0700: clocks show 01:30:00 twice, this is the first, and it runs at both",
                "2024-11-03 01:00:00 -0800: clocks show 01:00:00 twice, this is the second, and it runs at both",
                "2024-11-03 01:30:00 -0800: clocks show 01:30:00 twice, this is the second, and it runs at both",
            ],
        ),
        (
            "Europe/Berlin",
            "cron>: '30 2 * * 0'",
            "2026-10-18T03:00:00+02:00",
            [
                "2026-10-25 02:30:00 +0100: clocks show 02:30:00 twice, it runs at the second only",
                "2026-11-01 02:30:00 +0100",
                "2026-11-08 02:30:00 +0100",
                "2026-11-15 02:30:00 +0100",
                "2026-11-22 02:30:00 +0100",
            ],
        ),
    ] {
        assert_eq!(next_times(zone, schedule, now), expected, "{schedule} in {zone}");
    }
}

#[test]
fn a_schedule_that_ends_has_fewer() {
    let schedule = "daily>: '07:00:00', start: 2024-02-01, end: 2024-02-02";
    assert_eq!(
        next_times("UTC", schedule, "2024-01-08T00:00:00Z"),
        [
            "2024-02-01 07:00:00 +0000 (session 2024-02-01 00:00:00 +0000)",
            "2024-02-02 07:00:00 +0000 (session 2024-02-02 00:00:00 +0000)",
        ]
    );
    assert!(next_times("UTC", schedule, "2024-03-01T00:00:00Z").is_empty());
}

#[test]
fn check_explains_them_to_programs_too() {
    let project = Project::new()
        .clock("2024-03-10T00:00:00-08:00")
        .file("wf.dig", dig("America/Los_Angeles", "cron>: '30 2 * * *'"));
    let out = project.dibble(&["check", "--json"]).success();
    let read: serde_json::Value = serde_json::from_str(&out.stdout).unwrap_or_else(|e| panic!("{e}:\n{out}"));
    assert_eq!(
        read["workflows"][0]["schedule"]["upcoming"][0],
        json!({
            "sessionTime": "2024-03-10T03:30:00-07:00", "runTime": "2024-03-10T03:30:00-07:00",
            "clockChange": {"kind": "skipped", "localTime": "2024-03-10T02:30:00", "text": "clocks skip 02:30:00"},
        })
    );
}

#[test]
fn a_server_tells_them_to_who_asks() {
    let server = Server::new().args(&["--disable-scheduler"]).start();
    let dig = dig("America/Los_Angeles", "cron>: '30 1 * * *'");
    let _ = server.push("p", "r1&schedule_from=2024-11-02T00:00:00-07:00", &[("wf.dig", &dig)]);
    assert_eq!(server.get("/api/schedules").json()["schedules"][0].get("nextTimes"), None);
    assert_eq!(
        server.get("/api/schedules/1?next=2").json()["nextTimes"],
        json!([
            {"sessionTime": "2024-11-02T01:30:00-07:00", "runTime": "2024-11-02T01:30:00-07:00", "clockChange": null},
            {
                "sessionTime": "2024-11-03T01:30:00-08:00", "runTime": "2024-11-03T01:30:00-08:00",
                "clockChange": {
                    "kind": "repeated", "localTime": "2024-11-03T01:30:00", "occurrence": 2, "runsTwice": false,
                    "text": "clocks show 01:30:00 twice, it runs at the second only",
                },
            },
        ])
    );
    let next_runs = || -> Vec<String> {
        let out = server.dibble(&["schedules"]).success();
        out.stdout.lines().filter_map(|line| Some(line.strip_prefix("  next run: ")?.to_owned())).collect()
    };
    assert_eq!(
        next_runs(),
        [
            "2024-11-02 01:30:00 -0700",
            "2024-11-03 01:30:00 -0800: clocks show 01:30:00 twice, it runs at the second only",
            "2024-11-04 01:30:00 -0800",
            "2024-11-05 01:30:00 -0800",
            "2024-11-06 01:30:00 -0800",
        ]
    );
    let json: serde_json::Value =
        serde_json::from_str(&server.dibble(&["schedules", "--json"]).success().stdout).unwrap();
    assert_eq!(json["schedules"][0]["nextTimes"][1]["clockChange"]["occurrence"], 2);
    let _ = server.dibble(&["disable", "p", "wf"]).success();
    assert_eq!(next_runs(), [""; 0]);
}
