//! A workflow's tasks before they run: who is whose child, and who waits for whom.

use super::Params;
use std::sync::Arc;

/// The tasks of a workflow, or of what an operator generated, parents before children.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The first one is the root.
    pub tasks: Vec<PlannedTask>,
}

/// One task of a plan. Other tasks of the same plan are named by their index.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedTask {
    /// `+workflow+group+task`
    pub full_name: String,
    /// `None` for the root alone.
    pub parent: Option<usize>,
    /// Siblings that must have succeeded first.
    pub upstreams: Vec<usize>,
    pub kind: TaskKind,
    pub config: Arc<TaskConfig>,
}

/// Whether a task does something itself or only holds others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskKind {
    Group,
    Operator,
}

/// What a task's mapping says, its subtasks aside.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TaskConfig {
    /// Everything but `_export`; `_background` and `_after` have become upstreams and are gone.
    pub local: Params,
    pub export: Params,
}
