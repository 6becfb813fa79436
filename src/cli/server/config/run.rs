//! How tasks are run.

use super::super::values::Values;
use super::{limits, slots};
use crate::confinement::LimitSettings;
use crate::model::{Settings, parse_size};
use crate::runner::SlotSettings;
use chrono::TimeDelta;
use std::path::PathBuf;
use std::time::Duration;

/// How tasks are run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli::server) struct RunConfig {
    /// Whether tasks are run at all, or wait for the next start of the server.
    pub(in crate::cli::server) runs_tasks: bool,
    pub(in crate::cli::server) max_task_threads: usize,
    /// How many tasks of a kind run at a time.
    pub(in crate::cli::server) slots: SlotSettings,
    /// What each attempt may use of the machine.
    pub(in crate::cli::server) attempt_limits: LimitSettings,
    /// How many bytes must be free on the disk for something new to begin; 0 for none.
    pub(in crate::cli::server) free_disk: u64,
    pub(in crate::cli::server) max_tasks: usize,
    pub(in crate::cli::server) max_attempts: u32,
    /// The same for those that schedules start.
    pub(in crate::cli::server) max_scheduled_attempts: u32,
    pub(in crate::cli::server) attempt_ttl: TimeDelta,
    pub(in crate::cli::server) task_ttl: TimeDelta,
    /// An attempt that takes so many times as long as usual is marked; none when that is never done.
    pub(in crate::cli::server) overlong_factor: Option<u32>,
    /// In bytes.
    pub(in crate::cli::server) max_log_size: u64,
    /// Where Digdag's tree of log files is written, too.
    pub(in crate::cli::server) task_logs: Option<PathBuf>,
    /// Who runs tasks, where Digdag says so.
    pub(in crate::cli::server) agent: Option<String>,
}

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Digdag's limit of 100 is there for those who start too much by mistake. What is scheduled at a full minute is meant, and
/// threads limit what runs at the same time.
const MAX_SCHEDULED: u32 = 1000;
const DEFAULT_MAX_LOG_SIZE: u64 = 256 << 20;

pub(super) fn read(values: &Values<'_>, settings: &Settings) -> RunConfig {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = values.number("agent.max-task-threads", 0..=100_000).filter(|threads| *threads > 0);
    let ttl = |key, default| {
        let ttl = values.duration(key).unwrap_or(default);
        // What is too long to be reckoned with is no limit.
        TimeDelta::from_std(ttl).unwrap_or(TimeDelta::MAX)
    };
    let tree =
        values.read(
            "log-server.type",
            "local or null; logs are in the database file, too",
            |text| match text {
                "local" => Some(true),
                "null" => Some(false),
                _ => None,
            },
        );
    let tree_dir = || PathBuf::from(values.text("log-server.local.path").unwrap_or("digdag.log"));
    let size = |text: &str| parse_size(text).filter(|size| *size > 0);
    let max_log_size = values.read("log.max_task_size", "a size such as 500M", size);
    let max_attempts = values.number("executor.attempt_max_run", 0..=u32::MAX);
    let runs_tasks = [values.flag("agent.enabled", true), values.flag("server.executor.enabled", true)];
    RunConfig {
        runs_tasks: runs_tasks == [true, true],
        max_task_threads: threads.unwrap_or((4 * cores).max(8)),
        slots: slots::read(values, settings),
        attempt_limits: limits::read(values, settings),
        free_disk: limits::free_disk(values),
        max_tasks: values.number("executor.task_max_run", 1..=usize::MAX).unwrap_or(1000),
        max_attempts: max_attempts.unwrap_or(100),
        max_scheduled_attempts: max_attempts.unwrap_or(MAX_SCHEDULED),
        attempt_ttl: ttl("executor.attempt_ttl", 7 * DAY),
        task_ttl: ttl("executor.task_ttl", DAY),
        overlong_factor: Some(values.number("executor.overlong_factor", 0..=1000).unwrap_or(3))
            .filter(|factor| *factor > 0),
        max_log_size: max_log_size.unwrap_or(DEFAULT_MAX_LOG_SIZE),
        task_logs: (tree == Some(true)).then(tree_dir),
        agent: values.read("agent.id", "a part of a file name: up to 100 bytes without slashes", agent),
    }
}

/// It becomes a part of file names.
fn agent(text: &str) -> Option<String> {
    let fits = text.len() <= 100 && !text.contains(|c: char| c == '/' || c.is_control());
    fits.then(|| text.to_owned())
}
