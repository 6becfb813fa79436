//! The first times of schedules, as `check` prints them.

use crate::support::Project;

/// The first session time and the first run time.
#[track_caller]
fn first(zone: &str, schedule: &str, now: &str) -> (String, String) {
    let dig = format!("timezone: {zone}\nschedule: {{{schedule}}}\n+a: {{echo>: x}}\n");
    let out = Project::new().clock(now).file("wf.dig", dig).dibble(&["check"]).success();
    let after = |label: &str| {
        let line = out.stdout.lines().find_map(|line| line.trim().strip_prefix(label));
        let text = line.unwrap_or_else(|| panic!("no {label:?}:\n{out}"));
        text.split(" (").next().unwrap().trim().to_owned()
    };
    (after("first session time:"), after("first scheduled to run at:"))
}

#[test]
fn every_kind_of_schedule() {
    let cases = [
        (
            "UTC",
            "daily>: '07:00:00'",
            "2024-01-08T06:59:59Z",
            "2024-01-08 00:00:00 +0000",
            "2024-01-08 07:00:00 +0000",
        ),
        (
            "UTC",
            "daily>: '07:00:00'",
            "2024-01-08T07:00:00Z",
            "2024-01-08 00:00:00 +0000",
            "2024-01-08 07:00:00 +0000",
        ),
        (
            "UTC",
            "daily>: '07:00:00'",
            "2024-01-08T07:00:01Z",
            "2024-01-09 00:00:00 +0000",
            "2024-01-09 07:00:00 +0000",
        ),
        (
            "UTC",
            "daily>: '25:00:00'",
            "2024-01-08T00:00:00Z",
            "2024-01-07 00:00:00 +0000",
            "2024-01-08 01:00:00 +0000",
        ),
        (
            "UTC",
            "minutes_interval>: 30",
            "2024-01-08T00:10:00Z",
            "2024-01-08 00:30:00 +0000",
            "2024-01-08 00:30:00 +0000",
        ),
        (
            "UTC",
            "cron>: '0 0 13 * 5'",
            "2024-01-01T00:00:00Z",
            "2024-09-13 00:00:00 +0000",
            "2024-09-13 00:00:00 +0000",
        ),
        (
            "UTC",
            "cron>: '0 0 29 2 *'",
            "2024-03-01T00:00:00Z",
            "2028-02-29 00:00:00 +0000",
            "2028-02-29 00:00:00 +0000",
        ),
        (
            "UTC",
            "monthly>: '2,10:00:00'",
            "2024-01-08T00:00:00Z",
            "2024-02-02 00:00:00 +0000",
            "2024-02-02 10:00:00 +0000",
        ),
        (
            "UTC",
            "daily>: '07:00:00', start: 2024-02-01",
            "2024-01-08T00:00:00Z",
            "2024-02-01 00:00:00 +0000",
            "2024-02-01 07:00:00 +0000",
        ),
    ];
    for (zone, schedule, now, session, run) in cases {
        assert_eq!(first(zone, schedule, now), (session.to_owned(), run.to_owned()), "{schedule} at {now}");
    }
}

/// Printed in the zone of the machine, here UTC, for workflows in other zones.
#[test]
fn zones_and_daylight_saving_time() {
    // 14:20:10 in Tokyo: the session began at 14:00 and runs at 14:32:32.
    let tokyo = first("Asia/Tokyo", "hourly>: '32:32'", "2019-02-24T05:20:10Z");
    assert_eq!(tokyo, ("2019-02-24 05:00:00 +0000".to_owned(), "2019-02-24 05:32:32 +0000".to_owned()));
    // 02:30 does not exist on this day: 03:30 -0700.
    let gap = first("America/Los_Angeles", "cron>: '30 2 * * *'", "2024-03-10T09:00:00Z");
    assert_eq!(gap.1, "2024-03-10 10:30:00 +0000");
    // 01:30 exists twice: the second one.
    let twice = first("America/Los_Angeles", "cron>: '30 1 * * *'", "2024-11-03T07:00:00Z");
    assert_eq!(twice.1, "2024-11-03 09:30:00 +0000");
}

/// Digdag leaves out one of the two hours.
#[test]
fn hourly_schedules_lose_no_hour_when_clocks_go_back() {
    let first_hour = first("America/Los_Angeles", "cron>: '0 * * * *'", "2024-11-03T07:30:00Z");
    assert_eq!(first_hour.1, "2024-11-03 08:00:00 +0000");
    let second_hour = first("America/Los_Angeles", "cron>: '0 * * * *'", "2024-11-03T08:30:00Z");
    assert_eq!(second_hour.1, "2024-11-03 09:00:00 +0000");
}

#[test]
fn mistakes_are_errors_with_their_place() {
    for (schedule, message) in [
        ("cron>: '61 * * * *'", "61 * * * *"),
        ("cron>: '* * * *'", "* * * *"),
        ("cron>: '0 0 * * Sunday'", "Sunday"),
        ("cron>: '*/0 * * * *'", "*/0"),
        ("daily>: '7:00'", "hh:mm:ss"),
        ("hourly>: 1:2:3", "mm:ss"),
        ("fortnightly>: x", "fortnightly"),
        ("daily>: '07:00:00', start: 2024-02-30", "2024-02-30"),
        ("daily>: '07:00:00', start: 2024-02-03, end: 2024-02-01", "earlier than start"),
    ] {
        let dig = format!("schedule: {{{schedule}}}\n+a: {{echo>: x}}\n");
        let _ = Project::new().file("wf.dig", dig).dibble(&["check"]).fails(1).says(&[message, "wf.dig"]);
    }
}

/// Digdag looks for it for ever.
#[test]
fn an_impossible_date_is_an_error() {
    let project = Project::new().dig("schedule: {cron>: '0 0 31 2 *'}\n+a: {echo>: x}");
    let _ = project.dibble(&["check"]).fails(1).says(&["0 0 31 2 *"]);
}
