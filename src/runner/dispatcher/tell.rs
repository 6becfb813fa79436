//! What the dispatcher says by itself, beside what operators say.

use super::Dispatcher;
use crate::logs::line::file_line;
use crate::logs::{Level, LogRecord};
use crate::runner::job::Job;

impl Dispatcher {
    pub(super) fn tell(&self, level: Level, message: &str) {
        self.shared.observer.log(&LogRecord { time: self.shared.now(), level, task: None, message });
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
