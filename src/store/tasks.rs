//! The tasks of attempts. They are changed through `commit` only.

use super::row::{InOrder, Json, JsonObject, Millis};
use super::{Reader, Result, Writer};
use crate::model::{AttemptId, Task, TaskConfig, TaskFlags, TaskId, TaskKind, TaskResult, TaskState};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Row, named_params};
use std::collections::HashSet;
use std::sync::Arc;

/// All tasks of an attempt, old generations of group retries included, by id.
pub fn list(r: &Reader, attempt: AttemptId) -> Result<Vec<Task>> {
    r.rows(
        "SELECT * FROM tasks WHERE attempt_id = :attempt ORDER BY id",
        named_params! { ":attempt": attempt },
        from_row,
    )
}

/// How a task stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub full_name: String,
    pub kind: TaskKind,
    pub state: TaskState,
    /// What it failed with, if it did itself, even if its `_error` task or the alert still runs.
    pub error: Option<String>,
}

/// How the tasks of an attempt stand, by id. Of each name there is the last: group retries replace tasks.
pub fn standings(r: &Reader, attempt: AttemptId) -> Result<Vec<Standing>> {
    let mut standings = r.rows(
        "SELECT full_name, kind, state,
                CASE WHEN state = 'error' OR delayed_error THEN json_extract(error, '$.message') END AS message
         FROM tasks WHERE attempt_id = :attempt ORDER BY id",
        named_params! { ":attempt": attempt },
        |row| {
            Ok(Standing {
                full_name: row.get("full_name")?,
                kind: row.get("kind")?,
                state: row.get("state")?,
                error: row.get("message")?,
            })
        },
    )?;
    let mut seen = HashSet::new();
    standings.reverse();
    standings.retain(|standing| seen.insert(standing.full_name.clone()));
    standings.reverse();
    Ok(standings)
}

/// Adds a task. Tells `false` when the attempt has one with this id.
pub(super) fn insert(w: &Writer, attempt: AttemptId, task: &Task) -> Result<bool> {
    let Task { id, parent, upstreams, full_name, kind, config, state, flags, .. } = task;
    let inserted = w.execute(
        "INSERT INTO tasks (
             attempt_id, id, parent_id, upstreams, full_name, kind, local_config, export_config, state,
             cancel_requested, delayed_error, delayed_group_error, initial,
             state_params, retry_count, retry_at, started_at, updated_at,
             subtask_config, export_params, reset_store_params, store_params, error)
         VALUES (
             :attempt_id, :id, :parent_id, :upstreams, :full_name, :kind, :local_config, :export_config, :state,
             :cancel_requested, :delayed_error, :delayed_group_error, :initial,
             :state_params, :retry_count, :retry_at, :started_at, :updated_at,
             :subtask_config, :export_params, :reset_store_params, :store_params, :error)
         ON CONFLICT (attempt_id, id) DO NOTHING",
        named_params! {
            ":attempt_id": attempt,
            ":id": id,
            ":parent_id": parent,
            ":upstreams": Json(upstreams),
            ":full_name": full_name,
            ":kind": kind,
            ":local_config": JsonObject(&config.local),
            ":export_config": JsonObject(&config.export),
            ":state": state,
            ":cancel_requested": flags.cancel_requested,
            ":delayed_error": flags.delayed_error,
            ":delayed_group_error": flags.delayed_group_error,
            ":initial": flags.initial,
            ":state_params": JsonObject(&task.state_params),
            ":retry_count": task.retry_count,
            ":retry_at": task.retry_at.map(Millis),
            ":started_at": task.started_at.map(Millis),
            ":updated_at": Millis(task.updated_at),
            ":subtask_config": JsonObject(&task.result.subtask_config),
            ":export_params": JsonObject(&task.result.export_params),
            ":reset_store_params": Json(&task.result.reset_store_params),
            ":store_params": JsonObject(&task.result.store_params),
            ":error": JsonObject(&task.error),
        },
    )?;
    Ok(inserted == 1)
}

/// Writes what can change of a task. Tells `false` when it is not in the state `before`.
pub(super) fn update(w: &Writer, attempt: AttemptId, before: TaskState, task: &Task) -> Result<bool> {
    let updated = w.execute(
        "UPDATE tasks SET
             state = :state, cancel_requested = :cancel_requested, delayed_error = :delayed_error,
             delayed_group_error = :delayed_group_error, state_params = :state_params,
             retry_count = :retry_count, retry_at = :retry_at, started_at = :started_at, updated_at = :updated_at,
             subtask_config = :subtask_config, export_params = :export_params,
             reset_store_params = :reset_store_params, store_params = :store_params, error = :error
         WHERE attempt_id = :attempt_id AND id = :id AND state = :before",
        named_params! {
            ":attempt_id": attempt,
            ":id": task.id,
            ":before": before,
            ":state": task.state,
            ":cancel_requested": task.flags.cancel_requested,
            ":delayed_error": task.flags.delayed_error,
            ":delayed_group_error": task.flags.delayed_group_error,
            ":state_params": JsonObject(&task.state_params),
            ":retry_count": task.retry_count,
            ":retry_at": task.retry_at.map(Millis),
            ":started_at": task.started_at.map(Millis),
            ":updated_at": Millis(task.updated_at),
            ":subtask_config": JsonObject(&task.result.subtask_config),
            ":export_params": JsonObject(&task.result.export_params),
            ":reset_store_params": Json(&task.result.reset_store_params),
            ":store_params": JsonObject(&task.result.store_params),
            ":error": JsonObject(&task.error),
        },
    )?;
    Ok(updated == 1)
}

/// What a task's operator left behind.
pub(super) fn result(r: &Reader, attempt: AttemptId, id: TaskId) -> Result<Option<TaskResult>> {
    r.row(
        "SELECT subtask_config, export_params, reset_store_params, store_params FROM tasks
         WHERE attempt_id = :attempt AND id = :id",
        named_params! { ":attempt": attempt, ":id": id },
        |row| result_from(&mut InOrder::from(row, "subtask_config")?),
    )
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Task> {
    let mut columns = InOrder::from(row, "id")?;
    Ok(Task {
        id: columns.get("id")?,
        parent: columns.get("parent_id")?,
        upstreams: columns.get("upstreams").map(|Json(upstreams)| upstreams)?,
        full_name: columns.get("full_name")?,
        kind: columns.get("kind")?,
        config: Arc::new(TaskConfig {
            local: columns.params("local_config")?,
            export: columns.params("export_config")?,
        }),
        state: columns.get("state")?,
        flags: TaskFlags {
            cancel_requested: columns.get("cancel_requested")?,
            delayed_error: columns.get("delayed_error")?,
            delayed_group_error: columns.get("delayed_group_error")?,
            initial: columns.get("initial")?,
        },
        state_params: columns.params("state_params")?,
        retry_count: columns.get("retry_count")?,
        retry_at: columns.optional_time("retry_at")?,
        started_at: columns.optional_time("started_at")?,
        updated_at: columns.time("updated_at")?,
        result: result_from(&mut columns)?,
        error: columns.params("error")?,
    })
}

fn result_from(columns: &mut InOrder<'_>) -> rusqlite::Result<TaskResult> {
    Ok(TaskResult {
        subtask_config: columns.params("subtask_config")?,
        export_params: columns.params("export_params")?,
        reset_store_params: columns.get("reset_store_params").map(|Json(paths)| paths)?,
        store_params: columns.params("store_params")?,
    })
}

const OPERATOR: &str = "operator";
const GROUP: &str = "group";

impl ToSql for TaskKind {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Operator => OPERATOR.into(),
            Self::Group => GROUP.into(),
        })
    }
}

impl FromSql for TaskKind {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            OPERATOR => Ok(Self::Operator),
            GROUP => Ok(Self::Group),
            other => Err(FromSqlError::other(UnknownTaskKind(other.to_owned()))),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("unknown kind of task '{0}'")]
struct UnknownTaskKind(String);
