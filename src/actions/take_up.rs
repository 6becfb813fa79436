//! Attempts that are in the store already: those that waited for their turn begin, those that a server left unfinished go on
//! where they were.

use super::launch::split;
use super::owner::ProcessIdentity;
use super::resume::Resume;
use super::start::{Begun, FirstStep, StartError, Terms, finish_at_once};
use super::stored::StoredWorkflow;
use crate::engine::{self, Change};
use crate::model::{Attempt, Time};
use crate::store::attempts::AttemptRow;
use crate::store::owners::OwnerKind;
use crate::store::{Durability, OwnerId, Store, StoreError, Writer, attempts, commit, owners, task_logs};
use std::collections::HashMap;
use std::sync::Arc;

/// Lets an attempt begin that waited. None when somebody else did so already.
///
/// # Errors
///
/// As [`accept`].
pub fn begin_waiting(
    store: &Store,
    row: &AttemptRow,
    terms: &Terms,
    now: Time,
) -> Result<Option<Begun>, StartError> {
    let workflow = store.read(|reader| StoredWorkflow::read(reader, row.workflow_id))?;
    let workflow = workflow.ok_or(StartError::NoWorkflow(row.workflow_id))?;
    let plan = workflow.plan().map_err(StartError::Invalid)?;
    let unborn = Attempt::new(row.id, row.timezone.clone(), row.params.clone(), vec![]);
    let parts = split(engine::begin(&unborn, plan, now, terms.limits)?);
    let begins = store.write(Durability::Full, |writer| {
        let begins = attempts::begin_waiting(writer, row.id, terms.owner, &parts.tasks)?;
        if begins {
            finish_at_once(writer, row.id, &parts, terms.owner, now)?;
        }
        Ok(begins)
    })?;
    let first = FirstStep { params: row.params.clone(), parts };
    Ok(begins.then(|| first.begun(row.clone(), Arc::new(workflow), HashMap::new(), now)))
}

/// Takes up every attempt that a server left unfinished whose process is gone: what was running runs again.
///
/// # Errors
///
/// Those of the store.
pub fn take_up(store: &Store, terms: &Terms, now: Time) -> Result<Vec<Begun>, StoreError> {
    let (owners, unfinished) =
        store.read(|reader| Ok((owners::list(reader)?, attempts::unfinished(reader)?)))?;
    let is_alive = |owner: &OwnerId| {
        owners.iter().filter(|row| row.id == *owner).any(|row| {
            let process = &row.process;
            ProcessIdentity { pid: process.pid, started: process.identity.clone() }.is_alive()
        })
    };
    let left = |row: &AttemptRow| row.waits_for.is_none() && !row.owner.as_ref().is_some_and(is_alive);
    let mut begun = vec![];
    for row in unfinished.into_iter().filter(left) {
        begun.extend(store.write(Durability::Full, |writer| take_up_one(writer, row, terms, now))?);
    }
    store.write(Durability::Normal, |writer| {
        let gone = owners.iter().filter(|row| row.process.kind == OwnerKind::Server && !is_alive(&row.id));
        gone.map(|row| owners::delete(writer, row.id)).try_for_each(|deleted| deleted.map(drop))
    })?;
    Ok(begun)
}

fn take_up_one(
    writer: &Writer,
    row: AttemptRow,
    terms: &Terms,
    now: Time,
) -> Result<Option<Begun>, StoreError> {
    let Some(workflow) = StoredWorkflow::read(writer, row.workflow_id)? else { return Ok(None) };
    let Some(mut attempt) = attempts::load(writer, row.id)? else { return Ok(None) };
    if !attempts::take_over(writer, row.id, row.owner, terms.owner)? {
        return Ok(None);
    }
    let mut dispatch = vec![];
    for event in engine::lost_tasks(&attempt) {
        // The engine knows all tasks that run; one that it does not expect stays as it is.
        let Ok(changes) = engine::advance(&attempt, event, now, terms.limits) else { continue };
        engine::apply(&mut attempt, &changes);
        if commit::apply(writer, row.id, terms.owner, &changes)? == commit::Applied::Conflict {
            return Ok(None);
        }
        let started = |change: &Change| match change {
            Change::Dispatch(task) => Some(*task),
            _ => None,
        };
        dispatch.extend(changes.iter().filter_map(started));
    }
    let resume = row.resume.as_ref().and_then(Resume::from_params);
    let earlier = resume.and_then(|resume| resume.results(writer).ok()).unwrap_or_default();
    let files = task_logs::list(writer, row.id)?;
    let runs = files.into_iter().map(|file| (file.task, file.number)).collect();
    let workflow = Arc::new(workflow);
    Ok(Some(Begun { attempt, row, workflow, dispatch, earlier, runs }))
}
