//! What the listings show: a block of lines for each thing, `  name: value`, in Digdag's order and wording.

use crate::client::NewAttempt;
use crate::client::models::{
    Attempt, LastSession, NextTime, Project, Schedule, Session, Task, Watched, Workflow,
};
use crate::client::notifications::Notification;
use crate::logs::MachineZone;
use crate::logs::local_time::show;
use crate::model::time::parse_iso;
use crate::model::{Params, Time};
use chrono::{DateTime, FixedOffset};
use serde_json::Value;
use std::fmt::Display;

type Line<'a> = (&'static str, Box<dyn Display + 'a>);

/// Lines that end in newlines; printed as a line, an empty line follows.
fn block(indent: &str, lines: &[Line<'_>]) -> String {
    lines.iter().map(|(name, value)| format!("{indent}{name}: {value}\n")).collect()
}

fn line<'a>(name: &'static str, value: impl Display + 'a) -> Line<'a> {
    (name, Box::new(value))
}

/// A session with its newest attempt. One that was killed counts as failed.
pub(crate) fn session_block(session: &Session, zone: &MachineZone) -> String {
    let last = session.last_attempt.as_ref();
    let status = match last.map(|last| (last.success, last.done)) {
        None => "pending",
        Some((true, _)) => "success",
        Some((false, true)) => "error",
        Some((false, false)) => "running",
    };
    let name = last.and_then(|last| last.retry_attempt_name.as_deref());
    let mut lines = vec![
        line("session id", &session.id),
        line("attempt id", last.map(|last| last.id.as_str()).unwrap_or_default()),
        line("uuid", &session.session_uuid),
        line("project", &session.project.name),
        line("workflow", &session.workflow.name),
        line("session time", show(session.session_time)),
        line("retry attempt name", name.unwrap_or_default()),
        line("params", last.map(|last| json_text(&last.params)).unwrap_or_default()),
        line("created at", last.map(|last| zone.show(last.created_at)).unwrap_or_default()),
        line("kill requested", last.is_some_and(|last| last.cancel_requested)),
        line("status", status),
    ];
    lines.extend(overlong_line(last.and_then(|last| last.overlong_at), zone));
    block("  ", &lines)
}

/// An attempt that takes, or took, much longer than usual says so.
fn overlong_line<'a>(since: Option<Time>, zone: &MachineZone) -> Option<Line<'a>> {
    since.map(|since| line("longer than usual since", zone.show(since)))
}

/// An attempt.
pub(crate) fn attempt_block(attempt: &Attempt, zone: &MachineZone) -> String {
    let mut lines = vec![line("session id", &attempt.session_id), line("attempt id", &attempt.id)];
    lines.extend(session_lines(attempt));
    lines.extend([
        line("created at", zone.show(attempt.created_at)),
        line("finished at", attempt.finished_at.map(|at| zone.show(at)).unwrap_or_default()),
        line("kill requested", attempt.cancel_requested),
        line("status", &attempt.status),
    ]);
    lines.extend(overlong_line(attempt.overlong_at, zone));
    block("  ", &lines)
}

/// An attempt that has just been started.
pub(crate) fn started_block(attempt: &Attempt, zone: &MachineZone) -> String {
    let mut lines = vec![line("session id", &attempt.session_id), line("attempt id", &attempt.id)];
    lines.extend(session_lines(attempt));
    lines.push(line("created at", zone.show(attempt.created_at)));
    block("  ", &lines)
}

/// An attempt that would be started.
pub(crate) fn dry_run_block(
    workflow: &Workflow,
    session_time: DateTime<FixedOffset>,
    new: &NewAttempt<'_>,
) -> String {
    block(
        "  ",
        &[
            line("session id", "(dry run)"),
            line("attempt id", "(dry run)"),
            line("uuid", "(dry run)"),
            line("project", &workflow.project.name),
            line("workflow", &workflow.name),
            line("session time", show(session_time)),
            line("retry attempt name", new.name.unwrap_or_default()),
            line("params", json_text(&new.params)),
        ],
    )
}

/// An attempt for a session of the past.
pub(crate) fn backfill_block(attempt: &Attempt, zone: &MachineZone) -> String {
    let mut lines = vec![line("id", &attempt.id)];
    lines.extend(session_lines(attempt));
    lines.push(line("created at", zone.show(attempt.created_at)));
    block("  ", &lines)
}

/// What an attempt is for.
fn session_lines(attempt: &Attempt) -> Vec<Line<'_>> {
    vec![
        line("uuid", &attempt.session_uuid),
        line("project", &attempt.project.name),
        line("workflow", &attempt.workflow.name),
        line("session time", show(attempt.session_time)),
        line("retry attempt name", attempt.retry_attempt_name.as_deref().unwrap_or_default()),
        line("params", json_text(&attempt.params)),
    ]
}

/// A task of an attempt. Digdag does not show why it failed.
pub(crate) fn task_block(task: &Task, zone: &MachineZone) -> String {
    let upstreams: Vec<&str> = task.upstreams.iter().map(AsRef::as_ref).collect();
    let mut lines = vec![
        line("id", &task.id),
        line("name", &task.full_name),
        line("state", &task.state),
        line("started", task.started_at.map(|at| zone.show(at)).unwrap_or_default()),
        line("updated", zone.show(task.updated_at)),
        line("config", json_text(&task.config)),
        line("parent", task.parent_id.as_ref().map_or("null", |id| id.as_str())),
        line("upstreams", format!("[{}]", upstreams.join(", "))),
        line("export params", json_text(&task.export_params)),
        line("store params", json_text(&task.store_params)),
        line("state params", json_text(&task.state_params)),
    ];
    lines.extend(error_text(&task.error).map(|error| line("error", error)));
    block("   ", &lines)
}

/// The message of an error; one of several lines stands below.
fn error_text(error: &Params) -> Option<String> {
    let text = match error.get("message") {
        _ if error.is_empty() => return None,
        Some(Value::String(message)) => message.trim_end().to_owned(),
        _ => json_text(error),
    };
    Some(if text.contains('\n') { below(&text) } else { text })
}

/// What people were told, or are to be told.
pub(crate) fn notification_block(notification: &Notification, zone: &MachineZone) -> String {
    let at = |text: &str| parse_iso(text).map_or_else(|| text.to_owned(), |at| zone.show(at));
    let mut lines = vec![
        line("id", &notification.id),
        line("created at", at(&notification.created_at)),
        line("kind", &notification.kind),
    ];
    let text = |text: &Option<String>| text.clone();
    let optional = [
        ("project", text(&notification.project)),
        ("workflow", text(&notification.workflow)),
        ("attempt id", notification.attempt_id.as_ref().map(ToString::to_string)),
    ];
    lines.extend(optional.into_iter().filter_map(|(name, value)| Some(line(name, value?))));
    lines.push(line("message", &notification.message));
    lines.push(line("state", &notification.state));
    let optional = [
        ("channel", text(&notification.channel)),
        ("tries", (notification.tries > 0).then(|| notification.tries.to_string())),
        ("answer", text(&notification.answer)),
        ("next try at", notification.retry_at.as_deref().map(at)),
    ];
    lines.extend(optional.into_iter().filter_map(|(name, value)| Some(line(name, value?))));
    block("  ", &lines)
}

/// A project with its newest revision.
pub(crate) fn project_block(project: &Project, zone: &MachineZone) -> String {
    let mut lines = vec![
        line("name", &project.name),
        line("id", &project.id),
        line("revision", &project.revision),
        line("archive type", &project.archive_type),
        line("project created at", zone.show(project.created_at)),
        line("revision updated at", zone.show(project.updated_at)),
    ];
    let error = project.watch_error.as_deref();
    lines.extend(error.map(|error| {
        line("error", format!("the revision is older than the files, which are wrong:{}", below(error)))
    }));
    block("  ", &lines)
}

/// A watched directory that is no project yet, or that never will be, for another one has its name.
pub(crate) fn watched_block(watched: &Watched, zone: &MachineZone) -> String {
    let error = below(watched.error.as_deref().unwrap_or_default());
    let what = match watched.refused {
        true => "its files do not run, for another directory has its name:",
        false => "there is no revision, for the files are wrong:",
    };
    let lines = [
        line("name", &watched.name),
        line("directory", &watched.directory),
        line("checked at", zone.show(watched.checked_at)),
        line("error", format!("{what}{error}")),
    ];
    block("  ", &lines)
}

/// A text of several lines below a line of a block.
fn below(text: &str) -> String {
    text.lines().map(|line| format!("\n    {line}")).collect()
}

/// A schedule in a list. What follows Digdag's lines are its next runs, and what has become of its sessions.
pub(crate) fn schedule_block(schedule: &Schedule, zone: &MachineZone, now: Time) -> String {
    let mut lines = vec![line("id", &schedule.id), line("project", &schedule.project.name)];
    lines.extend(schedule_lines(schedule, zone, now));
    lines.extend(schedule.next_times.iter().map(|next| line("next run", next_run(next))));
    lines.extend(
        schedule.last_session.as_ref().map(|last| line("last session", last_session(last, zone, now))),
    );
    if schedule.late {
        let session = schedule.late_session_time.map(show).unwrap_or_default();
        lines.push(line("late", format!("session {session} has not started yet")));
    }
    for skipped in &schedule.skipped {
        let times = match skipped.count {
            1 => format!("session {}", show(skipped.first_session_time)),
            count => {
                let (first, last) = (show(skipped.first_session_time), show(skipped.last_session_time));
                format!("{count} sessions from {first} to {last}")
            }
        };
        let from = skipped.first_session_time.format("%Y-%m-%d %H:%M:%S");
        let command = format!("dibble backfill {} --from '{from}' --count {}", schedule.id, skipped.count);
        let at = zone.show_with_distance(skipped.skipped_at, now);
        lines.push(line("skipped", format!("{times}, at {at}: {}", skipped.reason)));
        lines.push(line("  to run", command));
    }
    block("  ", &lines)
}

/// `2026-11-22 00:01:00 +0000, attempt 7: error, started at 2026-11-22 00:01:00 +0000 (1m 0s ago)`
fn last_session(last: &LastSession, zone: &MachineZone, now: Time) -> String {
    let session = show(last.session_time);
    let (Some(attempt), Some(status)) = (&last.attempt_id, &last.status) else { return session };
    let started = last.started_at.map(|at| format!(", started at {}", zone.show_with_distance(at, now)));
    format!("{session}, attempt {attempt}: {status}{}", started.unwrap_or_default())
}

/// `2026-11-22 07:00:00 +0900 (session 2026-11-22 00:00:00 +0900)`, and what a change of the clocks does to it.
pub(crate) fn next_time(
    session: DateTime<FixedOffset>,
    run: DateTime<FixedOffset>,
    clock_change: Option<&str>,
) -> String {
    let session = if session == run { String::new() } else { format!(" (session {})", show(session)) };
    let clock_change = clock_change.map(|change| format!(": {change}")).unwrap_or_default();
    format!("{}{session}{clock_change}", show(run))
}

fn next_run(next: &NextTime) -> String {
    next_time(next.session_time, next.run_time, next.clock_change_text())
}

/// A schedule that was moved.
pub(crate) fn rescheduled_block(schedule: &Schedule, zone: &MachineZone, now: Time) -> String {
    let mut lines = vec![line("id", &schedule.id)];
    lines.extend(schedule_lines(schedule, zone, now));
    block("  ", &lines)
}

fn schedule_lines<'a>(schedule: &'a Schedule, zone: &MachineZone, now: Time) -> Vec<Line<'a>> {
    let disabled = schedule.disabled_at.map(|at| zone.show_with_distance(at, now)).unwrap_or_default();
    vec![
        line("workflow", &schedule.workflow.name),
        line("disabled at", disabled),
        line("next session time", show(schedule.next_schedule_time)),
        line("next scheduled to run at", zone.show_with_distance(schedule.next_run_time, now)),
    ]
}

/// Parameters as compact JSON.
fn json_text(params: &Params) -> String {
    Value::Object(params.clone()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn attempt(change: Value) -> Attempt {
        let mut json = json!({
            "status": "success", "id": "3", "index": 2, "project": {"id": "1", "name": "p1"},
            "workflow": {"id": "2", "name": "plain"}, "sessionId": "1", "sessionUuid": "0-0",
            "sessionTime": "2024-01-02T00:00:00+09:00", "retryAttemptName": "again",
            "done": true, "success": true, "cancelRequested": false, "params": {"p": {"b": "é", "a": [1]}},
            "createdAt": "2024-01-03T10:00:00Z", "finishedAt": "2024-01-03T10:00:05Z",
        });
        json.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn an_attempt_has_a_status_and_perhaps_an_end() {
        let zone = MachineZone::utc();
        let head = "  session id: 1\n  attempt id: 3\n  uuid: 0-0\n  project: p1\n  workflow: plain\n  \
                    session time: 2024-01-02 00:00:00 +0900\n  retry attempt name: ";
        let params = "  params: {\"p\":{\"b\":\"é\",\"a\":[1]}}\n  created at: 2024-01-03 10:00:00 +0000\n";
        assert_eq!(
            attempt_block(&attempt(json!({})), &zone),
            format!(
                "{head}again\n{params}  finished at: 2024-01-03 10:00:05 +0000\n  kill requested: false\n  \
                 status: success\n"
            )
        );
        let running =
            json!({"retryAttemptName": null, "finishedAt": null, "cancelRequested": true, "status": "x"});
        assert_eq!(
            attempt_block(&attempt(running), &zone),
            format!("{head}\n{params}  finished at: \n  kill requested: true\n  status: x\n")
        );
        let block = attempt_block(&attempt(json!({"overlongAt": "2024-01-03T10:00:04Z"})), &zone);
        let end = "  status: success\n  longer than usual since: 2024-01-03 10:00:04 +0000\n";
        assert!(block.ends_with(end), "{block}");
    }

    #[test]
    fn a_session_follows_its_newest_attempt() {
        let session = |last: Value| {
            let json = json!({
                "id": 5, "project": {"id": "1", "name": "p1"}, "workflow": {"id": null, "name": "slow"},
                "sessionUuid": "0-0", "sessionTime": "2026-11-22T03:00:00+00:00", "lastAttempt": last,
            });
            session_block(&serde_json::from_value(json).unwrap(), &MachineZone::new(Some("Asia/Tokyo")))
        };
        let last = |done, success, canceled| {
            json!({
                "id": "7", "retryAttemptName": null, "done": done, "success": success, "cancelRequested": canceled,
                "params": {}, "createdAt": "2026-11-22T03:17:16Z", "finishedAt": null,
            })
        };
        let mut overlong = last(false, false, false);
        overlong["overlongAt"] = json!("2026-11-22T03:18:00Z");
        let head = |id| {
            format!(
                "  session id: 5\n  attempt id: {id}\n  uuid: 0-0\n  project: p1\n  workflow: slow\n  \
                 session time: 2026-11-22 03:00:00 +0000\n  retry attempt name: \n  "
            )
        };
        for (last, end) in [
            (last(false, false, false), "false\n  status: running\n"),
            (last(true, false, false), "false\n  status: error\n"),
            (last(true, false, true), "true\n  status: error\n"),
            (last(true, true, true), "true\n  status: success\n"),
            (overlong, "false\n  status: running\n  longer than usual since: 2026-11-22 12:18:00 +0900\n"),
        ] {
            let created = "params: {}\n  created at: 2026-11-22 12:17:16 +0900\n  kill requested: ";
            assert_eq!(session(last), format!("{}{created}{end}", head("7")));
        }
        let pending = "params: \n  created at: \n  kill requested: false\n  status: pending\n";
        assert_eq!(session(json!(null)), format!("{}{pending}", head("")));
    }

    #[test]
    fn schedules_have_distances() {
        let schedule: Schedule = serde_json::from_value(json!({
            "id": "1", "project": {"id": "1", "name": "p1"}, "workflow": {"id": "2", "name": "wf"},
            "nextRunTime": "2026-11-22T22:00:00Z", "nextScheduleTime": "2026-11-23T00:00:00+09:00",
            "disabledAt": "2026-11-22T21:00:00Z",
        }))
        .unwrap();
        let now = parse_iso("2026-11-22T21:00:01Z").unwrap();
        assert_eq!(
            schedule_block(&schedule, &MachineZone::utc(), now),
            "  id: 1\n  project: p1\n  workflow: wf\n  disabled at: 2026-11-22 21:00:00 +0000 (1s ago)\n  \
             next session time: 2026-11-23 00:00:00 +0900\n  \
             next scheduled to run at: 2026-11-22 22:00:00 +0000 (in 59m 59s)\n"
        );
    }

    #[test]
    fn schedules_tell_what_has_become_of_their_sessions() {
        let skip = |first: &str, last: &str, count| {
            json!({
                "firstSessionTime": first, "lastSessionTime": last, "count": count, "reason": "missed",
                "skippedAt": "2026-11-22T20:00:00Z",
            })
        };
        let schedule: Schedule = serde_json::from_value(json!({
            "id": "1", "project": {"id": "1", "name": "p1"}, "workflow": {"id": "2", "name": "wf"},
            "nextRunTime": "2026-11-22T22:00:00Z", "nextScheduleTime": "2026-11-23T00:00:00+09:00",
            "nextTimes": [
                {"sessionTime": "2026-11-23T00:00:00+09:00", "runTime": "2026-11-23T07:00:00+09:00", "clockChange": null},
                {
                    "sessionTime": "2026-11-24T00:00:00+09:00", "runTime": "2026-11-24T00:00:00+09:00",
                    "clockChange": {"kind": "skipped", "text": "clocks skip 23:30:00"},
                },
            ],
            "disabledAt": null, "late": true, "lateSessionTime": "2026-11-22T00:00:00+09:00",
            "lastSession": {
                "sessionTime": "2026-11-22T00:00:00+09:00", "attemptId": "7", "status": "error",
                "startedAt": "2026-11-22T20:00:00Z", "finishedAt": null,
            },
            "skipped": [
                skip("2026-11-20T00:00:00+09:00", "2026-11-21T00:00:00+09:00", 2),
                skip("2026-11-18T00:00:00+09:00", "2026-11-18T00:00:00+09:00", 1),
            ],
        }))
        .unwrap();
        let now = parse_iso("2026-11-22T21:00:00Z").unwrap();
        let shown = schedule_block(&schedule, &MachineZone::utc(), now);
        let lines: Vec<&str> = shown.lines().skip(6).collect();
        assert_eq!(
            lines,
            [
                "  next run: 2026-11-23 07:00:00 +0900 (session 2026-11-23 00:00:00 +0900)",
                "  next run: 2026-11-24 00:00:00 +0900: clocks skip 23:30:00",
                "  last session: 2026-11-22 00:00:00 +0900, attempt 7: error, \
                 started at 2026-11-22 20:00:00 +0000 (1h 0m 0s ago)",
                "  late: session 2026-11-22 00:00:00 +0900 has not started yet",
                "  skipped: 2 sessions from 2026-11-20 00:00:00 +0900 to 2026-11-21 00:00:00 +0900, \
                 at 2026-11-22 20:00:00 +0000 (1h 0m 0s ago): missed",
                "    to run: dibble backfill 1 --from '2026-11-20 00:00:00' --count 2",
                "  skipped: session 2026-11-18 00:00:00 +0900, \
                 at 2026-11-22 20:00:00 +0000 (1h 0m 0s ago): missed",
                "    to run: dibble backfill 1 --from '2026-11-18 00:00:00' --count 1",
            ]
        );
    }
}
