//! Walks through the task tree of an attempt, and the parameters that a task sees from it.

use crate::model::params::remove_path;
use crate::model::{Attempt, Params, Task, TaskId, TaskResult, merge};
use std::cmp::Reverse;

/// The ancestors of a task, the root first, the task itself not among them.
pub fn ancestors(attempt: &Attempt, id: TaskId) -> Vec<TaskId> {
    let mut path = vec![];
    let mut here = attempt.task(id).and_then(|task| task.parent);
    while let Some(parent) = here {
        path.push(parent);
        here = attempt.task(parent).and_then(|task| task.parent);
    }
    path.reverse();
    path
}

/// All descendants of a task: each child followed by its own descendants, in order of ids.
pub fn descendants(attempt: &Attempt, id: TaskId) -> Vec<TaskId> {
    let mut found = vec![];
    let mut pending: Vec<TaskId> = attempt.children(id).iter().rev().copied().collect();
    while let Some(next) = pending.pop() {
        found.push(next);
        pending.extend(attempt.children(next).iter().rev());
    }
    found
}

/// The siblings that a task waits for, directly or not, the farthest first.
pub fn upstream_siblings(attempt: &Attempt, id: TaskId) -> Vec<TaskId> {
    let upstreams = |id: TaskId| attempt.task(id).map_or(&[][..], |task| &task.upstreams);
    // Indexed by id: tasks that have been visited. In long groups this is looked at very often.
    let mut seen = vec![false; attempt.tasks().len() + 1];
    let is_seen = |seen: &[bool], id: TaskId| seen.get(id.0 as usize).is_none_or(|seen| *seen);
    let mut found = vec![];
    // A task is put back when it is visited first, to be found after those that it waits for.
    let mut pending = vec![(id, false)];
    while let Some((next, visited)) = pending.pop() {
        if visited {
            found.push(next);
        } else if !is_seen(&seen, next) {
            seen[next.0 as usize] = true;
            pending.push((next, true));
            let start = pending.len();
            pending.extend(upstreams(next).iter().filter(|up| !is_seen(&seen, **up)).map(|up| (*up, false)));
            pending[start..].sort_unstable_by_key(|(up, _)| Reverse(*up));
        }
    }
    found.pop(); // the task itself
    found
}

/// Everything a task has before it on the way from the root: for every task on that way first the siblings it waits
/// for, each followed by its descendants, then, except for the task itself, the task.
pub fn before(attempt: &Attempt, id: TaskId) -> Vec<TaskId> {
    let mut found = vec![];
    for node in ancestors(attempt, id).into_iter().chain([id]) {
        for sibling in upstream_siblings(attempt, node) {
            found.push(sibling);
            found.extend(descendants(attempt, sibling));
        }
        if node != id {
            found.push(node);
        }
    }
    found
}

/// Lays what a task may see over `base`: exports of its ancestors and stored parameters of the tasks before it, in
/// their order, then its own `_export`.
pub fn visible_params(attempt: &Attempt, task: &Task, base: Params) -> Params {
    let ancestors = ancestors(attempt, task.id);
    let mut params = base;
    for earlier in before(attempt, task.id).into_iter().filter_map(|id| attempt.task(id)) {
        if ancestors.contains(&earlier.id) {
            merge(&mut params, &earlier.config.export);
            merge(&mut params, &earlier.result.export_params);
        }
        apply_store(&mut params, &earlier.result);
    }
    merge(&mut params, &task.config.export);
    params
}

/// Removes what a result resets, then lays what it stores over the parameters.
pub fn apply_store(params: &mut Params, result: &TaskResult) {
    for path in &result.reset_store_params {
        remove_path(params, path);
    }
    merge(params, &result.store_params);
}
