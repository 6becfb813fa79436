//! Rows that the tests of the models share.

use crate::model::time::parse_iso;
use crate::model::{
    AttemptId, Params, ProjectId, RevisionId, SessionId, SessionTime, Time, WorkflowId, Zone,
};
use crate::store::attempts::AttemptRow;
use serde::Serialize;
use serde_json::Value;

pub(super) fn json(value: impl Serialize) -> String {
    serde_json::to_string(&value).unwrap()
}

pub(super) fn at(text: &str) -> Time {
    parse_iso(text).unwrap()
}

pub(super) fn session_time(text: &str) -> SessionTime {
    SessionTime::new(at(text))
}

pub(super) fn tokyo() -> Zone {
    Zone::parse("Asia/Tokyo").unwrap()
}

/// Keeps the order of keys, which `json!` would, too, but not the way the text is written in.
pub(super) fn object(text: &str) -> Params {
    match serde_json::from_str(text).unwrap() {
        Value::Object(object) => object,
        other => panic!("not an object: {other}"),
    }
}

/// Attempt 1 of workflow `wf`, which is done and succeeded.
pub(super) fn attempt() -> AttemptRow {
    AttemptRow {
        id: AttemptId(1),
        session_id: SessionId(3),
        session_uuid: "d2d80e5b-6d07-4b2c-8a53-7b4a2b0e6d11".parse().unwrap(),
        session_time: session_time("2026-11-20T00:00:00+09:00"),
        project_id: ProjectId(1),
        project_name: "p1".to_owned(),
        revision_id: RevisionId(4),
        revision: "rev1".to_owned(),
        workflow_id: WorkflowId(2),
        workflow_name: "wf".to_owned(),
        timezone: tokyo(),
        name: String::new(),
        index: 1,
        params: object(
            r#"{"next_session_time":"2026-11-21T00:00:00+09:00","last_session_time":"2026-11-19T00:00:00+09:00"}"#,
        ),
        owner: None,
        cancel_requested: false,
        done: true,
        success: true,
        created_at: at("2026-11-22T03:16:29.999Z"),
        finished_at: Some(at("2026-11-22T03:16:31.5Z")),
        waits_for: None,
        resume: None,
        overlong_at: None,
    }
}
