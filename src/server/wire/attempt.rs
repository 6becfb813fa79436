//! An attempt as it stands alone, and in answer to a start.

use super::{IdAndName, Instant, NameAndId, OffsetTime, Text, retry_attempt_name};
use crate::model::Params;
use crate::store::attempts::AttemptRow;
use serde::Serialize;
use uuid::Uuid;

/// `RestSessionAttempt`
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt<'a> {
    status: &'static str,
    id: Text<i64>,
    index: u32,
    project: IdAndName<'a>,
    workflow: NameAndId<'a>,
    session_id: Text<i64>,
    session_uuid: Text<Uuid>,
    session_time: OffsetTime<'a>,
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

impl<'a> From<&'a AttemptRow> for Attempt<'a> {
    fn from(row: &'a AttemptRow) -> Self {
        Self {
            status: status(row),
            id: Text(row.id.0),
            index: row.index,
            project: IdAndName::new(row.project_id, &row.project_name),
            workflow: NameAndId::new(&row.workflow_name, row.workflow_id),
            session_id: Text(row.session_id.0),
            session_uuid: Text(row.session_uuid),
            session_time: OffsetTime::of_session(row.session_time, &row.timezone),
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

/// An attempt that is to be canceled still runs.
pub(super) fn status(row: &AttemptRow) -> &'static str {
    match (row.done, row.success, row.cancel_requested) {
        (true, true, _) => "success",
        (true, false, true) => "killed",
        (true, false, false) => "error",
        (false, ..) => "running",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Zone;
    use crate::server::wire::testing::{self, json};

    #[test]
    fn an_attempt_has_every_key() {
        assert_eq!(
            json(Attempt::from(&testing::attempt())),
            concat!(
                r#"{"status":"success","id":"1","index":1,"project":{"id":"1","name":"p1"},"#,
                r#""workflow":{"name":"wf","id":"2"},"sessionId":"3","#,
                r#""sessionUuid":"d2d80e5b-6d07-4b2c-8a53-7b4a2b0e6d11","sessionTime":"2026-11-20T00:00:00+09:00","#,
                r#""retryAttemptName":null,"done":true,"success":true,"cancelRequested":false,"#,
                r#""params":{"next_session_time":"2026-11-21T00:00:00+09:00","#,
                r#""last_session_time":"2026-11-19T00:00:00+09:00"},"#,
                r#""createdAt":"2026-11-22T03:16:29Z","finishedAt":"2026-11-22T03:16:31Z"}"#,
            )
        );
    }

    #[test]
    fn a_running_retry_has_a_name_and_no_end() {
        let row = AttemptRow {
            name: "again".to_owned(),
            timezone: Zone::utc(),
            params: Params::new(),
            done: false,
            success: false,
            finished_at: None,
            ..testing::attempt()
        };
        let json = json(Attempt::from(&row));
        for part in [
            r#"{"status":"running","#,
            r#""sessionTime":"2026-11-19T15:00:00+00:00","retryAttemptName":"again","done":false,"#,
            r#""params":{},"#,
            r#""finishedAt":null}"#,
        ] {
            assert!(json.contains(part), "{part} in {json}");
        }
    }

    #[test]
    fn status_follows_from_the_marks() {
        for (done, success, cancel_requested, expected) in [
            (false, false, false, "running"),
            (false, false, true, "running"),
            (true, true, false, "success"),
            (true, true, true, "success"),
            (true, false, false, "error"),
            (true, false, true, "killed"),
        ] {
            let row = AttemptRow { done, success, cancel_requested, ..testing::attempt() };
            assert_eq!(status(&row), expected, "{done} {success} {cancel_requested}");
        }
    }
}
