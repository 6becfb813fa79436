//! `notify>`: sends a message about the attempt to where the settings say, or nowhere.

use crate::logs::Level;
use crate::model::{Params, TaskResult};
use crate::notifications::{self, About, Delivery, Outcome, SendError, Sender};
use crate::operators::CancelStage;
use crate::operators::context::{Context, OperatorError};

/// The task that tells of an attempt that has failed.
const FAILURE_ALERT: &str = "^failure-alert";

pub(crate) fn run(ctx: &Context<'_>) -> Result<TaskResult, OperatorError> {
    let message = ctx.config.required_string("_command")?;
    let sender = Sender::read(ctx.host.settings(), |name| std::env::var(name).ok())?;
    let mut payload = payload(ctx, &message);
    payload.insert(notifications::LOG_COMMAND.to_owned(), ctx.host.log_command().into());
    if sender.is_some() && ctx.task.full_name.ends_with(FAILURE_ALERT) {
        ctx.host.details().add_to(&mut payload);
    }
    match sender {
        Some(sender) => {
            deliver(ctx, &sender.without(ctx.host.own_variables()), &message, &payload)?;
        }
        None => {
            let dropped = Delivery { outcome: Outcome::Dropped, channel: None, answer: None, tries: 0 };
            ctx.host.record_notification(&message, &payload, &dropped);
        }
    }
    Ok(TaskResult::default())
}

/// The message and where it comes from.
fn payload(ctx: &Context<'_>, message: &str) -> Params {
    let task = ctx.task;
    let about = About {
        project: Some(task.project_id),
        project_name: Some(&task.project_name),
        workflow_name: Some(&task.workflow_name),
        revision: Some(&task.revision),
        attempt: Some(task.attempt_id),
        session: Some(task.session_id),
        task_name: Some(&task.full_name),
        timezone: Some(&task.timezone),
        session_uuid: Some(&task.session_uuid),
        session_time: Some(task.session_time),
        workflow: task.workflow_id,
    };
    notifications::payload(message, &about, ctx.now)
}

/// Sends until somebody takes it, as often as the settings allow. What becomes of it is recorded.
fn deliver(ctx: &Context<'_>, sender: &Sender, message: &str, payload: &Params) -> Result<(), OperatorError> {
    let cancellation = ctx.host.cancellation();
    let record = |outcome, answer, tries| {
        let delivery = Delivery { outcome, channel: Some(sender.channel()), answer: Some(answer), tries };
        ctx.host.record_notification(message, payload, &delivery);
    };
    for retry in 0.. {
        let failure = match send(ctx, sender, payload) {
            Ok(answer) => {
                record(Outcome::Sent, answer, retry + 1);
                break;
            }
            Err(failure) => failure,
        };
        if cancellation.stage() != CancelStage::Running {
            record(Outcome::Failed, failure.answer(), retry + 1);
            return Err(OperatorError::Canceled);
        }
        let Some(wait) = sender.retries().wait(retry) else {
            record(Outcome::Failed, failure.answer(), retry + 1);
            return Err(OperatorError::Failed {
                message: "Sending notification failed (notification)".to_owned(),
                stacktrace: Some(failure.to_string()),
            });
        };
        let limit = sender.retries().limit();
        let warning = format!("Sending notification failed: retry {} of {limit}: {failure}", retry + 1);
        ctx.host.log(Level::Warn, &warning);
        if cancellation.wait(wait) != CancelStage::Running {
            record(Outcome::Failed, failure.answer(), retry + 1);
            return Err(OperatorError::Canceled);
        }
    }
    Ok(())
}

/// Sends once. Canceling the attempt ends the command that sends.
fn send(ctx: &Context<'_>, sender: &Sender, payload: &Params) -> Result<String, SendError> {
    sender.send(payload, ctx.now, &|group, wait| {
        let _registration = ctx.host.cancellation().register(group);
        wait();
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operators::control_testing::Fixture;
    use serde_json::json;
    use std::fs;
    use tempfile::TempDir;

    fn task() -> Fixture {
        Fixture::new(json!({"_command": "stock is \"empty\""}))
    }

    /// A task whose command may be tried again without waiting.
    fn shell(command: &str) -> Fixture {
        task()
            .setting("notification.type", "shell")
            .setting("notification.shell.command", command)
            .setting("notification.retries", "2")
            .setting("notification.min_retry_wait", "0")
    }

    fn warnings(task: &Fixture) -> Vec<String> {
        task.host.logs.lock().unwrap().iter().map(|(level, message)| format!("{level:?} {message}")).collect()
    }

    /// What was recorded: outcome, channel, answer, tries.
    fn records(task: &Fixture) -> Vec<String> {
        let records = task.host.notifications.lock().unwrap();
        let shown = |(message, delivery): &(String, Delivery)| {
            assert_eq!(message, "stock is \"empty\"");
            let Delivery { outcome, channel, answer, tries } = delivery;
            format!("{outcome:?} {} {} {tries}", channel.unwrap_or("-"), answer.as_deref().unwrap_or("-"))
        };
        records.iter().map(shown).collect()
    }

    #[test]
    fn without_settings_nothing_is_sent() {
        let task = task();
        assert_eq!(task.run("notify").unwrap(), TaskResult::default());
        assert_eq!(records(&task), ["Dropped - - 0"]);
        let without = Fixture::new(json!({}));
        assert_eq!(without.failure("notify"), "Parameter '_command' is required but not set (config)");
    }

    #[test]
    fn the_command_gets_the_payload() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("notification.json");
        let task = shell(&format!("cat > '{}'; echo ignored", path.display()));
        assert_eq!(task.run("notify").unwrap(), TaskResult::default());
        let expected = json!({
            "timestamp": "2024-01-02T03:04:05Z",
            "message": "stock is \"empty\"",
            "site_id": 0,
            "project_id": 1,
            "project_name": "shop",
            "workflow_name": "wf",
            "revision": "r1",
            "attempt_id": 7,
            "session_id": 5,
            "task_name": "+wf+a",
            "timezone": "Asia/Tokyo",
            "session_uuid": "0e7a4a3c-5a3f-4a8e-9a5e-0c6f3f1d2b11",
            "session_time": "2024-01-02T00:00:00+09:00",
            "workflow_definition_id": 3,
            "log_command": "dibble log 7",
        });
        assert_eq!(fs::read_to_string(path).unwrap(), expected.to_string());
        assert!(task.host.output.lock().unwrap().is_empty());
        assert_eq!(records(&task), ["Sent shell exit code = 0 1"]);
    }

    #[test]
    fn failures_are_tried_again() {
        let dir = TempDir::new().unwrap();
        let task =
            shell(&format!("cd '{}'; echo x >> tries; test $(wc -l < tries) -eq 3", dir.path().display()));
        assert_eq!(task.run("notify").unwrap(), TaskResult::default());
        assert_eq!(warnings(&task).len(), 2);
        assert_eq!(records(&task), ["Sent shell exit code = 0 3"]);
    }

    #[test]
    fn the_last_failure_is_the_tasks_failure() {
        let task = shell("exit 3");
        let Err(OperatorError::Failed { message, stacktrace }) = task.run("notify") else { panic!() };
        assert_eq!(message, "Sending notification failed (notification)");
        let cause = "Notification shell command failed: exit 3, exit code = 3";
        assert_eq!(stacktrace.as_deref(), Some(cause));
        let retry = |n: u32| format!("Warn Sending notification failed: retry {n} of 2: {cause}");
        assert_eq!(warnings(&task), [retry(1), retry(2)]);
        assert_eq!(records(&task), ["Failed shell exit code = 3 3"]);
    }

    #[test]
    fn a_command_that_takes_too_long_is_ended() {
        let task = shell("sleep 600")
            .setting("notification.shell.timeout", "1")
            .setting("notification.retries", "0");
        let Err(OperatorError::Failed { stacktrace, .. }) = task.run("notify") else { panic!() };
        assert_eq!(stacktrace.as_deref(), Some("Notification shell command timed out: sleep 600"));
    }

    #[test]
    fn canceling_ends_the_command_and_the_waiting() {
        let task = shell("sleep 600");
        task.host.cancellation.advance(CancelStage::Terminating);
        assert!(matches!(task.run("notify"), Err(OperatorError::Canceled)));
        assert!(warnings(&task).is_empty());
        assert_eq!(records(&task), ["Failed shell signal: 15 (SIGTERM) 1"]);
    }

    #[test]
    fn settings_are_checked() {
        assert_eq!(
            task().setting("notification.type", "pigeon").failure("notify"),
            "notification.type: 'pigeon' is not known; use 'mail', 'http' or 'shell', or remove the key. (config)"
        );
        assert_eq!(
            task().setting("notification.type", "shell").failure("notify"),
            "Parameter 'notification.shell.command' is required but not set (config)"
        );
        let keys = [
            "notification.retries",
            "notification.min_retry_wait",
            "notification.max_retry_wait",
            "notification.shell.timeout",
        ];
        for key in keys {
            let message =
                format!("Expected integer (long) type for key '{key}' but got \"x\" (string) (config)");
            assert_eq!(shell("true").setting(key, "x").failure("notify"), message);
        }
    }
}
