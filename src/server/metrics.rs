//! What the server counts, in the text format of Prometheus 0.0.4. Counting is the application's.

use crate::runner::SlotUse;
use std::fmt::{self, Display};
use std::fs;
use std::time::Duration;

/// Numbers of one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics {
    pub version: String,
    /// Since the server began.
    pub uptime: Duration,
    /// What the process takes of the machine's memory; none where the system does not tell.
    pub resident_bytes: Option<u64>,
    /// Attempts that have begun and not ended.
    pub running_attempts: u64,
    /// Attempts that wait for another one of their workflow to end.
    pub waiting_attempts: u64,
    /// Those of them that take much longer than usual.
    pub overlong_attempts: u64,
    /// Attempts that have succeeded since the server began.
    pub succeeded_attempts: u64,
    /// Attempts that have failed by themselves since the server began.
    pub failed_attempts: u64,
    /// Attempts that were killed, or took too long, since the server began.
    pub canceled_attempts: u64,
    /// Tasks that run.
    pub running_tasks: u64,
    /// Tasks that could run and wait for a thread or a slot.
    pub queued_tasks: u64,
    pub slots: Vec<SlotUse>,
    /// How long the schedule that waits longest has been due.
    pub schedule_lateness: Duration,
    /// Notifications that are to be sent.
    pub pending_notifications: u64,
    /// None when nothing is watched.
    pub watched: Option<WatchedMetrics>,
    pub workflows: Vec<WorkflowMetrics>,
}

/// The directories that are watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchedMetrics {
    /// Whether the thread that watches them is there.
    pub is_alive: bool,
    pub directories: u64,
    /// With so many of them, or of those that are refused, something is wrong.
    pub failing: u64,
}

/// How a workflow ended the last time.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkflowMetrics {
    pub project: String,
    pub workflow: String,
    pub success: bool,
    pub duration: Duration,
}

/// What the process takes of the machine's memory, in bytes. None where there is no `/proc`.
pub fn resident_bytes() -> Option<u64> {
    fs::read_to_string("/proc/self/status").ok().and_then(|status| resident_of(&status))
}

fn resident_of(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

impl Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut metric = |name: &str, help: &str, values: &[(String, f64)]| {
            if values.is_empty() {
                return Ok(());
            }
            let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
            writeln!(f, "# HELP {name} {help}\n# TYPE {name} {kind}")?;
            values.iter().try_for_each(|(labels, value)| writeln!(f, "{name}{labels} {value}"))
        };
        let one = |value: f64| [(String::new(), value)];
        let version = [(labels(&[("version", &self.version)]), 1.0)];
        let ended = [
            ("success", self.succeeded_attempts),
            ("error", self.failed_attempts),
            ("canceled", self.canceled_attempts),
        ];
        let ended = ended.map(|(status, count)| (labels(&[("status", status)]), whole(count)));
        let workflows = |value: fn(&WorkflowMetrics) -> f64| -> Vec<_> {
            let of = |one: &WorkflowMetrics| {
                (labels(&[("project", &one.project), ("workflow", &one.workflow)]), value(one))
            };
            self.workflows.iter().map(of).collect()
        };
        metric("dibble_build_info", "The version of the server.", &version)?;
        metric("dibble_uptime_seconds", "Time since the server began.", &one(self.uptime.as_secs_f64()))?;
        if let Some(bytes) = self.resident_bytes {
            metric("process_resident_memory_bytes", "Resident memory of the process.", &one(whole(bytes)))?;
        }
        metric(
            "dibble_attempts_running",
            "Attempts that have begun and not ended.",
            &one(whole(self.running_attempts)),
        )?;
        metric(
            "dibble_attempts_waiting",
            "Attempts that wait for another one to end.",
            &one(whole(self.waiting_attempts)),
        )?;
        metric(
            "dibble_attempts_overlong",
            "Attempts that have not ended and take much longer than usual.",
            &one(whole(self.overlong_attempts)),
        )?;
        metric("dibble_attempts_ended_total", "Attempts that have ended since the server began.", &ended)?;
        metric("dibble_tasks_running", "Tasks that run.", &one(whole(self.running_tasks)))?;
        metric(
            "dibble_tasks_queued",
            "Tasks that wait for a thread or a slot.",
            &one(whole(self.queued_tasks)),
        )?;
        let slots = |value: fn(&SlotUse) -> usize| -> Vec<_> {
            self.slots
                .iter()
                .map(|slot| (labels(&[("slot", &slot.name)]), whole(value(slot) as u64)))
                .collect()
        };
        metric("dibble_slot_size", "How many tasks may have a slot at a time.", &slots(|slot| slot.size))?;
        metric("dibble_slot_used", "Tasks that have a slot.", &slots(|slot| slot.used))?;
        metric("dibble_slot_waiting", "Tasks that wait for a slot.", &slots(|slot| slot.waiting))?;
        metric(
            "dibble_schedule_lateness_seconds",
            "How long the longest waiting schedule has been due.",
            &one(self.schedule_lateness.as_secs_f64()),
        )?;
        metric(
            "dibble_notifications_pending",
            "Notifications that are to be sent.",
            &one(whole(self.pending_notifications)),
        )?;
        if let Some(watched) = self.watched {
            let is_alive = u64::from(watched.is_alive);
            metric("dibble_watcher_up", "Whether directories are being watched.", &one(whole(is_alive)))?;
            let directories = one(whole(watched.directories));
            metric("dibble_watched_directories", "Directories that are watched.", &directories)?;
            metric(
                "dibble_watched_directories_failing",
                "Directories that are not what is registered: broken, missing or refused.",
                &one(whole(watched.failing)),
            )?;
        }
        metric(
            "dibble_workflow_last_success",
            "Whether the last attempt of a workflow succeeded.",
            &workflows(|one| f64::from(u8::from(one.success))),
        )?;
        metric(
            "dibble_workflow_last_duration_seconds",
            "How long the last attempt of a workflow took.",
            &workflows(|one| one.duration.as_secs_f64()),
        )
    }
}

/// `{name="value"}`
fn labels(pairs: &[(&str, &str)]) -> String {
    let escape = |value: &str| value.replace('\\', r"\\").replace('"', r#"\""#).replace('\n', r"\n");
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
    format!("{{{}}}", pairs.join(","))
}

/// Prometheus knows floating point numbers only; these are exact up to 2⁵³.
fn whole(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_what_prometheus_reads() {
        let metrics = Metrics {
            version: "0.1.0".to_owned(),
            uptime: Duration::from_millis(90_500),
            resident_bytes: Some(12_345_678_901),
            running_attempts: 2,
            waiting_attempts: 24,
            overlong_attempts: 1,
            succeeded_attempts: 40,
            failed_attempts: 1,
            canceled_attempts: 5,
            running_tasks: 3,
            queued_tasks: 0,
            slots: vec![SlotUse { name: "db".to_owned(), size: 2, used: 1, waiting: 0 }],
            schedule_lateness: Duration::from_secs(5),
            pending_notifications: 4,
            watched: Some(WatchedMetrics { is_alive: true, directories: 7, failing: 2 }),
            workflows: vec![
                WorkflowMetrics {
                    project: "p".to_owned(),
                    workflow: "daily".to_owned(),
                    success: true,
                    duration: Duration::from_millis(1250),
                },
                WorkflowMetrics {
                    project: "a\"b\\c\nd".to_owned(),
                    workflow: "ワ".to_owned(),
                    success: false,
                    duration: Duration::ZERO,
                },
            ],
        };
        let expected = r#"# HELP dibble_build_info The version of the server.
# TYPE dibble_build_info gauge
dibble_build_info{version="0.1.0"} 1
# HELP dibble_uptime_seconds Time since the server began.
# TYPE dibble_uptime_seconds gauge
dibble_uptime_seconds 90.5
# HELP process_resident_memory_bytes Resident memory of the process.
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 12345678901
# HELP dibble_attempts_running Attempts that have begun and not ended.
# TYPE dibble_attempts_running gauge
dibble_attempts_running 2
# HELP dibble_attempts_waiting Attempts that wait for another one to end.
# TYPE dibble_attempts_waiting gauge
dibble_attempts_waiting 24
# HELP dibble_attempts_overlong Attempts that have not ended and take much longer than usual.
# TYPE dibble_attempts_overlong gauge
dibble_attempts_overlong 1
# HELP dibble_attempts_ended_total Attempts that have ended since the server began.
# TYPE dibble_attempts_ended_total counter
dibble_attempts_ended_total{status="success"} 40
dibble_attempts_ended_total{status="error"} 1
dibble_attempts_ended_total{status="canceled"} 5
# HELP dibble_tasks_running Tasks that run.
# TYPE dibble_tasks_running gauge
dibble_tasks_running 3
# HELP dibble_tasks_queued Tasks that wait for a thread or a slot.
# TYPE dibble_tasks_queued gauge
dibble_tasks_queued 0
# HELP dibble_slot_size How many tasks may have a slot at a time.
# TYPE dibble_slot_size gauge
dibble_slot_size{slot="db"} 2
# HELP dibble_slot_used Tasks that have a slot.
# TYPE dibble_slot_used gauge
dibble_slot_used{slot="db"} 1
# HELP dibble_slot_waiting Tasks that wait for a slot.
# TYPE dibble_slot_waiting gauge
dibble_slot_waiting{slot="db"} 0
# HELP dibble_schedule_lateness_seconds How long the longest waiting schedule has been due.
# TYPE dibble_schedule_lateness_seconds gauge
dibble_schedule_lateness_seconds 5
# HELP dibble_notifications_pending Notifications that are to be sent.
# TYPE dibble_notifications_pending gauge
dibble_notifications_pending 4
# HELP dibble_watcher_up Whether directories are being watched.
# TYPE dibble_watcher_up gauge
dibble_watcher_up 1
# HELP dibble_watched_directories Directories that are watched.
# TYPE dibble_watched_directories gauge
dibble_watched_directories 7
# HELP dibble_watched_directories_failing Directories that are not what is registered: broken, missing or refused.
# TYPE dibble_watched_directories_failing gauge
dibble_watched_directories_failing 2
# HELP dibble_workflow_last_success Whether the last attempt of a workflow succeeded.
# TYPE dibble_workflow_last_success gauge
dibble_workflow_last_success{project="p",workflow="daily"} 1
dibble_workflow_last_success{project="a\"b\\c\nd",workflow="ワ"} 0
# HELP dibble_workflow_last_duration_seconds How long the last attempt of a workflow took.
# TYPE dibble_workflow_last_duration_seconds gauge
dibble_workflow_last_duration_seconds{project="p",workflow="daily"} 1.25
dibble_workflow_last_duration_seconds{project="a\"b\\c\nd",workflow="ワ"} 0
"#;
        assert_eq!(metrics.to_string(), expected);
    }

    #[test]
    fn what_is_not_known_is_left_away() {
        let text = Metrics::default().to_string();
        assert!(
            !text.contains("resident") && !text.contains("watch") && !text.contains("workflow"),
            "{text}"
        );
        assert_eq!(resident_of("Name:\tdibble\nVmRSS:\t   1234 kB\n"), Some(1234 * 1024));
        assert_eq!(resident_of("Name:\tdibble\n"), None);
    }
}
