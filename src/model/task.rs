//! A task of an attempt and the states it goes through.

use super::id::TaskId;
use super::plan::{TaskConfig, TaskKind};
use super::{Params, Time};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Where a task stands. Who moves it on is said at each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskState {
    /// Waits for its parent and its upstream tasks; their progress moves it on.
    Blocked,
    /// May start; the engine moves it on in the same step.
    Ready,
    /// Its operator asked to be run again later; time moves it on.
    RetryWaiting,
    /// Its children will be run again later; time moves it on.
    GroupRetryWaiting,
    /// Its operator runs; the operator's end moves it on.
    Running,
    /// It has done its own part; its children move it on.
    Planned,
    /// A child failed.
    GroupError,
    /// It and its children succeeded.
    Success,
    /// Its operator failed.
    Error,
    /// The attempt was canceled before it ended.
    Canceled,
}

impl TaskState {
    pub const ALL: [Self; 10] = [
        Self::Blocked,
        Self::Ready,
        Self::RetryWaiting,
        Self::GroupRetryWaiting,
        Self::Running,
        Self::Planned,
        Self::GroupError,
        Self::Success,
        Self::Error,
        Self::Canceled,
    ];

    /// Never changes again (but a group retry makes new copies of the tasks below it).
    pub fn is_done(self) -> bool {
        matches!(self, Self::GroupError | Self::Success | Self::Error | Self::Canceled)
    }

    pub fn is_error(self) -> bool {
        matches!(self, Self::GroupError | Self::Error)
    }

    /// Something will still happen to it without its siblings' help.
    pub fn is_progressing(self) -> bool {
        matches!(
            self,
            Self::Ready | Self::RetryWaiting | Self::GroupRetryWaiting | Self::Running | Self::Planned
        )
    }

    pub fn can_run_children(self) -> bool {
        matches!(self, Self::Planned | Self::Success)
    }

    /// The name in the API, in SQL and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Ready => "ready",
            Self::RetryWaiting => "retry_waiting",
            Self::GroupRetryWaiting => "group_retry_waiting",
            Self::Running => "running",
            Self::Planned => "planned",
            Self::GroupError => "group_error",
            Self::Success => "success",
            Self::Error => "error",
            Self::Canceled => "canceled",
        }
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that names no task state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown task state '{0}'")]
pub struct UnknownTaskState(pub String);

impl FromStr for TaskState {
    type Err = UnknownTaskState;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| UnknownTaskState(text.to_owned()))
    }
}

/// Marks on a task beside its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TaskFlags {
    /// The attempt is being canceled.
    pub cancel_requested: bool,
    /// Its operator failed; it ends as an error once its `_error` task has ended.
    pub delayed_error: bool,
    /// A child failed; it ends as a group error once its `_error` task has ended.
    pub delayed_group_error: bool,
    /// It is written inside its parent, so a group retry copies it. What an operator or a failure brought is not.
    pub initial: bool,
}

/// What an operator leaves behind when it succeeds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TaskResult {
    /// Tasks to run below this one, as a task map; empty for none.
    pub subtask_config: Params,
    /// Parameters for the tasks below this one.
    pub export_params: Params,
    /// Dotted paths to remove before storing.
    pub reset_store_params: Vec<String>,
    /// Parameters for the tasks that come after this one.
    pub store_params: Params,
}

/// A task of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    pub id: TaskId,
    pub parent: Option<TaskId>,
    pub upstreams: Vec<TaskId>,
    pub full_name: String,
    pub kind: TaskKind,
    pub config: Arc<TaskConfig>,
    pub state: TaskState,
    pub flags: TaskFlags,
    /// What its operator or its retries remember between runs.
    pub state_params: Params,
    /// How often it was put off: its operator asked to be run again, or its children failed and are run again.
    pub retry_count: u32,
    pub retry_at: Option<Time>,
    /// When its operator was first started.
    pub started_at: Option<Time>,
    pub updated_at: Time,
    pub result: TaskResult,
    /// The error object of a failed operator: `message`, sometimes `stacktrace`; empty when it did not fail.
    pub error: Params,
}
