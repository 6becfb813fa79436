//! Asking the engine what follows from an event. What it refuses of the tasks that an operator generated could not be known
//! to the worker: so it is here that this is told, and that secrets are kept out of it.

use super::active::Active;
use super::shared::Shared;
use crate::engine::{self, Change, Event, IllegalTransition};
use crate::logs::mask::Mask;
use crate::logs::{Level, LogRecord};
use crate::model::{Attempt, Params, Task, TaskId};
use serde_json::Value;
use std::borrow::Cow;

/// Works out what follows from an event, and changes nothing.
///
/// # Errors
///
/// The event does not fit the state of its task.
pub(super) fn advance(
    shared: &Shared,
    active: &Active,
    event: Event,
) -> Result<Vec<Change>, IllegalTransition> {
    let attempt = &active.attempt;
    let ask = |event| engine::advance(attempt, event, shared.now(), shared.limits);
    let succeeded = match &event {
        Event::Succeeded { task, .. } => Some(*task),
        _ => None,
    };
    let changes = ask(event)?;
    let Some(task) = succeeded.and_then(|task| rejected(attempt, task, &changes)) else {
        return Ok(changes);
    };
    let reason = task.error.get("message").and_then(Value::as_str).unwrap_or_default();
    let mask = Mask::new(shared.secrets.values(active.origin.project_id));
    let reason = mask.text(reason);
    let message = format!("Configuration error at task {}: {reason}", task.full_name);
    let (time, log_task) = (shared.now(), Some(active.log_task(task)));
    shared.observer.log(&LogRecord { time, level: Level::Error, task: log_task, message: &message });
    match reason {
        Cow::Borrowed(_) => Ok(changes),
        // Not only the task has its error, but its `_error` task, too: it fails once more, as if the worker had known.
        Cow::Owned(reason) => {
            let error = Params::from_iter([("message".to_owned(), Value::from(reason))]);
            ask(Event::Failed { task: task.id, error })
        }
    }
}

/// A task as it is with the error that was found in what it generated, if one was.
fn rejected<'a>(attempt: &Attempt, id: TaskId, changes: &'a [Change]) -> Option<&'a Task> {
    let changed = changes.iter().find_map(|change| match change {
        Change::Changed { task, .. } if task.id == id => Some(task),
        _ => None,
    })?;
    let is_new = attempt.task(id).is_none_or(|before| before.error != changed.error);
    Some(changed).filter(|task| is_new && !task.error.is_empty())
}
