//! What the runner tells while it works: the terminal listens.

use crate::logs::LogRecord;
use crate::model::Task;

/// Hears of everything that happens to the tasks of an attempt, from several threads at once.
pub trait Observer: Sync + Send {
    /// A line of the program's log.
    fn log(&self, record: &LogRecord<'_>);
    /// Raw output of a task, in chunks as they came.
    fn output(&self, task: &str, bytes: &[u8]);
    /// A task's operator was started. `task` is in state running.
    fn started(&self, task: &Task);
    /// A task ended, or waits to be run again.
    fn changed(&self, task: &Task);
}
