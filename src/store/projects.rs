//! Projects by id and name.

use super::row::{self, Millis};
use super::{Reader, Result, Writer, schedules};
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

/// A project with its newest revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectWithRevision {
    pub project: ProjectRow,
    /// The newest revision's name.
    pub revision: String,
    /// When the newest revision was registered.
    pub updated_at: Time,
    /// Of the newest revision's archive, as it was uploaded; none when its files were read from a directory.
    pub archive_md5: Option<[u8; 16]>,
    /// What is wrong with its directory, if that is watched: the newest revision is older than the files.
    pub watch_error: Option<String>,
}

/// Finds a project by name, or makes it.
pub fn find_or_insert(w: &Writer, name: &str, now: Time) -> Result<ProjectRow> {
    if let Some(project) = by_name(w, name)? {
        return Ok(project);
    }
    let id = w.insert(
        "INSERT INTO projects (name, created_at) VALUES (:name, :created_at)",
        named_params! { ":name": name, ":created_at": Millis(now) },
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

/// Marks a project as deleted, which frees its name, and removes its schedules and secrets. Tells `false`, and does
/// nothing, when it was deleted already.
pub fn delete(w: &Writer, id: ProjectId, now: Time) -> Result<bool> {
    let deleted = w.execute(
        "UPDATE projects SET deleted_at = :now WHERE id = :id AND deleted_at IS NULL",
        named_params! { ":id": id, ":now": Millis(now) },
    )?;
    if deleted == 0 {
        return Ok(false);
    }
    schedules::delete_of_project(w, id)?;
    w.execute("DELETE FROM secrets WHERE project_id = :id", named_params! { ":id": id })?;
    Ok(true)
}

/// A project, also a deleted one, with its newest revision. A project without any revision is not found.
pub fn with_revision(r: &Reader, id: ProjectId) -> Result<Option<ProjectWithRevision>> {
    r.row(
        "SELECT projects.*, revisions.name AS revision, revisions.created_at AS updated_at, archives.md5,
             watched_projects.error AS watch_error
         FROM projects
             JOIN revisions ON revisions.id = (SELECT max(id) FROM revisions WHERE project_id = projects.id)
             LEFT JOIN archives ON archives.revision_id = revisions.id
             LEFT JOIN watched_projects
                 ON watched_projects.name = projects.name AND projects.deleted_at IS NULL
         WHERE projects.id = :id",
        named_params! { ":id": id },
        with_revision_from_row,
    )
}

/// Projects that are not deleted, with ids greater than `after`, oldest first, with their newest revisions.
///
/// `part_of_name` is a part that names must have, in the same case; all names have an empty one.
pub fn list_with_revision(
    r: &Reader,
    after: Option<ProjectId>,
    part_of_name: &str,
    limit: u32,
) -> Result<Vec<ProjectWithRevision>> {
    // Unlike LIKE, instr tells cases apart, as LIKE does in Digdag's databases, and needs no escapes.
    r.rows(
        "SELECT projects.*, revisions.name AS revision, revisions.created_at AS updated_at, archives.md5,
             watched_projects.error AS watch_error
         FROM projects
             JOIN revisions ON revisions.id = (SELECT max(id) FROM revisions WHERE project_id = projects.id)
             LEFT JOIN archives ON archives.revision_id = revisions.id
             LEFT JOIN watched_projects
                 ON watched_projects.name = projects.name AND projects.deleted_at IS NULL
         WHERE projects.id > :after AND projects.deleted_at IS NULL AND instr(projects.name, :part) > 0
         ORDER BY projects.id LIMIT :limit",
        named_params! { ":after": after.map_or(0, |id| id.0), ":part": part_of_name, ":limit": limit },
        with_revision_from_row,
    )
}

fn with_revision_from_row(row: &Row<'_>) -> rusqlite::Result<ProjectWithRevision> {
    Ok(ProjectWithRevision {
        project: from_row(row)?,
        revision: row.get("revision")?,
        updated_at: row::time(row, "updated_at")?,
        archive_md5: row.get("md5")?,
        watch_error: row.get("watch_error")?,
    })
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<ProjectRow> {
    Ok(ProjectRow {
        id: row.get("id")?,
        name: row.get("name")?,
        created_at: row::time(row, "created_at")?,
        deleted_at: row::optional_time(row, "deleted_at")?,
    })
}
