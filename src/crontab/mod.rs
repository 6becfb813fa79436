//! Crontabs: what they say, the workflows that mean the same, and what differs between the two.
//!
//! Text goes in and text comes out: files, users and the machine are known to the command line only. The grammar is that
//! of Vixie's cron and its descendants (ISC, Debian, cronie); the times of cron are worked out by cron's rules.

mod compare;
mod dig;
mod entry;
mod error;
mod field;
mod literal;
mod mail;
mod name;
mod parse;
mod pattern;
mod random;
mod script;
#[cfg(test)]
mod tests;
mod times;

pub use compare::{Change, Compared, Row};
pub use dig::{Conversion, Options, convert};
pub use entry::{Crontab, Entry};
pub use error::{Cause, LineError};
pub use mail::mail_settings;
pub use name::Names;
pub use parse::parse;
pub use pattern::{Pattern, When};
pub use times::{CronTimes, Rules};
