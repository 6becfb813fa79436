//! What people were told, or are to be told. Digdag keeps no such list: the shape is ours.

use super::{Instant, Text};
use crate::store::notifications::NotificationRow;
use serde::Serialize;

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification<'a> {
    id: Text<i64>,
    created_at: Instant,
    kind: &'static str,
    project: Option<&'a str>,
    workflow: Option<&'a str>,
    attempt_id: Option<Text<i64>>,
    message: &'a str,
    state: &'static str,
    tries: u64,
    /// When it is sent next.
    retry_at: Option<Instant>,
    channel: Option<&'a str>,
    answer: Option<&'a str>,
    ended_at: Option<Instant>,
}

impl<'a> From<&'a NotificationRow> for Notification<'a> {
    fn from(row: &'a NotificationRow) -> Self {
        Self {
            id: Text(row.id),
            created_at: Instant(row.created_at),
            kind: row.kind.name(),
            project: row.project_name.as_deref(),
            workflow: row.workflow_name.as_deref(),
            attempt_id: row.attempt.map(|id| Text(id.0)),
            message: &row.message,
            state: row.state.name(),
            tries: row.tries,
            retry_at: row.retry_at.map(Instant),
            channel: row.channel.as_deref(),
            answer: row.answer.as_deref(),
            ended_at: row.ended_at.map(Instant),
        }
    }
}
