//! What a new attempt takes over from an earlier one: `retry --resume` and `--resume-from`.
//!
//! Tasks are known by their full names, so that it does not matter which attempt of a group retry succeeded, or whether
//! the new revision has them at another place.

use super::error_kind::ErrorKind;
use super::selection::{PatternError, find_name};
use crate::model::{Attempt, AttemptId, Params, Task, TaskId, TaskResult, TaskState, Zone};
use crate::store::{Reader, StoreError, attempts};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// Which tasks are not run again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resume {
    /// Those that succeeded in an attempt.
    Failed { attempt: AttemptId },
    /// Those that succeeded in an attempt and come before a task: its pattern matches the end of its full name.
    From { attempt: AttemptId, task: String },
}

/// An attempt cannot be resumed.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("Resuming successfully completed attempts is not supported")]
    Succeeded,
    #[error("Resuming root task is not allowed")]
    Root,
    #[error(transparent)]
    Pattern(#[from] PatternError),
}

impl ResumeError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(error) => ErrorKind::of(error),
            Self::Succeeded | Self::Root | Self::Pattern(_) => ErrorKind::Invalid,
        }
    }
}

impl Resume {
    /// As the store keeps it.
    pub(super) fn to_params(&self) -> Params {
        let (Self::Failed { attempt } | Self::From { attempt, .. }) = self;
        let mut params = Params::from_iter([("attempt_id".to_owned(), Value::from(attempt.0))]);
        if let Self::From { task, .. } = self {
            params.insert("from".to_owned(), Value::from(task.clone()));
        }
        params
    }

    /// Reads what `to_params` wrote.
    pub(super) fn from_params(params: &Params) -> Option<Self> {
        let attempt = AttemptId(params.get("attempt_id")?.as_i64()?);
        Some(match params.get("from").and_then(Value::as_str) {
            None => Self::Failed { attempt },
            Some(task) => Self::From { attempt, task: task.to_owned() },
        })
    }

    /// The results to take over, by full name.
    ///
    /// # Errors
    ///
    /// The attempt succeeded, or the pattern fits none or several of its tasks. From an attempt that is not there nothing
    /// is taken over, as with Digdag.
    pub(super) fn results(&self, reader: &Reader) -> Result<HashMap<String, TaskResult>, ResumeError> {
        let (Self::Failed { attempt: id } | Self::From { attempt: id, .. }) = self;
        let attempt = attempts::load(reader, *id)?;
        let attempt = attempt.unwrap_or_else(|| Attempt::new(*id, Zone::utc(), Params::new(), vec![]));
        match self {
            Self::Failed { .. } if attempt.outcome.is_some_and(|outcome| outcome.success) => {
                Err(ResumeError::Succeeded)
            }
            Self::Failed { .. } => Ok(successes(&attempt, |_| true)),
            Self::From { task, .. } => {
                let before = before(&attempt, task)?;
                Ok(successes(&attempt, |name| before.contains(name)))
            }
        }
    }
}

/// What succeeded, the newest success of each name.
fn successes(attempt: &Attempt, wanted: impl Fn(&str) -> bool) -> HashMap<String, TaskResult> {
    let succeeded = |task: &&Task| {
        task.state == TaskState::Success
            && !task.state_params.contains_key("left_out")
            && wanted(&task.full_name)
    };
    let tasks = attempt.tasks().iter().filter(succeeded);
    tasks.map(|task| (task.full_name.clone(), task.result.clone())).collect()
}

/// The names of what comes before a task: for it and each of its parents, the siblings they wait for and all below those.
fn before(attempt: &Attempt, pattern: &str) -> Result<HashSet<String>, ResumeError> {
    // Each run of a retried group has the same names; the newest one counts.
    let mut newest: Vec<&Task> = vec![];
    for task in attempt.tasks() {
        newest.retain(|other| other.full_name != task.full_name);
        newest.push(task);
    }
    let place = find_name(newest.iter().map(|task| task.full_name.as_str()), pattern)?;
    let mut here = Some(newest[place]);
    if here.is_some_and(|task| task.parent.is_none()) {
        return Err(ResumeError::Root);
    }
    let mut found = HashSet::new();
    while let Some(task) = here {
        let (mut pending, mut seen) = (task.upstreams.clone(), HashSet::new());
        while let Some(upstream) = pending.pop().and_then(|id| attempt.task(id)) {
            if seen.insert(upstream.id) {
                add_with_children(attempt, upstream.id, &mut found);
                pending.extend(&upstream.upstreams);
            }
        }
        here = task.parent.and_then(|parent| attempt.task(parent));
    }
    Ok(found)
}

fn add_with_children(attempt: &Attempt, id: TaskId, found: &mut HashSet<String>) {
    let mut pending = vec![id];
    while let Some(id) = pending.pop() {
        found.extend(attempt.task(id).map(|task| task.full_name.clone()));
        pending.extend(attempt.children(id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{TaskKind, Zone};
    use crate::store::testing::task;

    /// `+wf` with `+a`, `+b` (with `+b1`, `+b2`) and `+c`, one after another; `+b2` failed and ran again, twice.
    fn attempt() -> Attempt {
        let make = |id, name: &str, parent: i64, upstreams: &[i64], state| {
            let mut task = task(id, name, TaskKind::Operator, state);
            task.parent = (parent > 0).then_some(TaskId(parent));
            task.upstreams = upstreams.iter().map(|id| TaskId(*id)).collect();
            task
        };
        use TaskState::{Blocked, Error, GroupError, Success};
        let tasks = vec![
            make(1, "+wf", 0, &[], GroupError),
            make(2, "+wf+a", 1, &[], Success),
            make(3, "+wf+b", 1, &[2], GroupError),
            make(4, "+wf+c", 1, &[3], Blocked),
            make(5, "+wf+b+b1", 3, &[], Success),
            make(6, "+wf+b+b2", 3, &[5], Error),
            make(7, "+wf+b+b1", 3, &[], Success),
            make(8, "+wf+b+b2", 3, &[7], Error),
        ];
        Attempt::new(AttemptId(1), Zone::utc(), Params::new(), tasks)
    }

    fn names_before(pattern: &str) -> Result<Vec<String>, String> {
        let mut names: Vec<String> =
            before(&attempt(), pattern).map_err(|error| error.to_string())?.into_iter().collect();
        names.sort();
        Ok(names)
    }

    #[test]
    fn what_comes_before_a_task_is_found() {
        for (pattern, expected) in [
            ("+a", vec![]),
            ("+b", vec!["+wf+a"]),
            ("+b1", vec!["+wf+a"]),
            ("+b2", vec!["+wf+a", "+wf+b+b1"]),
            ("+c", vec!["+wf+a", "+wf+b", "+wf+b+b1", "+wf+b+b2"]),
        ] {
            assert_eq!(names_before(pattern).unwrap(), expected, "{pattern}");
        }
        assert_eq!(names_before("+wf").unwrap_err(), "Resuming root task is not allowed");
        let none = "Task pattern '+x' doesn't match with any tasks. (no match)";
        assert_eq!(names_before("+x").unwrap_err(), none);
    }

    #[test]
    fn only_successes_are_taken_over() {
        let mut names: Vec<String> = successes(&attempt(), |_| true).into_keys().collect();
        names.sort();
        assert_eq!(names, ["+wf+a", "+wf+b+b1"]);
    }

    #[test]
    fn the_store_keeps_it() {
        let attempt = AttemptId(7);
        for resume in [Resume::Failed { attempt }, Resume::From { attempt, task: "+a".to_owned() }] {
            assert_eq!(Resume::from_params(&resume.to_params()), Some(resume));
        }
    }
}
