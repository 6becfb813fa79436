//! A new revision of a project and the schedules that go on with it, in one transaction, wherever its files come from.
//! Names and workflows were checked before; reading archives and directories is for others.

use super::register::{NewRevision, digest, insert_revision};
use crate::dig::schedule::{Schedule, ScheduleTime};
use crate::dig::{DigError, LoadedWorkflow, Severity};
use crate::model::{Params, ProjectId, RevisionId, Time, WorkflowId};
use crate::store::projects::{ProjectRow, ProjectWithRevision};
use crate::store::schedules::{self, Position, ScheduleRow};
use crate::store::{StoreError, Writer, archives, projects, revisions};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

/// A revision to be published.
#[derive(Debug)]
pub struct Publication<'a> {
    pub project: &'a str,
    pub revision: &'a str,
    pub workflows: &'a [ScheduledWorkflow],
    /// Parameters below those of every attempt.
    pub params: &'a Params,
    pub files: ProjectFiles<'a>,
    /// From when on workflows run whose schedules are new, or begin anew.
    pub schedule_from: Time,
    pub clear_schedules: &'a ClearSchedules,
}

/// Where the files of a revision are.
#[derive(Debug, Clone, Copy)]
pub enum ProjectFiles<'a> {
    /// A gzipped tar file, with its MD5 sum.
    Archive { gzip: &'a [u8], md5: [u8; 16] },
    /// An absolute path. Tasks run there.
    Directory(&'a Path),
}

/// Which schedules forget what they ran last and begin anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClearSchedules {
    All,
    /// Those of these workflows.
    Of(BTreeSet<String>),
}

/// A workflow and its schedule.
#[derive(Debug)]
pub struct ScheduledWorkflow {
    pub workflow: LoadedWorkflow,
    pub schedule: Option<Schedule>,
}

/// A revision that was published.
#[derive(Debug, Clone)]
pub struct Published {
    pub project: ProjectWithRevision,
    pub revision: RevisionId,
    pub workflows: HashMap<String, WorkflowId>,
}

/// The project has a revision of this name. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Resource already exists: revision={revision} in project id={project}")]
pub struct RevisionExists {
    pub revision: String,
    pub project: ProjectId,
}

/// Reads the schedules of workflows.
///
/// # Errors
///
/// All schedules that are wrong. As in Digdag, keys that mean nothing are errors here.
pub fn with_schedules(workflows: Vec<LoadedWorkflow>) -> Result<Vec<ScheduledWorkflow>, Vec<DigError>> {
    let mut scheduled = vec![];
    let mut errors = vec![];
    for workflow in workflows {
        match workflow.schedule() {
            Ok(None) => scheduled.push(ScheduledWorkflow { workflow, schedule: None }),
            Ok(Some((schedule, unused))) => {
                errors.extend(
                    unused.into_iter().map(|unused| DigError { severity: Severity::Error, ..unused }),
                );
                scheduled.push(ScheduledWorkflow { workflow, schedule: Some(schedule) });
            }
            Err(error) => errors.push(*error),
        }
    }
    if errors.is_empty() { Ok(scheduled) } else { Err(errors) }
}

/// Registers a revision, makes the project if it is new, and gives each schedule to the workflow of its name.
///
/// # Errors
///
/// Those of the store. With `RevisionExists`, the transaction is rolled back.
pub fn publish(
    writer: &Writer,
    publication: &Publication<'_>,
    now: Time,
) -> Result<Result<Published, RevisionExists>, StoreError> {
    let project = projects::find_or_insert(writer, publication.project, now)?;
    if revisions::by_name(writer, project.id, publication.revision)?.is_some() {
        writer.abandon();
        return Ok(Err(RevisionExists { revision: publication.revision.to_owned(), project: project.id }));
    }
    let definitions = || publication.workflows.iter().map(|scheduled| &scheduled.workflow);
    let (archive, directory) = match publication.files {
        ProjectFiles::Archive { gzip, md5 } => (Some((gzip, md5)), None),
        ProjectFiles::Directory(directory) => (None, Some(directory)),
    };
    let new = NewRevision {
        project: project.id,
        name: publication.revision,
        params: publication.params,
        digest: &digest(definitions(), publication.params),
        directory,
    };
    let (revision, workflows) = insert_revision(writer, &new, definitions(), now)?;
    if let Some((gzip, md5)) = archive {
        archives::insert(writer, revision, md5, gzip)?;
    }
    move_schedules(writer, &project, publication, &workflows, now)?;
    let project = ProjectWithRevision {
        project,
        revision: publication.revision.to_owned(),
        updated_at: now,
        archive_md5: archive.map(|(_, md5)| md5),
    };
    Ok(Ok(Published { project, revision, workflows }))
}

/// Moves schedules on to the workflows of the same names, adds new ones, and removes those whose workflows are gone or
/// are no longer scheduled.
fn move_schedules(
    writer: &Writer,
    project: &ProjectRow,
    publication: &Publication<'_>,
    workflows: &HashMap<String, WorkflowId>,
    now: Time,
) -> Result<(), StoreError> {
    let mut old: HashMap<String, ScheduleRow> = schedules::all_of_project(writer, project.id)?
        .into_iter()
        .map(|row| (row.workflow_name.clone(), row))
        .collect();
    for scheduled in publication.workflows {
        let name = &scheduled.workflow.definition.name;
        let (Some(schedule), Some(&workflow)) = (&scheduled.schedule, workflows.get(name)) else { continue };
        match old.remove(name) {
            Some(row) => {
                let position = publication.position(name, schedule, &row);
                schedules::redefine(writer, row.id, workflow, position)?;
            }
            None => {
                let first = schedule.first(publication.schedule_from).unwrap_or(ScheduleTime::NEVER);
                schedules::insert(writer, workflow, first, now)?;
            }
        }
    }
    for gone in old.into_values() {
        schedules::delete(writer, gone.id)?;
    }
    Ok(())
}

impl Publication<'_> {
    /// Where a schedule goes on by its new definition: after the session that it ran last, whatever the old definition
    /// had planned.
    fn position(&self, workflow: &str, schedule: &Schedule, old: &ScheduleRow) -> Position {
        let last_session_time = old.last_session_time.filter(|_| !self.clear_schedules.contain(workflow));
        let next = match last_session_time {
            Some(last) => schedule.next(last.time()),
            None => schedule.first(self.schedule_from),
        };
        Position { next: next.unwrap_or(ScheduleTime::NEVER), last_session_time }
    }
}

impl ClearSchedules {
    pub fn none() -> Self {
        Self::Of(BTreeSet::new())
    }

    fn contain(&self, workflow: &str) -> bool {
        match self {
            Self::All => true,
            Self::Of(names) => names.contains(workflow),
        }
    }
}
