//! The revisions of projects.

use super::row::{self, JsonObject, Millis};
use super::{Page, Reader, Result, Writer};
use crate::model::{Params, ProjectId, RevisionId, Time};
use rusqlite::{Row, named_params};
use std::path::{Path, PathBuf};

/// A revision to be registered.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRevision<'a> {
    pub project: ProjectId,
    /// Not yet taken in this project.
    pub name: &'a str,
    /// Parameters below those of every attempt.
    pub default_params: &'a Params,
    /// Of all definitions.
    pub digest: &'a str,
    /// Where its files are, when there is no archive of them.
    pub directory: Option<&'a Path>,
}

/// A revision.
#[derive(Debug, Clone, PartialEq)]
pub struct RevisionRow {
    pub id: RevisionId,
    pub project_id: ProjectId,
    pub name: String,
    pub default_params: Params,
    pub digest: String,
    pub created_at: Time,
    /// Where it was read from and its tasks run; none when it was uploaded.
    pub directory: Option<PathBuf>,
}

/// A revision with what is known of its archive.
#[derive(Debug, Clone, PartialEq)]
pub struct RevisionWithArchive {
    pub revision: RevisionRow,
    /// Of the archive as it was uploaded; none when the files were read from a directory.
    pub archive_md5: Option<[u8; 16]>,
}

/// Registers a revision.
///
/// # Errors
///
/// The project has a revision of this name: look with [`by_name`] in the same transaction.
pub fn insert(w: &Writer, revision: &NewRevision<'_>, now: Time) -> Result<RevisionId> {
    let id = w.insert(
        "INSERT INTO revisions (project_id, name, default_params, digest, created_at, directory)
         VALUES (:project_id, :name, :default_params, :digest, :created_at, :directory)",
        named_params! {
            ":project_id": revision.project,
            ":name": revision.name,
            ":default_params": JsonObject(revision.default_params),
            ":digest": revision.digest,
            ":created_at": Millis(now),
            ":directory": revision.directory.and_then(Path::to_str),
        },
    )?;
    Ok(RevisionId(id))
}

pub fn by_id(r: &Reader, id: RevisionId) -> Result<Option<RevisionRow>> {
    r.row("SELECT * FROM revisions WHERE id = :id", named_params! { ":id": id }, from_row)
}

pub fn by_name(r: &Reader, project: ProjectId, name: &str) -> Result<Option<RevisionRow>> {
    r.row(
        "SELECT * FROM revisions WHERE project_id = :project AND name = :name",
        named_params! { ":project": project, ":name": name },
        from_row,
    )
}

/// The newest revision of a project.
pub fn latest(r: &Reader, project: ProjectId) -> Result<Option<RevisionRow>> {
    Ok(list(r, project, Page::first(1))?.pop())
}

/// The revisions of a project, newest first.
pub fn list(r: &Reader, project: ProjectId, page: Page<RevisionId>) -> Result<Vec<RevisionRow>> {
    r.rows(
        "SELECT * FROM revisions WHERE project_id = :project AND id < :before ORDER BY id DESC LIMIT :limit",
        named_params! { ":project": project, ":before": page.before(), ":limit": page.limit },
        from_row,
    )
}

/// As [`by_name`].
pub fn by_name_with_archive(
    r: &Reader,
    project: ProjectId,
    name: &str,
) -> Result<Option<RevisionWithArchive>> {
    r.row(
        "SELECT revisions.*, archives.md5 FROM revisions LEFT JOIN archives ON archives.revision_id = revisions.id
         WHERE project_id = :project AND name = :name",
        named_params! { ":project": project, ":name": name },
        with_archive_from_row,
    )
}

/// As [`list`].
pub fn list_with_archive(
    r: &Reader,
    project: ProjectId,
    page: Page<RevisionId>,
) -> Result<Vec<RevisionWithArchive>> {
    r.rows(
        "SELECT revisions.*, archives.md5 FROM revisions LEFT JOIN archives ON archives.revision_id = revisions.id
         WHERE project_id = :project AND id < :before ORDER BY id DESC LIMIT :limit",
        named_params! { ":project": project, ":before": page.before(), ":limit": page.limit },
        with_archive_from_row,
    )
}

fn with_archive_from_row(row: &Row<'_>) -> rusqlite::Result<RevisionWithArchive> {
    Ok(RevisionWithArchive { revision: from_row(row)?, archive_md5: row.get("md5")? })
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<RevisionRow> {
    Ok(RevisionRow {
        id: row.get("id")?,
        project_id: row.get("project_id")?,
        name: row.get("name")?,
        default_params: row::params(row, "default_params")?,
        digest: row.get("digest")?,
        created_at: row::time(row, "created_at")?,
        directory: row.get::<_, Option<String>>("directory")?.map(PathBuf::from),
    })
}
