//! `notify>`: sends a message about the attempt to where the settings say: to a shell command, or nowhere.
//!
//! Digdag's other ways, HTTP and mail, are not here; settings that ask for them make the task fail.

use crate::logs::Level;
use crate::model::{ConfigError, Settings, TaskResult};
use crate::notifications::{self, About};
use crate::operators::context::{Context, OperatorError};
use crate::operators::{CancelStage, Cancellation};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::Value;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

pub(crate) fn run(ctx: &Context<'_>) -> Result<TaskResult, OperatorError> {
    let message = ctx.config.required_string("_command")?;
    match ctx.host.settings().get("notification.type") {
        None => {}
        Some("shell") => deliver(ctx, payload(ctx, &message).to_string().as_bytes())?,
        Some(other) => {
            return Err(OperatorError::config(format!(
                "notification.type: '{other}' is not supported by this version; use 'shell' or remove the key."
            )));
        }
    }
    Ok(TaskResult::default())
}

/// The message and where it comes from.
fn payload(ctx: &Context<'_>, message: &str) -> Value {
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
    Value::Object(notifications::payload(message, &about, ctx.now))
}

/// Runs the command until it succeeds, as often as the settings allow.
fn deliver(ctx: &Context<'_>, payload: &[u8]) -> Result<(), OperatorError> {
    let shell = ShellCommand::read(ctx.host.settings())?;
    let retries = Retries::read(ctx.host.settings())?;
    let cancellation = ctx.host.cancellation();
    for attempt in 0.. {
        let Err(failure) = shell.send(payload, cancellation) else { break };
        if cancellation.stage() != CancelStage::Running {
            return Err(OperatorError::Canceled);
        }
        if attempt >= retries.limit {
            return Err(OperatorError::Failed {
                message: "Sending notification failed (notification)".to_owned(),
                stacktrace: Some(failure.to_string()),
            });
        }
        let message =
            format!("Sending notification failed: retry {} of {}: {failure}", attempt + 1, retries.limit);
        ctx.host.log(Level::Warn, &message);
        if cancellation.wait(retries.wait(attempt)) != CancelStage::Running {
            return Err(OperatorError::Canceled);
        }
    }
    Ok(())
}

/// How often and when to try again: each wait is three times as long as the one before it.
struct Retries {
    limit: u64,
    first_wait: u64,
    longest_wait: u64,
}

impl Retries {
    fn read(settings: &Settings) -> Result<Self, ConfigError> {
        Ok(Self {
            limit: settings.number("notification.retries")?.unwrap_or(10),
            first_wait: settings.number("notification.min_retry_wait")?.unwrap_or(1_000),
            longest_wait: settings.number("notification.max_retry_wait")?.unwrap_or(30_000),
        })
    }

    /// The wait before the retry with this number, the first one being 0.
    fn wait(&self, retry: u64) -> Duration {
        let factor = u32::try_from(retry).ok().and_then(|retry| 3_u64.checked_pow(retry)).unwrap_or(u64::MAX);
        Duration::from_millis(self.first_wait.saturating_mul(factor).min(self.longest_wait))
    }
}

/// A command that gets the payload on its standard input. What it prints is dropped.
struct ShellCommand<'a> {
    command: &'a str,
    timeout: Duration,
}

/// Why a notification was not sent.
#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error("Notification shell command timed out: {0}")]
    TimedOut(String),
    #[error("Notification shell command failed: {command}, {}", describe(*.status))]
    Failed { command: String, status: ExitStatus },
    #[error("Failed to execute notification shell command: {command}: {source}")]
    NotRun { command: String, source: io::Error },
}

impl<'a> ShellCommand<'a> {
    fn read(settings: &'a Settings) -> Result<Self, ConfigError> {
        let key = "notification.shell.command";
        let command = settings.get(key).ok_or_else(|| ConfigError::Missing(key.to_owned()))?;
        let timeout = settings.number("notification.shell.timeout")?.unwrap_or(30_000);
        Ok(Self { command, timeout: Duration::from_millis(timeout) })
    }

    fn send(&self, payload: &[u8], cancellation: &Cancellation) -> Result<(), SendError> {
        let command = || self.command.to_owned();
        let ended = self.run(payload, cancellation);
        let status = ended.map_err(|source| SendError::NotRun { command: command(), source })?;
        match status {
            None => Err(SendError::TimedOut(command())),
            Some(status) if !status.success() => Err(SendError::Failed { command: command(), status }),
            Some(_) => Ok(()),
        }
    }

    /// How the command ended; none if it took too long.
    fn run(&self, payload: &[u8], cancellation: &Cancellation) -> io::Result<Option<ExitStatus>> {
        let mut child = Command::new("/bin/sh")
            .args(["-c", self.command])
            .stdin(input(payload)?)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let group = Pid::from_raw(child.id().cast_signed());
        let _registration = cancellation.register(group);
        wait(&mut child, group, self.timeout)
    }
}

fn describe(status: ExitStatus) -> String {
    status.code().map_or_else(|| status.to_string(), |code| format!("exit code = {code}"))
}

/// A file with the payload. Unlike a pipe it needs nobody to keep writing, nor a command that reads.
fn input(payload: &[u8]) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(payload)?;
    file.rewind()?;
    Ok(file)
}

/// Waits for the command, and ends it with all that it started when it takes too long.
fn wait(child: &mut Child, group: Pid, timeout: Duration) -> io::Result<Option<ExitStatus>> {
    let (sender, ended) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || sender.send(child.wait()));
        match ended.recv_timeout(timeout) {
            Ok(status) => status.map(Some),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                let _ = killpg(group, Signal::SIGKILL); // one that ends at this very moment is fine
                Ok(None)
            }
        }
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

    #[test]
    fn without_settings_nothing_is_sent() {
        assert_eq!(task().run("notify").unwrap(), TaskResult::default());
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
        });
        assert_eq!(fs::read_to_string(path).unwrap(), expected.to_string());
        assert!(task.host.output.lock().unwrap().is_empty());
    }

    #[test]
    fn failures_are_tried_again() {
        let dir = TempDir::new().unwrap();
        let task =
            shell(&format!("cd '{}'; echo x >> tries; test $(wc -l < tries) -eq 3", dir.path().display()));
        assert_eq!(task.run("notify").unwrap(), TaskResult::default());
        assert_eq!(warnings(&task).len(), 2);
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
    }

    #[test]
    fn waits_grow_up_to_a_limit() {
        let waits = |retries: Retries| [0, 1, 2, 3, 4, u64::MAX].map(|retry| retries.wait(retry).as_millis());
        let default = Retries::read(&Settings::default()).unwrap();
        assert_eq!(default.limit, 10);
        assert_eq!(waits(default), [1_000, 3_000, 9_000, 27_000, 30_000, 30_000]);
        assert_eq!(waits(Retries { limit: 1, first_wait: 0, longest_wait: 5 }), [0; 6]);
    }

    #[test]
    fn settings_are_checked() {
        for other in ["http", "mail", "pigeon"] {
            let message = format!(
                "notification.type: '{other}' is not supported by this version; use 'shell' or remove the key. (config)"
            );
            assert_eq!(task().setting("notification.type", other).failure("notify"), message);
        }
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
