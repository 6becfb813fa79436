//! A schedule: in lists, as it is after it was changed, and with the attempts that fill it in.

use super::{Attempt, IdAndName, Instant, OffsetTime, Text};
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

impl<'a> From<&'a ScheduleRow> for Schedule<'a> {
    fn from(row: &'a ScheduleRow) -> Self {
        Self {
            id: Text(row.id.0),
            project: project(row),
            workflow: workflow(row),
            next_run_time: Instant(row.next.run),
            next_schedule_time: next_schedule_time(row),
            disabled_at: row.disabled_at.map(Instant),
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
        }
    }

    const BEGIN: &str = r#"{"id":"1","project":{"id":"1","name":"p1"},"workflow":{"id":"2","name":"wf"},"#;
    const NEXT: &str =
        r#""nextRunTime":"2026-11-22T22:00:00Z","nextScheduleTime":"2026-11-23T00:00:00+09:00","#;

    #[test]
    fn a_schedule_has_the_local_time_of_its_session() {
        assert_eq!(json(Schedule::from(&row())), format!(r#"{BEGIN}{NEXT}"disabledAt":null}}"#));
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
