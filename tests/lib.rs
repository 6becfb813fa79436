//! The integration tests: one program, one file per feature. `tests/run` starts them all.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod api;
mod cli;
mod compat;
mod hostile;
mod language;
mod limits;
mod notifications;
mod operators;
mod readme;
mod recovery;
mod samples;
mod scheduling;
mod support;
mod tidy;
mod watch;
