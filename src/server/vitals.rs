//! How the application is: what `/healthz` and `/metrics` tell of it.

use super::error::ApiError;
use super::health::{Condition, Health, Vitals};
use super::metrics::{Metrics, WatchedMetrics, WorkflowMetrics, resident_bytes};
use super::{App, Route, Watching, health};
use crate::model::Time;
use crate::store::{Durability, attempts, last_results, notifications, overlong, schedules};
use std::time::Duration;

pub const ROUTES: &[Route<App>] = &health::routes::<App>();

impl Vitals for App {
    fn health(&self) -> Health {
        // Takes the lock of the writer and gives it back, so that a file that cannot be written is noticed.
        let written = self.store().write(Durability::Normal, |_| Ok(()));
        let database = match self.service().check_store().and(written) {
            Ok(()) => self.service().failure().map_or(Condition::Ok, Condition::Failed),
            Err(error) => Condition::Failed(error.to_string()),
        };
        let disk = self.service().disk_shortage().map_or(Condition::Ok, Condition::Low);
        let watcher = watcher_condition(self.watching().as_ref());
        Health { database, scheduler: self.scheduler_condition(), watcher, disk }
    }

    fn metrics(&self) -> Result<Metrics, ApiError> {
        let now = self.now();
        let (attempts, overlong, pending, late, results) = self.read(|reader| {
            let late = schedules::due(reader, now, None, 1)?.pop();
            let (overlong, pending) =
                (overlong::count_running(reader)?, notifications::count_pending(reader)?);
            let attempts = (attempts::count_unfinished(reader)?, attempts::count_waiting(reader)?);
            Ok((attempts, overlong, pending, late, last_results::list(reader)?))
        })?;
        let load = self.service().load();
        let workflows = results.into_iter().map(|result| WorkflowMetrics {
            duration: between(result.created_at, result.finished_at),
            project: result.project_name,
            workflow: result.workflow_name,
            success: result.success,
        });
        Ok(Metrics {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime: between(self.since(), now),
            resident_bytes: resident_bytes(),
            running_attempts: attempts.0.into(),
            waiting_attempts: attempts.1.into(),
            overlong_attempts: overlong.into(),
            pending_notifications: pending,
            succeeded_attempts: load.succeeded_attempts(),
            failed_attempts: load.failed_attempts(),
            canceled_attempts: load.canceled_attempts(),
            running_tasks: load.running_tasks() as u64,
            queued_tasks: load.queued_tasks() as u64,
            slots: load.slots(),
            schedule_lateness: late.map_or(Duration::ZERO, |schedule| between(schedule.next.run, now)),
            watched: self.watching().map(|watching| WatchedMetrics {
                is_alive: watching.is_alive,
                directories: watching.health.directories as u64,
                failing: watching.health.failing as u64,
            }),
            workflows: workflows.collect(),
        })
    }
}

/// Broken files are their owner's to mend: they do not make the server a failed one.
fn watcher_condition(watching: Option<&Watching>) -> Condition {
    let Some(Watching { is_alive, health }) = watching else { return Condition::Disabled };
    match (&health.failure, health.failing) {
        _ if !is_alive => Condition::Failed("the watcher of directories has stopped".to_owned()),
        (Some(failure), _) => Condition::Failed(failure.clone()),
        (None, 0) => Condition::Ok,
        (None, failing) => {
            let directories = health.directories + health.refused.len();
            Condition::Warning(format!(
                "something is wrong with {failing} of {directories} watched directories: see `dibble projects`"
            ))
        }
    }
}

/// Nothing when the clock was turned back.
fn between(from: Time, to: Time) -> Duration {
    (to - from).to_std().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::testing::TestServer;
    use crate::store::testing::{finish, insert, tasks};
    use crate::watch::WatchHealth;
    use serde_json::json;

    #[test]
    fn a_server_that_lives_says_so() {
        let expected = r#"{"database":{"status":"ok"},"scheduler":{"status":"disabled"},"watcher":{"status":"disabled"},"disk":{"status":"ok"}}"#;
        assert_eq!(TestServer::new().get("/healthz"), (200, expected.to_owned()));
    }

    #[test]
    fn a_watcher_is_well_while_its_thread_is_there() {
        let watching = |is_alive, failing, failure: Option<&str>| {
            let failure = failure.map(str::to_owned);
            Watching {
                is_alive,
                health: WatchHealth { directories: 3, failing, failure, ..WatchHealth::default() },
            }
        };
        let wrong = "something is wrong with 2 of 3 watched directories: see `dibble projects`";
        for (watching, expected) in [
            (None, Condition::Disabled),
            (Some(watching(true, 0, None)), Condition::Ok),
            (Some(watching(true, 2, None)), Condition::Warning(wrong.to_owned())),
            (Some(watching(true, 2, Some("disk full"))), Condition::Failed("disk full".to_owned())),
            (
                Some(watching(false, 0, None)),
                Condition::Failed("the watcher of directories has stopped".to_owned()),
            ),
        ] {
            assert_eq!(watcher_condition(watching.as_ref()), expected);
        }
    }

    #[test]
    fn what_has_ended_is_counted_by_workflow() {
        let server = TestServer::new();
        let workflow = server.define("p", "wf", "UTC", json!({"+a": {"echo>": "x"}}));
        let attempt = insert(server.store(), workflow, 0, "", None, &tasks());
        let (status, text) = server.get("/metrics");
        assert_eq!(status, 200);
        assert!(text.contains("\ndibble_attempts_running 1\n"), "{text}");
        finish(server.store(), attempt, true);
        let (_, text) = server.get("/metrics");
        for line in [
            "dibble_attempts_running 0",
            "dibble_attempts_waiting 0",
            "dibble_tasks_queued 0",
            "dibble_uptime_seconds 0",
            r#"dibble_workflow_last_success{project="p",workflow="wf"} 1"#,
            r#"dibble_workflow_last_duration_seconds{project="p",workflow="wf"} 46"#,
        ] {
            assert!(text.contains(&format!("\n{line}\n")), "{line}\n{text}");
        }
    }
}
