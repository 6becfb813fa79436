//! What a schedule does for `run`.

use crate::support::Project;

#[test]
fn the_last_point_before_now_is_the_session() {
    let project = Project::new()
        .dig("timezone: Asia/Tokyo\nschedule: {daily>: '07:00:00'}\n+a: {echo>: '${session_time}'}");
    // 12:04 in Tokyo on the second of January.
    let out = project.dibble(&["run", "wf.dig", "--session", "schedule"]).success();
    assert_eq!(out.lines(), ["2026-01-02T00:00:00+09:00"]);
    let out = project.dibble(&["run", "wf.dig", "--rerun"]).success();
    assert_eq!(out.session_time().as_deref(), Some("2026-01-02T00:00:00+09:00"));
}

#[test]
fn without_a_schedule_there_is_no_such_session() {
    let project = Project::new().dig("+a: {echo>: x}");
    let message = "--session schedule is set but schedule is not set to this workflow.";
    let _ = project.dibble(&["run", "wf.dig", "--session", "schedule"]).fails(1).says(&[message]);
}
