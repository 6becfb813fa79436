//! `timezone:` of a workflow.

use crate::support::Project;

#[test]
fn it_decides_the_session_time_and_its_parts() {
    let dig = "timezone: Asia/Tokyo\n+a:\n  echo>: ${session_time} ${session_local_time} ${session_tz_offset} ${timezone}";
    let out = Project::new().dig(dig).run(&[]).success();
    assert_eq!(out.lines(), ["2026-01-02T00:00:00+09:00 2026-01-02 00:00:00 +0900 Asia/Tokyo"]);
}

#[test]
fn the_default_is_utc_and_never_the_machines() {
    let out = Project::new().env("TZ", "Asia/Tokyo").dig("+a: {echo>: '${session_time}'}").run(&[]).success();
    assert_eq!(out.lines(), ["2026-01-02T00:00:00+00:00"]);
}

#[test]
fn offsets_are_zones() {
    let out = Project::new().dig("timezone: '+05:30'\n+a: {echo>: '${session_time}'}").run(&[]).success();
    assert_eq!(out.lines(), ["2026-01-02T00:00:00+05:30"]);
}

#[test]
fn an_unknown_zone_is_named() {
    for zone in ["JST", "Asia/Tokio", "nonsense"] {
        let dig = format!("timezone: {zone}\n+a: {{echo>: x}}");
        let _ = Project::new().dig(&dig).run(&[]).fails(1).says(&["timezone", zone, "wf.dig:1"]);
    }
}
