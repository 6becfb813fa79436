//! History that cleans itself: what is older, or more, than the limits say goes, in small transactions.
//!
//! What stays whatever the limits say: the newest attempt of every workflow; the latest session of every workflow, for it is
//! what `last_executed_session_time` and `dibble run` go by; whatever has not ended, the sessions it waits for and the
//! attempts it takes results from; and of a session that stays, every attempt that holds a success which no newer one has,
//! because `dibble run` skips tasks by it. What is to be removed is looked for in the transaction that removes it, so
//! nothing can begin to need it in between.
//!
//! Revisions go when nothing uses them any more and a newer one is there. A project that was deleted before the limit of
//! the age loses everything. Not here: values of `param_set>`, which have an end of their own.

mod keep;
mod limits;
mod pruned;
mod pruning;
mod quick;
#[cfg(test)]
mod tests;
mod tidier;

pub use limits::{LimitError, RetentionLimits};
pub use pruned::{Pruned, PrunedWorkflow};
pub use pruning::{Mode, Pruning};
pub use quick::prune_a_little;
