//! Starting attempts on a server: accepted once they are on the disk, begun at once or when another session has ended,
//! taken up again after a crash.

use super::error_kind::ErrorKind;
use super::launch::{Parts, attempt_params, split};
use super::resume::{Resume, ResumeError};
use super::stored::StoredWorkflow;
use crate::dig::schedule::Schedule;
use crate::engine::{self, Change, GenerateError, Limits};
use crate::model::attempt::Outcome;
use crate::model::{
    Attempt, AttemptId, Params, ProjectId, SessionId, SessionTime, TaskId, TaskResult, Time, WorkflowId,
};
use crate::store::attempts::{AttemptRow, Inserted, NewAttempt};
use crate::store::{Durability, OwnerId, Reader, Store, StoreError, Writer, attempts, commit};
use std::collections::HashMap;
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
            Self::Store(_) => ErrorKind::Store,
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
    pub workflow: StoredWorkflow,
    /// The tasks whose operators are to be started.
    pub dispatch: Vec<TaskId>,
    /// Results of another attempt that are taken over, by full name.
    pub earlier: HashMap<String, TaskResult>,
    /// How often each task was run by earlier processes, by full name.
    pub runs: HashMap<String, u32>,
}

/// What became of an accepted request.
#[derive(Debug)]
pub enum Accepted {
    Begun(Box<Begun>),
    Exists(Box<AttemptRow>),
}

/// A request and what is done in the same transaction when it is accepted, also when the attempt exists already.
pub struct Start<'a> {
    pub request: StartRequest,
    /// That of the workflow, if it was read already.
    pub schedule: Option<&'a Schedule>,
    pub also: Also<'a>,
}

/// What is done together with starting an attempt. When it fails, the attempt is not started.
pub type Also<'a> = Box<dyn Fn(&Writer) -> Result<(), StartError> + 'a>;

/// Accepts a request: the attempt and its first tasks are on the disk when this returns.
///
/// # Errors
///
/// There is no such workflow, its project was deleted, a limit is reached, or what is to be resumed cannot be. Nothing was
/// written.
pub fn accept(
    store: &Store,
    request: &StartRequest,
    terms: &Terms,
    now: Time,
) -> Result<Accepted, StartError> {
    let start = Start { request: request.clone(), schedule: None, also: Box::new(|_| Ok(())) };
    let mut accepted = accept_all(store, &[start], terms, now)?;
    accepted.pop().unwrap_or(Err(StartError::NoWorkflow(request.workflow)))
}

/// Refuses the name of an attempt that cannot be written anywhere.
pub(super) fn check_name(name: &str) -> Result<(), StartError> {
    if name.contains('\0') {
        return Err(StartError::Invalid("The name of an attempt must not hold the character NUL".to_owned()));
    }
    Ok(())
}

/// Accepts many requests in one transaction: the disk is waited for once. Each is accepted or refused by itself, in order.
///
/// # Errors
///
/// The file cannot be read or written: none of them was accepted. What is wrong with one of them is in its place; nothing
/// of that one was written.
pub fn accept_all(
    store: &Store,
    starts: &[Start<'_>],
    terms: &Terms,
    now: Time,
) -> Result<Vec<Result<Accepted, StartError>>, StoreError> {
    let prepared = store.read(|reader| {
        let prepare = |start: &Start<'_>| by_itself(Prepared::read(reader, start, terms, now));
        starts.iter().map(prepare).collect::<Result<Vec<_>, StoreError>>()
    })?;
    // Most often all are accepted. A mark to go back to before each of them takes as long as everything else.
    let write = |marked| {
        store.write(Durability::Full, |writer| {
            let inserted = insert_all(writer, starts, &prepared, terms, marked, now)?;
            if inserted.is_none() {
                writer.abandon();
            }
            Ok(inserted)
        })
    };
    let inserted = match write(false)? {
        Some(inserted) => inserted,
        None => write(true)?.unwrap_or_default(),
    };
    let accepted = prepared.into_iter().zip(inserted).map(|(prepared, inserted)| {
        let prepared = prepared?;
        match inserted.transpose()? {
            Some(Inserted::New(row)) => Ok(Accepted::Begun(Box::new(prepared.begun(row, now)))),
            Some(Inserted::Exists(row)) => Ok(Accepted::Exists(Box::new(row))),
            None => Err(StartError::NoWorkflow(prepared.workflow.workflow.id)),
        }
    });
    Ok(accepted.collect())
}

/// Inserts what was prepared. None when one of several is refused that has no mark to go back to.
fn insert_all(
    writer: &Writer,
    starts: &[Start<'_>],
    prepared: &[Result<Prepared, StartError>],
    terms: &Terms,
    marked: bool,
    now: Time,
) -> Result<Option<Vec<Option<Result<Inserted, StartError>>>>, StoreError> {
    let mut unfinished = attempts::count_unfinished(writer)?;
    let mut all = vec![];
    for (start, prepared) in starts.iter().zip(prepared) {
        let Ok(prepared) = prepared else {
            all.push(None);
            continue;
        };
        let insert = |writer: &Writer| prepared.insert(writer, start, terms, unfinished, now);
        let inserted = by_itself(if marked { writer.part(insert)? } else { insert(writer) })?;
        if inserted.is_err() && !marked {
            return Ok(None);
        }
        unfinished += u32::from(matches!(inserted, Ok(Inserted::New(_))));
        all.push(Some(inserted));
    }
    Ok(Some(all))
}

/// Tells what is wrong with one request from what is wrong with the whole file.
fn by_itself<T>(result: Result<T, StartError>) -> Result<Result<T, StartError>, StoreError> {
    match result {
        Err(StartError::Store(error)) if !error.leaves_others() => Err(error),
        result => Ok(result),
    }
}

/// All of a request that needs no writing.
struct Prepared {
    workflow: StoredWorkflow,
    first: FirstStep,
    resume: Option<Params>,
    earlier: HashMap<String, TaskResult>,
}

impl Prepared {
    fn read(reader: &Reader, start: &Start<'_>, terms: &Terms, now: Time) -> Result<Self, StartError> {
        let request = &start.request;
        check_name(&request.name)?;
        let workflow = StoredWorkflow::read(reader, request.workflow)?;
        let workflow = workflow.ok_or(StartError::NoWorkflow(request.workflow))?;
        let earlier = request.resume.as_ref().map(|resume| resume.results(reader)).transpose();
        check_project(&workflow)?;
        let earlier = earlier?.unwrap_or_default();
        let read = if start.schedule.is_none() { workflow.schedule() } else { None };
        let schedule = start.schedule.or(read.as_ref());
        let (time, params) = (request.session_time, &request.params);
        let first = FirstStep::new(&workflow, schedule, time, params, terms.limits, now)?;
        let resume = request.resume.as_ref().map(Resume::to_params);
        Ok(Self { workflow, first, resume, earlier })
    }

    /// Inserts the attempt, if there are not too many that have not ended.
    fn insert(
        &self,
        writer: &Writer,
        start: &Start<'_>,
        terms: &Terms,
        unfinished: u32,
        now: Time,
    ) -> Result<Inserted, StartError> {
        let resume = self.resume.as_ref();
        let inserted = self.first.insert(writer, &self.workflow, &start.request, resume, terms, now)?;
        if matches!(inserted, Inserted::New(_)) && unfinished >= terms.max_attempts {
            let (limit, current) = (terms.max_attempts, terms.max_attempts);
            return Err(StartError::TooManyAttempts { limit, current });
        }
        (start.also)(writer)?;
        Ok(inserted)
    }

    fn begun(self, row: AttemptRow, now: Time) -> Begun {
        self.first.begun(row, self.workflow, self.earlier, now)
    }
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
        workflow: &StoredWorkflow,
        schedule: Option<&Schedule>,
        session_time: SessionTime,
        given: &Params,
        limits: Limits,
        now: Time,
    ) -> Result<Self, StartError> {
        let zone = &workflow.workflow.timezone;
        let params = attempt_params(given, schedule, session_time, zone);
        let plan = workflow.plan().map_err(StartError::Invalid)?;
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
        workflow: StoredWorkflow,
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
