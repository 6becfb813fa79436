//! What people are told of an attempt: it was canceled because it took too long, or takes much longer than usual.

use super::active::Origin;
use super::details::details;
use crate::logs::Level;
use crate::model::{AttemptId, Params, Time, Zone};
use crate::notifications::{About, payload};
use crate::store::notifications::{NewNotification, NotificationKind};
use crate::store::{Result, Writer, notifications, overlong};

/// A notification that is to be raised with the next commit.
#[derive(Debug)]
pub(super) struct Alert {
    kind: NotificationKind,
    attempt: AttemptId,
    project_name: String,
    workflow_name: String,
    message: String,
    payload: Params,
}

impl Alert {
    /// The attempt, or one of its tasks, took too long and is canceled.
    pub(super) fn time_limit(
        attempt: AttemptId,
        origin: &Origin,
        zone: &Zone,
        message: String,
        now: Time,
    ) -> Self {
        Self::new(NotificationKind::TimeLimit, attempt, origin, zone, message, now)
    }

    /// The attempt takes much longer than usual. It is marked.
    pub(super) fn overlong(
        attempt: AttemptId,
        origin: &Origin,
        zone: &Zone,
        message: String,
        now: Time,
    ) -> Self {
        Self::new(NotificationKind::Overlong, attempt, origin, zone, message, now)
    }

    fn new(
        kind: NotificationKind,
        attempt: AttemptId,
        origin: &Origin,
        zone: &Zone,
        message: String,
        now: Time,
    ) -> Self {
        let about = About {
            project: Some(origin.project_id),
            project_name: Some(&origin.project_name),
            workflow_name: Some(&origin.workflow_name),
            revision: Some(&origin.revision),
            attempt: Some(attempt),
            session: Some(origin.session_id),
            task_name: None,
            timezone: Some(zone),
            session_uuid: Some(&origin.session_uuid),
            session_time: Some(origin.session_time),
            workflow: Some(origin.workflow_id),
        };
        let payload = payload(&message, &about, now);
        let (project_name, workflow_name) = (origin.project_name.clone(), origin.workflow_name.clone());
        Self { kind, attempt, project_name, workflow_name, message, payload }
    }

    pub(super) fn attempt(&self) -> AttemptId {
        self.attempt
    }

    pub(super) fn level(&self) -> Level {
        if self.kind == NotificationKind::Overlong { Level::Warn } else { Level::Error }
    }

    pub(super) fn log_line(&self) -> String {
        let Self { message, attempt, project_name, workflow_name, .. } = self;
        format!("{message}: attempt {attempt} of {project_name}/{workflow_name}")
    }

    /// Writes it down. An attempt is marked as overlong once, and only while it runs.
    pub(super) fn write(&self, writer: &Writer, now: Time) -> Result<()> {
        if self.kind == NotificationKind::Overlong && !overlong::mark(writer, self.attempt, now)? {
            return Ok(());
        }
        let mut payload = self.payload.clone();
        details(writer, self.attempt)?.add_to(&mut payload);
        let new = NewNotification {
            kind: self.kind,
            project_name: Some(&self.project_name),
            workflow_name: Some(&self.workflow_name),
            attempt: Some(self.attempt),
            message: &self.message,
            payload: &payload,
        };
        notifications::insert(writer, &new, now).map(drop)
    }
}
