//! Sessions: a workflow, by name, at a session time. They are made with their first attempt.

use super::row::{Millis, UuidText};
use super::{Page, Reader, Result, Writer, attempts, tasks};
use crate::model::{
    AttemptId, ProjectId, RevisionId, SessionId, SessionTime, TaskId, TaskResult, Time, WorkflowId,
};
use attempts::{AttemptRow, NewAttempt, Scope};
use rusqlite::{Row, named_params};
use std::collections::HashMap;
use uuid::Uuid;

/// A session with its newest attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionRow {
    pub id: SessionId,
    pub uuid: Uuid,
    pub project_id: ProjectId,
    pub project_name: String,
    pub workflow_name: String,
    pub session_time: SessionTime,
    pub last_attempt: AttemptRow,
}

pub fn by_id(r: &Reader, id: SessionId) -> Result<Option<SessionRow>> {
    r.row(
        "SELECT attempt_rows.* FROM sessions JOIN attempt_rows ON attempt_rows.id = sessions.last_attempt_id
         WHERE sessions.id = :id",
        named_params! { ":id": id },
        from_row,
    )
}

/// The session of a workflow, by name, at a time.
pub fn by_time(
    r: &Reader,
    project: ProjectId,
    workflow_name: &str,
    time: SessionTime,
) -> Result<Option<SessionRow>> {
    r.row(
        "SELECT attempt_rows.* FROM sessions JOIN attempt_rows ON attempt_rows.id = sessions.last_attempt_id
         WHERE sessions.project_id = :project AND sessions.workflow_name = :workflow_name
             AND sessions.session_time = :time",
        named_params! { ":project": project, ":workflow_name": workflow_name, ":time": time },
        from_row,
    )
}

/// Sessions, newest first (by id, not by session time).
pub fn list(r: &Reader, scope: Scope<'_>, page: Page<SessionId>) -> Result<Vec<SessionRow>> {
    let (before, limit) = (page.before(), page.limit);
    match scope {
        Scope::All => r.rows(
            "SELECT attempt_rows.* FROM sessions JOIN attempt_rows ON attempt_rows.id = sessions.last_attempt_id
             WHERE sessions.id < :before ORDER BY sessions.id DESC LIMIT :limit",
            named_params! { ":before": before, ":limit": limit },
            from_row,
        ),
        Scope::Project(project) => r.rows(
            "SELECT attempt_rows.* FROM sessions JOIN attempt_rows ON attempt_rows.id = sessions.last_attempt_id
             WHERE sessions.project_id = :project AND sessions.id < :before
             ORDER BY sessions.id DESC LIMIT :limit",
            named_params! { ":project": project, ":before": before, ":limit": limit },
            from_row,
        ),
        Scope::Workflow(project, workflow) => r.rows(
            "SELECT attempt_rows.* FROM sessions JOIN attempt_rows ON attempt_rows.id = sessions.last_attempt_id
             WHERE sessions.project_id = :project AND sessions.workflow_name = :workflow AND sessions.id < :before
             ORDER BY sessions.id DESC LIMIT :limit",
            named_params! { ":project": project, ":workflow": workflow, ":before": before, ":limit": limit },
            from_row,
        ),
    }
}

/// The latest session time of a workflow, by name, before another time.
pub fn time_before(
    r: &Reader,
    project: ProjectId,
    workflow_name: &str,
    time: SessionTime,
) -> Result<Option<SessionTime>> {
    r.row(
        "SELECT session_time FROM sessions
         WHERE project_id = :project AND workflow_name = :workflow_name AND session_time < :time
         ORDER BY session_time DESC LIMIT 1",
        named_params! { ":project": project, ":workflow_name": workflow_name, ":time": time },
        |row| row.get("session_time"),
    )
}

/// The latest session time of a workflow at which a task other than the root succeeded.
pub fn last_with_success(r: &Reader, project: ProjectId, workflow_name: &str) -> Result<Option<SessionTime>> {
    r.row(
        "SELECT session_time FROM sessions
         WHERE project_id = :project AND workflow_name = :workflow_name AND EXISTS (
             SELECT 1 FROM attempts JOIN tasks ON tasks.attempt_id = attempts.id
             WHERE attempts.session_id = sessions.id AND tasks.parent_id IS NOT NULL AND tasks.state = 'success')
         ORDER BY session_time DESC LIMIT 1",
        named_params! { ":project": project, ":workflow_name": workflow_name },
        |row| row.get("session_time"),
    )
}

/// What succeeded in a session: by full name the newest success of all attempts, even if a later run of it failed.
pub fn succeeded(r: &Reader, session: SessionId) -> Result<HashMap<String, TaskResult>> {
    let oldest_first = r.rows(
        "SELECT tasks.attempt_id, tasks.id, tasks.full_name
         FROM attempts CROSS JOIN tasks ON tasks.attempt_id = attempts.id
         WHERE attempts.session_id = :session AND tasks.state = 'success'
             AND tasks.state_params ->> '$.left_out' IS NULL
         ORDER BY attempts.attempt_index, tasks.id",
        named_params! { ":session": session },
        |row| Ok((row.get("full_name")?, (row.get("attempt_id")?, row.get("id")?))),
    )?;
    // Only these are read as a whole: a session that was run again and again has many others.
    let newest: HashMap<String, (AttemptId, TaskId)> = oldest_first.into_iter().collect();
    let mut results = HashMap::with_capacity(newest.len());
    for (name, (attempt, task)) in newest {
        results.extend(tasks::result(r, attempt, task)?.map(|result| (name, result)));
    }
    Ok(results)
}

/// Where an attempt of a workflow goes.
pub(super) struct Place {
    pub project_id: ProjectId,
    pub project_name: String,
    pub revision_id: RevisionId,
    pub revision: String,
    pub workflow_name: String,
    /// The session at the time in question, if there is one.
    pub session: Option<(SessionId, Uuid)>,
}

/// Where an attempt of a workflow at a time goes. None if there is no such workflow.
pub(super) fn place(r: &Reader, workflow: WorkflowId, time: SessionTime) -> Result<Option<Place>> {
    r.row(
        "SELECT projects.id AS project_id, projects.name AS project_name, revisions.id AS revision_id,
             revisions.name AS revision, workflows.name AS workflow_name, sessions.id, sessions.uuid
         FROM workflows
             JOIN revisions ON revisions.id = workflows.revision_id
             JOIN projects ON projects.id = revisions.project_id
             LEFT JOIN sessions ON sessions.project_id = revisions.project_id
                 AND sessions.workflow_name = workflows.name AND sessions.session_time = :time
         WHERE workflows.id = :workflow",
        named_params! { ":workflow": workflow, ":time": time },
        |row| {
            let id: Option<SessionId> = row.get("id")?;
            let uuid: Option<UuidText> = row.get("uuid")?;
            Ok(Place {
                project_id: row.get("project_id")?,
                project_name: row.get("project_name")?,
                revision_id: row.get("revision_id")?,
                revision: row.get("revision")?,
                workflow_name: row.get("workflow_name")?,
                session: id.zip(uuid.map(|UuidText(uuid)| uuid)),
            })
        },
    )
}

/// Makes the session of an attempt. The caller must give it that attempt.
pub(super) fn insert(w: &Writer, place: &Place, attempt: &NewAttempt<'_>, now: Time) -> Result<SessionId> {
    let id = w.insert(
        "INSERT INTO sessions (project_id, workflow_name, session_time, uuid, created_at)
         VALUES (:project_id, :workflow_name, :time, :uuid, :created_at)",
        named_params! {
            ":project_id": place.project_id,
            ":workflow_name": place.workflow_name,
            ":time": attempt.session_time,
            ":uuid": UuidText(attempt.session_uuid),
            ":created_at": Millis(now),
        },
    )?;
    Ok(SessionId(id))
}

pub(super) fn set_last_attempt(w: &Writer, session: SessionId, attempt: AttemptId) -> Result<()> {
    w.execute(
        "UPDATE sessions SET last_attempt_id = :attempt WHERE id = :session",
        named_params! { ":session": session, ":attempt": attempt },
    )?;
    Ok(())
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<SessionRow> {
    let last_attempt = attempts::from_row(row)?;
    Ok(SessionRow {
        id: last_attempt.session_id,
        uuid: last_attempt.session_uuid,
        project_id: last_attempt.project_id,
        project_name: last_attempt.project_name.clone(),
        workflow_name: last_attempt.workflow_name.clone(),
        session_time: last_attempt.session_time,
        last_attempt,
    })
}
