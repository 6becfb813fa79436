//! One run of one task: what a worker is given.

use super::slots::Claim;
use super::task_log::TaskLog;
use super::workspace::Workspace;
use crate::confinement::Confinement;
use crate::model::{Params, Task, TaskResult};
use crate::operators::{Cancellation, TaskIdentity};
use std::sync::Arc;

/// What happens to a task instead of running its operator.
#[derive(Debug, Clone)]
pub(super) enum Replay {
    /// The result of an earlier run is taken over.
    Earlier(Box<TaskResult>),
    /// It was left out on request.
    LeftOut,
}

/// A task to run, with everything that the attempt says about it.
pub(super) struct Job {
    pub(super) identity: TaskIdentity,
    /// The task in state running, for those who watch.
    pub(super) task: Task,
    /// What the task sees of the attempt: all layers below its own keys, not evaluated.
    pub(super) params: Params,
    pub(super) workspace: Arc<Workspace>,
    /// What to do instead of running the operator.
    pub(super) replay: Option<Replay>,
    pub(super) cancellation: Arc<Cancellation>,
    pub(super) confinement: Option<Arc<Confinement>>,
    pub(super) log: Arc<TaskLog>,
    /// The slots that it has while it runs.
    pub(super) slots: Claim,
}

impl Job {
    /// What the log says of it when it is canceled; why, unless somebody has asked for that.
    pub(super) fn canceled(&self) -> String {
        let name = &self.identity.full_name;
        match self.cancellation.reason() {
            Some(reason) => format!("Task {name} is canceled: {reason}"),
            None => format!("Task {name} is canceled."),
        }
    }
}
