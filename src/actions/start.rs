//! Starting attempts on a server: what may be asked for and refused, and the first step of an attempt.

use super::error_kind::ErrorKind;
use super::launch::{Parts, attempt_params, split};
use super::resume::{Resume, ResumeError};
use super::stored::StoredWorkflow;
use crate::engine::{self, Change, GenerateError, Limits};
use crate::model::attempt::Outcome;
use crate::model::{
    Attempt, AttemptId, Params, Plan, ProjectId, SessionId, SessionTime, TaskId, TaskResult, Time,
    WorkflowId, Zone,
};
use crate::store::attempts::{AttemptRow, Inserted, NewAttempt};
use crate::store::{OwnerId, Reader, StoreError, Writer, attempts, commit};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// An attempt that somebody asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct StartRequest {
    pub workflow: WorkflowId,
    pub session_time: SessionTime,
    /// Empty for the session's first-class attempt.
    pub name: String,
    pub resume: Option<Resume>,
    pub params: Params,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Started {
    New(AttemptRow),
    /// The session has an attempt of this name: this one. Nothing was written.
    Exists(AttemptRow),
}

/// An attempt was not started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("Resource does not exist: workflow id={0}")]
    NoWorkflow(WorkflowId),
    #[error("Resource does not exist: {0}")]
    NotFound(String),
    #[error("Project id={id} name={name} is already deleted")]
    DeletedProject { id: ProjectId, name: String },
    #[error("Too many attempts running. Limit: {limit}, Current: {current}")]
    TooManyAttempts { limit: u32, current: u32 },
    /// The disk has less free space than the floor; says how much.
    #[error("Too little room on the disk: {0}")]
    DiskFull(String),
    #[error(transparent)]
    Tasks(#[from] GenerateError),
    #[error(transparent)]
    Resume(#[from] ResumeError),
    #[error("{0}")]
    Invalid(String),
    #[error("{0}")]
    Conflict(String),
}

impl StartError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(error) => ErrorKind::of(error),
            Self::NoWorkflow(_) | Self::NotFound(_) | Self::DeletedProject { .. } => ErrorKind::NotFound,
            Self::TooManyAttempts { .. } | Self::Tasks(_) | Self::Invalid(_) => ErrorKind::Invalid,
            Self::Conflict(_) => ErrorKind::Conflict,
            Self::DiskFull(_) => ErrorKind::Unavailable,
            Self::Resume(error) => error.kind(),
        }
    }
}

/// Who runs attempts, and within which limits.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    pub owner: OwnerId,
    pub limits: Limits,
    /// How many attempts may be unfinished at a time, those that wait for their turn included.
    pub max_attempts: u32,
}

/// An attempt whose tasks are to be run by this process.
#[derive(Debug)]
pub struct Begun {
    pub attempt: Attempt,
    pub row: AttemptRow,
    pub workflow: Arc<StoredWorkflow>,
    /// The tasks whose operators are to be started.
    pub dispatch: Vec<TaskId>,
    /// Results of another attempt that are taken over, by full name.
    pub earlier: HashMap<String, TaskResult>,
    /// How often each task was run by earlier processes, by full name.
    pub runs: HashMap<String, u32>,
}

/// Refuses the name of an attempt that cannot be written anywhere.
pub(super) fn check_name(name: &str) -> Result<(), StartError> {
    if name.contains('\0') {
        return Err(StartError::Invalid("The name of an attempt must not hold the character NUL".to_owned()));
    }
    Ok(())
}

/// Whether there are no more unfinished attempts than allowed, those of this transaction included.
pub(super) fn check_count(reader: &Reader, terms: &Terms) -> Result<Result<(), StartError>, StoreError> {
    let count = attempts::count_unfinished(reader)?;
    let (limit, current) = (terms.max_attempts, terms.max_attempts);
    Ok(if count > limit { Err(StartError::TooManyAttempts { limit, current }) } else { Ok(()) })
}

/// What an attempt begins with.
pub(super) struct FirstStep {
    pub(super) params: Params,
    pub(super) parts: Parts,
}

impl FirstStep {
    pub(super) fn new(
        zone: &Zone,
        params: Params,
        plan: Plan,
        limits: Limits,
        now: Time,
    ) -> Result<Self, GenerateError> {
        let unborn = Attempt::new(AttemptId(0), zone.clone(), params.clone(), vec![]);
        let parts = split(engine::begin(&unborn, plan, now, limits)?);
        Ok(Self { params, parts })
    }

    pub(super) fn insert(
        &self,
        writer: &Writer,
        workflow: &StoredWorkflow,
        request: &StartRequest,
        resume: Option<&Params>,
        terms: &Terms,
        now: Time,
    ) -> Result<Inserted, StoreError> {
        let new = NewAttempt {
            workflow: request.workflow,
            session_time: request.session_time,
            session_uuid: Uuid::new_v4(),
            name: &request.name,
            timezone: &workflow.workflow.timezone,
            params: &self.params,
            owner: Some(terms.owner),
            waits_for: None,
            resume,
            tasks: &self.parts.tasks,
        };
        let inserted = attempts::insert(writer, &new, now)?;
        if let Inserted::New(row) = &inserted {
            finish_at_once(writer, row.id, &self.parts, terms.owner, now)?;
        }
        Ok(inserted)
    }

    pub(super) fn begun(
        self,
        row: AttemptRow,
        workflow: Arc<StoredWorkflow>,
        earlier: HashMap<String, TaskResult>,
        now: Time,
    ) -> Begun {
        let mut attempt = Attempt::new(row.id, row.timezone.clone(), row.params.clone(), self.parts.tasks);
        attempt.outcome = self.parts.success.map(|success| Outcome { success, finished_at: now });
        Begun { attempt, row, workflow, dispatch: self.parts.dispatch, earlier, runs: HashMap::new() }
    }
}

/// An attempt that waits for its turn: `backfill` makes a row of them, each for the session before it. It has no tasks yet.
///
/// # Errors
///
/// Those of the store.
pub fn insert_waiting(
    writer: &Writer,
    workflow: &StoredWorkflow,
    session_time: SessionTime,
    name: &str,
    given: &Params,
    waits_for: SessionId,
    now: Time,
) -> Result<Inserted, StoreError> {
    let zone = &workflow.workflow.timezone;
    let params = attempt_params(given, workflow.schedule().as_ref(), session_time, zone);
    let new = NewAttempt {
        workflow: workflow.workflow.id,
        session_time,
        session_uuid: Uuid::new_v4(),
        name,
        timezone: zone,
        params: &params,
        owner: None,
        waits_for: Some(waits_for),
        resume: None,
        tasks: &[],
    };
    attempts::insert(writer, &new, now)
}

/// A project that was deleted starts nothing.
pub(super) fn check_project(workflow: &StoredWorkflow) -> Result<(), StartError> {
    if workflow.deleted {
        let (id, name) = (workflow.revision.project_id, workflow.project_name.clone());
        return Err(StartError::DeletedProject { id, name });
    }
    Ok(())
}

/// A workflow without tasks has ended as soon as it has begun. Nobody else can have the attempt yet.
pub(super) fn finish_at_once(
    writer: &Writer,
    id: AttemptId,
    parts: &Parts,
    owner: OwnerId,
    now: Time,
) -> Result<(), StoreError> {
    if let Some(success) = parts.success {
        let _ = commit::apply(writer, id, owner, &[Change::Finished { success, at: now }])?;
    }
    Ok(())
}
