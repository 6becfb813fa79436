//! What is sent: the fields that receivers of Digdag's notifications know.

use crate::model::time::{iso, whole_seconds};
use crate::model::{AttemptId, Params, ProjectId, SessionId, SessionTime, Time, WorkflowId, Zone};
use serde_json::Value;

/// What a notification is about. What does not apply, or is not known, is none.
#[derive(Debug, Clone, Copy, Default)]
pub struct About<'a> {
    pub project: Option<ProjectId>,
    pub project_name: Option<&'a str>,
    pub workflow_name: Option<&'a str>,
    pub revision: Option<&'a str>,
    pub attempt: Option<AttemptId>,
    pub session: Option<SessionId>,
    /// The full name.
    pub task_name: Option<&'a str>,
    pub timezone: Option<&'a Zone>,
    pub session_uuid: Option<&'a str>,
    /// Shown in the time zone, or in UTC.
    pub session_time: Option<SessionTime>,
    pub workflow: Option<WorkflowId>,
}

/// A message and what it is about, as Digdag words it. Every field is there; one that does not apply is null.
pub fn payload(message: &str, about: &About<'_>, now: Time) -> Params {
    let text = |text: Option<&str>| text.map_or(Value::Null, Value::from);
    let id = |id: Option<i64>| id.map_or(Value::Null, Value::from);
    let session_time = about.session_time.map(|time| match about.timezone {
        Some(zone) => time.iso(zone),
        None => iso(time.time().fixed_offset()),
    });
    let fields = [
        ("timestamp", whole_seconds(now).format("%Y-%m-%dT%H:%M:%SZ").to_string().into()),
        ("message", message.into()),
        ("site_id", 0.into()),
        ("project_id", id(about.project.map(|id| id.0))),
        ("project_name", text(about.project_name)),
        ("workflow_name", text(about.workflow_name)),
        ("revision", text(about.revision)),
        ("attempt_id", id(about.attempt.map(|id| id.0))),
        ("session_id", id(about.session.map(|id| id.0))),
        ("task_name", text(about.task_name)),
        ("timezone", text(about.timezone.map(Zone::id))),
        ("session_uuid", text(about.session_uuid)),
        ("session_time", text(session_time.as_deref())),
        ("workflow_definition_id", id(about.workflow.map(|id| id.0))),
    ];
    fields.into_iter().map(|(name, value): (&str, Value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use serde_json::json;

    fn time(millis: i64) -> Time {
        DateTime::from_timestamp_millis(millis).unwrap()
    }

    #[test]
    fn all_fields_are_there_in_their_order() {
        let zone = Zone::parse("Asia/Tokyo").unwrap();
        let about = About {
            project: Some(ProjectId(1)),
            project_name: Some("shop"),
            workflow_name: Some("daily"),
            revision: Some("r1"),
            attempt: Some(AttemptId(7)),
            session: Some(SessionId(5)),
            task_name: Some("+daily+a"),
            timezone: Some(&zone),
            session_uuid: Some("0e7a4a3c-5a3f-4a8e-9a5e-0c6f3f1d2b11"),
            session_time: Some(SessionTime::new(time(1_704_121_200_000))),
            workflow: Some(WorkflowId(3)),
        };
        let expected = json!({
            "timestamp": "2024-01-02T03:04:05Z",
            "message": "stock is \"empty\"",
            "site_id": 0,
            "project_id": 1,
            "project_name": "shop",
            "workflow_name": "daily",
            "revision": "r1",
            "attempt_id": 7,
            "session_id": 5,
            "task_name": "+daily+a",
            "timezone": "Asia/Tokyo",
            "session_uuid": "0e7a4a3c-5a3f-4a8e-9a5e-0c6f3f1d2b11",
            "session_time": "2024-01-02T00:00:00+09:00",
            "workflow_definition_id": 3,
        });
        let payload = payload("stock is \"empty\"", &about, time(1_704_164_645_678));
        assert_eq!(Value::Object(payload).to_string(), expected.to_string());
    }

    #[test]
    fn what_does_not_apply_is_null() {
        let about = About { session_time: SessionTime::from_unix(0), ..About::default() };
        let payload = payload("full", &about, time(0));
        let given: Vec<String> =
            payload.iter().filter(|(_, value)| !value.is_null()).map(|(key, _)| key.clone()).collect();
        assert_eq!(given, ["timestamp", "message", "site_id", "session_time"]);
        assert_eq!((payload.len(), &payload["session_time"]), (14, &json!("1970-01-01T00:00:00+00:00")));
    }
}
