//! The imperative shell round the engine: event, advance, commit, dispatch.
//!
//! Worker threads run the operators; the dispatcher moves attempts on, at the desk, where one thread works at a time.

mod active;
mod desk;
mod dispatcher;
mod execute;
mod host;
mod inbox;
mod job;
mod observer;
mod pending_logs;
mod run;
mod shared;
mod starter;
mod task_log;
mod workers;

pub use dispatcher::RunError;
pub use observer::Observer;
pub use run::{Control, Finished, Run, RunFailure};
pub use shared::{RunOptions, SecretSource};
pub use starter::Project;
