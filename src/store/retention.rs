//! Old attempts: which there are, what holds them, and removing them. What is to go is decided in `actions::prune`.

use super::row::{self, Millis};
use super::{Reader, Result, Writer};
use crate::model::{AttemptId, ProjectId, SessionId, Time};
use rusqlite::{Row, named_params};

/// An attempt that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedAttempt {
    pub id: AttemptId,
    pub session: SessionId,
    /// Within its session.
    pub index: u32,
    pub project: ProjectId,
    pub project_name: String,
    pub workflow_name: String,
    pub finished_at: Time,
}

/// What speaks for keeping a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionUse {
    /// One of its attempts has not ended.
    pub is_unfinished: bool,
    /// An attempt waits for its end.
    pub is_awaited: bool,
    /// The newest attempt of the workflow is one of its own.
    pub has_newest_attempt: bool,
    /// No session of the workflow has a later time.
    pub is_latest: bool,
    /// When the last of its attempts ended that have ended.
    pub last_end: Option<Time>,
}

/// What an attempt takes up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    pub tasks: u64,
    /// In bytes, compressed.
    pub logs: u64,
}

/// Attempts that have ended, the first that ended first, from one on: the end and the id of the last one known.
pub fn in_order_of_end(r: &Reader, after: (Time, AttemptId), limit: u32) -> Result<Vec<EndedAttempt>> {
    r.rows(
        "SELECT attempts.id, session_id, attempt_index, project_id, projects.name AS project_name, workflow_name,
             finished_at
         FROM attempts JOIN projects ON projects.id = attempts.project_id
         WHERE finished_at >= :time AND (finished_at > :time OR attempts.id > :id)
         ORDER BY finished_at, attempts.id LIMIT :limit",
        named_params! { ":time": Millis(after.0), ":id": after.1, ":limit": limit },
        ended_from_row,
    )
}

/// The attempts of a workflow that have ended, oldest first, with ids greater than `after` up to `last`.
pub fn of_workflow(
    r: &Reader,
    project: ProjectId,
    workflow_name: &str,
    after: AttemptId,
    last: AttemptId,
    limit: u32,
) -> Result<Vec<EndedAttempt>> {
    r.rows(
        "SELECT attempts.id, session_id, attempt_index, project_id, projects.name AS project_name, workflow_name,
             finished_at
         FROM attempts CROSS JOIN projects ON projects.id = attempts.project_id
         WHERE project_id = :project AND workflow_name = :workflow AND attempts.id > :after AND attempts.id <= :last
             AND done = 1
         ORDER BY attempts.id LIMIT :limit",
        named_params! {
            ":project": project,
            ":workflow": workflow_name,
            ":after": after,
            ":last": last,
            ":limit": limit,
        },
        ended_from_row,
    )
}

/// The attempts of a session, oldest first.
pub fn of_session(r: &Reader, session: SessionId, limit: u32) -> Result<Vec<AttemptId>> {
    r.rows(
        "SELECT id FROM attempts WHERE session_id = :session ORDER BY attempt_index LIMIT :limit",
        named_params! { ":session": session, ":limit": limit },
        |row| row.get("id"),
    )
}

/// The workflow, by project and name, that comes after another one, of those that have attempts.
pub fn next_workflow(r: &Reader, after: (ProjectId, &str)) -> Result<Option<(ProjectId, String)>> {
    let (project, name) = after;
    let next = |row: &Row<'_>| Ok((row.get("project_id")?, row.get("workflow_name")?));
    let in_project = r.row(
        "SELECT project_id, workflow_name FROM attempts
         WHERE project_id = :project AND workflow_name > :name ORDER BY workflow_name LIMIT 1",
        named_params! { ":project": project, ":name": name },
        next,
    )?;
    if in_project.is_some() {
        return Ok(in_project);
    }
    r.row(
        "SELECT project_id, workflow_name FROM attempts INDEXED BY attempts_by_workflow
         WHERE project_id > :project ORDER BY project_id, workflow_name LIMIT 1",
        named_params! { ":project": project },
        next,
    )
}

/// The newest attempt of a workflow that has `newer` newer ones.
pub fn newest_but(
    r: &Reader,
    project: ProjectId,
    workflow_name: &str,
    newer: u32,
) -> Result<Option<AttemptId>> {
    r.row(
        "SELECT id FROM attempts WHERE project_id = :project AND workflow_name = :workflow
         ORDER BY id DESC LIMIT 1 OFFSET :newer",
        named_params! { ":project": project, ":workflow": workflow_name, ":newer": newer },
        |row| row.get("id"),
    )
}

/// The attempts whose results unfinished ones take over.
pub fn resumed(r: &Reader) -> Result<Vec<AttemptId>> {
    r.rows(
        "SELECT resume ->> '$.attempt_id' AS resumed FROM attempts
         WHERE done = 0 AND resume ->> '$.attempt_id' IS NOT NULL",
        &[],
        |row| row.get("resumed"),
    )
}

/// The newest attempt of a session; none when the session is gone.
pub fn last_attempt(r: &Reader, session: SessionId) -> Result<Option<AttemptId>> {
    r.row(
        "SELECT last_attempt_id FROM sessions WHERE id = :session",
        named_params! { ":session": session },
        |row| row.get("last_attempt_id"),
    )
}

/// What speaks for keeping a session; none when it is gone.
pub fn session_use(r: &Reader, session: SessionId) -> Result<Option<SessionUse>> {
    r.row(
        "SELECT
             EXISTS (SELECT 1 FROM attempts WHERE session_id = sessions.id AND done = 0) AS is_unfinished,
             EXISTS (SELECT 1 FROM attempts AS others WHERE others.waits_for = sessions.id AND others.done = 0)
                 AS is_awaited,
             (SELECT session_id FROM attempts AS others
              WHERE others.project_id = sessions.project_id AND others.workflow_name = sessions.workflow_name
              ORDER BY others.id DESC LIMIT 1) = sessions.id AS has_newest_attempt,
             NOT EXISTS (SELECT 1 FROM sessions AS others
              WHERE others.project_id = sessions.project_id AND others.workflow_name = sessions.workflow_name
                  AND others.session_time > sessions.session_time) AS is_latest,
             (SELECT max(finished_at) FROM attempts WHERE session_id = sessions.id) AS last_end
         FROM sessions WHERE id = :session",
        named_params! { ":session": session },
        |row| {
            Ok(SessionUse {
                is_unfinished: row.get("is_unfinished")?,
                is_awaited: row.get("is_awaited")?,
                has_newest_attempt: row.get("has_newest_attempt")?,
                is_latest: row.get("is_latest")?,
                last_end: row::optional_time(row, "last_end")?,
            })
        },
    )
}

/// Whether an attempt holds a success that no newer attempt of its session has: a run of the session would do the task
/// again without it.
pub fn has_only_success(r: &Reader, attempt: &EndedAttempt) -> Result<bool> {
    let found = r.row(
        "SELECT EXISTS (
             SELECT 1 FROM tasks AS its
             WHERE its.attempt_id = :attempt AND its.state = 'success'
                 AND its.state_params ->> '$.left_out' IS NULL
                 AND NOT EXISTS (
                     SELECT 1 FROM attempts AS newer CROSS JOIN tasks ON tasks.attempt_id = newer.id
                     WHERE newer.session_id = :session AND newer.attempt_index > :index
                         AND tasks.full_name = its.full_name AND tasks.state = 'success'
                         AND tasks.state_params ->> '$.left_out' IS NULL)) AS found",
        named_params! { ":attempt": attempt.id, ":session": attempt.session, ":index": attempt.index },
        |row| row.get("found"),
    )?;
    Ok(found.unwrap_or(false))
}

pub fn extent(r: &Reader, attempt: AttemptId) -> Result<Extent> {
    let extent = r.row(
        "SELECT (SELECT count(*) FROM tasks WHERE attempt_id = :attempt) AS tasks,
             (SELECT coalesce(sum(size), 0) FROM task_logs WHERE attempt_id = :attempt) AS logs",
        named_params! { ":attempt": attempt },
        |row| {
            let [tasks, logs]: [i64; 2] = [row.get("tasks")?, row.get("logs")?];
            Ok(Extent { tasks: tasks.unsigned_abs(), logs: logs.unsigned_abs() })
        },
    )?;
    Ok(extent.unwrap_or_default())
}

/// Removes up to `chunks` chunks of the logs of an attempt. Tells how many bytes they had.
pub fn trim_logs(w: &Writer, attempt: AttemptId, chunks: u32) -> Result<u64> {
    let removed: Vec<(i64, i64)> = w.rows(
        "SELECT rowid, size FROM task_logs WHERE attempt_id = :attempt LIMIT :chunks",
        named_params! { ":attempt": attempt, ":chunks": chunks },
        |row| Ok((row.get("rowid")?, row.get("size")?)),
    )?;
    for (rowid, _) in &removed {
        w.execute("DELETE FROM task_logs WHERE rowid = :rowid", named_params! { ":rowid": rowid })?;
    }
    Ok(removed.iter().map(|(_, size)| size.unsigned_abs()).sum())
}

/// Removes an attempt with its tasks and logs. With the only attempt of a session that goes, too; otherwise it must not
/// be the newest one of its session.
pub fn remove(w: &Writer, attempt: AttemptId, session: SessionId) -> Result<()> {
    let is_last = last_attempt(w, session)? == Some(attempt);
    let by_session = named_params! { ":session": session };
    if is_last {
        w.execute("UPDATE sessions SET last_attempt_id = NULL WHERE id = :session", by_session)?;
    }
    w.execute("DELETE FROM attempts WHERE id = :attempt", named_params! { ":attempt": attempt })?;
    if is_last {
        // One that was canceled while it waited still says for what.
        w.execute(
            "UPDATE attempts SET waits_for = NULL WHERE waits_for = :session AND done = 1",
            by_session,
        )?;
        w.execute("DELETE FROM sessions WHERE id = :session", by_session)?;
    }
    Ok(())
}

fn ended_from_row(row: &Row<'_>) -> rusqlite::Result<EndedAttempt> {
    Ok(EndedAttempt {
        id: row.get("id")?,
        session: row.get("session_id")?,
        index: row.get("attempt_index")?,
        project: row.get("project_id")?,
        project_name: row.get("project_name")?,
        workflow_name: row.get("workflow_name")?,
        finished_at: row::time(row, "finished_at")?,
    })
}
