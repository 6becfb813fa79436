//! A scheduled workflow as it was read and compiled before: the same ones are started again and again.

use super::stored::StoredWorkflow;
use crate::dig::schedule::Schedule;
use crate::model::{Plan, WorkflowId};
use crate::store::{Reader, StoreError};
use std::sync::Arc;

/// A workflow of a revision, which never changes, with its schedule. Whether its project is still there, is not known.
#[derive(Debug)]
pub struct KnownWorkflow {
    pub(super) stored: Arc<StoredWorkflow>,
    /// Why it cannot be compiled, if it cannot.
    pub(super) plan: Result<Plan, String>,
    schedule: Schedule,
}

impl KnownWorkflow {
    /// Reads and compiles a workflow. None if there is no such workflow, or it has no schedule that can be read.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn read(reader: &Reader, id: WorkflowId) -> Result<Option<Self>, StoreError> {
        let Some(stored) = StoredWorkflow::read(reader, id)? else { return Ok(None) };
        let Some(schedule) = stored.schedule() else { return Ok(None) };
        let plan = stored.plan();
        Ok(Some(Self { stored: Arc::new(stored), plan, schedule }))
    }

    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }
}
