//! Accepting requests to start attempts: one, or many at once, which wait for the disk once.

use super::known::KnownWorkflow;
use super::launch::attempt_params;
use super::resume::Resume;
use super::start::{Begun, FirstStep, StartError, StartRequest, Terms, check_name, check_project};
use super::stored::StoredWorkflow;
use crate::model::{Params, TaskResult, Time};
use crate::store::attempts::{AttemptRow, Inserted};
use crate::store::{Durability, Reader, Store, StoreError, Writer, attempts};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// What became of an accepted request.
#[derive(Debug)]
pub enum Accepted {
    Begun(Box<Begun>),
    Exists(Box<AttemptRow>),
}

/// A request and what is done in the same transaction when it is accepted, also when the attempt exists already.
pub struct Start<'a> {
    pub request: StartRequest,
    /// The workflow, if it was read already and `also` fails when its project has been deleted since.
    pub known: Option<&'a KnownWorkflow>,
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
    let start = Start { request: request.clone(), known: None, also: Box::new(|_| Ok(())) };
    let mut accepted = accept_all(store, &[start], terms, now)?;
    accepted.pop().unwrap_or(Err(StartError::NoWorkflow(request.workflow)))
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

/// What became of a request in the transaction; none if it could not be prepared.
type Attempted = Option<Result<Inserted, StartError>>;

/// Inserts what was prepared. None when one of several is refused that has no mark to go back to.
fn insert_all(
    writer: &Writer,
    starts: &[Start<'_>],
    prepared: &[Result<Prepared, StartError>],
    terms: &Terms,
    marked: bool,
    now: Time,
) -> Result<Option<Vec<Attempted>>, StoreError> {
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
    workflow: Arc<StoredWorkflow>,
    first: FirstStep,
    resume: Option<Params>,
    earlier: HashMap<String, TaskResult>,
}

impl Prepared {
    fn read(reader: &Reader, start: &Start<'_>, terms: &Terms, now: Time) -> Result<Self, StartError> {
        let request = &start.request;
        check_name(&request.name)?;
        let (workflow, plan, schedule) = match start.known {
            Some(known) => {
                (Arc::clone(&known.stored), known.plan.clone(), Some(Cow::Borrowed(known.schedule())))
            }
            None => {
                let workflow = StoredWorkflow::read(reader, request.workflow)?;
                let workflow = workflow.ok_or(StartError::NoWorkflow(request.workflow))?;
                check_project(&workflow)?;
                let (plan, schedule) = (workflow.plan(), workflow.schedule());
                (Arc::new(workflow), plan, schedule.map(Cow::Owned))
            }
        };
        let earlier = request.resume.as_ref().map(|resume| resume.results(reader)).transpose()?;
        let zone = &workflow.workflow.timezone;
        let params = attempt_params(&request.params, schedule.as_deref(), request.session_time, zone);
        let plan = plan.map_err(StartError::Invalid)?;
        let first = FirstStep::new(zone, params, plan, terms.limits, now)?;
        let resume = request.resume.as_ref().map(Resume::to_params);
        Ok(Self { workflow, first, resume, earlier: earlier.unwrap_or_default() })
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
