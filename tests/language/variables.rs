//! The built-in variables.

use crate::support::Project;

#[track_caller]
fn echo(dig: &str, text: &str) -> String {
    let dig = format!("{dig}+a:\n  echo>: {text}\n");
    Project::new().file("wf.dig", dig).run(&[]).success().lines().join("\n")
}

#[test]
fn session_variables() {
    let cases = [
        ("session_date", "2026-01-02"),
        ("session_date_compact", "20260102"),
        ("session_unixtime", "1767312000"),
        ("typeof session_unixtime", "number"),
        ("session_tz_offset", "+0000"),
        ("task_name", "+wf+a"),
        ("session_id + ' ' + attempt_id + ' ' + project_id", "1 1 1"),
        ("session_uuid.length", "36"),
        ("typeof retry_attempt_name", "undefined"),
        ("typeof last_session_time", "undefined"),
        ("last_executed_session_time === ''", "true"),
    ];
    for (expression, expected) in cases {
        assert_eq!(echo("", &format!("${{{expression}}}")), expected, "{expression}");
    }
}

#[test]
fn a_schedule_gives_last_and_next_session_times() {
    let text = "${last_session_time} ${next_session_time} ${last_session_date} ${next_session_date_compact}";
    let shown = echo("schedule: {daily>: '07:00:00'}\n", text);
    assert_eq!(shown, "2026-01-01T00:00:00+00:00 2026-01-03T00:00:00+00:00 2026-01-01 20260103");
}

/// Digdag goes back by the estimated interval and arrives at Saturday.
#[test]
fn last_session_time_is_the_true_previous_point() {
    let project = Project::new().dig("schedule: {cron>: '0 0 * * 1-5'}\n+a: {echo>: '${last_session_time}'}");
    let out = project.dibble(&["run", "wf.dig", "--session", "2024-01-08"]).success();
    assert_eq!(out.lines(), ["2024-01-05T00:00:00+00:00"]);
}
