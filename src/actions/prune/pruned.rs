//! What was removed, or would be.

use crate::store::retention::{EndedAttempt, Extent};
use std::collections::BTreeMap;

/// What was removed, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pruned {
    /// By names of project and workflow.
    pub workflows: BTreeMap<(String, String), PrunedWorkflow>,
    /// Revisions, with their workflows and archives.
    pub revisions: u64,
    /// Of revisions, in bytes.
    pub archives: u64,
    /// Records of skipped sessions.
    pub skipped: u64,
    pub notifications: u64,
    /// That were deleted long ago.
    pub projects: u64,
    /// Processes that are gone.
    pub owners: u64,
    /// By how many bytes more is still in use than there may be: what is left is not to be removed.
    pub still_over: Option<u64>,
}

/// What was removed of a workflow, by name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PrunedWorkflow {
    pub attempts: u64,
    pub sessions: u64,
    /// In bytes, compressed.
    pub logs: u64,
    pub tasks: u64,
}

impl Pruned {
    /// Of all workflows.
    pub fn total(&self) -> PrunedWorkflow {
        self.workflows.values().fold(PrunedWorkflow::default(), |sum, one| PrunedWorkflow {
            attempts: sum.attempts + one.attempts,
            sessions: sum.sessions + one.sessions,
            logs: sum.logs + one.logs,
            tasks: sum.tasks + one.tasks,
        })
    }

    /// Nothing was removed that somebody could miss.
    pub fn is_empty(&self) -> bool {
        *self == Self { still_over: self.still_over, owners: self.owners, ..Self::default() }
    }

    /// About how many bytes that is.
    pub fn estimate(&self) -> u64 {
        /// Of a row with its indices, as a rule.
        const ATTEMPT: u64 = 700;
        const TASK: u64 = 350;
        const RECORD: u64 = 300;
        let total = self.total();
        let rows = ATTEMPT * total.attempts + TASK * total.tasks;
        total.logs + self.archives + rows + RECORD * (self.revisions + self.skipped + self.notifications)
    }

    pub(super) fn of(&mut self, attempt: &EndedAttempt) -> &mut PrunedWorkflow {
        let names = (attempt.project_name.clone(), attempt.workflow_name.clone());
        self.workflows.entry(names).or_default()
    }
}

impl PrunedWorkflow {
    pub(super) fn add(&mut self, extent: Extent) {
        self.attempts += 1;
        self.tasks += extent.tasks;
        self.logs += extent.logs;
    }
}
