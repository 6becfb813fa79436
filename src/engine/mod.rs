//! The brain: how an attempt goes from one state to the next. Pure, without SQL, threads, clock or environment.
//!
//! `begin` and `advance` say what changes; the store commits it as one transaction; only then is anything acted upon.
//! Live run, recovery and simulation share the one table in `transition`, which is this:
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> blocked
//!     blocked --> ready: Unblocked
//!     blocked --> planned: GroupUnblocked
//!     ready --> running: Dispatched
//!     ready --> planned: ChildrenRenewed
//!     ready --> canceled: Canceled
//!     running --> success: Succeeded
//!     running --> planned: ChildrenAdded
//!     running --> error: Failed
//!     running --> retry_waiting: Postponed
//!     running --> ready: Lost
//!     running --> canceled: Canceled
//!     retry_waiting --> ready: Due
//!     retry_waiting --> ready: Woken
//!     retry_waiting --> canceled: Canceled
//!     planned --> success: ChildrenSucceeded
//!     planned --> group_error: ChildrenFailed
//!     planned --> group_retry_waiting: ChildrenPostponed
//!     planned --> error: ErrorHandled
//!     planned --> canceled: Canceled
//!     group_retry_waiting --> ready: Due
//!     group_retry_waiting --> canceled: Canceled
//!     success --> [*]
//!     error --> [*]
//!     group_error --> [*]
//!     canceled --> [*]
//! ```
//!
//! `ready` lasts no longer than a step. A blocked task whose upstream failed stays blocked for ever.

mod advance;
mod change;
mod event;
mod generate;
mod recover;
mod retry;
mod sla;
mod step;
mod transition;
pub mod tree;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use advance::{advance, begin, next_tick};
pub use change::{Change, apply};
pub use event::Event;
pub use generate::{GenerateError, Limits};
pub use recover::lost_tasks;
pub use retry::RetryPolicy;
pub use sla::Sla;
pub use transition::{Cause, IllegalTransition, next_state};
