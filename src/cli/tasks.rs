//! `dibble tasks`: shows the tasks of an attempt, as blocks of lines or as the JSON of Digdag's REST API.

use super::args::{Definition, HistoryArgs, id};
use super::block::task_block;
use super::history::{self, History};
use super::{CliError, Context, Exit};
use crate::client::models::{Id, Task, Tasks};
use crate::model::AttemptId;
use crate::server::wire;
use crate::store::tasks;
use clap::Args;

pub const DEFINITION: Definition = Definition {
    name: "tasks",
    aliases: &["task"],
    synopsis: &[("tasks <attempt-id>", "show tasks of a session attempt")],
    usage: &["tasks <attempt-id> [options...]"],
    about: "Show the tasks of an attempt with their states and times",
    examples: &[
        ("tasks 3", "the tasks of attempt 3"),
        ("tasks 3 --json", "the same for programs"),
        ("tasks --local 3", "those of an attempt of `dibble run` in this project"),
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
    let tasks: Vec<Task> = match history::open(&args.history, context)? {
        History::Local(store) => {
            let attempt = history::attempt(&store, AttemptId(args.attempt))?;
            let rows = store.read(|reader| tasks::list(reader, attempt.id)).map_err(history::failed)?;
            history::as_answered(rows.iter().map(wire::Task::from).collect::<Vec<_>>())?
        }
        History::Server(client) => {
            let attempt = Id::from(args.attempt);
            let tasks = client.tasks(&attempt)?;
            if tasks.is_empty() {
                // There may be no such attempt.
                client.attempt(&attempt)?;
            }
            tasks
        }
    };
    let output = &context.output;
    if args.json {
        context.print_json(&Tasks { tasks })?;
        return Ok(Exit::Success);
    }
    for task in tasks.iter().take_while(|_| !output.is_closed()) {
        output.line(&task_block(task, &context.zone));
    }
    output.line(&format!("{} entries.", tasks.len()));
    Ok(Exit::Success)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::client_args::tests::{asked, failure};
    use crate::cli::history::tests::{printed, project};
    use crate::cli::parse::tests::parsed;
    use crate::client::testing::Answer;
    use crate::model::{TaskConfig, TaskId, TaskKind, TaskState};
    use crate::store::testing::{self, at, object};
    use serde_json::{Value, json};
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
             state params: {\"n\":null}\n   error: no\n\n\
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

    #[test]
    fn a_server_is_asked_for_the_tasks() {
        let tasks = json!({"tasks": [{
            "id": "2", "fullName": "+plain+a", "parentId": "1", "config": {"echo>": "x"}, "upstreams": [],
            "state": "success", "cancelRequested": false, "exportParams": {}, "storeParams": {}, "stateParams": {},
            "updatedAt": "2026-11-22T03:16:30Z", "retryAt": null, "startedAt": null, "error": {}, "isGroup": false,
        }]});
        let answer = || Answer::ok("GET /api/attempts/1/tasks", tasks.to_string());
        let (out, err) = asked(&DEFINITION, run, "1", [answer()]);
        assert!(out.starts_with("   id: 2\n   name: +plain+a\n   state: success\n   started: \n"), "{out}");
        assert!(out.ends_with("   state params: {}\n\n1 entries.\n") && err.is_empty(), "{out}");
        let (out, _) = asked(&DEFINITION, run, "1 --json", [answer()]);
        assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), tasks);
    }

    #[test]
    fn what_went_wrong_is_shown() {
        let shown = |error: Value| {
            let tasks = json!({"tasks": [{
                "id": "2", "fullName": "+plain+a", "state": "error", "updatedAt": "2026-11-22T03:16:30Z", "error": error,
            }]});
            let answer = Answer::ok("GET /api/attempts/1/tasks", tasks.to_string());
            let (out, _) = asked(&DEFINITION, run, "1", [answer]);
            let (_, end) = out.split_once("   state params: {}\n").unwrap();
            end.strip_suffix("\n1 entries.\n").unwrap().to_owned()
        };
        for (error, expected) in [
            (json!({}), ""),
            (json!({"message": "no", "stacktrace": "deep"}), "   error: no\n"),
            (json!({"message": "one\ntwo\n"}), "   error: \n    one\n    two\n"),
            (json!({"code": 3}), "   error: {\"code\":3}\n"),
        ] {
            assert_eq!(shown(error), expected);
        }
    }

    #[test]
    fn servers_that_know_no_attempt_may_list_no_tasks() {
        let answers = [
            Answer::ok("GET /api/attempts/9/tasks", r#"{"tasks":[]}"#),
            Answer::new("GET /api/attempts/9", 404, r#"{"message":"no"}"#),
        ];
        assert_eq!(failure(&DEFINITION, run, "9", answers), CliError::user("Resource not found: no"));
    }
}
