//! Starting an attempt: its session, its first tasks, all in one transaction.

use super::owner::ProcessIdentity;
use crate::dig::schedule::Schedule;
use crate::engine::{self, Change, GenerateError, Limits};
use crate::model::ConfigError;
use crate::model::attempt::Outcome;
use crate::model::time::iso;
use crate::model::{
    Attempt, AttemptId, Params, Plan, SessionTime, Task, TaskId, TaskResult, Time, WorkflowId, Zone,
};
use crate::store::attempts::{AttemptRow, Inserted, NewAttempt};
use crate::store::{
    Durability, OwnerId, Reader, Store, StoreError, Writer, attempts, commit, owners, sessions,
};
use serde_json::Value;
use std::collections::HashMap;
use uuid::Uuid;

/// An attempt to be started.
#[derive(Debug, Clone)]
pub struct Launch<'a> {
    pub workflow: WorkflowId,
    pub zone: &'a Zone,
    pub plan: Plan,
    pub session_time: SessionTime,
    pub params: &'a Params,
    pub owner: OwnerId,
}

/// An attempt that is in the store and has its first tasks running.
#[derive(Debug)]
pub struct Launched {
    pub attempt: Attempt,
    pub row: AttemptRow,
    /// The tasks whose operators are to be started.
    pub dispatch: Vec<TaskId>,
    /// What succeeded in earlier attempts of the session, by full name.
    pub earlier: HashMap<String, TaskResult>,
}

/// An attempt could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Tasks(#[from] GenerateError),
    #[error("{0} (config)")]
    Config(#[from] ConfigError),
    #[error(
        "workflow '{workflow}' is running already for session time {session_time}: attempt {attempt}, process {pid}, in {file}"
    )]
    Running { workflow: String, session_time: String, attempt: AttemptId, pid: u32, file: String },
}

/// Starts another attempt of a session for this process.
///
/// # Errors
///
/// A living process runs an attempt of the session, or the plan has too many tasks, or the store fails.
pub fn launch(
    store: &Store,
    launch: &Launch<'_>,
    now: Time,
    limits: Limits,
) -> Result<Launched, LaunchError> {
    let unborn = Attempt::new(AttemptId(0), launch.zone.clone(), launch.params.clone(), vec![]);
    let changes = engine::begin(&unborn, launch.plan.clone(), now, limits)?;
    let Parts { tasks, dispatch, success } = split(changes);
    let outcome = store.write(Durability::Full, |writer| insert(writer, launch, &tasks, success, now))?;
    match outcome {
        Ok((row, earlier)) => {
            let mut attempt = Attempt::new(row.id, launch.zone.clone(), launch.params.clone(), tasks);
            attempt.outcome = success.map(|success| Outcome { success, finished_at: now });
            Ok(Launched { attempt, row, dispatch, earlier })
        }
        Err((row, pid)) => Err(LaunchError::Running {
            workflow: row.workflow_name,
            session_time: row.session_time.iso(&row.timezone),
            attempt: row.id,
            pid,
            file: store.file().display().to_string(),
        }),
    }
}

/// The parameters of an attempt: what was given, and the neighbouring times of the workflow's schedule.
pub fn attempt_params(given: &Params, schedule: Option<&Schedule>, time: SessionTime, zone: &Zone) -> Params {
    let mut params = given.clone();
    if let Some(schedule) = schedule {
        let mut set = |key: &str, time: Option<Time>| {
            if let Some(time) = time {
                params.insert(key.to_owned(), Value::from(iso(zone.local(time))));
            }
        };
        set("last_session_time", schedule.previous(time.time()).map(|point| point.session));
        set("next_session_time", schedule.next(time.time()).map(|point| point.session));
    }
    params
}

/// Registers this process as one that runs attempts.
///
/// # Errors
///
/// Those of the store.
pub fn register_owner(writer: &Writer, kind: owners::OwnerKind, now: Time) -> Result<OwnerId, StoreError> {
    let ProcessIdentity { pid, started } = ProcessIdentity::current();
    owners::insert(writer, &owners::Process { pid, identity: started, kind }, now)
}

/// Registers this process as the server of a database. Returns the pid of the one that is running already, if there is
/// one: then nothing was written.
///
/// # Errors
///
/// Those of the store.
pub fn register_server(writer: &Writer, now: Time) -> Result<Result<OwnerId, u32>, StoreError> {
    match other_server(writer)? {
        Some(pid) => Ok(Err(pid)),
        None => register_owner(writer, owners::OwnerKind::Server, now).map(Ok),
    }
}

/// The pid of another process that is the server of a database.
///
/// # Errors
///
/// Those of the store.
pub fn other_server(reader: &Reader) -> Result<Option<u32>, StoreError> {
    let is_alive = |process: &owners::Process| {
        ProcessIdentity { pid: process.pid, started: process.identity.clone() }.is_alive()
    };
    let processes = owners::list(reader)?.into_iter().map(|row| row.process);
    let mut servers = processes.filter(|process| process.kind == owners::OwnerKind::Server);
    let other = servers.find(|process| process.pid != std::process::id() && is_alive(process));
    Ok(other.map(|process| process.pid))
}

type Accepted = (AttemptRow, HashMap<String, TaskResult>);

/// Inserts the attempt, unless a living process runs one of the same session: then that one and its pid come back.
fn insert(
    writer: &Writer,
    launch: &Launch<'_>,
    tasks: &[Task],
    success: Option<bool>,
    now: Time,
) -> Result<Result<Accepted, (AttemptRow, u32)>, StoreError> {
    let session_uuid = Uuid::new_v4();
    let new = |name| NewAttempt {
        workflow: launch.workflow,
        session_time: launch.session_time,
        session_uuid,
        name,
        timezone: launch.zone,
        params: launch.params,
        owner: Some(launch.owner),
        waits_for: None,
        resume: None,
        tasks,
    };
    let (row, earlier) = match attempts::insert(writer, &new(""), now)? {
        Inserted::New(row) => (row, HashMap::new()),
        Inserted::Exists(existing) => {
            if let Some(running) = attempts::unfinished_of_session(writer, existing.session_id)? {
                let owner = owners::list(writer)?.into_iter().find(|owner| Some(owner.id) == running.owner);
                if let Some(owner) = owner {
                    return Ok(Err((running, owner.process.pid)));
                }
            }
            let earlier = sessions::succeeded(writer, existing.session_id)?;
            match attempts::insert(writer, &new(&Uuid::new_v4().to_string()), now)? {
                Inserted::New(row) | Inserted::Exists(row) => (row, earlier),
            }
        }
    };
    if let Some(success) = success {
        // A workflow without tasks has ended as soon as it has begun. Nobody else can have this attempt yet.
        let _ = commit::apply(writer, row.id, launch.owner, &[Change::Finished { success, at: now }])?;
    }
    Ok(Ok((row, earlier)))
}

/// What beginning an attempt means for its first row.
pub(super) struct Parts {
    pub(super) tasks: Vec<Task>,
    pub(super) dispatch: Vec<TaskId>,
    /// Of an attempt that has ended already.
    pub(super) success: Option<bool>,
}

pub(super) fn split(changes: Vec<Change>) -> Parts {
    let mut parts = Parts { tasks: vec![], dispatch: vec![], success: None };
    for change in changes {
        match change {
            Change::Added(task) | Change::Changed { task, .. } => parts.tasks.push(task),
            Change::Dispatch(id) => parts.dispatch.push(id),
            Change::Finished { success, .. } => parts.success = Some(success),
            Change::CancelRequested => {}
        }
    }
    parts
}
