//! What a server tells on its log. The output of tasks is in their own logs, not here.

use crate::cli::Context;
use crate::cli::output::Output;
use crate::cli::program_log::ProgramLog;
use crate::clock::Clock;
use crate::logs::{Level, LogRecord};
use crate::model::Task;
use crate::runner::Observer;
use std::sync::Arc;

/// The log of a server; usable from all of its threads.
#[derive(Clone)]
pub(super) struct ServerLog {
    output: Arc<Output>,
    log: Arc<ProgramLog>,
    clock: Clock,
}

impl ServerLog {
    pub(super) fn new(context: &Context) -> Self {
        let (output, log) = (Arc::clone(&context.output), Arc::clone(&context.log));
        Self { output, log, clock: context.clock.clone() }
    }

    pub(super) fn info(&self, message: &str) {
        self.tell(Level::Info, message);
    }

    pub(super) fn warn(&self, message: &str) {
        self.tell(Level::Warn, message);
    }

    pub(super) fn error(&self, message: &str) {
        self.tell(Level::Error, message);
    }

    /// Leaves out what is less important than this, from now on.
    pub(super) fn set_level(&self, level: Level) {
        self.log.set_level(level);
    }

    /// Goes on with the log file that has the path now: the one that is being written may have been renamed.
    pub(super) fn reopen(&self) {
        if let Err(error) = self.log.reopen() {
            self.error(&format!("The log file stays as it is: {error}"));
        }
    }

    fn tell(&self, level: Level, message: &str) {
        self.log(&LogRecord { time: self.clock.now(), level, task: None, message });
    }
}

impl Observer for ServerLog {
    fn log(&self, record: &LogRecord<'_>) {
        if let Some(line) = self.log.take(record) {
            self.output.line(&line);
        }
    }

    fn output(&self, _: &str, _: &[u8]) {}

    fn started(&self, _: &Task) {}

    fn changed(&self, _: &Task) {}
}
