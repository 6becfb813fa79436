//! A session with its newest attempt.

use super::{IdAndName, Instant, NameAndId, OffsetTime, Text, retry_attempt_name};
use crate::model::Params;
use crate::store::attempts::AttemptRow;
use crate::store::sessions::SessionRow;
use serde::Serialize;
use uuid::Uuid;

/// `RestSession`
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Session<'a> {
    id: Text<i64>,
    project: IdAndName<'a>,
    workflow: NameAndId<'a>,
    session_uuid: Text<Uuid>,
    session_time: OffsetTime<'a>,
    last_attempt: LastAttempt<'a>,
}

/// `RestSession.Attempt`: an attempt without `status` and what the session says already.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct LastAttempt<'a> {
    id: Text<i64>,
    retry_attempt_name: Option<&'a str>,
    done: bool,
    success: bool,
    cancel_requested: bool,
    params: &'a Params,
    created_at: Instant,
    finished_at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    overlong_at: Option<Instant>,
}

impl<'a> From<&'a SessionRow> for Session<'a> {
    fn from(row: &'a SessionRow) -> Self {
        let attempt = &row.last_attempt;
        Self {
            id: Text(row.id.0),
            project: IdAndName::new(row.project_id, &row.project_name),
            workflow: NameAndId::new(&row.workflow_name, attempt.workflow_id),
            session_uuid: Text(row.uuid),
            session_time: OffsetTime::of_session(row.session_time, &attempt.timezone),
            last_attempt: LastAttempt::from(attempt),
        }
    }
}

impl<'a> From<&'a AttemptRow> for LastAttempt<'a> {
    fn from(row: &'a AttemptRow) -> Self {
        Self {
            id: Text(row.id.0),
            retry_attempt_name: retry_attempt_name(&row.name),
            done: row.done,
            success: row.success,
            cancel_requested: row.cancel_requested,
            params: &row.params,
            created_at: Instant(row.created_at),
            finished_at: row.finished_at.map(Instant),
            overlong_at: row.overlong_at.map(Instant),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{SessionId, Zone};
    use crate::server::wire::testing::{self, json, session_time};

    #[test]
    fn a_session_has_its_newest_attempt() {
        let last_attempt = AttemptRow {
            timezone: Zone::utc(),
            params: Params::new(),
            done: false,
            success: false,
            finished_at: None,
            ..testing::attempt()
        };
        let row = SessionRow {
            id: SessionId(5),
            uuid: "1138c51f-4aab-4210-a66b-b09ae1b1d6a0".parse().unwrap(),
            project_id: last_attempt.project_id,
            project_name: "p1".to_owned(),
            workflow_name: "slow".to_owned(),
            session_time: session_time("2026-11-22T03:00:00Z"),
            last_attempt,
        };
        assert_eq!(
            json(Session::from(&row)),
            concat!(
                r#"{"id":"5","project":{"id":"1","name":"p1"},"workflow":{"name":"slow","id":"2"},"#,
                r#""sessionUuid":"1138c51f-4aab-4210-a66b-b09ae1b1d6a0","sessionTime":"2026-11-22T03:00:00+00:00","#,
                r#""lastAttempt":{"id":"1","retryAttemptName":null,"done":false,"success":false,"#,
                r#""cancelRequested":false,"params":{},"createdAt":"2026-11-22T03:16:29Z","finishedAt":null}}"#,
            )
        );
    }
}
