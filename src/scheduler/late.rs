//! Sessions that have not started long after their time: who is told, and in which words.
//!
//! Somebody is told once, until a session has started in time again: a server that was down for an hour is one piece of
//! news, not sixty. A schedule that is disabled is never late.

use crate::dig::schedule::ScheduleTime;
use crate::logs::local_time::span;
use crate::model::time::{iso, whole_seconds};
use crate::model::{SessionTime, Time};
use crate::notifications::{About, payload};
use crate::store::notifications::{self, NewNotification, NotificationKind};
use crate::store::schedules::ScheduleRow;
use crate::store::{StoreError, Writer};
use chrono::TimeDelta;

/// What becomes of a session that is late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// It starts now.
    Starts,
    /// It is not run; why.
    Skipped(String),
    /// It still waits; what for, if that is known.
    Waits(Option<String>),
}

/// Whether a session is late at a time, if that counts at all.
pub(super) fn is_late(run: Time, late_after: Option<TimeDelta>, now: Time) -> bool {
    late_after.is_some_and(|late_after| run + late_after <= now)
}

/// The next session of a schedule, if it is late and nobody has been told. One that was to run before its schedule was
/// there is run because somebody asked for it.
pub(super) fn untold(row: &ScheduleRow, late_after: Option<TimeDelta>, now: Time) -> Option<SessionTime> {
    let is_asked_for = row.next.run < whole_seconds(row.created_at);
    let news = row.late_session_time.is_none() && !is_asked_for && is_late(row.next.run, late_after, now);
    news.then(|| SessionTime::new(row.next.session))
}

/// The late session that a schedule goes on with after one was started: none when that was in time.
pub(super) fn after_start(
    row: &ScheduleRow,
    started: ScheduleTime,
    late_after: Option<TimeDelta>,
    now: Time,
) -> Option<SessionTime> {
    let told = row.late_session_time.or_else(|| untold(row, late_after, now));
    told.filter(|_| is_late(started.run, late_after, now))
}

/// `p/wf: session 2026-11-22T00:00:00+00:00 starts 1h 0m 0s late: it was to start at 2026-11-22T00:00:00+00:00`
pub(super) fn message(row: &ScheduleRow, fate: &Fate, now: Time) -> String {
    let (project, workflow, zone) = (&row.project_name, &row.workflow_name, &row.timezone);
    let session = SessionTime::new(row.next.session).iso(zone);
    let (run, late) = (iso(zone.local(row.next.run)), span(now - row.next.run));
    let head = format!("{project}/{workflow}: session {session}");
    match fate {
        Fate::Starts => format!("{head} starts {late} late: it was to start at {run}"),
        Fate::Skipped(reason) => {
            format!("{head} did not start at {run}, {late} ago, and is not run: {reason}")
        }
        Fate::Waits(None) => format!("{head} has not started: it was to start at {run}, {late} ago"),
        Fate::Waits(Some(why)) => {
            format!("{head} has not started: it was to start at {run}, {late} ago; {why}")
        }
    }
}

/// Tells of a schedule's next session.
pub(super) fn tell(writer: &Writer, row: &ScheduleRow, message: &str, now: Time) -> Result<(), StoreError> {
    let about = About {
        project: Some(row.project_id),
        project_name: Some(&row.project_name),
        workflow_name: Some(&row.workflow_name),
        timezone: Some(&row.timezone),
        session_time: Some(SessionTime::new(row.next.session)),
        workflow: Some(row.workflow_id),
        ..About::default()
    };
    let new = NewNotification {
        kind: NotificationKind::Late,
        project_name: Some(&row.project_name),
        workflow_name: Some(&row.workflow_name),
        attempt: None,
        message,
        payload: &payload(message, &about, now),
    };
    notifications::insert(writer, &new, now).map(drop)
}
