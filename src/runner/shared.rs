//! What the runner's threads have in common.

use super::active::Active;
use super::free_disk::FreeDisk;
use super::inbox::Inbox;
use super::load::Load;
use super::message::Message;
use super::observer::Observer;
use super::secrets::SecretSource;
use super::slots::SlotSettings;
use super::starter::Starter;
use super::task_log::{Fill, TaskLog};
use crate::clock::Clock;
use crate::confinement::{Confinements, LimitSettings};
use crate::engine::Limits;
use crate::logs::{Level, LogRecord, LogTree, LogTreeError, MachineZone};
use crate::model::{ProjectId, SessionTime, Settings, TaskId, Time, Zone};
use crate::store::attempts::AttemptRow;
use crate::store::{OwnerId, Store};
use chrono::TimeDelta;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

/// How tasks are run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Operators do nothing and succeed.
    pub dry_run: bool,
    /// Otherwise every task waits for another process to run it.
    pub runs_tasks: bool,
    /// All parameters of a task are written to the log before it runs.
    pub show_params: bool,
    /// How many tasks run at the same time; 0 for as many as are ready.
    pub max_task_threads: usize,
    /// How many tasks of a kind run at the same time.
    pub slots: SlotSettings,
    /// What each attempt may use of the machine.
    pub attempt_limits: LimitSettings,
    /// How many bytes must be free on the disk for something new to begin; 0 for none.
    pub free_disk: u64,
    /// What is less important than this is not logged.
    pub log_level: Level,
    /// Where Digdag's tree of log files is kept too.
    pub task_log_dir: Option<PathBuf>,
    /// Who runs tasks, where Digdag says so: in the names of log files, and in the API.
    pub agent: String,
    /// Whether attempts of other names than the first are retries that somebody named. Those of `dibble run` are not.
    pub retries_have_names: bool,
    /// The command that shows the log of an attempt, without its id; none when no log is kept.
    pub log_command: Option<String>,
    /// How many bytes of a task's log are kept.
    pub max_log_size: u64,
    /// How long an attempt may take, and how long a task from its first start.
    pub attempt_ttl: Option<TimeDelta>,
    pub task_ttl: Option<TimeDelta>,
    /// Variables of the environment that are meant for this process alone. Commands do not inherit them.
    pub own_variables: &'static [&'static str],
    /// An attempt that takes so many times as long as usual is marked; none when that is never done.
    pub overlong_factor: Option<u32>,
}

pub(super) struct Shared {
    pub(super) store: Arc<Store>,
    pub(super) clock: Clock,
    /// In which the times of log lines are shown.
    pub(super) zone: MachineZone,
    pub(super) settings: RwLock<Arc<Settings>>,
    pub(super) options: RunOptions,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) secrets: Arc<dyn SecretSource>,
    pub(super) starter: Arc<dyn Starter>,
    pub(super) load: Load,
    /// This process, as the store knows it.
    pub(super) owner: OwnerId,
    pub(super) limits: Limits,
    pub(super) confinements: Confinements,
    pub(super) free_disk: FreeDisk,
    /// Where log files are kept beside the store.
    pub(super) log_tree: Option<Arc<LogTree>>,
    pub(super) inbox: Arc<Inbox>,
    /// Called when notifications were raised.
    pub(super) raised: Arc<dyn Fn() + Send + Sync>,
}

impl RunOptions {
    /// Opens the tree of log files, if one is kept. What goes wrong with it later is told in the log.
    pub(super) fn log_tree(
        &self,
        clock: &Clock,
        observer: &Arc<dyn Observer>,
    ) -> Result<Option<Arc<LogTree>>, LogTreeError> {
        let Some(dir) = &self.task_log_dir else { return Ok(None) };
        let (clock, observer) = (clock.clone(), Arc::clone(observer));
        let listener = move |level, message: &str| {
            observer.log(&LogRecord { time: clock.now(), level, task: None, message });
        };
        LogTree::open(dir, &self.agent, listener).map(|tree| Some(Arc::new(tree)))
    }
}

impl Shared {
    pub(super) fn now(&self) -> Time {
        self.clock.now()
    }

    /// The configuration as it is now.
    pub(super) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sets what attempts may use that begin from now on, and says in which way that holds.
    pub(super) fn confine(&self, limits: LimitSettings) {
        for (level, message) in self.confinements.configure(limits) {
            self.observer.log(&LogRecord { time: self.now(), level, task: None, message: &message });
        }
    }

    /// Hands over attempts that are in the store.
    pub(super) fn adopt(&self, begun: impl IntoIterator<Item = (Active, Vec<TaskId>)>) {
        let messages = begun.into_iter().map(|(active, start)| Message::Adopt(Box::new(active), start));
        self.inbox.send_all(messages);
    }

    /// As [`adopt`](Self::adopt), but wakes nobody: they begin with the next message, whatever it is, or when the inbox
    /// is rung.
    pub(super) fn adopt_later(&self, begun: impl IntoIterator<Item = (Active, Vec<TaskId>)>) {
        for (active, start) in begun {
            self.inbox.put(Message::Adopt(Box::new(active), start));
        }
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

    /// Says in the log that an attempt goes on that an earlier process has left.
    pub(super) fn log_resumption(&self, row: &AttemptRow) {
        let AttemptRow { id, project_id, workflow_name, .. } = row;
        let time = row.session_time.iso(&row.timezone);
        let message = format!(
            "Going on with attempt {id} project id={project_id} workflow name={workflow_name} session_time={time}"
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
