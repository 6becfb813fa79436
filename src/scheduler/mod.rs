//! Starts sessions when their schedules say so.
//!
//! What is due and what is done about it is decided in `due`, which is arithmetic on given values; `agenda` takes the
//! schedules that are due, some at a time, and `round` asks `due` for each and does what it says; `alarm` sleeps until the
//! next one. Nothing polls: a server on which nothing is due does not wake up.
//!
//! A session is started and its schedule moved on in one transaction, and a session has one attempt without a name, so
//! that none is started twice whatever crashes when. Many sessions share a transaction, lest at a full minute the disk be
//! waited for hundreds of times; one that cannot be started is taken back alone. What is due and cannot start is in
//! `waiting`, and `late` tells of it when that takes long. Sessions that were missed, because the server was down, the machine
//! asleep or the schedule disabled, are run one after another or left out as the settings say; Digdag starts them all at
//! once.

mod agenda;
mod alarm;
mod catch_up;
mod due;
mod known;
mod late;
mod round;
mod settings;
mod starter;
#[cfg(test)]
mod tests;
mod thread;
mod unbroken;
mod waiting;

pub use agenda::{Health, Notified};
pub use catch_up::{CatchUp, CatchUpError, CatchUpSettings};
pub use due::{Reason, Skipped};
pub use settings::SchedulerSettings;
pub use starter::SessionStarter;
pub use thread::Scheduler;
