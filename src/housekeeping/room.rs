//! Giving free room back to the file system, a little at a time.

use super::Pace;
use crate::store::space::{self, Space};
use crate::store::{Durability, Store, StoreError};

/// In pages: so much free room is never too much.
const SLACK: u64 = 1024;

/// Gives back all free room. Returns how many bytes the file has lost. A file that was made before there was retention
/// keeps its size.
///
/// # Errors
///
/// Those of the store.
pub fn give_back(store: &Store, pace: &mut Pace<'_>) -> Result<u64, StoreError> {
    let before = store.read(space::measure)?.total();
    shrink(store, pace, |_| 0)?;
    Ok(before.saturating_sub(store.read(space::measure)?.total()))
}

/// Gives back what is more than a tenth of the file: the rest is used again soon.
pub(super) fn give_back_much(store: &Store, pace: &mut Pace<'_>) -> Result<(), StoreError> {
    shrink(store, pace, |space| SLACK.max(space.pages / 10))
}

fn shrink(store: &Store, pace: &mut Pace<'_>, kept: impl Fn(Space) -> u64) -> Result<(), StoreError> {
    let mut is_full = false;
    let step = || {
        let space = store.read(space::measure)?;
        if space.free_pages <= kept(space) {
            return Ok(false);
        }
        if !is_full {
            match store.write(Durability::Normal, space::shrink_a_little) {
                Err(StoreError::Full { .. }) => is_full = true,
                done => return Ok(done? > 0),
            }
        }
        store.fold_in_log()?;
        Ok(store.write(Durability::Normal, space::shrink_least)? > 0)
    };
    pace.repeat(step)
}
