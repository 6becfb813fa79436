//! A task of an attempt.

use super::{Instant, Text};
use crate::model::{self, Params, TaskConfig, TaskKind, merge};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// `RestTask`
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Task<'a> {
    id: Text<i64>,
    full_name: &'a str,
    parent_id: Option<Text<i64>>,
    config: Config<'a>,
    upstreams: Vec<Text<i64>>,
    state: &'static str,
    cancel_requested: bool,
    export_params: Cow<'a, Params>,
    store_params: &'a Params,
    state_params: &'a Params,
    updated_at: Instant,
    retry_at: Option<Instant>,
    started_at: Option<Instant>,
    error: &'a Params,
    is_group: bool,
}

/// What the task's mapping says: `_export` comes last, and only when there is one.
#[derive(Debug, Clone, PartialEq)]
struct Config<'a>(&'a TaskConfig);

impl<'a> From<&'a model::Task> for Task<'a> {
    fn from(task: &'a model::Task) -> Self {
        Self {
            id: Text(task.id.0),
            full_name: &task.full_name,
            parent_id: task.parent.map(|id| Text(id.0)),
            config: Config(&task.config),
            upstreams: task.upstreams.iter().map(|id| Text(id.0)).collect(),
            state: task.state.as_str(),
            cancel_requested: task.flags.cancel_requested,
            export_params: export_params(task),
            store_params: &task.result.store_params,
            state_params: &task.state_params,
            updated_at: Instant(task.updated_at),
            retry_at: task.retry_at.map(Instant),
            started_at: task.started_at.map(Instant),
            error: &task.error,
            is_group: task.kind == TaskKind::Group,
        }
    }
}

/// What the task's mapping exports, with what its operator exported laid over it.
fn export_params(task: &model::Task) -> Cow<'_, Params> {
    let (written, found) = (&task.config.export, &task.result.export_params);
    match (written.is_empty(), found.is_empty()) {
        (_, true) => Cow::Borrowed(written),
        (true, false) => Cow::Borrowed(found),
        (false, false) => {
            let mut merged = written.clone();
            merge(&mut merged, found);
            Cow::Owned(merged)
        }
    }
}

impl Serialize for Config<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let TaskConfig { local, export } = self.0;
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in local {
            map.serialize_entry(key, value)?;
        }
        if !export.is_empty() {
            map.serialize_entry("_export", export)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{TaskFlags, TaskId, TaskResult, TaskState};
    use crate::server::wire::testing::{at, json, object};
    use std::sync::Arc;

    fn root() -> model::Task {
        model::Task {
            id: TaskId(1),
            parent: None,
            upstreams: vec![],
            full_name: "+wf".to_owned(),
            kind: TaskKind::Group,
            config: Arc::new(TaskConfig {
                local: object(r#"{"schedule":{"daily>":"07:00:00"}}"#),
                export: object(r#"{"k":"v"}"#),
            }),
            state: TaskState::Success,
            flags: TaskFlags { initial: true, ..TaskFlags::default() },
            state_params: Params::new(),
            retry_count: 0,
            retry_at: None,
            started_at: None,
            updated_at: at("2026-11-22T03:16:30.999Z"),
            result: TaskResult::default(),
            error: Params::new(),
        }
    }

    #[test]
    fn the_root_has_the_keys_of_the_workflow_and_its_exports_last() {
        assert_eq!(
            json(Task::from(&root())),
            concat!(
                r#"{"id":"1","fullName":"+wf","parentId":null,"#,
                r#""config":{"schedule":{"daily>":"07:00:00"},"_export":{"k":"v"}},"upstreams":[],"#,
                r#""state":"success","cancelRequested":false,"exportParams":{"k":"v"},"storeParams":{},"#,
                r#""stateParams":{},"updatedAt":"2026-11-22T03:16:30Z","retryAt":null,"startedAt":null,"#,
                r#""error":{},"isGroup":true}"#,
            )
        );
    }

    #[test]
    fn a_task_that_waits_for_a_retry() {
        let task = model::Task {
            id: TaskId(3),
            parent: Some(TaskId(1)),
            upstreams: vec![TaskId(2)],
            full_name: "+wf+b".to_owned(),
            kind: TaskKind::Operator,
            config: Arc::new(TaskConfig {
                local: object(r#"{"sh>":"false","_retry":1}"#),
                export: Params::new(),
            }),
            state: TaskState::RetryWaiting,
            flags: TaskFlags { cancel_requested: true, ..TaskFlags::default() },
            state_params: object(r#"{"retry_count":1}"#),
            retry_at: Some(at("2026-11-22T03:16:40Z")),
            started_at: Some(at("2026-11-22T03:16:30Z")),
            result: TaskResult { store_params: object(r#"{"b":1,"a":2}"#), ..TaskResult::default() },
            error: object(r#"{"message":"Command failed with code 1"}"#),
            ..root()
        };
        assert_eq!(
            json(Task::from(&task)),
            concat!(
                r#"{"id":"3","fullName":"+wf+b","parentId":"1","config":{"sh>":"false","_retry":1},"#,
                r#""upstreams":["2"],"state":"retry_waiting","cancelRequested":true,"exportParams":{},"#,
                r#""storeParams":{"b":1,"a":2},"stateParams":{"retry_count":1},"#,
                r#""updatedAt":"2026-11-22T03:16:30Z","retryAt":"2026-11-22T03:16:40Z","#,
                r#""startedAt":"2026-11-22T03:16:30Z","error":{"message":"Command failed with code 1"},"#,
                r#""isGroup":false}"#,
            )
        );
    }

    #[test]
    fn what_an_operator_exports_lies_over_what_is_written() {
        let exported = |written, found| {
            let mut task = root();
            task.config = Arc::new(TaskConfig { local: Params::new(), export: object(written) });
            task.result.export_params = object(found);
            json(export_params(&task))
        };
        assert_eq!(exported(r#"{"a":1}"#, "{}"), r#"{"a":1}"#);
        assert_eq!(exported("{}", r#"{"a":1}"#), r#"{"a":1}"#);
        assert_eq!(
            exported(r#"{"a":{"x":1},"b":1}"#, r#"{"b":2,"a":{"y":2}}"#),
            r#"{"a":{"x":1,"y":2},"b":2}"#
        );
    }
}
