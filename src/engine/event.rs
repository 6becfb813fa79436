//! What can happen to an attempt from outside.

use super::sla::Sla;
use crate::model::{Params, TaskId, TaskResult};
use std::time::Duration;

/// Something that happened, told to `advance`.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The operator of a running task succeeded.
    Succeeded { task: TaskId, result: TaskResult },
    /// A running task was left out on request: it succeeds without having done anything, and later runs do not take it for
    /// done.
    LeftOut { task: TaskId },
    /// The operator of a running task failed for good. `error` has a `message`, sometimes a `stacktrace`.
    Failed { task: TaskId, error: Params },
    /// The operator of a running task is to be run again after a while; it polls or its `_retry` allows it.
    Postponed { task: TaskId, after: Duration, state_params: Params },
    /// Time has passed; waiting tasks may be due.
    Tick,
    /// The attempt took longer than its workflow's `sla:` allows.
    SlaMissed(Sla),
    /// What a task in `retry_waiting` polls for may be there: it is due at once. Nothing happens to other tasks.
    Wake { task: TaskId },
    /// The attempt is to be canceled.
    CancelRequested,
    /// The same because a limit of time has passed: what runs has this error from then on, and keeps it.
    TimedOut { error: Params },
    /// The process that ran this task is gone and nobody knows how far it came; it is run again.
    Lost { task: TaskId },
}
