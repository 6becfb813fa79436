//! The verbs: what the command line, and whoever else, does with projects, sessions and attempts.

pub mod abandon;
pub mod backfill;
pub mod delete_project;
pub mod error_kind;
pub mod inspect;
pub mod kill;
pub mod launch;
pub mod owner;
pub mod project;
pub mod prune;
pub mod publish;
pub mod push;
pub mod read_log;
pub mod register;
pub mod resume;
pub mod schedules;
pub mod secrets;
pub mod selection;
pub mod session_time;
pub mod start;
pub mod stored;
pub mod take_up;
pub mod tokens;
pub mod watched;
