//! Sessions and runs of schedules.

use super::*;
use crate::model::time::{iso, parse_iso};
use chrono::Datelike;
use serde_json::json;

fn parsed(zone: &str, section: Value) -> Result<(Schedule, Vec<ScheduleWarning>), ScheduleError> {
    Schedule::parse(section.as_object().unwrap(), &Zone::parse(zone).unwrap())
}

fn schedule(zone: &str, section: Value) -> Schedule {
    parsed(zone, section).unwrap().0
}

fn at(text: &str) -> Time {
    parse_iso(text).unwrap()
}

/// `session -> run` in the schedule's zone, or `end`.
fn shown(schedule: &Schedule, time: Option<ScheduleTime>) -> String {
    let iso = |time| iso(schedule.zone.local(time));
    time.map_or("end".to_owned(), |time| format!("{} -> {}", iso(time.session), iso(time.run)))
}

#[test]
fn the_first_session_is_the_first_to_run_from_now() {
    let weekly = json!({"weekly>": "2,10:32:32"});
    let monthly = json!({"monthly>": "2,10:32:32"});
    let daily = json!({"daily>": "07:00:00"});
    let delayed = json!({"minutes_interval>": 90, "delay": 30});
    for (section, zone, now, expected) in [
        (&daily, "UTC", "2024-01-08T06:59:59Z", "2024-01-08T00:00:00+00:00 -> 2024-01-08T07:00:00+00:00"),
        (&daily, "UTC", "2024-01-08T07:00:00Z", "2024-01-08T00:00:00+00:00 -> 2024-01-08T07:00:00+00:00"),
        (&daily, "UTC", "2024-01-08T07:00:00.5Z", "2024-01-09T00:00:00+00:00 -> 2024-01-09T07:00:00+00:00"),
        (&daily, "UTC", "2024-01-08T07:00:01Z", "2024-01-09T00:00:00+00:00 -> 2024-01-09T07:00:00+00:00"),
        (
            &json!({"daily>": "25:00:00"}),
            "UTC",
            "2024-01-08T00:00:00Z",
            "2024-01-07T00:00:00+00:00 -> 2024-01-08T01:00:00+00:00",
        ),
        (
            &json!({"daily>": "-1:00:00"}),
            "UTC",
            "2024-01-08T00:00:00Z",
            "2024-01-09T00:00:00+00:00 -> 2024-01-08T23:00:00+00:00",
        ),
        (
            &json!({"daily>": "03:00:00"}),
            "America/Los_Angeles",
            "2024-03-10T00:00:00-08:00",
            "2024-03-10T00:00:00-08:00 -> 2024-03-10T04:00:00-07:00",
        ),
        (
            &json!({"daily>": "03:00:00"}),
            "America/Los_Angeles",
            "2024-11-03T00:00:00-07:00",
            "2024-11-03T00:00:00-07:00 -> 2024-11-03T02:00:00-08:00",
        ),
        (
            &json!({"hourly>": "32:32"}),
            "Asia/Tokyo",
            "2019-02-24T14:20:10+09:00",
            "2019-02-24T14:00:00+09:00 -> 2019-02-24T14:32:32+09:00",
        ),
        (
            &weekly,
            "Asia/Tokyo",
            "2019-02-24T14:20:10+09:00",
            "2019-02-26T00:00:00+09:00 -> 2019-02-26T10:32:32+09:00",
        ),
        (
            &monthly,
            "Asia/Tokyo",
            "2019-02-24T14:20:10+09:00",
            "2019-03-02T00:00:00+09:00 -> 2019-03-02T10:32:32+09:00",
        ),
        (&delayed, "UTC", "2024-01-08T00:00:30Z", "2024-01-08T00:00:00+00:00 -> 2024-01-08T00:00:30+00:00"),
        (&delayed, "UTC", "2024-01-08T00:00:30.1Z", "2024-01-08T01:00:00+00:00 -> 2024-01-08T01:00:30+00:00"),
    ] {
        let schedule = schedule(zone, section.clone());
        assert_eq!(shown(&schedule, schedule.first(at(now))), expected, "{section} at {now}");
    }
}

#[test]
fn intervals_of_minutes_start_again_every_hour() {
    let schedule = schedule("UTC", json!({"minutes_interval>": 7}));
    let minutes: Vec<_> = schedule
        .upcoming(at("2024-01-08T00:48:00Z"), 4)
        .iter()
        .map(|next| next.time.session.format("%H:%M").to_string())
        .collect();
    assert_eq!(minutes, ["00:49", "00:56", "01:00", "01:07"]);
}

#[test]
fn intervals_of_seconds_count_from_the_epoch() {
    let schedule = schedule(
        "Asia/Tokyo",
        json!({"_type": "seconds_interval", "_command": 7, "delay": 2, "end": "2000-01-01"}),
    );
    let time = |seconds, millis: u32| DateTime::from_timestamp(seconds, millis * 1_000_000).unwrap();
    let session =
        |time: Option<ScheduleTime>| time.map(|time| (time.session.timestamp(), time.run.timestamp()));
    // 1_700_000_001 = 7 * 242_857_143.
    assert_eq!(session(schedule.first(time(1_700_000_001, 0))), Some((1_700_000_001, 1_700_000_003)));
    assert_eq!(session(schedule.first(time(1_700_000_001, 1))), Some((1_700_000_008, 1_700_000_010)));
    assert_eq!(session(schedule.next(time(1_700_000_001, 0))), Some((1_700_000_008, 1_700_000_010)));
    assert_eq!(session(schedule.previous(time(1_700_000_001, 0))), Some((1_699_999_994, 1_699_999_996)));
    assert_eq!(session(schedule.previous(time(1_700_000_002, 0))), Some((1_700_000_001, 1_700_000_003)));
}

#[test]
fn runs_are_between_start_and_end() {
    let daily = schedule("UTC", json!({"daily>": "07:00:00", "start": "2024-02-01", "end": "2024-02-03"}));
    let next = |schedule: &Schedule, from| shown(schedule, schedule.next(at(from)));
    assert_eq!(
        shown(&daily, daily.first(at("2024-01-08T00:00:00Z"))),
        "2024-02-01T00:00:00+00:00 -> 2024-02-01T07:00:00+00:00"
    );
    assert_eq!(
        next(&daily, "2024-01-08T00:00:00Z"),
        "2024-02-01T00:00:00+00:00 -> 2024-02-01T07:00:00+00:00"
    );
    assert_eq!(
        next(&daily, "2024-02-02T00:00:00Z"),
        "2024-02-03T00:00:00+00:00 -> 2024-02-03T07:00:00+00:00"
    );
    assert_eq!(next(&daily, "2024-02-03T00:00:00Z"), "end");
    assert_eq!(daily.upcoming(at("2024-02-02T07:00:00Z"), 9).len(), 2);
    assert_eq!(
        shown(&daily, daily.previous(at("2024-01-08T00:00:00Z"))),
        "2024-01-07T00:00:00+00:00 -> 2024-01-07T07:00:00+00:00"
    );

    // The end is a day of the zone, and the run counts, not the session.
    let late = schedule("Asia/Tokyo", json!({"daily>": "25:00:00", "end": "2024-02-03"}));
    assert_eq!(
        next(&late, "2024-02-01T00:00:00+09:00"),
        "2024-02-02T00:00:00+09:00 -> 2024-02-03T01:00:00+09:00"
    );
    assert_eq!(next(&late, "2024-02-02T00:00:00+09:00"), "end");

    // A run before the start is not made up for by its session.
    let from = schedule("UTC", json!({"daily>": "25:00:00", "start": "2024-02-02"}));
    assert_eq!(next(&from, "2024-01-01T00:00:00Z"), "2024-02-02T00:00:00+00:00 -> 2024-02-03T01:00:00+00:00");

    // Digdag runs on 1 March here, because it does not look at the end after skipping to the start.
    let never =
        schedule("UTC", json!({"monthly>": "1,00:00:00", "start": "2024-02-10", "end": "2024-02-12"}));
    assert_eq!(next(&never, "2024-01-08T00:00:00Z"), "end");
}

#[test]
fn the_previous_session_is_a_session() {
    for (pattern, session, expected) in [
        ("0 0 * * *", "2024-01-05T10:00:00Z", "2024-01-05T00:00:00+00:00"),
        ("0 0 * * *", "2024-01-05T00:00:00Z", "2024-01-04T00:00:00+00:00"),
        ("0 0 1 * *", "2024-03-01T00:00:00Z", "2024-02-01T00:00:00+00:00"),
        ("0 9,17 * * *", "2024-03-01T09:00:00Z", "2024-02-29T17:00:00+00:00"),
        // Digdag: Saturday 2024-01-06, no session of the schedule.
        ("0 0 * * 1-5", "2024-01-08T00:00:00Z", "2024-01-05T00:00:00+00:00"),
        ("0 0 28,29 2 *", "2024-02-28T00:00:00Z", "2023-02-28T00:00:00+00:00"),
    ] {
        let schedule = schedule("UTC", json!({"cron>": pattern}));
        let previous = schedule.previous(at(session)).unwrap();
        assert_eq!(iso(schedule.zone.local(previous.session)), expected, "{pattern} before {session}");
        assert_eq!(previous.run, previous.session);
    }
}

#[test]
fn times_in_a_clock_change_tell_how() {
    let berlin = "Europe/Berlin";
    let los_angeles = "America/Los_Angeles";
    for (zone, section, now, expected) in [
        // Clocks go forward: cron patterns, then delays after midnight, and a midnight that is skipped.
        (
            los_angeles,
            json!({"cron>": "30 2 * * *"}),
            "2024-03-09T00:00:00-08:00",
            vec!["03-09 02:30 -0800", "03-10 03:30 -0700: clocks skip 02:30:00", "03-11 02:30 -0700"],
        ),
        (
            los_angeles,
            json!({"hourly>": "00:00"}),
            "2024-03-10T01:00:00-08:00",
            vec!["03-10 01:00 -0800", "03-10 03:00 -0700", "03-10 04:00 -0700"],
        ),
        (
            los_angeles,
            json!({"daily>": "03:00:00"}),
            "2024-03-09T00:00:00-08:00",
            vec![
                "03-09 03:00 -0800",
                "03-10 04:00 -0700: not 03:00:00, clocks change between session and run",
                "03-11 03:00 -0700",
            ],
        ),
        (
            los_angeles,
            json!({"daily>": "02:15:00"}),
            "2024-03-10T00:00:00-08:00",
            vec!["03-10 03:15 -0700: clocks skip 02:15:00", "03-11 02:15 -0700"],
        ),
        (los_angeles, json!({"daily>": "00:30:00"}), "2024-03-10T00:00:00-08:00", vec!["03-10 00:30 -0800"]),
        (
            "America/Sao_Paulo",
            json!({"daily>": "07:00:00"}),
            "2018-11-04T00:00:00-03:00",
            vec![
                "11-04 08:00 -0200: not 07:00:00, clocks change between session and run",
                "11-05 07:00 -0200",
            ],
        ),
        (
            "America/Sao_Paulo",
            json!({"daily>": "00:00:00"}),
            "2018-11-04T00:00:00-03:00",
            vec!["11-04 01:00 -0200: clocks skip 00:00:00", "11-05 00:00 -0200"],
        ),
        // Only the session is touched.
        (
            "America/Sao_Paulo",
            json!({"daily>": "-01:00:00"}),
            "2018-11-03T12:00:00-03:00",
            vec!["11-03 23:00 -0300: clocks skip 00:00:00", "11-04 23:00 -0200"],
        ),
        // Clocks go back.
        (
            los_angeles,
            json!({"cron>": "30 1 * * *"}),
            "2024-11-02T00:00:00-07:00",
            vec![
                "11-02 01:30 -0700",
                "11-03 01:30 -0800: clocks show 01:30:00 twice, it runs at the second only",
                "11-04 01:30 -0800",
            ],
        ),
        (
            los_angeles,
            json!({"daily>": "01:30:00"}),
            "2024-11-03T00:00:00-07:00",
            vec![
                "11-03 01:30 -0700: clocks show 01:30:00 twice, it runs at the first only",
                "11-04 01:30 -0800",
            ],
        ),
        (
            los_angeles,
            json!({"hourly>": "30:00"}),
            "2024-11-03T00:00:00-07:00",
            vec![
                "11-03 00:30 -0700",
                "11-03 01:30 -0700: clocks show 01:30:00 twice, this is the first, and it runs at both",
                "11-03 01:30 -0800: clocks show 01:30:00 twice, this is the second, and it runs at both",
                "11-03 02:30 -0800",
            ],
        ),
        (
            berlin,
            json!({"daily>": "07:00:00"}),
            "2026-10-25T00:00:00+02:00",
            vec![
                "10-25 06:00 +0100: not 07:00:00, clocks change between session and run",
                "10-26 07:00 +0100",
            ],
        ),
        (
            berlin,
            json!({"cron>": "30 2 * * *", "delay": 7200}),
            "2026-10-25T00:00:00+02:00",
            vec![
                "10-25 04:30 +0100: clocks show 02:30:00 twice, it runs at the second only",
                "10-26 04:30 +0100",
            ],
        ),
        // Half an hour, and a whole day.
        (
            "Australia/Lord_Howe",
            json!({"cron>": "10,30 2 * * *"}),
            "2024-10-06T00:00:00+10:30",
            vec!["10-06 02:30 +1100", "10-06 02:40 +1100: clocks skip 02:10:00", "10-07 02:10 +1100"],
        ),
        (
            "Pacific/Apia",
            json!({"daily>": "07:00:00"}),
            "2011-12-29T00:00:00-10:00",
            vec!["12-29 07:00 -1000", "12-31 07:00 +1400"],
        ),
        (
            los_angeles,
            json!({"seconds_interval>": 3600}),
            "2024-11-03T01:00:00-07:00",
            vec!["11-03 01:00 -0700", "11-03 01:00 -0800", "11-03 02:00 -0800"],
        ),
    ] {
        let schedule = schedule(zone, section.clone());
        let upcoming = schedule.upcoming(at(now), expected.len());
        let shown = upcoming.iter().map(|next| {
            let change = next.clock_change.map(|change| format!(": {change}")).unwrap_or_default();
            format!("{}{change}", schedule.zone.local(next.time.run).format("%m-%d %H:%M %z"))
        });
        assert_eq!(shown.collect::<Vec<_>>(), expected, "{section} in {zone}");
    }
}

#[test]
fn a_run_with_a_time_of_its_own_is_meant_as_it_is() {
    let schedule = schedule("America/Los_Angeles", json!({"daily>": "03:00:00"}));
    let first =
        ScheduleTime { session: at("2024-03-10T00:00:00-08:00"), run: at("2024-03-10T09:30:00-07:00") };
    assert_eq!(schedule.upcoming_from(first, 1), [Upcoming { time: first, clock_change: None }]);
}

#[test]
fn clock_changes_are_objects_in_json() {
    let shown = |pattern: &str, now: &str| {
        let schedule = schedule("America/Los_Angeles", json!({"cron>": pattern}));
        serde_json::to_value(schedule.upcoming(at(now), 1)[0].clock_change).unwrap()
    };
    assert_eq!(shown("30 2 * * *", "2024-03-09T00:00:00-08:00"), json!(null));
    assert_eq!(
        shown("30 2 * * *", "2024-03-10T00:00:00-08:00"),
        json!({"kind": "skipped", "localTime": "2024-03-10T02:30:00", "text": "clocks skip 02:30:00"})
    );
    assert_eq!(
        shown("30 1 * * *", "2024-11-03T00:00:00-07:00"),
        json!({
            "kind": "repeated", "localTime": "2024-11-03T01:30:00", "occurrence": 2, "runsTwice": false,
            "text": "clocks show 01:30:00 twice, it runs at the second only",
        })
    );
}

#[test]
fn keys_that_schedules_do_not_have_are_reported() {
    for (section, expected) in [
        (json!({"daily>": "07:00:00", "start": "2024-01-01", "skip_on_overtime": true}), vec![]),
        (json!({"_type": "daily", "_command": "07:00:00"}), vec![]),
        (json!({"daily>": "07:00:00", "cron>": "bad"}), vec!["Parameter 'cron>' is not used at schedule."]),
        (
            json!({"cron>": "* * * * *", "delay": 5, "skip_on_over_time": true}),
            vec![
                "Parameter 'delay' is not used at schedule.",
                "Parameter 'skip_on_over_time' is not used at schedule. > Did you mean '[skip_on_overtime]'?",
            ],
        ),
    ] {
        let warnings = parsed("UTC", section.clone()).unwrap().1;
        assert_eq!(warnings.iter().map(ToString::to_string).collect::<Vec<_>>(), expected, "{section}");
    }
}

#[test]
fn limits_on_late_sessions_are_read() {
    let limits = |section| {
        let schedule = schedule("UTC", section);
        (schedule.skip_on_overtime(), schedule.skip_delayed_by().map(|limit| limit.as_secs()))
    };
    assert_eq!(limits(json!({"daily>": "0:0:0"})), (false, None));
    assert_eq!(
        limits(json!({"daily>": "0:0:0", "skip_on_overtime": "true", "skip_delayed_by": "1h 30m"})),
        (true, Some(5400))
    );
}

#[test]
fn sections_that_make_no_schedule_are_refused() {
    for (section, message) in [
        (
            json!({"start": "2024-01-01"}),
            "Schedule config requires 'type>: at' parameter: {\"start\":\"2024-01-01\"}",
        ),
        (json!({"a>": 1}), "Unknown scheduler type: a"),
        (json!({"_type": "hourli", "_command": 1}), "Unknown scheduler type: hourli (did you mean hourly>?)"),
        (
            json!({"cron>": "0 0 31 2 *"}),
            "invalid pattern \"0 0 31 2 *\": it never matches, none of its months has any of its days of month",
        ),
        (
            json!({"daily>": "0:0:0", "start": "2024-02-30"}),
            "Invalid start: 2024-02-30 (needs an existing date as yyyy-MM-dd)",
        ),
        (
            json!({"daily>": "0:0:0", "end": "2024-2-3"}),
            "Invalid end: 2024-2-3 (needs an existing date as yyyy-MM-dd)",
        ),
        (
            json!({"daily>": "0:0:0", "start": "2024-02-03 00:00:00"}),
            "Invalid start: 2024-02-03 00:00:00 (needs an existing date as yyyy-MM-dd)",
        ),
        (
            json!({"daily>": "0:0:0", "start": "2024-02-03", "end": "2024-02-02"}),
            "The schedule of end is earlier than start",
        ),
        (
            json!({"cron>": "* * * * *", "delay": 9_000_000_000_i64}),
            "Invalid delay: 9000000000 seconds is out of range",
        ),
        (
            json!({"cron>": "* * * * *", "skip_delayed_by": 5}),
            "Invalid skip_delayed_by: 5 (needs a duration such as 30s, 5m or 1h 30m)",
        ),
    ] {
        assert_eq!(parsed("UTC", section).unwrap_err().to_string(), message);
    }
    assert!(parsed("UTC", json!({"daily>": "0:0:0", "start": "2024-02-03", "end": "2024-02-03"})).is_ok());
}

#[test]
fn times_out_of_reach_have_no_sessions() {
    let schedule = schedule("UTC", json!({"cron>": "0 0 29 2 1", "delay": -5}));
    for time in [Time::MIN_UTC, Time::MAX_UTC, at("1900-01-01T00:00:00Z"), at("2200-01-01T00:00:00Z")] {
        let around = [schedule.first(time), schedule.next(time), schedule.previous(time)];
        assert!(around.iter().flatten().all(|found| (1970..=2100).contains(&found.session.year())));
    }
}

#[test]
fn the_last_session_is_the_one_before_the_first() {
    let cases = [
        (json!({"daily>": "07:00:00"}), "2024-01-05T07:00:00Z", Some("2024-01-05")),
        (json!({"daily>": "07:00:00"}), "2024-01-05T06:59:59Z", Some("2024-01-04")),
        (json!({"daily>": "-01:00:00"}), "2024-01-05T23:00:00Z", Some("2024-01-06")),
        (json!({"daily>": "07:00:00", "end": "2024-01-03"}), "2024-01-05T08:00:00Z", Some("2024-01-03")),
        (json!({"daily>": "07:00:00", "start": "2024-01-05"}), "2024-01-05T07:00:00Z", Some("2024-01-05")),
        (json!({"daily>": "07:00:00", "start": "2024-01-05"}), "2024-01-05T06:00:00Z", None),
        (json!({"seconds_interval>": 86400}), "2024-01-05T00:00:00Z", Some("2024-01-05")),
        (json!({"seconds_interval>": 86400, "delay": 60}), "2024-01-05T00:00:59Z", Some("2024-01-04")),
    ];
    for (section, now, expected) in cases {
        let (schedule, _) = Schedule::parse(section.as_object().unwrap(), &Zone::utc()).unwrap();
        let last = schedule.last(parse_iso(now).unwrap());
        let day = last.map(|time| time.session.format("%Y-%m-%d").to_string());
        assert_eq!(day.as_deref(), expected, "{section} {now}");
    }
}
