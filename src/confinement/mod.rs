//! What the commands of an attempt may use of the machine: memory, processor time, processes.
//!
//! Where this process may make control groups (version 2), the commands of each attempt are in one, and the limits hold for
//! all of them together. Otherwise the memory of each process can be limited, and nothing else.

mod attempt;
mod cgroup;
mod entering;
mod own_group;
mod settings;
mod way;

pub use attempt::{Before, Confinement};
pub use settings::{AttemptLimits, LimitSettings};
pub use way::Confinements;
