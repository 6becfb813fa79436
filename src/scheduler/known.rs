//! Schedules that were read before. Reading one takes longer than anything else that is done with it, and the same ones are
//! due again and again; a definition never changes, a new revision has others.

use crate::actions::schedules::{ScheduleActionError, schedule_of};
use crate::dig::schedule::Schedule;
use crate::model::WorkflowId;
use crate::store::Reader;
use crate::store::schedules::ScheduleRow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Debug, Default)]
pub(super) struct KnownSchedules {
    by_workflow: Mutex<HashMap<WorkflowId, Arc<Schedule>>>,
}

/// So many are kept: some megabytes. When there are more, all are read anew.
const MOST: usize = 2000;

impl KnownSchedules {
    /// The schedule of a row's workflow.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub(super) fn get(
        &self,
        reader: &Reader,
        row: &ScheduleRow,
    ) -> Result<Arc<Schedule>, ScheduleActionError> {
        let mut known = self.by_workflow.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(schedule) = known.get(&row.workflow_id) {
            return Ok(Arc::clone(schedule));
        }
        let schedule = Arc::new(schedule_of(reader, row)?);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(row.workflow_id, Arc::clone(&schedule));
        Ok(schedule)
    }
}
