//! What people are told of: kept until it is sent, and afterwards with what was answered.

use super::row::{JsonObject, Millis};
use super::{Result, Writer};
use crate::model::{AttemptId, Params, Time};
use rusqlite::named_params;
use rusqlite::types::{ToSql, ToSqlOutput};

/// What a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationKind {
    /// A task wanted it: `notify>`, a failed attempt, an SLA.
    Task,
    /// An attempt or a task took too long and was canceled.
    TimeLimit,
    /// A session of a schedule did not start.
    Late,
    /// An attempt takes much longer than usual.
    Overlong,
    /// There is too little room on the disk for anything to start.
    Disk,
}

/// A notification to be sent.
#[derive(Debug, Clone, Copy)]
pub struct NewNotification<'a> {
    pub kind: NotificationKind,
    pub project_name: Option<&'a str>,
    pub workflow_name: Option<&'a str>,
    pub attempt: Option<AttemptId>,
    /// For a person. Not empty.
    pub message: &'a str,
    /// What is sent.
    pub payload: &'a Params,
}

/// Adds a notification that is to be sent at once. Whoever sends them must be woken after the commit.
pub fn insert(w: &Writer, new: &NewNotification<'_>, now: Time) -> Result<i64> {
    w.insert(
        "INSERT INTO notifications (created_at, kind, project_name, workflow_name, attempt_id, message, payload, state,
             tries, retry_at)
         VALUES (:now, :kind, :project_name, :workflow_name, :attempt, :message, :payload, 'pending', 0, :now)",
        named_params! {
            ":now": Millis(now),
            ":kind": new.kind,
            ":project_name": new.project_name,
            ":workflow_name": new.workflow_name,
            ":attempt": new.attempt,
            ":message": new.message,
            ":payload": JsonObject(new.payload),
        },
    )
}

impl NotificationKind {
    /// As the column and the listings have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::TimeLimit => "time_limit",
            Self::Late => "late",
            Self::Overlong => "overlong",
            Self::Disk => "disk",
        }
    }
}

impl ToSql for NotificationKind {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.name().into())
    }
}
