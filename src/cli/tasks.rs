//! `dibble tasks`: shows the tasks of an attempt, as blocks of lines or as the JSON of Digdag's REST API.

use super::args::{Definition, HistoryArgs, id};
use super::attempt_text::params_text;
use super::{CliError, Context, Exit, history};
use crate::logs::MachineZone;
use crate::model::{AttemptId, Params, Task, TaskId, TaskKind, Time, merge};
use crate::store::tasks;
use clap::Args;
use serde::Serialize;
use serde_json::Value;

pub const DEFINITION: Definition = Definition {
    name: "tasks",
    aliases: &["task"],
    synopsis: &[("tasks <attempt-id>", "show tasks of a session attempt")],
    usage: &["tasks <attempt-id> [options...]"],
    about: "Show the tasks of an attempt with their states and times",
    examples: &[
        ("tasks --local 3", "the tasks of attempt 3"),
        ("tasks --local 3 --json", "the same for programs"),
    ],
    args: TasksArgs::augment_args,
};

/// The arguments of `tasks`.
#[derive(Debug, Clone, Args)]
pub struct TasksArgs {
    /// The attempt
    #[arg(value_name = "attempt-id", value_parser = id)]
    pub attempt: i64,

    /// Print JSON
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub history: HistoryArgs,
}

/// Shows the tasks.
///
/// # Errors
///
/// There is no such attempt, or no history.
pub fn run(args: &TasksArgs, context: &Context) -> Result<Exit, CliError> {
    let store = history::open(&args.history, context)?;
    let attempt = history::attempt(&store, AttemptId(args.attempt))?;
    let tasks = store.read(|reader| tasks::list(reader, attempt.id)).map_err(history::failed)?;
    let output = &context.output;
    if args.json {
        let list = JsonTasks { tasks: tasks.iter().map(json_task).collect() };
        output.json(&list).map_err(|error| CliError::internal(error.to_string()))?;
        return Ok(Exit::Success);
    }
    for task in tasks.iter().take_while(|_| !output.is_closed()) {
        output.line(&text(task, &context.zone));
    }
    output.line(&format!("{} entries.", tasks.len()));
    Ok(Exit::Success)
}

fn text(task: &Task, zone: &MachineZone) -> String {
    let Task { id, full_name: name, state, .. } = task;
    let started = task.started_at.map(|at| zone.show(at)).unwrap_or_default();
    let updated = zone.show(task.updated_at);
    let config = params_text(&config(task));
    let parent = task.parent.map_or_else(|| "null".to_owned(), |id| id.to_string());
    let upstreams = ids(&task.upstreams).join(", ");
    let export = params_text(&export_params(task));
    let store = params_text(&task.result.store_params);
    let state_params = params_text(&task.state_params);
    format!(
        "   id: {id}\n   name: {name}\n   state: {state}\n   started: {started}\n   updated: {updated}\n   \
         config: {config}\n   parent: {parent}\n   upstreams: [{upstreams}]\n   export params: {export}\n   \
         store params: {store}\n   state params: {state_params}\n"
    )
}

/// The task's own keys, with its `_export` as the last one when it has any.
fn config(task: &Task) -> Params {
    let mut config = task.config.local.clone();
    if !task.config.export.is_empty() {
        config.insert("_export".to_owned(), Value::Object(task.config.export.clone()));
    }
    config
}

/// What the task's definition exports, and what its operator did at run time.
fn export_params(task: &Task) -> Params {
    let mut params = task.config.export.clone();
    merge(&mut params, &task.result.export_params);
    params
}

fn ids(ids: &[TaskId]) -> Vec<String> {
    ids.iter().map(TaskId::to_string).collect()
}

/// `GET /api/attempts/{id}/tasks`, so that programs can read both alike.
#[derive(Debug, Serialize)]
struct JsonTasks {
    tasks: Vec<JsonTask>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonTask {
    id: String,
    full_name: String,
    parent_id: Option<String>,
    config: Params,
    upstreams: Vec<String>,
    state: &'static str,
    cancel_requested: bool,
    export_params: Params,
    store_params: Params,
    state_params: Params,
    updated_at: String,
    retry_at: Option<String>,
    started_at: Option<String>,
    error: Params,
    is_group: bool,
}

fn json_task(task: &Task) -> JsonTask {
    JsonTask {
        id: task.id.to_string(),
        full_name: task.full_name.clone(),
        parent_id: task.parent.map(|id| id.to_string()),
        config: config(task),
        upstreams: ids(&task.upstreams),
        state: task.state.as_str(),
        cancel_requested: task.flags.cancel_requested,
        export_params: export_params(task),
        store_params: task.result.store_params.clone(),
        state_params: task.state_params.clone(),
        updated_at: instant(task.updated_at),
        retry_at: task.retry_at.map(instant),
        started_at: task.started_at.map(instant),
        error: task.error.clone(),
        is_group: task.kind == TaskKind::Group,
    }
}

fn instant(time: Time) -> String {
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::history::tests::{printed, project};
    use crate::cli::parse::tests::parsed;
    use crate::model::TaskConfig;
    use crate::model::TaskState;
    use crate::store::testing::{self, at, object};
    use serde_json::json;
    use std::path::Path;
    use std::sync::Arc;

    #[test]
    fn an_attempt_is_named() {
        let args: TasksArgs = parsed(&DEFINITION, "--local 3 --json --project jobs").unwrap();
        assert!(args.json && args.history.local);
        assert_eq!(args.attempt, 3);
        assert_eq!(parsed::<TasksArgs>(&DEFINITION, "-3").unwrap_err(), "Unknown option: -3");
    }

    /// A history with an attempt of two tasks.
    fn attempt() -> tempfile::TempDir {
        let (store, dir) = project();
        let root = testing::task(1, "+wf", TaskKind::Group, TaskState::Planned);
        let mut task = testing::task(2, "+wf+a", TaskKind::Operator, TaskState::Error);
        task.upstreams = vec![TaskId(1), TaskId(2)];
        task.config = Arc::new(TaskConfig {
            local: object(json!({"echo>": "${v}", "b": 1})),
            export: object(json!({"v": {"x": 1}})),
        });
        task.result.export_params = object(json!({"v": {"y": 2}}));
        task.result.store_params = object(json!({"s": "é"}));
        task.state_params = object(json!({"n": null}));
        task.error = object(json!({"message": "no"}));
        task.started_at = Some(at(3));
        let workflow = testing::workflow(&store, "p", "wf");
        testing::insert(&store, workflow, 0, "", None, &[root, task]);
        dir
    }

    fn shown(dir: &Path, words: &str) -> String {
        printed(dir, &DEFINITION, run, words).unwrap().0
    }

    #[test]
    fn every_task_is_a_block() {
        assert_eq!(
            shown(attempt().path(), "--local 1"),
            "   id: 1\n   name: +wf\n   state: planned\n   started: \n   updated: 1970-01-01 00:00:04 +0000\n   \
             config: {}\n   parent: null\n   upstreams: []\n   export params: {}\n   store params: {}\n   \
             state params: {}\n\n   \
             id: 2\n   name: +wf+a\n   state: error\n   started: 1970-01-01 00:00:03 +0000\n   \
             updated: 1970-01-01 00:00:04 +0000\n   \
             config: {\"echo>\":\"${v}\",\"b\":1,\"_export\":{\"v\":{\"x\":1}}}\n   parent: 1\n   \
             upstreams: [1, 2]\n   export params: {\"v\":{\"x\":1,\"y\":2}}\n   store params: {\"s\":\"é\"}\n   \
             state params: {\"n\":null}\n\n\
             2 entries.\n"
        );
    }

    #[test]
    fn json_is_that_of_the_api() {
        let json: Value = serde_json::from_str(&shown(attempt().path(), "--local 1 --json")).unwrap();
        assert_eq!(json["tasks"][0]["parentId"], json!(null));
        assert_eq!(
            json["tasks"][1],
            json!({
                "id": "2", "fullName": "+wf+a", "parentId": "1",
                "config": {"echo>": "${v}", "b": 1, "_export": {"v": {"x": 1}}},
                "upstreams": ["1", "2"], "state": "error", "cancelRequested": false,
                "exportParams": {"v": {"x": 1, "y": 2}}, "storeParams": {"s": "é"}, "stateParams": {"n": null},
                "updatedAt": "1970-01-01T00:00:04Z", "retryAt": null, "startedAt": "1970-01-01T00:00:03Z",
                "error": {"message": "no"}, "isGroup": false,
            })
        );
    }

    #[test]
    fn an_unknown_attempt_is_named() {
        let (_store, dir) = project();
        let error = printed(dir.path(), &DEFINITION, run, "--local 999").unwrap_err();
        assert_eq!(error, CliError::user("Resource not found: attempt not found: 999"));
    }
}
