//! Workflows that were read and compiled before. That takes longer than anything else that is done with one, and the same
//! ones are due again and again; a definition never changes, a new revision has others.

use crate::actions::known::KnownWorkflow;
use crate::actions::schedules::ScheduleActionError;
use crate::model::{ScheduleId, WorkflowId};
use crate::store::Reader;
use crate::store::schedules::ScheduleRow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Debug, Default)]
pub(super) struct KnownWorkflows {
    /// By schedule, which goes from one revision to the next.
    by_schedule: Mutex<HashMap<ScheduleId, (WorkflowId, Arc<KnownWorkflow>)>>,
}

/// So many are kept: some megabytes. When there are more, all are read anew.
pub(super) const MOST: u32 = 2000;

impl KnownWorkflows {
    /// The workflow of a schedule.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub(super) fn get(
        &self,
        reader: &Reader,
        row: &ScheduleRow,
    ) -> Result<Arc<KnownWorkflow>, ScheduleActionError> {
        let mut known = self.by_schedule.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((id, workflow)) = known.get(&row.id)
            && *id == row.workflow_id
        {
            return Ok(Arc::clone(workflow));
        }
        let workflow = KnownWorkflow::read(reader, row.workflow_id)?
            .ok_or_else(|| ScheduleActionError::Unreadable(row.workflow_name.clone()))?;
        if known.len() >= MOST as usize {
            known.clear();
        }
        let workflow = Arc::new(workflow);
        known.insert(row.id, (row.workflow_id, Arc::clone(&workflow)));
        Ok(workflow)
    }
}
