//! The workflow definitions of revisions.

use super::row::{self, Json, JsonObject};
use super::{Reader, Result, Writer};
use crate::model::{Params, ProjectId, RevisionId, Time, WorkflowId, Zone};
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

/// A workflow definition with the names around it.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkflowWithProject {
    pub workflow: WorkflowRow,
    pub revision: String,
    pub project_id: ProjectId,
    pub project_name: String,
    /// When the project was deleted.
    pub project_deleted_at: Option<Time>,
}

/// A workflow by its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowName {
    pub id: WorkflowId,
    pub project: String,
    pub workflow: String,
}

/// Which workflow definitions a list is about, in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Those with ids greater than this one, oldest first.
    After(Option<WorkflowId>),
    /// Those with ids less than this one, newest first.
    Before(Option<WorkflowId>),
}

/// A part that names must have, in the same case; all names have an empty one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PartOfName<'a> {
    pub part: &'a str,
    /// A project's name may have it instead of the workflow's.
    pub or_of_project: bool,
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

/// The `schedule` of a workflow's definition, without reading the rest of it.
pub fn schedule(r: &Reader, id: WorkflowId) -> Result<Option<Params>> {
    let found = r.row(
        "SELECT config -> '$.schedule' AS schedule FROM workflows WHERE id = :id",
        named_params! { ":id": id },
        |row| row.get::<_, Option<Json<Params>>>("schedule"),
    )?;
    Ok(found.flatten().map(|Json(schedule)| schedule))
}

/// A workflow of any revision, also of a deleted project, with the names around it.
pub fn with_project(r: &Reader, id: WorkflowId) -> Result<Option<WorkflowWithProject>> {
    r.row(
        "SELECT workflows.*, revisions.name AS revision, revisions.project_id, projects.name AS project_name,
             projects.deleted_at AS project_deleted_at
         FROM workflows
             JOIN revisions ON revisions.id = workflows.revision_id
             JOIN projects ON projects.id = revisions.project_id
         WHERE workflows.id = :id",
        named_params! { ":id": id },
        with_project_from_row,
    )
}

/// The workflows of the newest revisions of all projects that are not deleted.
///
/// A revision is registered with all its workflows in one transaction, so the order of revisions and, in each, of
/// workflows is the order of workflows. That way a page looks at the revisions from its beginning on, and only at the
/// workflows that belong to it.
pub fn list_newest(
    r: &Reader,
    order: Order,
    name: PartOfName<'_>,
    limit: u32,
) -> Result<Vec<WorkflowWithProject>> {
    match order {
        Order::After(after) => r.rows(
            "SELECT workflows.*, revisions.name AS revision, revisions.project_id, projects.name AS project_name,
                 projects.deleted_at AS project_deleted_at
             FROM revisions
                 CROSS JOIN projects ON projects.id = revisions.project_id AND projects.deleted_at IS NULL
                 CROSS JOIN workflows ON workflows.revision_id = revisions.id
             WHERE revisions.id >= coalesce(
                     (SELECT revision_id FROM workflows WHERE id <= :after ORDER BY id DESC LIMIT 1), 0)
                 AND revisions.id = (SELECT max(id) FROM revisions WHERE project_id = projects.id)
                 AND workflows.id > :after
                 AND (instr(workflows.name, :part) > 0 OR (:or_of_project AND instr(projects.name, :part) > 0))
             ORDER BY revisions.id, workflows.id LIMIT :limit",
            named_params! {
                ":after": after.map_or(0, |id| id.0),
                ":part": name.part,
                ":or_of_project": name.or_of_project,
                ":limit": limit,
            },
            with_project_from_row,
        ),
        Order::Before(before) => r.rows(
            "SELECT workflows.*, revisions.name AS revision, revisions.project_id, projects.name AS project_name,
                 projects.deleted_at AS project_deleted_at
             FROM revisions
                 CROSS JOIN projects ON projects.id = revisions.project_id AND projects.deleted_at IS NULL
                 CROSS JOIN workflows ON workflows.revision_id = revisions.id
             WHERE revisions.id <= (SELECT revision_id FROM workflows WHERE id < :before ORDER BY id DESC LIMIT 1)
                 AND revisions.id = (SELECT max(id) FROM revisions WHERE project_id = projects.id)
                 AND workflows.id < :before
                 AND (instr(workflows.name, :part) > 0 OR (:or_of_project AND instr(projects.name, :part) > 0))
             ORDER BY revisions.id DESC, workflows.id DESC LIMIT :limit",
            named_params! {
                ":before": before.map_or(i64::MAX, |id| id.0),
                ":part": name.part,
                ":or_of_project": name.or_of_project,
                ":limit": limit,
            },
            with_project_from_row,
        ),
    }
}

/// The names of all workflows of the newest revisions of projects that are not deleted, by project and workflow.
pub fn names(r: &Reader) -> Result<Vec<WorkflowName>> {
    let mut names = r.rows(
        "SELECT workflows.id, projects.name AS project, workflows.name AS workflow
         FROM projects
             CROSS JOIN workflows
                 ON workflows.revision_id = (SELECT max(id) FROM revisions WHERE project_id = projects.id)
         WHERE projects.id > 0 AND projects.deleted_at IS NULL ORDER BY projects.id, workflows.name",
        &[],
        |row| {
            Ok(WorkflowName {
                id: row.get("id")?,
                project: row.get("project")?,
                workflow: row.get("workflow")?,
            })
        },
    )?;
    names.sort_by(|one, other| one.project.cmp(&other.project));
    Ok(names)
}

fn with_project_from_row(row: &Row<'_>) -> rusqlite::Result<WorkflowWithProject> {
    Ok(WorkflowWithProject {
        workflow: from_row(row)?,
        revision: row.get("revision")?,
        project_id: row.get("project_id")?,
        project_name: row.get("project_name")?,
        project_deleted_at: row::optional_time(row, "project_deleted_at")?,
    })
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
