//! Workflows as the store has them: their plans and schedules are made anew from their definitions.

use crate::dig::compile;
use crate::dig::schedule::Schedule;
use crate::model::{Params, Plan, WorkflowId, Zone};
use crate::store::revisions::RevisionRow;
use crate::store::workflows::WorkflowRow;
use crate::store::{Reader, StoreError, projects, revisions, workflows};

/// A workflow with the revision it belongs to.
#[derive(Debug, Clone)]
pub struct StoredWorkflow {
    pub workflow: WorkflowRow,
    pub revision: RevisionRow,
    pub project_name: String,
    /// Whether its project was deleted.
    pub deleted: bool,
}

impl StoredWorkflow {
    /// Reads a workflow of any revision, also of a project that was deleted.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn read(reader: &Reader, id: WorkflowId) -> Result<Option<Self>, StoreError> {
        let Some(workflow) = workflows::by_id(reader, id)? else { return Ok(None) };
        let Some(revision) = revisions::by_id(reader, workflow.revision_id)? else { return Ok(None) };
        let Some(project) = projects::by_id(reader, revision.project_id)? else { return Ok(None) };
        let (project_name, deleted) = (project.name, project.deleted_at.is_some());
        Ok(Some(Self { workflow, revision, project_name, deleted }))
    }

    /// The tasks before anything has run.
    ///
    /// # Errors
    ///
    /// What is in the file was not registered by Dibble: everything that is registered was compiled before.
    pub fn plan(&self) -> Result<Plan, String> {
        let name = format!("+{}", self.workflow.name);
        compile(&name, &self.workflow.config).map_err(|errors| {
            let reasons: Vec<String> = errors.iter().map(ToString::to_string).collect();
            format!("workflow '{}' cannot be compiled: {}", self.workflow.name, reasons.join("; "))
        })
    }

    pub fn schedule(&self) -> Option<Schedule> {
        schedule_of(&self.workflow.config, &self.workflow.timezone)
    }
}

/// The schedule that a definition has, if any.
pub fn schedule_of(config: &Params, zone: &Zone) -> Option<Schedule> {
    schedule_of_section(config.get("schedule")?.as_object()?, zone)
}

/// The schedule that the section of a definition stands for. One that cannot be read gives no times; `check` and `push`
/// tell what is wrong.
pub(super) fn schedule_of_section(section: &Params, zone: &Zone) -> Option<Schedule> {
    Schedule::parse(section, zone).ok().map(|(schedule, _)| schedule)
}
