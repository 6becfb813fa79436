//! Closing what a run left behind whose process is gone: its running tasks are canceled, what had succeeded stays.

use super::owner::ProcessIdentity;
use crate::engine::{self, Event, Limits};
use crate::model::{AttemptId, Time};
use crate::store::attempts::AttemptRow;
use crate::store::owners::{OwnerKind, OwnerRow};
use crate::store::{Durability, OwnerId, Store, StoreError, attempts, commit, owners};

/// Closes the unfinished attempts of runs whose process is gone, and forgets those processes. Returns what was closed.
///
/// A server's attempts are left to the next server: it takes them up where they were.
///
/// # Errors
///
/// Those of the store.
pub fn abandon_dead_runs(
    store: &Store,
    new_owner: OwnerId,
    now: Time,
) -> Result<Vec<AttemptRow>, StoreError> {
    let dead = dead_runs(&store.read(owners::list)?);
    if dead.is_empty() {
        return Ok(vec![]);
    }
    let unfinished = store.read(attempts::unfinished)?;
    let left = unfinished.into_iter().filter(|row| row.owner.is_some_and(|owner| dead.contains(&owner)));
    let mut closed = vec![];
    for row in left {
        if close(store, row.id, row.owner, new_owner, now)? {
            closed.push(row);
        }
    }
    store.write(Durability::Normal, |writer| {
        dead.iter().try_for_each(|owner| owners::delete(writer, *owner).map(|_| ()))
    })?;
    Ok(closed)
}

fn dead_runs(owners: &[OwnerRow]) -> Vec<OwnerId> {
    let dead = |owner: &&OwnerRow| {
        let process = &owner.process;
        let identity = ProcessIdentity { pid: process.pid, started: process.identity.clone() };
        process.kind == OwnerKind::Run && !identity.is_alive()
    };
    owners.iter().filter(dead).map(|owner| owner.id).collect()
}

/// Takes an attempt over and cancels it. Tells `false` when somebody else was faster.
fn close(
    store: &Store,
    id: AttemptId,
    from: Option<OwnerId>,
    to: OwnerId,
    now: Time,
) -> Result<bool, StoreError> {
    store.write(Durability::Full, |writer| {
        if !attempts::take_over(writer, id, from, to)? {
            return Ok(false);
        }
        let Some(mut attempt) = attempts::load(writer, id)? else { return Ok(false) };
        let mut events = vec![];
        if !attempt.cancel_requested {
            events.push(Event::CancelRequested);
        }
        events.extend(engine::lost_tasks(&attempt));
        for event in events {
            // Every task that was running is told of once; the engine knows them all.
            let Ok(changes) = engine::advance(&attempt, event, now, Limits::default()) else {
                return Ok(false);
            };
            engine::apply(&mut attempt, &changes);
            if commit::apply(writer, id, to, &changes)? == commit::Applied::Conflict {
                return Ok(false);
            }
        }
        Ok(true)
    })
}
