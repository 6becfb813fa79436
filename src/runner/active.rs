//! An attempt that this process runs, with what its tasks need to know.

use super::job::{Job, Replay};
use super::task_log::TaskLog;
use crate::actions::selection::{Selection, Treatment};
use crate::engine::Sla;
use crate::engine::tree::visible_params;
use crate::logs::{LogTask, LogTree};
use crate::model::{
    Attempt, Params, ProjectId, SessionId, SessionTime, Task, TaskId, TaskResult, WorkflowId,
};
use crate::operators::{Cancellation, TaskIdentity};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

/// An attempt in memory: always as the store has it.
pub(super) struct Active {
    pub(super) attempt: Attempt,
    pub(super) origin: Origin,
    /// Parameters below those of the attempt's tasks.
    pub(super) base_params: Params,
    pub(super) project_dir: PathBuf,
    pub(super) selection: Selection,
    /// Results of earlier runs of the session, by full name.
    pub(super) earlier: HashMap<String, TaskResult>,
    /// What happens when the attempt takes too long, until it has happened.
    pub(super) sla: Option<Sla>,
    /// How often each task has been run, by full name.
    pub(super) runs: HashMap<String, u32>,
    /// Where log files are written, if they are.
    pub(super) log_dir: Option<(Arc<LogTree>, PathBuf)>,
    pub(super) cancellation: Arc<Cancellation>,
}

/// Where an attempt belongs.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub(super) project_id: ProjectId,
    pub(super) project_name: String,
    pub(super) revision: String,
    pub(super) workflow_id: WorkflowId,
    pub(super) workflow_name: String,
    pub(super) session_id: SessionId,
    pub(super) session_uuid: String,
    pub(super) session_time: SessionTime,
}

impl Active {
    /// What a worker needs to run a task.
    pub(super) fn job(&mut self, id: TaskId) -> Option<Job> {
        let task = self.attempt.task(id)?.clone();
        let run = self.runs.entry(task.full_name.clone()).or_default();
        *run += 1;
        let tree = self.log_dir.as_ref().map(|(tree, dir)| tree.file(dir.clone(), &task.full_name));
        let log = Arc::new(TaskLog::new(self.attempt.id, &task.full_name, *run, tree));
        let replay = match self.selection.treatment(&task.full_name) {
            Treatment::Run => None,
            Treatment::Resume => {
                self.earlier.get(&task.full_name).cloned().map(Box::new).map(Replay::Earlier)
            }
            Treatment::LeaveOut => Some(Replay::LeftOut),
        };
        Some(Job {
            identity: self.identity(&task),
            params: visible_params(&self.attempt, &task, self.base_params.clone()),
            project_dir: self.project_dir.clone(),
            replay,
            cancellation: Arc::clone(&self.cancellation),
            log,
            task,
        })
    }

    /// How the log names a task that no worker has at the moment.
    pub(super) fn log_task<'a>(&'a self, task: &'a Task) -> LogTask<'a> {
        LogTask {
            thread: 0,
            project_id: self.origin.project_id,
            project_name: &self.origin.project_name,
            session_id: self.origin.session_id,
            attempt_id: self.attempt.id,
            full_name: &task.full_name,
        }
    }

    fn identity(&self, task: &Task) -> TaskIdentity {
        let origin = self.origin.clone();
        TaskIdentity {
            full_name: task.full_name.clone(),
            task_id: task.id,
            attempt_id: self.attempt.id,
            session_id: origin.session_id,
            session_uuid: origin.session_uuid,
            session_time: origin.session_time,
            project_id: origin.project_id,
            project_name: origin.project_name,
            workflow_id: Some(origin.workflow_id),
            workflow_name: origin.workflow_name,
            revision: origin.revision,
            timezone: self.attempt.timezone.clone(),
            // Runs of the command line are no retries that somebody named.
            retry_attempt_name: None,
            retry_count: task.retry_count,
        }
    }
}
