//! What a run does for its own history at its end: one look, and one small transaction when there is something to do.

use super::limits::RetentionLimits;
use super::pruned::Pruned;
use super::pruning::{Mode, Pruning};
use super::tidier::{Hand, Tidier};
use crate::model::{AttemptId, ProjectId, Time};
use crate::store::retention::{self, EndedAttempt};
use crate::store::{Durability, Reader, Store, StoreError, space};

/// How many attempts go at most. Every run adds one, so that this catches up.
const ATTEMPTS: u32 = 20;

/// Removes a few attempts if there are too many of a workflow, or the first of them is too old, or the file is too large.
///
/// # Errors
///
/// Those of the store.
pub fn prune_a_little(
    store: &Store,
    project: ProjectId,
    workflow_name: &str,
    limits: RetentionLimits,
    now: Time,
) -> Result<Pruned, StoreError> {
    let find = |reader: &Reader| find(reader, project, workflow_name, limits, now);
    if store.read(find)?.is_empty() {
        return Ok(Pruned::default());
    }
    let mut pruning = Pruning::new(limits, Mode::Remove, now);
    store.write(Durability::Normal, |writer| {
        let found = find(writer)?;
        let mut tidier = Tidier::new(&mut pruning, Hand::Remove(writer))?;
        for (row, oldest) in &found {
            if !tidier.work_off(row, *oldest)? {
                break;
            }
        }
        Ok(())
    })?;
    Ok(pruning.finish())
}

/// Attempts that are too much, with the limit of the age when that is why.
fn find(
    reader: &Reader,
    project: ProjectId,
    workflow_name: &str,
    limits: RetentionLimits,
    now: Time,
) -> Result<Vec<(EndedAttempt, Option<Time>)>, StoreError> {
    let of_workflow =
        |last| retention::of_workflow(reader, project, workflow_name, AttemptId(0), last, ATTEMPTS);
    if let Some(max) = limits.max_attempts
        && let Some(last) = retention::newest_but(reader, project, workflow_name, max)?
    {
        return Ok(of_workflow(last)?.into_iter().map(|row| (row, None)).collect());
    }
    if let Some(max) = limits.max_size
        && space::measure(reader)?.used() > max
    {
        let first = (Time::UNIX_EPOCH, AttemptId(0));
        let rows = retention::in_order_of_end(reader, first, ATTEMPTS)?;
        return Ok(rows.into_iter().map(|row| (row, None)).collect());
    }
    let Some(oldest) = limits.oldest(now) else { return Ok(vec![]) };
    let rows = of_workflow(AttemptId(i64::MAX))?;
    let old = rows.into_iter().take_while(|row| row.finished_at < oldest);
    Ok(old.map(|row| (row, Some(oldest))).collect())
}
