//! What history leaves behind: revisions that nothing uses, records of what was skipped and sent, deleted projects.

use super::row::{self, Millis};
use super::{Reader, Result, Writer};
use crate::model::{ProjectId, RevisionId, Time};
use rusqlite::named_params;

/// A revision that may have had its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OldRevision {
    pub id: RevisionId,
    pub project: ProjectId,
    pub created_at: Time,
    /// Of its archive, in bytes.
    pub size: u64,
    /// Attempts or schedules have workflows of it.
    pub is_used: bool,
    pub is_newest: bool,
    pub project_deleted_at: Option<Time>,
}

/// Revisions with ids greater than `after`, oldest first.
pub fn revisions(r: &Reader, after: RevisionId, limit: u32) -> Result<Vec<OldRevision>> {
    r.rows(
        "SELECT revisions.id, revisions.project_id, revisions.created_at, projects.deleted_at,
             coalesce((SELECT length(gzip) FROM archives WHERE revision_id = revisions.id), 0) AS size,
             EXISTS (SELECT 1 FROM workflows CROSS JOIN attempts ON attempts.workflow_id = workflows.id
                     WHERE workflows.revision_id = revisions.id)
                 OR EXISTS (SELECT 1 FROM workflows CROSS JOIN schedules ON schedules.workflow_id = workflows.id
                     WHERE workflows.revision_id = revisions.id) AS is_used,
             revisions.id = (SELECT max(id) FROM revisions AS others WHERE others.project_id = revisions.project_id)
                 AS is_newest
         FROM revisions JOIN projects ON projects.id = revisions.project_id
         WHERE revisions.id > :after ORDER BY revisions.id LIMIT :limit",
        named_params! { ":after": after, ":limit": limit },
        |row| {
            Ok(OldRevision {
                id: row.get("id")?,
                project: row.get("project_id")?,
                created_at: row::time(row, "created_at")?,
                size: row.get::<_, i64>("size")?.unsigned_abs(),
                is_used: row.get("is_used")?,
                is_newest: row.get("is_newest")?,
                project_deleted_at: row::optional_time(row, "deleted_at")?,
            })
        },
    )
}

/// Removes a revision that nothing uses, with its workflows and its archive.
pub fn remove_revision(w: &Writer, id: RevisionId) -> Result<()> {
    w.execute("DELETE FROM archives WHERE revision_id = :id", named_params! { ":id": id })?;
    w.execute("DELETE FROM workflows WHERE revision_id = :id", named_params! { ":id": id })?;
    w.execute("DELETE FROM revisions WHERE id = :id", named_params! { ":id": id }).map(drop)
}

/// How many records of skipped sessions are older than a time.
pub fn count_skipped(r: &Reader, before: Time) -> Result<u64> {
    count(r.row(
        "SELECT count(*) AS count FROM skipped_sessions WHERE skipped_at < :before",
        named_params! { ":before": Millis(before) },
        |row| row.get("count"),
    )?)
}

/// Removes up to `limit` records of skipped sessions that are older than a time. Tells how many.
pub fn remove_skipped(w: &Writer, before: Time, limit: u32) -> Result<u64> {
    let removed = w.execute(
        "DELETE FROM skipped_sessions WHERE id IN
             (SELECT id FROM skipped_sessions WHERE skipped_at < :before LIMIT :limit)",
        named_params! { ":before": Millis(before), ":limit": limit },
    )?;
    Ok(removed as u64)
}

/// How many notifications are older than a time and need not be sent any more.
pub fn count_notifications(r: &Reader, before: Time) -> Result<u64> {
    count(r.row(
        "SELECT count(*) AS count FROM notifications WHERE created_at < :before AND state <> 'pending'",
        named_params! { ":before": Millis(before) },
        |row| row.get("count"),
    )?)
}

/// Removes up to `limit` notifications that are older than a time and need not be sent any more. Tells how many.
pub fn remove_notifications(w: &Writer, before: Time, limit: u32) -> Result<u64> {
    let removed = w.execute(
        "DELETE FROM notifications WHERE id IN
             (SELECT id FROM notifications WHERE created_at < :before AND state <> 'pending' LIMIT :limit)",
        named_params! { ":before": Millis(before), ":limit": limit },
    )?;
    Ok(removed as u64)
}

/// When a project was deleted; none when it was not, or is gone.
pub fn deleted_at(r: &Reader, project: ProjectId) -> Result<Option<Time>> {
    let found = r.row(
        "SELECT deleted_at FROM projects WHERE id = :project",
        named_params! { ":project": project },
        |row| row::optional_time(row, "deleted_at"),
    )?;
    Ok(found.flatten())
}

/// Projects with ids greater than `after` that were deleted before a time and of which nothing is left to be seen.
pub fn empty_projects(r: &Reader, after: ProjectId, before: Time, limit: u32) -> Result<Vec<ProjectId>> {
    r.rows(
        "SELECT id FROM projects
         WHERE id > :after AND deleted_at < :before
             AND NOT EXISTS (SELECT 1 FROM revisions WHERE project_id = projects.id)
             AND NOT EXISTS (SELECT 1 FROM sessions WHERE project_id = projects.id)
         ORDER BY id LIMIT :limit",
        named_params! { ":after": after, ":before": Millis(before), ":limit": limit },
        |row| row.get("id"),
    )
}

/// Removes a project without revisions and sessions.
pub fn remove_project(w: &Writer, id: ProjectId) -> Result<()> {
    let by_id = named_params! { ":id": id };
    w.execute("DELETE FROM schedules WHERE project_id = :id", by_id)?;
    w.execute("DELETE FROM secrets WHERE project_id = :id", by_id)?;
    w.execute("DELETE FROM skipped_sessions WHERE project_id = :id", by_id)?;
    w.execute("DELETE FROM projects WHERE id = :id", by_id).map(drop)
}

fn count(found: Option<i64>) -> Result<u64> {
    Ok(found.unwrap_or_default().unsigned_abs())
}
