//! Keeps the history of a server within its limits, beside its work.
//!
//! A thread goes through the history some time after the start, then every hour, and earlier when many attempts have
//! ended. What it removes it removes in small transactions with pauses between them that are longer than they are, so that
//! whoever writes besides waits for one of them at most. Room that has become free is given back to the file system only
//! when it is a good part of the file: what comes next needs it again. Which attempts go is decided in `actions::prune`.

mod pace;
mod room;
mod thread;

pub use pace::Pace;
pub use room::give_back;
pub use thread::Housekeeping;

use crate::actions::prune::{Mode, Pruned, Pruning, RetentionLimits};
use crate::model::Time;
use crate::store::{Store, StoreError};

/// Goes through the history once. Stops in between when `pace` says so.
///
/// # Errors
///
/// Those of the store. What was removed before stays so.
pub fn tidy_up(
    store: &Store,
    limits: RetentionLimits,
    now: Time,
    pace: &mut Pace<'_>,
) -> Result<Pruned, StoreError> {
    let mut pruning = Pruning::new(limits, Mode::Remove, now);
    pace.repeat(|| pruning.step(store))?;
    room::give_back_much(store, pace)?;
    Ok(pruning.finish())
}

#[cfg(test)]
mod tests {
    mod soak;

    use super::*;
    use crate::store::testing::{self, at};
    use crate::store::{Durability, space, stored_params};

    #[test]
    fn much_room_is_given_back_and_some_is_kept() {
        let (store, _directory) = testing::store();
        let value = "x".repeat(4000);
        let params: Vec<_> = (0..3000).map(|number| (number.to_string(), value.clone())).collect();
        store.write(Durability::Normal, |w| stored_params::set(w, &params, at(5), at(1))).unwrap();
        store.write(Durability::Normal, |w| stored_params::set(w, &[], at(5), at(9))).unwrap();
        let free = || store.read(space::measure).unwrap().free_pages;
        assert!(free() > 2900);
        let tidy = || tidy_up(&store, RetentionLimits::NONE, at(9), &mut Pace::without_pauses()).unwrap();
        assert!(tidy().is_empty());
        let kept = free();
        assert!((900..=1024).contains(&kept), "{kept}");
        let _ = tidy();
        assert_eq!(free(), kept);
        give_back(&store, &mut Pace::without_pauses()).unwrap();
        assert_eq!(free(), 0);
    }
}
