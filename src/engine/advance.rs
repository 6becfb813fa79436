//! The transitions of an attempt: an event comes in, and everything that follows from it is worked out to the end.

use super::change::Change;
use super::event::Event;
use super::generate::{self, GenerateError, Limits};
use super::retry::{RetryPolicy, after};
use super::sla::add_sla_tasks;
use super::step::Step;
use super::transition::{Cause, IllegalTransition};
use crate::model::{Attempt, Params, Plan, Task, TaskId, TaskKind, TaskResult, TaskState, Time, merge};
use serde_json::Value;
use std::collections::HashMap;

/// The state parameter that marks tasks which were left out on request.
const LEFT_OUT: &str = "left_out";

/// Puts the tasks of a plan into a new attempt and starts those that may start.
///
/// `attempt` must have no tasks yet. The changes are `Added` tasks and the first `Dispatch`es.
///
/// # Errors
///
/// The plan has more tasks than an attempt may have.
pub fn begin(attempt: &Attempt, plan: Plan, now: Time, limits: Limits) -> Result<Vec<Change>, GenerateError> {
    // The root counts once by itself and once with the others, as in Digdag.
    generate::check_limit(1, plan.tasks.len(), limits)?;
    let mut step = Step::new(attempt, now);
    step.add_plan(plan, None, &[]);
    let settled = settle_all(&mut step, limits);
    debug_assert_eq!(settled, Ok(()), "a new attempt starts from blocked tasks only");
    Ok(step.into_changes())
}

/// What an event changes.
///
/// # Errors
///
/// The event does not fit the state of its task: somebody else has moved it on.
pub fn advance(
    attempt: &Attempt,
    event: Event,
    now: Time,
    limits: Limits,
) -> Result<Vec<Change>, IllegalTransition> {
    let mut step = Step::new(attempt, now);
    match event {
        Event::Succeeded { task, result } => succeed(&mut step, task, result, limits)?,
        Event::LeftOut { task } => leave_out(&mut step, task)?,
        Event::Failed { task, error } => fail(&mut step, task, error, limits)?,
        Event::Postponed { task, after, state_params } => {
            postpone(&mut step, task, Cause::Postponed, after, state_params)?;
        }
        Event::Lost { task } => step.advance(task, Cause::Lost)?,
        Event::CancelRequested => request_cancel(&mut step),
        Event::TimedOut { error } => {
            use TaskState::{GroupRetryWaiting, RetryWaiting, Running};
            let begun = |task: &&Task| matches!(task.state, Running | RetryWaiting | GroupRetryWaiting);
            for task in attempt.tasks().iter().filter(begun) {
                step.change(task.id, |task| task.error = error.clone());
            }
            request_cancel(&mut step);
        }
        Event::SlaMissed(sla) => {
            if let Some(root) = attempt.root().filter(|root| !root.state.is_done()) {
                add_sla_tasks(&mut step, root.id, &sla);
            }
        }
        Event::Wake { task } => {
            if step.state(task) == Some(TaskState::RetryWaiting) {
                step.advance(task, Cause::Woken)?;
            }
        }
        Event::Tick => {
            let waiting = attempt.tasks().iter().filter(|task| task.retry_at.is_some_and(|at| at <= now));
            waiting.for_each(|task| step.look_at(task.id));
        }
    }
    settle_all(&mut step, limits)?;
    Ok(step.into_changes())
}

/// When the attempt has to be told that time has passed; none while it waits for no time.
pub fn next_tick(attempt: &Attempt) -> Option<Time> {
    attempt.tasks().iter().filter_map(|task| task.retry_at).min()
}

fn succeed(
    step: &mut Step<'_>,
    id: TaskId,
    result: TaskResult,
    limits: Limits,
) -> Result<(), IllegalTransition> {
    if is_canceled(step, id) {
        return step.advance(id, Cause::Canceled);
    }
    match generate::add_subtasks_and_check(step, id, &result.subtask_config, limits) {
        Ok(added) => {
            step.change(id, |task| task.result = result);
            step.advance(id, if added { Cause::ChildrenAdded } else { Cause::Succeeded })
        }
        Err(error) => {
            let message = Value::String(error.to_string());
            fail(step, id, Params::from_iter([("message".to_owned(), message)]), limits)
        }
    }
}

fn leave_out(step: &mut Step<'_>, id: TaskId) -> Result<(), IllegalTransition> {
    if is_canceled(step, id) {
        return step.advance(id, Cause::Canceled);
    }
    step.change(id, |task| {
        task.state_params.insert(LEFT_OUT.to_owned(), Value::Bool(true));
    });
    step.advance(id, Cause::Succeeded)
}

fn fail(step: &mut Step<'_>, id: TaskId, error: Params, limits: Limits) -> Result<(), IllegalTransition> {
    if is_canceled(step, id) {
        return step.advance(id, Cause::Canceled);
    }
    if generate::add_error_task(step, id, &error, limits) {
        step.change(id, |task| {
            task.error = error;
            task.flags.delayed_error = true;
        });
        step.advance(id, Cause::ChildrenAdded)
    } else {
        step.change(id, |task| task.error = error);
        step.advance(id, Cause::Failed)
    }
}

/// Lets a task wait before it, or its group, runs again.
fn postpone(
    step: &mut Step<'_>,
    id: TaskId,
    cause: Cause,
    wait: std::time::Duration,
    state_params: Params,
) -> Result<(), IllegalTransition> {
    let retry_at = after(step.now, wait);
    step.advance(id, cause)?;
    step.change(id, |task| {
        task.state_params = state_params;
        task.retry_count += 1;
        task.retry_at = Some(retry_at);
    });
    Ok(())
}

fn request_cancel(step: &mut Step<'_>) {
    step.cancel_requested = true;
    for task in step.base_tasks().iter().filter(|task| !task.state.is_done()) {
        step.change(task.id, |task| task.flags.cancel_requested = true);
        step.look_at(task.id);
    }
}

/// Moves tasks on until nothing more follows.
fn settle_all(step: &mut Step<'_>, limits: Limits) -> Result<(), IllegalTransition> {
    while let Some(id) = step.next_unsettled() {
        settle(step, id, limits)?;
    }
    Ok(())
}

fn settle(step: &mut Step<'_>, id: TaskId, limits: Limits) -> Result<(), IllegalTransition> {
    let Some(task) = step.task(id) else { return Ok(()) };
    match task.state {
        TaskState::Blocked if step.may_start(task) => {
            let group = task.kind == TaskKind::Group;
            step.advance(id, if group { Cause::GroupUnblocked } else { Cause::Unblocked })
        }
        TaskState::Ready if task.flags.cancel_requested => step.advance(id, Cause::Canceled),
        TaskState::Ready => match task.kind {
            TaskKind::Operator => step.advance(id, Cause::Dispatched),
            TaskKind::Group => {
                generate::renew_children(step, id);
                step.advance(id, Cause::ChildrenRenewed)
            }
        },
        TaskState::RetryWaiting | TaskState::GroupRetryWaiting => {
            if task.flags.cancel_requested {
                step.advance(id, Cause::Canceled)
            } else if task.retry_at.is_none_or(|at| at <= step.now) {
                step.advance(id, Cause::Due)
            } else {
                Ok(())
            }
        }
        // Children are settled before their parents: each that can move on has done so.
        TaskState::Planned if !step.children(id).any(|child| child.state.is_progressing()) => {
            resolve(step, id, limits)
        }
        TaskState::Blocked
        | TaskState::Running
        | TaskState::Planned
        | TaskState::GroupError
        | TaskState::Success
        | TaskState::Error
        | TaskState::Canceled => Ok(()),
    }
}

/// Ends a planned task none of whose children can go on.
fn resolve(step: &mut Step<'_>, id: TaskId, limits: Limits) -> Result<(), IllegalTransition> {
    let Some(task) = step.task(id) else { return Ok(()) };
    if task.flags.cancel_requested {
        return step.advance(id, Cause::Canceled);
    }
    if task.flags.delayed_error {
        return step.advance(id, Cause::ErrorHandled);
    }
    if task.flags.delayed_group_error {
        return step.advance(id, Cause::ChildrenFailed);
    }
    if !newest_children_failed(step, id) {
        return step.advance(id, Cause::ChildrenSucceeded);
    }
    if let Some((wait, state_params)) = retry_of(task) {
        return postpone(step, id, Cause::ChildrenPostponed, wait, state_params);
    }
    if generate::add_group_error_tasks(step, id, limits) {
        step.change(id, |task| task.flags.delayed_group_error = true);
        return Ok(());
    }
    step.advance(id, Cause::ChildrenFailed)
}

/// Whether a child failed that no group retry has replaced.
fn newest_children_failed(step: &Step<'_>, id: TaskId) -> bool {
    let newest: HashMap<&str, TaskState> =
        step.children(id).map(|child| (child.full_name.as_str(), child.state)).collect();
    newest.into_values().any(TaskState::is_error)
}

/// The next retry of a task whose child failed. A malformed `_retry` allows none.
fn retry_of(task: &Task) -> Option<(std::time::Duration, Params)> {
    let mut options = task.config.export.clone();
    merge(&mut options, &task.config.local);
    RetryPolicy::read(&options).ok()?.next(&task.state_params)
}

fn is_canceled(step: &Step<'_>, id: TaskId) -> bool {
    step.task(id).is_some_and(|task| task.flags.cancel_requested)
}
