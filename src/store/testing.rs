//! Rows that tests need.

use super::attempts::{Inserted, NewAttempt};
use super::owners::{OwnerKind, Process};
use super::revisions::NewRevision;
use super::{Durability, OwnerId, Result, Store, Writer, attempts, owners, projects, revisions, workflows};
use crate::model::{
    AttemptId, Params, SessionTime, Task, TaskFlags, TaskId, TaskKind, TaskResult, TaskState, Time,
    WorkflowId, Zone,
};
use chrono::DateTime;
use serde_json::{Value, json};
use std::sync::Arc;
use tempfile::TempDir;
use uuid::Uuid;

/// A new database in a directory of its own.
pub(crate) fn store() -> (Store, TempDir) {
    let directory = TempDir::new().unwrap();
    let store = Store::open(&directory.path().join("test.db")).unwrap();
    (store, directory)
}

/// A time, in seconds since 1970.
pub(crate) fn at(second: i64) -> Time {
    DateTime::from_timestamp(second, 0).unwrap()
}

pub(crate) fn session_time(second: i64) -> SessionTime {
    SessionTime::from_unix(second).unwrap()
}

pub(crate) fn object(value: Value) -> Params {
    match value {
        Value::Object(object) => object,
        other => panic!("not an object: {other}"),
    }
}

/// Registers workflow `name` in project `project` in a revision of its own.
pub(crate) fn workflow(store: &Store, project: &str, name: &str) -> WorkflowId {
    store
        .write(Durability::Normal, |w| {
            let project = projects::find_or_insert(w, project, at(1))?.id;
            let number = revisions::latest(w, project)?.map_or(1, |revision| revision.id.0 + 1);
            let revision = NewRevision {
                project,
                name: &number.to_string(),
                default_params: &object(json!({"z": 1, "a": 2})),
                digest: "d",
                directory: None,
            };
            let revision = revisions::insert(w, &revision, at(2))?;
            workflows::insert(w, revision, name, &Zone::utc(), &object(json!({"+b": {}, "+a": {}})))
        })
        .unwrap()
}

pub(crate) fn owner(store: &Store) -> OwnerId {
    let process = Process { pid: 7, identity: "boot 1".to_owned(), kind: OwnerKind::Run };
    store.write(Durability::Full, |w| owners::insert(w, &process, at(3))).unwrap()
}

/// Lets every owner look like a process of another boot.
pub(crate) fn age_owners(w: &Writer) -> Result<()> {
    w.execute("UPDATE owners SET identity = 'another boot'", &[]).map(drop)
}

/// A root with one task below it.
pub(crate) fn tasks() -> [Task; 2] {
    [
        task(1, "+wf", TaskKind::Group, TaskState::Planned),
        task(2, "+wf+a", TaskKind::Operator, TaskState::Ready),
    ]
}

pub(crate) fn task(id: i64, full_name: &str, kind: TaskKind, state: TaskState) -> Task {
    Task {
        id: TaskId(id),
        parent: (id > 1).then_some(TaskId(1)),
        upstreams: Vec::new(),
        full_name: full_name.to_owned(),
        kind,
        config: Arc::default(),
        state,
        flags: TaskFlags { initial: true, ..TaskFlags::default() },
        state_params: Params::new(),
        retry_count: 0,
        retry_at: None,
        started_at: None,
        updated_at: at(4),
        result: TaskResult::default(),
        error: Params::new(),
    }
}

/// Starts an attempt of workflow `wf` in project `p` at session time 0, owned by nobody.
pub(crate) fn attempt(store: &Store, name: &str) -> AttemptId {
    insert(store, workflow(store, "p", "wf"), 0, name, None, &tasks())
}

pub(crate) fn insert(
    store: &Store,
    workflow: WorkflowId,
    time: i64,
    name: &str,
    owner: Option<OwnerId>,
    tasks: &[Task],
) -> AttemptId {
    let attempt = NewAttempt {
        workflow,
        session_time: session_time(time),
        session_uuid: Uuid::nil(),
        name,
        timezone: &Zone::utc(),
        params: &Params::new(),
        owner,
        waits_for: None,
        resume: None,
        tasks,
    };
    match store.write(Durability::Full, |w| attempts::insert(w, &attempt, at(4))).unwrap() {
        Inserted::New(row) => row.id,
        Inserted::Exists(row) => panic!("attempt {} is there already", row.id),
    }
}

/// Ends an attempt, whoever owns it.
pub(crate) fn finish(store: &Store, attempt: AttemptId, success: bool) {
    finish_at(store, attempt, success, 50);
}

/// Ends an attempt at a second since 1970, whoever owns it.
pub(crate) fn finish_at(store: &Store, attempt: AttemptId, success: bool, second: i64) {
    assert!(store.write(Durability::Normal, |w| attempts::finish(w, attempt, success, at(second))).unwrap());
}
