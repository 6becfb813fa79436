//! What the engine does with whole attempts, a topic a file.

mod cancel;
mod check;
mod error;
mod events;
mod failure;
mod generated;
mod group_retry;
mod order;
mod params;
mod recover;
mod retry;
mod simulation;
mod wake;
