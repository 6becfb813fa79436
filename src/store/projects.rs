//! Projects by id and name.

use super::row;
use super::{Reader, Result, Writer};
use crate::model::{ProjectId, Time};
use rusqlite::{Row, named_params};

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectRow {
    pub id: ProjectId,
    pub name: String,
    pub created_at: Time,
    /// When it was deleted. Its history stays.
    pub deleted_at: Option<Time>,
}

/// Finds a project by name, or makes it.
pub fn find_or_insert(w: &Writer, name: &str, now: Time) -> Result<ProjectRow> {
    if let Some(project) = by_name(w, name)? {
        return Ok(project);
    }
    let id = w.insert(
        "INSERT INTO projects (name, created_at) VALUES (:name, :created_at)",
        named_params! { ":name": name, ":created_at": row::Millis(now) },
    )?;
    Ok(ProjectRow { id: ProjectId(id), name: name.to_owned(), created_at: now, deleted_at: None })
}

pub fn by_id(r: &Reader, id: ProjectId) -> Result<Option<ProjectRow>> {
    r.row("SELECT * FROM projects WHERE id = :id", named_params! { ":id": id }, from_row)
}

/// The project that has this name now: none that was deleted.
pub fn by_name(r: &Reader, name: &str) -> Result<Option<ProjectRow>> {
    r.row(
        "SELECT * FROM projects WHERE name = :name AND deleted_at IS NULL",
        named_params! { ":name": name },
        from_row,
    )
}

/// Projects with ids greater than `after`, oldest first.
pub fn list(r: &Reader, after: Option<ProjectId>, limit: u32) -> Result<Vec<ProjectRow>> {
    r.rows(
        "SELECT * FROM projects WHERE id > :after ORDER BY id LIMIT :limit",
        named_params! { ":after": after.map_or(0, |id| id.0), ":limit": limit },
        from_row,
    )
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<ProjectRow> {
    Ok(ProjectRow {
        id: row.get("id")?,
        name: row.get("name")?,
        created_at: row::time(row, "created_at")?,
        deleted_at: row::optional_time(row, "deleted_at")?,
    })
}
