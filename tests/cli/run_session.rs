//! `dibble run --session`. The clock stands at 2026-01-02 03:04:05 UTC.

use crate::support::Project;

#[track_caller]
fn session(zone: &str, args: &[&str]) -> String {
    let dig = format!("timezone: {zone}\n+a: {{echo>: '${{session_time}}'}}\n");
    let out = Project::new().file("wf.dig", dig).dibble(&[&["run", "wf.dig"], args].concat()).success();
    assert_eq!(out.session_time(), out.lines().first().cloned());
    out.lines().join(" ")
}

#[test]
fn words_and_times_are_read_in_the_workflows_zone() {
    let cases = [
        ("UTC", "hourly", "2026-01-02T03:00:00+00:00"),
        ("UTC", "daily", "2026-01-02T00:00:00+00:00"),
        ("America/Los_Angeles", "daily", "2026-01-01T00:00:00-08:00"),
        ("Asia/Kolkata", "hourly", "2026-01-02T08:00:00+05:30"),
        ("UTC", "2024-01-02", "2024-01-02T00:00:00+00:00"),
        ("Asia/Tokyo", "2024-01-02 03:04:05", "2024-01-02T03:04:05+09:00"),
    ];
    for (zone, text, expected) in cases {
        assert_eq!(session(zone, &["--session", text]), expected, "{text} in {zone}");
    }
}

#[test]
fn without_it_a_new_session_begins_at_midnight_and_is_used_again() {
    let project =
        Project::new().dig("timezone: Asia/Tokyo\n+a: {echo>: '${session_time}'}\n+b: {sh>: 'test -e ok'}");
    let first = project.dibble(&["run", "wf.dig"]).fails(1);
    assert_eq!(first.lines(), ["2026-01-02T00:00:00+09:00"]);
    assert!(
        first.messages("WARN")[0].starts_with("Using a new session time 2026-01-02T00:00:00+09:00"),
        "{first}"
    );
    let later = project.file("ok", "").clock("2026-03-04T05:06:07Z").dibble(&["run", "wf.dig"]).success();
    assert!(
        later.messages("WARN")[0].starts_with("Reusing the last session time 2026-01-02T00:00:00+09:00"),
        "{later}"
    );
    assert_eq!(later.skipped(), ["+wf+a"]);
    assert_eq!(later.ran(), ["+wf+b"]);
}

#[test]
fn other_texts_are_refused() {
    for text in ["now", "garbage", "2024-01-02 03:04", "2024-01-02T03:04:05+09:00", "2024-02-30", ""] {
        let project = Project::new().dig("+a: {echo>: x}");
        let message =
            "--session must be hourly, daily, last, \"yyyy-MM-dd\", or \"yyyy-MM-dd HH:mm:SS\" format";
        let out = project.dibble(&["run", "wf.dig", "--session", text]).fails(1).says(&[message, text]);
        assert_eq!(out.operators(), [""; 0]);
        let hint = "\"yyyy-MM-dd";
        assert!(out.stderr.contains(hint));
    }
}
