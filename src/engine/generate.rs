//! Tasks that come into being while an attempt runs: `^sub`, `^check`, `^error`, `^failure-alert`, and the copies of a
//! group retry.

use super::step::Step;
use super::tree::apply_store;
use crate::dig::{CompileError, compile_sub};
use crate::model::{Params, Plan, Task, TaskId, merge};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

/// How many tasks an attempt may have in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub max_tasks: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_tasks: 1000 }
    }
}

/// Generated tasks could not be added.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GenerateError {
    #[error("Too many tasks. Limit: {limit}, Current: {current}, Adding: {adding} (task limit exceeded)")]
    TooManyTasks { limit: usize, current: usize, adding: usize },
    #[error("{} (config)", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Compile(Vec<CompileError>),
}

/// Checks that `adding` more tasks are allowed.
pub(super) fn check_limit(current: usize, adding: usize, limits: Limits) -> Result<(), GenerateError> {
    if current + adding > limits.max_tasks {
        return Err(GenerateError::TooManyTasks { limit: limits.max_tasks, current, adding });
    }
    Ok(())
}

/// Adds the subtasks that an operator generated and its `_check`. Returns whether there are any.
pub(super) fn add_subtasks_and_check(
    step: &mut Step<'_>,
    id: TaskId,
    subtask_config: &Params,
    limits: Limits,
) -> Result<bool, GenerateError> {
    let Some(task) = step.task(id) else { return Ok(false) };
    let name = task.full_name.clone();
    let check = option(task, "_check");
    let subtasks = plan_of(&name, "^sub", subtask_config)?;
    let check = plan_of(&name, "^check", &check)?;
    let subtask_count = subtasks.as_ref().map_or(0, |plan| plan.tasks.len());
    check_limit(step.task_count(), subtask_count, limits)?;
    let check_count = check.as_ref().map_or(0, |plan| plan.tasks.len());
    check_limit(step.task_count() + subtask_count, check_count, limits)?;
    let added = subtasks.is_some() || check.is_some();
    let upstreams: Vec<TaskId> =
        subtasks.map(|plan| step.add_plan(plan, Some(id), &[])).into_iter().collect();
    if let Some(plan) = check {
        step.add_plan(plan, Some(id), &upstreams);
    }
    Ok(added)
}

/// Adds the `_error` task of an operator that failed. Returns whether there is one.
pub(super) fn add_error_task(step: &mut Step<'_>, id: TaskId, error: &Params, limits: Limits) -> bool {
    let error = Value::Object(error.clone());
    add_error_task_with(step, id, limits, |_, export| {
        export.insert("error".to_owned(), error);
    })
}

/// Adds what follows the failure of a child: on the root the alert, and the `_error` task. Returns whether any was.
pub(super) fn add_group_error_tasks(step: &mut Step<'_>, id: TaskId, limits: Limits) -> bool {
    let Some(task) = step.task(id) else { return false };
    let mut added = false;
    if task.parent.is_none() {
        let alert = json!({"_type": "notify", "_command": "Workflow session attempt failed"});
        let alert = alert.as_object().cloned().unwrap_or_default();
        if let Ok(Some(plan)) = plan_of(&task.full_name.clone(), "^failure-alert", &alert) {
            step.add_plan(plan, Some(id), &[]);
            added = true;
        }
    }
    added
        | add_error_task_with(step, id, limits, |step, export| {
            let mut error = Params::new();
            for task in descendants(step, id) {
                apply_store(export, &task.result);
                merge(&mut error, &task.error);
            }
            export.insert("error".to_owned(), Value::Object(error));
        })
}

/// Adds fresh copies of the tasks that a group had in the beginning.
pub(super) fn renew_children(step: &mut Step<'_>, id: TaskId) {
    let mut copies: HashMap<TaskId, TaskId> = HashMap::from([(id, id)]);
    for original in first_generation(step, id) {
        let Some(parent) = original.parent.and_then(|parent| copies.get(&parent).copied()) else { continue };
        let upstreams = original.upstreams.iter().filter_map(|up| copies.get(up).copied()).collect();
        let copy = step.add_copy(&original, parent, upstreams);
        copies.insert(original.id, copy);
    }
}

/// The tasks that are written inside a group, at any depth, in order of their ids: the oldest of each name.
fn first_generation(step: &Step<'_>, id: TaskId) -> Vec<Task> {
    let mut names = HashSet::new();
    let mut originals: Vec<Task> = step
        .children(id)
        .filter(|child| child.flags.initial && names.insert(&child.full_name))
        .cloned()
        .collect();
    let below: Vec<Task> = originals.iter().flat_map(|child| first_generation(step, child.id)).collect();
    originals.extend(below);
    originals.sort_by_key(|task| task.id);
    originals
}

fn add_error_task_with(
    step: &mut Step<'_>,
    id: TaskId,
    limits: Limits,
    fill_export: impl FnOnce(&Step<'_>, &mut Params),
) -> bool {
    let Some(task) = step.task(id) else { return false };
    let mut config = option(task, "_error");
    if config.is_empty() {
        return false;
    }
    let mut export = match config.get("_export") {
        Some(Value::Object(export)) => export.clone(),
        _ => Params::new(),
    };
    fill_export(step, &mut export);
    config.insert("_export".to_owned(), Value::Object(export));
    // A broken `_error` was refused when the workflow was compiled; one that does not fit in any more is left out.
    let Ok(Some(plan)) = plan_of(&task.full_name.clone(), "^error", &config) else { return false };
    if check_limit(step.task_count(), plan.tasks.len(), limits).is_err() {
        return false;
    }
    step.add_plan(plan, Some(id), &[]);
    true
}

/// Everything below a task: each child followed by its own descendants.
fn descendants<'a>(step: &'a Step<'_>, id: TaskId) -> Vec<&'a Task> {
    let mut pending: Vec<&Task> = step.children(id).rev().collect();
    let mut found = vec![];
    while let Some(next) = pending.pop() {
        found.push(next);
        pending.extend(step.children(next.id).rev());
    }
    found
}

pub(super) fn plan_of(parent: &str, suffix: &str, config: &Params) -> Result<Option<Plan>, GenerateError> {
    if config.is_empty() {
        return Ok(None);
    }
    compile_sub(parent, suffix, config).map(Some).map_err(GenerateError::Compile)
}

/// An object option of a task, its own `_export` included; empty when it is not there.
fn option(task: &Task, key: &str) -> Params {
    let value = task.config.local.get(key).or_else(|| task.config.export.get(key));
    match value {
        Some(Value::Object(map)) => map.clone(),
        _ => Params::new(),
    }
}
