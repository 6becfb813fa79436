//! Task logs that have, or soon will have, text to be written, and when.

use super::task_log::TaskLog;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a log may stay unwritten.
const DELAY: Duration = Duration::from_secs(1);

/// Logs to be written, each at most once: a log knows whether it is here.
#[derive(Debug, Default)]
pub(super) struct PendingLogs {
    logs: Vec<Arc<TaskLog>>,
    write_at: Option<Instant>,
}

impl PendingLogs {
    /// Plans the writing of a log that is not here yet.
    pub(super) fn add(&mut self, log: Arc<TaskLog>) {
        self.logs.push(log);
        self.write_at.get_or_insert_with(|| Instant::now() + DELAY);
    }

    /// When the logs are to be written at the latest.
    pub(super) fn write_at(&self) -> Option<Instant> {
        self.write_at
    }

    /// Takes all logs.
    pub(super) fn take(&mut self) -> Vec<Arc<TaskLog>> {
        self.write_at = None;
        let logs = std::mem::take(&mut self.logs);
        logs.iter().for_each(|log| log.unplan());
        logs
    }

    /// Takes the logs of runs that have ended. The others wait for their time, so that they are not cut into small pieces.
    pub(super) fn take_ended(&mut self) -> Vec<Arc<TaskLog>> {
        let (ended, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.logs).into_iter().partition(|log| log.has_ended());
        ended.iter().for_each(|log| log.unplan());
        self.logs = others;
        if self.logs.is_empty() {
            self.write_at = None;
        }
        ended
    }
}
