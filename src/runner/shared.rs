//! What the runner's threads have in common.

use super::dispatcher::Message;
use super::inbox::Inbox;
use super::observer::Observer;
use super::starter::Starter;
use super::task_log::{Fill, TaskLog};
use crate::clock::Clock;
use crate::logs::{Level, LogRecord, LogTree, MachineZone};
use crate::model::{ProjectId, SessionTime, Settings, Time, Zone};
use crate::store::Store;
use std::path::PathBuf;
use std::sync::Arc;

/// How tasks are run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Operators do nothing and succeed.
    pub dry_run: bool,
    /// All parameters of a task are written to the log before it runs.
    pub show_params: bool,
    /// How many tasks run at the same time; 0 for as many as are ready.
    pub max_task_threads: usize,
    /// What is less important than this is not logged.
    pub log_level: Level,
    /// Where Digdag's tree of log files is kept too.
    pub task_log_dir: Option<PathBuf>,
}

/// Looks up the secrets of a project.
pub trait SecretSource: Send + Sync {
    fn secret(&self, key: &str) -> Option<String>;
}

pub(super) struct Shared {
    pub(super) store: Arc<Store>,
    pub(super) clock: Clock,
    /// In which the times of log lines are shown.
    pub(super) zone: MachineZone,
    pub(super) settings: Settings,
    pub(super) options: RunOptions,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) secrets: Arc<dyn SecretSource>,
    pub(super) starter: Starter,
    /// Where log files are kept beside the store.
    pub(super) log_tree: Option<Arc<LogTree>>,
    pub(super) inbox: Arc<Inbox>,
}

impl Shared {
    pub(super) fn now(&self) -> Time {
        self.clock.now()
    }

    /// Says in the log that an attempt is about to start.
    pub(super) fn log_start(&self, project: ProjectId, workflow: &str, time: SessionTime, zone: &Zone) {
        let message = format!(
            "Starting a new session project id={project} workflow name={workflow} session_time={}",
            time.iso(zone)
        );
        let record = LogRecord { time: self.now(), level: Level::Info, task: None, message: &message };
        self.observer.log(&record);
    }

    /// Adds to a task's log. It reaches the store within a second.
    pub(super) fn append_log(&self, log: &Arc<TaskLog>, bytes: &[u8]) {
        match log.append(bytes, self.now()) {
            Fill::More => {}
            Fill::Unplanned => {
                self.inbox.send(Message::LogPending(Arc::clone(log)));
            }
            Fill::Full => {
                if let Err(error) = log.write(&self.store, self.now()) {
                    self.inbox.send(Message::StoreFailed(error));
                }
            }
        }
    }
}
