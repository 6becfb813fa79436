//! Projects in directories: whoever edits a `.dig` file has it scheduled.
//!
//! One thread attends to all directories. The system tells it of changes (`system`); it waits until things are quiet
//! (`quiet`), reads the whole project (`look`) and has it registered, rejected or withdrawn (`roster`, through
//! `actions::watched`). Which directories the system is asked about is worked out in `places`: that of the project, those
//! of files that it includes, and those in which a component of its path could be moved, made anew or, when it is a link,
//! re-pointed. Nothing polls, but for projects on file systems whose changes the kernel does not hear of (`network`), and
//! for those beyond the kernel's limit of watches.

mod claim;
mod claims;
mod folder;
mod health;
mod interests;
mod journal;
mod look;
mod network;
mod places;
mod project;
mod quiet;
mod roster;
mod settings;
mod source;
mod system;
#[cfg(test)]
mod tests;
mod thread;

pub use claim::watchers;
pub use health::{Refused, WatchHealth};
pub use roster::{Roster, Unusable};
pub use settings::{Directories, NamedDirectory, Poll, WatchSettings};
pub use thread::Watcher;
