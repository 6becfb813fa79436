//! A new revision of a project and the schedules that go on with it, in one transaction: from an archive here, from a
//! directory in `watched`. Names and workflows were checked before; reading archives and directories is for others.

use super::register::{NewRevision, digest, insert_revision};
use crate::dig::schedule::{Schedule, ScheduleTime};
use crate::dig::{DigError, LoadedWorkflow, Severity};
use crate::model::{Params, ProjectId, RevisionId, SessionTime, Time, WorkflowId};
use crate::store::projects::ProjectWithRevision;
use crate::store::schedules::{self, Position, ScheduleRow};
use crate::store::{StoreError, Writer, archives, projects, revisions};
use std::collections::{BTreeSet, HashMap};

/// A revision to be published.
#[derive(Debug)]
pub struct Publication<'a> {
    pub project: &'a str,
    pub revision: &'a str,
    pub workflows: &'a [ScheduledWorkflow],
    /// Parameters below those of every attempt.
    pub params: &'a Params,
    /// Its files: a gzipped tar file, with its MD5 sum.
    pub gzip: &'a [u8],
    pub md5: [u8; 16],
    pub schedules: NewSchedules<'a>,
}

/// Where the schedules of a revision begin.
#[derive(Debug, Clone, Copy)]
pub struct NewSchedules<'a> {
    /// From when on workflows run whose schedules are new, or begin anew.
    pub from: Time,
    pub clear: &'a ClearSchedules,
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
    let new = NewRevision {
        project: project.id,
        name: publication.revision,
        params: publication.params,
        digest: &digest(definitions(), publication.params),
        directory: None,
    };
    let (revision, workflows) = insert_revision(writer, &new, definitions(), now)?;
    archives::insert(writer, revision, publication.md5, publication.gzip)?;
    move_schedules(writer, project.id, publication.workflows, &workflows, publication.schedules, now)?;
    let project = ProjectWithRevision {
        project,
        revision: publication.revision.to_owned(),
        updated_at: now,
        archive_md5: Some(publication.md5),
        watch_error: None,
    };
    Ok(Ok(Published { project, revision, workflows }))
}

/// Moves schedules on to the workflows of the same names, adds new ones, and removes those whose workflows are gone or
/// are no longer scheduled.
pub(super) fn move_schedules(
    writer: &Writer,
    project: ProjectId,
    workflows: &[ScheduledWorkflow],
    ids: &HashMap<String, WorkflowId>,
    new: NewSchedules<'_>,
    now: Time,
) -> Result<(), StoreError> {
    let mut old: HashMap<String, ScheduleRow> = schedules::all_of_project(writer, project)?
        .into_iter()
        .map(|row| (row.workflow_name.clone(), row))
        .collect();
    for scheduled in workflows {
        let name = &scheduled.workflow.definition.name;
        let (Some(schedule), Some(&workflow)) = (&scheduled.schedule, ids.get(name)) else { continue };
        match old.remove(name) {
            Some(row) => {
                let position = new.position(name, schedule, &row, now);
                schedules::redefine(writer, row.id, workflow, position)?;
            }
            None => {
                let first = schedule.first(new.from).unwrap_or(ScheduleTime::NEVER);
                schedules::insert(writer, workflow, first, now)?;
            }
        }
    }
    for gone in old.into_values() {
        schedules::delete(writer, gone.id)?;
    }
    Ok(())
}

impl NewSchedules<'_> {
    /// Where a schedule goes on by its new definition: after the session that it ran last, whatever the old definition
    /// had planned.
    fn position(&self, workflow: &str, schedule: &Schedule, old: &ScheduleRow, now: Time) -> Position {
        let last_session_time = old.last_session_time.filter(|_| !self.clear.contain(workflow));
        let next = match last_session_time {
            Some(last) => schedule.next(last.time()),
            None => schedule.first(self.from),
        };
        let next = next.unwrap_or(ScheduleTime::NEVER);
        // One that was put back to an earlier time is not late because of that, and one that has yet to come is not at all.
        let put_back = (next.run < old.next.run).then(|| SessionTime::new(next.session));
        let late_session_time = put_back.or(old.late_session_time).filter(|_| next.run <= now);
        Position { next, last_session_time, late_session_time }
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
