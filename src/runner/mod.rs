//! The imperative shell round the engine: event, advance, commit, dispatch.
//!
//! Worker threads run the operators; the dispatcher moves attempts on, at the desk, where one thread works at a time.

mod active;
mod advance;
mod alert;
mod awaited;
mod deferred;
mod desk;
mod details;
mod dispatcher;
mod ended;
mod execute;
mod free_disk;
mod host;
mod inbox;
mod job;
mod load;
mod message;
mod observer;
mod overlong;
mod pending_logs;
mod required;
mod run;
mod run_error;
mod run_starter;
mod secrets;
mod server_starter;
mod service;
mod shared;
mod slots;
mod starter;
mod task_log;
#[cfg(test)]
pub(crate) mod tests;
mod workers;
mod workspace;

pub use load::Load;
pub use observer::Observer;
pub use run::{Control, Run, RunFailure};
pub use run_error::RunError;
pub use run_starter::Project;
pub use secrets::{SecretFailure, SecretSource, StoredSecrets};
pub use service::{Service, ServiceConfig, ServiceError};
pub use shared::RunOptions;
pub use slots::{SlotSettings, SlotUse};
