//! What the dispatcher says by itself, beside what operators say.

use super::Dispatcher;
use crate::logs::line::file_line;
use crate::logs::{Level, LogRecord};
use crate::runner::job::Job;
use crate::store::StoreError;
use std::time::Instant;

impl Dispatcher {
    pub(super) fn tell(&self, level: Level, message: &str) {
        self.shared.observer.log(&LogRecord { time: self.shared.now(), level, task: None, message });
    }

    /// Says that text of tasks is lost, once for each cause.
    pub(super) fn logs_failed(&mut self, error: &StoreError) {
        if let Some(cause) = self.log_trouble.failed(error, Instant::now()) {
            self.tell(Level::Error, &format!("Task logs are not complete: {cause}"));
        }
    }

    /// Says something of a task in the log of the program and in its own.
    pub(super) fn tell_task(&self, job: &Job, level: Level, message: &str) {
        let Some(active) = self.active.get(&job.identity.attempt_id) else { return };
        if level > self.shared.options.log_level {
            return;
        }
        let task = Some(active.log_task(&job.task));
        let record = LogRecord { time: self.shared.now(), level, task, message };
        self.shared.observer.log(&record);
        let line = file_line(&record, &self.shared.zone) + "\n";
        self.shared.append_log(&job.log, line.as_bytes());
    }
}
