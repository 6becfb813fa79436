//! What an operator is given, and the ways in which it can end.

use super::Cancellation;
use crate::confinement::Confinement;
use crate::logs::Level;
use crate::model::{
    AttemptId, Config, ConfigError, Params, ProjectId, SessionId, SessionTime, Settings, TaskId, Time,
    WorkflowId, Zone,
};
use crate::notifications::{Delivery, Details};
use crate::project_files::normalized;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Everything an operator may know and do while it runs one task.
pub struct Context<'a> {
    pub task: &'a TaskIdentity,
    /// Merged and evaluated parameters, built-in variables included, with `_type` and `_command` set.
    pub config: &'a Config,
    /// The task's own keys, evaluated (`_env` counts only here).
    pub local: &'a Params,
    /// What the operator asked to remember when it polled last; empty on the first run.
    pub state: &'a Params,
    /// The project's top directory.
    pub project_dir: &'a Path,
    pub now: Time,
    pub host: &'a dyn Host,
}

/// Which task of which attempt runs.
#[derive(Debug, Clone)]
pub struct TaskIdentity {
    pub full_name: String,
    pub task_id: TaskId,
    pub attempt_id: AttemptId,
    pub session_id: SessionId,
    pub session_uuid: String,
    pub session_time: SessionTime,
    pub project_id: ProjectId,
    pub project_name: String,
    pub workflow_name: String,
    /// The workflow's definition; none when the attempt runs tasks that were never registered.
    pub workflow_id: Option<WorkflowId>,
    pub revision: String,
    pub timezone: Zone,
    pub retry_attempt_name: Option<String>,
    /// How often this task has been run before.
    pub retry_count: u32,
}

/// What the program does for operators.
pub trait Host: Sync {
    /// Takes output of the task, as it comes, to the terminal and the task's log.
    fn output(&self, bytes: &[u8]);
    /// Writes a line to the log, under the task's name.
    fn log(&self, level: Level, message: &str);
    /// A secret of the project by its own key. Operators ask `Context::secret`, which heeds `_secrets`.
    fn secret(&self, key: &str) -> Option<String>;
    /// Evaluates the `${...}` in a text, such as a file that an operator reads.
    fn template(&self, text: &str, params: &Params) -> Result<String, OperatorError>;
    fn settings(&self) -> &Settings;
    /// Variables of the environment that are meant for this process alone. Commands do not inherit them.
    fn own_variables(&self) -> &'static [&'static str] {
        &[]
    }
    /// Registers commands so that cancelling the attempt ends them.
    fn cancellation(&self) -> &Cancellation;
    /// What commands may use of the machine; none for as much as there is.
    fn confinement(&self) -> Option<&Confinement>;
    /// Starts a workflow of the same or another project, or finds its attempt (`require>`).
    fn require(&self, request: &RequireRequest) -> Result<Required, OperatorError>;
    /// Reads parameters that `param_set>` stored; expired ones are not there.
    fn stored_params(&self, keys: &[String]) -> Result<Vec<Option<String>>, OperatorError>;
    /// Stores parameters for `param_get>` until `expires_at`, all or none.
    fn store_params(&self, params: &[(String, String)], expires_at: Time) -> Result<(), OperatorError>;
    /// The command that shows the log of the attempt; none when no log is kept.
    fn log_command(&self) -> Option<String>;
    /// What is to be told of the attempt when it has failed, without secrets.
    fn details(&self) -> Details;
    /// Remembers what has become of a notification of the task.
    fn record_notification(&self, message: &str, payload: &Params, delivery: &Delivery);
}

/// What `require>` wants to have run.
#[derive(Debug, Clone, PartialEq)]
pub struct RequireRequest {
    pub project: RequiredProject,
    pub workflow: String,
    pub session_time: SessionTime,
    /// Empty for the session's first-class attempt.
    pub attempt_name: String,
    pub params: Params,
}

/// The project that `require>` looks in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequiredProject {
    Id(ProjectId),
    Name(String),
}

/// What `require>` found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Required {
    /// A new attempt was started.
    Started { session: SessionId, attempt: AttemptId },
    /// There is an attempt already.
    Exists { session: SessionId, attempt: AttemptId, done: bool, success: bool },
    /// Nothing new begins at the moment: ask again.
    NotNow,
    /// There is no such workflow.
    NotFound,
}

/// Why an operator did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// The task failed for a reason that concerns the task, not the program: the message stands as it is.
    #[error("{message}")]
    Failed { message: String, stacktrace: Option<String> },
    /// The task's options are wrong.
    #[error("{0} (config)")]
    Config(String),
    /// Anything else; `kind` is the class of the failure in words: `runtime`, `secret not found`, `no such file`.
    #[error("{message} ({kind})")]
    Unexpected { message: String, kind: &'static str },
    /// Not ready yet: run it again after a while with these state parameters. This is no failure.
    #[error("runs again in {after:?}")]
    Poll { after: Duration, state: Params },
    /// The attempt was canceled while the operator ran.
    #[error("canceled")]
    Canceled,
}

impl OperatorError {
    pub fn config(message: impl Into<String>) -> Self {
        Self::Config(message.into())
    }

    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), stacktrace: None }
    }

    pub fn runtime(message: impl Into<String>) -> Self {
        Self::Unexpected { message: message.into(), kind: "runtime" }
    }
}

impl From<ConfigError> for OperatorError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error.to_string())
    }
}

impl Context<'_> {
    /// The directory in which the task works: the project's, or the sub-directory that `_workdir` names.
    pub fn workdir(&self) -> Result<PathBuf, OperatorError> {
        let name = self.config.string("_workdir")?.unwrap_or_default();
        let dir = normalized(&self.project_dir.join(&name));
        self.inside_project("Working directory", &name, &dir)?;
        Ok(dir)
    }

    /// A file that the task names, relative to its working directory.
    pub fn file(&self, name: &str) -> Result<PathBuf, OperatorError> {
        let path = self.workdir()?.join(name);
        self.inside_project("File name", name, &normalized(&path))?;
        Ok(path)
    }

    fn inside_project(&self, what: &str, name: &str, path: &Path) -> Result<(), OperatorError> {
        let project = normalized(self.project_dir);
        if path.starts_with(&project) {
            return Ok(());
        }
        let message = format!("{what} must not be outside of project path ({}): {name}", project.display());
        Err(OperatorError::Unexpected { message, kind: "illegal argument" })
    }
}
