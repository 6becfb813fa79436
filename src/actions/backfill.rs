//! Running the past sessions of a schedule: an attempt for each of its times, one after another.

use super::launch::attempt_params;
use super::start::{
    Begun, FirstStep, StartError, StartRequest, Terms, check_count, check_name, check_project, insert_waiting,
};
use super::stored::StoredWorkflow;
use crate::model::{AttemptId, Params, ScheduleId, SessionId, SessionTime, Time, Zone};
use crate::store::attempts::{AttemptRow, Inserted};
use crate::store::schedules::ScheduleRow;
use crate::store::{Durability, Store, StoreError, Writer, schedules, sessions};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// So many sessions are started, or listed, with one request: more of them would hold up everybody else.
const MOST: usize = 10_000;

/// Which sessions are wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct BackfillRequest {
    pub schedule: ScheduleId,
    /// The first one is at this time or the next after it.
    pub from: Time,
    /// Of every attempt.
    pub name: String,
    /// How many, the earliest first; none for all before the schedule's next one.
    pub count: Option<u32>,
    /// Nothing is started.
    pub dry_run: bool,
}

/// The attempts of a backfill.
#[derive(Debug)]
pub struct Backfilled {
    /// In the order of their times.
    pub rows: Vec<AttemptRow>,
    /// The first of them, which begins at once. The others wait for the one before them.
    pub first: Option<Box<Begun>>,
}

/// Accepts all attempts of a backfill in one transaction.
///
/// # Errors
///
/// There is no such schedule, it has fewer times than `count`, or one of the sessions has an attempt of this name.
pub fn accept(
    store: &Store,
    request: &BackfillRequest,
    terms: &Terms,
    now: Time,
) -> Result<Backfilled, StartError> {
    check_name(&request.name)?;
    let found = store.read(|reader| {
        let schedule = schedules::by_id(reader, request.schedule)?;
        let workflow = schedule.as_ref().map(|row| StoredWorkflow::read(reader, row.workflow_id));
        Ok(schedule.zip(workflow.transpose()?.flatten()))
    })?;
    let missing = || StartError::NotFound(format!("schedule id={}", request.schedule));
    let (schedule, workflow) = found.ok_or_else(missing)?;
    check_project(&workflow)?;
    let times = times(&schedule, &workflow, request)?;
    if request.dry_run {
        let rows =
            times.into_iter().map(|time| unstarted(&schedule, &workflow, request, time, now)).collect();
        return Ok(Backfilled { rows, first: None });
    }
    let Some((first_time, others)) = times.split_first() else {
        return Ok(Backfilled { rows: vec![], first: None });
    };
    let (project, name) = (schedule.project_id, &schedule.workflow_name);
    let before = store.read(|reader| sessions::time_before(reader, project, name, *first_time))?;
    let start = StartRequest {
        workflow: workflow.workflow.id,
        session_time: *first_time,
        name: request.name.clone(),
        resume: None,
        params: last_executed(before, &workflow),
    };
    let zone = &workflow.workflow.timezone;
    let params = attempt_params(&start.params, workflow.schedule().as_ref(), *first_time, zone);
    let plan = workflow.plan().map_err(StartError::Invalid)?;
    let first = FirstStep::new(zone, params, plan, terms.limits, now)?;
    let rows = store.write(Durability::Full, |writer| {
        let inserted = first.insert(writer, &workflow, &start, None, terms, now)?;
        let rows = chain(writer, inserted, others, &workflow, &request.name, now)?;
        let checked = match (rows, check_count(writer, terms)?) {
            (Ok(rows), Ok(())) => Ok(rows),
            (Err(error), _) | (_, Err(error)) => Err(error),
        };
        if checked.is_err() {
            writer.abandon();
        }
        Ok(checked)
    })??;
    let first = first.begun(rows[0].clone(), Arc::new(workflow), HashMap::new(), now);
    Ok(Backfilled { rows, first: Some(Box::new(first)) })
}

/// Inserts the attempts after the first, each waiting for the session before it.
fn chain(
    writer: &Writer,
    first: Inserted,
    others: &[SessionTime],
    workflow: &StoredWorkflow,
    name: &str,
    now: Time,
) -> Result<Result<Vec<AttemptRow>, StartError>, StoreError> {
    let mut rows: Vec<AttemptRow> = vec![];
    let mut inserted = first;
    let mut others = others.iter();
    loop {
        let row = match inserted {
            Inserted::New(row) => row,
            Inserted::Exists(row) => return Ok(Err(exists(&row))),
        };
        let (session, time) = (row.session_id, row.session_time);
        rows.push(row);
        let Some(next) = others.next() else { return Ok(Ok(rows)) };
        let params = last_executed(Some(time), workflow);
        inserted = insert_waiting(writer, workflow, *next, name, &params, session, now)?;
    }
}

/// The parameter that tells of the session before.
fn last_executed(time: Option<SessionTime>, workflow: &StoredWorkflow) -> Params {
    let time = time.map(|time| Value::from(time.iso(&workflow.workflow.timezone)));
    time.map(|time| ("last_executed_session_time".to_owned(), time)).into_iter().collect()
}

fn exists(row: &AttemptRow) -> StartError {
    let instant = row.session_time.iso(&Zone::utc());
    StartError::Conflict(format!(
        "Attempt of project id={} workflow={} instant={} attempt name={} already exists",
        row.project_id,
        row.workflow_name,
        instant.replace("+00:00", "Z"),
        row.name
    ))
}

/// The times of the schedule from `from` on that come before its next one.
fn times(
    schedule: &ScheduleRow,
    workflow: &StoredWorkflow,
    request: &BackfillRequest,
) -> Result<Vec<SessionTime>, StartError> {
    let broken = || StartError::Invalid(format!("workflow '{}' has no schedule", workflow.workflow.name));
    let calendar = workflow.schedule().ok_or_else(broken)?;
    let wanted = request.count.map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(usize::MAX));
    let mut times = vec![];
    let mut next = calendar.first(request.from);
    while let Some(point) = next.filter(|point| point.session < schedule.next.session && times.len() < wanted)
    {
        if times.len() == MOST {
            return Err(StartError::Invalid(format!(
                "There are more than {MOST} session times, which is the limit; give a count or a later time"
            )));
        }
        times.push(SessionTime::new(point.session));
        next = calendar.next(point.session);
    }
    match request.count {
        Some(count) if times.len() < wanted => Err(StartError::Invalid(format!(
            "count is set to {count} but there are only {} attempts until the next schedule time",
            times.len()
        ))),
        _ => Ok(times),
    }
}

/// What an attempt would be. There is none yet, so its id is 0 and it has no parameters.
fn unstarted(
    schedule: &ScheduleRow,
    workflow: &StoredWorkflow,
    request: &BackfillRequest,
    session_time: SessionTime,
    now: Time,
) -> AttemptRow {
    AttemptRow {
        id: AttemptId(0),
        session_id: SessionId(0),
        session_uuid: Uuid::new_v4(),
        session_time,
        project_id: schedule.project_id,
        project_name: schedule.project_name.clone(),
        revision_id: workflow.revision.id,
        revision: workflow.revision.name.clone(),
        workflow_id: workflow.workflow.id,
        workflow_name: workflow.workflow.name.clone(),
        timezone: workflow.workflow.timezone.clone(),
        name: request.name.clone(),
        index: 0,
        params: Params::new(),
        owner: None,
        cancel_requested: false,
        done: false,
        success: false,
        created_at: now,
        finished_at: None,
        waits_for: None,
        resume: None,
        overlong_at: None,
    }
}
