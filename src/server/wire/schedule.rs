//! A schedule: in lists, as it is after it was changed, and with the attempts that fill it in.

use super::attempt::status;
use super::{Attempt, IdAndName, Instant, OffsetTime, Text};
use crate::actions::schedules::ScheduleStory;
use crate::dig::schedule::{ClockChange, Upcoming};
use crate::model::{SessionTime, Zone};
use crate::store::attempts::AttemptRow;
use crate::store::schedules::ScheduleRow;
use serde::Serialize;

/// `RestSchedule`
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Schedule<'a> {
    id: Text<i64>,
    project: IdAndName<'a>,
    workflow: IdAndName<'a>,
    next_run_time: Instant,
    next_schedule_time: OffsetTime<'a>,
    disabled_at: Option<Instant>,
    #[serde(flatten)]
    story: Story<'a>,
    /// Only for who asks for them, as Digdag does not tell them either.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    next_times: Vec<NextTime<'a>>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct NextTime<'a> {
    session_time: OffsetTime<'a>,
    run_time: OffsetTime<'a>,
    clock_change: Option<ClockChange>,
}

/// What has become of the sessions of a schedule. Digdag does not tell that, so what there is nothing to say of is left
/// out.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Story<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    last_session: Option<LastSession<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    late: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    late_session_time: Option<OffsetTime<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skipped: Vec<Skipped<'a>>,
}

/// The session that a schedule started last, with its newest attempt if that is still there.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct LastSession<'a> {
    session_time: OffsetTime<'a>,
    #[serde(flatten)]
    attempt: Option<LastAttempt>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct LastAttempt {
    attempt_id: Text<i64>,
    status: &'static str,
    started_at: Instant,
    finished_at: Option<Instant>,
}

/// Sessions, one after another, that were not run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Skipped<'a> {
    first_session_time: OffsetTime<'a>,
    last_session_time: OffsetTime<'a>,
    count: u64,
    reason: &'a str,
    skipped_at: Instant,
}

/// `RestScheduleSummary`
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleSummary<'a> {
    id: Text<i64>,
    project: IdAndName<'a>,
    workflow: IdAndName<'a>,
    next_run_time: Instant,
    next_schedule_time: OffsetTime<'a>,
    created_at: Instant,
    /// When it was made, as with Digdag.
    updated_at: Instant,
    disabled_at: Option<Instant>,
}

/// `RestScheduleAttemptCollection`
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScheduleAttempts<'a> {
    id: Text<i64>,
    project: IdAndName<'a>,
    workflow: IdAndName<'a>,
    attempts: Vec<Attempt<'a>>,
}

impl<'a> From<&'a ScheduleStory> for Schedule<'a> {
    fn from(story: &'a ScheduleStory) -> Self {
        let row = &story.row;
        Self {
            id: Text(row.id.0),
            project: project(row),
            workflow: workflow(row),
            next_run_time: Instant(row.next.run),
            next_schedule_time: next_schedule_time(row),
            disabled_at: row.disabled_at.map(Instant),
            story: Story::from(story),
            next_times: story.upcoming.iter().map(|next| NextTime::new(next, &row.timezone)).collect(),
        }
    }
}

impl<'a> NextTime<'a> {
    fn new(next: &Upcoming, zone: &'a Zone) -> Self {
        let local = |time| OffsetTime { time, zone };
        Self {
            session_time: local(next.time.session),
            run_time: local(next.time.run),
            clock_change: next.clock_change,
        }
    }
}

impl<'a> From<&'a ScheduleStory> for Story<'a> {
    fn from(story: &'a ScheduleStory) -> Self {
        let ScheduleStory { row, last_attempt, skipped, .. } = story;
        let local = |time| OffsetTime::of_session(time, &row.timezone);
        let attempt = last_attempt.as_ref().map(|attempt| LastAttempt {
            attempt_id: Text(attempt.id.0),
            status: status(attempt),
            started_at: Instant(attempt.created_at),
            finished_at: attempt.finished_at.map(Instant),
        });
        // The row remembers of which session people were told until one starts in time; that one may have started since.
        // Nobody waits for a schedule that somebody has disabled.
        let is_late =
            |late: &SessionTime| *late == SessionTime::new(row.next.session) && row.disabled_at.is_none();
        let late_session_time = row.late_session_time.filter(is_late);
        let skipped = skipped.iter().map(|row| Skipped {
            first_session_time: local(row.first),
            last_session_time: local(row.last),
            count: row.count,
            reason: &row.reason,
            skipped_at: Instant(row.skipped_at),
        });
        Self {
            last_session: row
                .last_session_time
                .map(|time| LastSession { session_time: local(time), attempt }),
            late: late_session_time.is_some(),
            late_session_time: late_session_time.map(local),
            skipped: skipped.collect(),
        }
    }
}

impl<'a> From<&'a ScheduleRow> for ScheduleSummary<'a> {
    fn from(row: &'a ScheduleRow) -> Self {
        Self {
            id: Text(row.id.0),
            project: project(row),
            workflow: workflow(row),
            next_run_time: Instant(row.next.run),
            next_schedule_time: next_schedule_time(row),
            created_at: Instant(row.created_at),
            updated_at: Instant(row.created_at),
            disabled_at: row.disabled_at.map(Instant),
        }
    }
}

impl<'a> ScheduleAttempts<'a> {
    pub fn new(row: &'a ScheduleRow, attempts: &'a [AttemptRow]) -> Self {
        Self {
            id: Text(row.id.0),
            project: project(row),
            workflow: workflow(row),
            attempts: attempts.iter().map(Attempt::from).collect(),
        }
    }
}

fn project(row: &ScheduleRow) -> IdAndName<'_> {
    IdAndName::new(row.project_id, &row.project_name)
}

fn workflow(row: &ScheduleRow) -> IdAndName<'_> {
    IdAndName::new(row.workflow_id, &row.workflow_name)
}

fn next_schedule_time(row: &ScheduleRow) -> OffsetTime<'_> {
    OffsetTime { time: row.next.session, zone: &row.timezone }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dig::schedule::ScheduleTime;
    use crate::model::{ProjectId, ScheduleId, WorkflowId};
    use crate::server::wire::testing::{self, at, json, tokyo};

    fn row() -> ScheduleRow {
        ScheduleRow {
            id: ScheduleId(1),
            project_id: ProjectId(1),
            project_name: "p1".to_owned(),
            workflow_id: WorkflowId(2),
            workflow_name: "wf".to_owned(),
            timezone: tokyo(),
            next: ScheduleTime { session: at("2026-11-22T15:00:00Z"), run: at("2026-11-22T22:00:00Z") },
            last_session_time: None,
            created_at: at("2026-11-22T03:16:29.123Z"),
            disabled_at: None,
            late_session_time: None,
        }
    }

    const BEGIN: &str = r#"{"id":"1","project":{"id":"1","name":"p1"},"workflow":{"id":"2","name":"wf"},"#;
    const NEXT: &str =
        r#""nextRunTime":"2026-11-22T22:00:00Z","nextScheduleTime":"2026-11-23T00:00:00+09:00","#;

    #[test]
    fn a_schedule_has_the_local_time_of_its_session() {
        let story = ScheduleStory { row: row(), last_attempt: None, skipped: vec![], upcoming: vec![] };
        assert_eq!(json(Schedule::from(&story)), format!(r#"{BEGIN}{NEXT}"disabledAt":null}}"#));
    }

    #[test]
    fn a_session_is_late_until_it_starts() {
        let shown = |late: &str, disabled_at| {
            let late_session_time = Some(SessionTime::new(at(late)));
            let row = ScheduleRow { late_session_time, disabled_at, ..row() };
            let story = ScheduleStory { row, last_attempt: None, skipped: vec![], upcoming: vec![] };
            json(Schedule::from(&story))
                .contains(r#""late":true,"lateSessionTime":"2026-11-23T00:00:00+09:00""#)
        };
        assert!(shown("2026-11-22T15:00:00Z", None));
        assert!(!shown("2026-11-21T15:00:00Z", None), "it has started, or is not run");
        assert!(!shown("2026-11-22T15:00:00Z", Some(at("2026-11-22T03:17:33Z"))));
    }

    #[test]
    fn a_summary_tells_when_it_was_made_twice() {
        let disabled = ScheduleRow { disabled_at: Some(at("2026-11-22T03:17:33.9Z")), ..row() };
        let times = r#""createdAt":"2026-11-22T03:16:29Z","updatedAt":"2026-11-22T03:16:29Z","#;
        assert_eq!(
            json(ScheduleSummary::from(&disabled)),
            format!(r#"{BEGIN}{NEXT}{times}"disabledAt":"2026-11-22T03:17:33Z"}}"#)
        );
    }

    #[test]
    fn attempts_of_a_schedule_are_whole() {
        let attempts = [testing::attempt()];
        let attempt = json(Attempt::from(&attempts[0]));
        let expected = format!(r#"{BEGIN}"attempts":[{attempt}]}}"#);
        assert_eq!(json(ScheduleAttempts::new(&row(), &attempts)), expected);
    }
}
