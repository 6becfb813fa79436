//! The workflow definitions of revisions.

use super::row::{self, JsonObject};
use super::{Reader, Result, Writer};
use crate::model::{Params, RevisionId, WorkflowId, Zone};
use rusqlite::{Row, named_params};

/// A workflow as one revision defines it.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkflowRow {
    pub id: WorkflowId,
    pub revision_id: RevisionId,
    pub name: String,
    pub timezone: Zone,
    /// The definition, its tasks in order.
    pub config: Params,
}

/// Adds a workflow to a revision.
///
/// # Errors
///
/// The revision has a workflow of this name.
pub fn insert(
    w: &Writer,
    revision: RevisionId,
    name: &str,
    timezone: &Zone,
    config: &Params,
) -> Result<WorkflowId> {
    let id = w.insert(
        "INSERT INTO workflows (revision_id, name, timezone, config)
         VALUES (:revision_id, :name, :timezone, :config)",
        named_params! {
            ":revision_id": revision,
            ":name": name,
            ":timezone": timezone,
            ":config": JsonObject(config),
        },
    )?;
    Ok(WorkflowId(id))
}

pub fn by_id(r: &Reader, id: WorkflowId) -> Result<Option<WorkflowRow>> {
    r.row("SELECT * FROM workflows WHERE id = :id", named_params! { ":id": id }, from_row)
}

pub fn by_name(r: &Reader, revision: RevisionId, name: &str) -> Result<Option<WorkflowRow>> {
    r.row(
        "SELECT * FROM workflows WHERE revision_id = :revision AND name = :name",
        named_params! { ":revision": revision, ":name": name },
        from_row,
    )
}

/// All workflows of a revision, in the order in which they were added.
pub fn list(r: &Reader, revision: RevisionId) -> Result<Vec<WorkflowRow>> {
    r.rows(
        "SELECT * FROM workflows WHERE revision_id = :revision ORDER BY id",
        named_params! { ":revision": revision },
        from_row,
    )
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<WorkflowRow> {
    Ok(WorkflowRow {
        id: row.get("id")?,
        revision_id: row.get("revision_id")?,
        name: row.get("name")?,
        timezone: row.get("timezone")?,
        config: row::params(row, "config")?,
    })
}
