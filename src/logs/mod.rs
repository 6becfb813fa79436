//! Logs: their lines, their times, and where they are kept.

pub mod file_name;
pub mod line;
mod lines;
pub mod local_time;
pub mod mask;
mod record;
mod tree;

pub(crate) use lines::LineFilter;
pub use lines::Sink;
pub use local_time::MachineZone;
pub use record::{Level, LogRecord, LogTask};
pub use tree::{AttemptPlace, LogTree, LogTreeError, TreeFile};
