//! Slots: how many tasks of a kind may run at a time, whichever workflows they are in. A database bears two loads at
//! a time, an API one call: that is said in the configuration, so that workflows stay what they are.
//!
//! Slots are of one process: two of them that share a file do not know of each other's tasks.

mod gate;
mod pattern;
mod settings;

pub(super) use gate::{Claim, Gate};
pub use settings::SlotSettings;

/// How a slot is used at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotUse {
    pub name: String,
    /// How many tasks may have it at a time.
    pub size: usize,
    /// How many tasks have it; more than its size for a while after it was made smaller.
    pub used: usize,
    /// How many tasks wait and need it, perhaps among others.
    pub waiting: usize,
}
