//! What one step changes. All changes of a step are committed together, and only then acted upon.

use crate::model::attempt::Outcome;
use crate::model::{Attempt, Task, TaskId, TaskState, Time};

/// One change of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A new task.
    Added(Task),
    /// A task in its new form. In the store it must still be in the state `before`.
    Changed { before: TaskState, task: Task },
    /// Cancelling was asked for.
    CancelRequested,
    /// The attempt ended.
    Finished { success: bool, at: Time },
    /// The task is running now: its operator is to be started once the step is committed. Not stored.
    Dispatch(TaskId),
}

/// Brings an attempt in memory to where the committed changes have brought the store.
pub fn apply(attempt: &mut Attempt, changes: &[Change]) {
    for change in changes {
        match change {
            Change::Added(task) | Change::Changed { task, .. } => attempt.put(task.clone()),
            Change::CancelRequested => attempt.cancel_requested = true,
            Change::Finished { success, at } => {
                attempt.outcome = Some(Outcome { success: *success, finished_at: *at });
            }
            Change::Dispatch(_) => {}
        }
    }
}
