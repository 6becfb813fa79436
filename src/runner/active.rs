//! An attempt that this process runs, with what its tasks need to know.

use super::alert::Alert;
use super::job::{Job, Replay};
use super::overlong::Overlong;
use super::shared::Shared;
use super::starter::attempt_dir;
use super::task_log::TaskLog;
use super::workspace::Workspace;
use crate::actions::selection::{Selection, Treatment};
use crate::confinement::Confinement;
use crate::engine::tree::visible_params;
use crate::engine::{self, Event, Sla};
use crate::logs::local_time::span;
use crate::logs::{LogTask, LogTree};
use crate::model::{
    Attempt, Params, ProjectId, SessionId, SessionTime, Task, TaskId, TaskResult, TaskState, Time, WorkflowId,
};
use crate::operators::{CancelStage, Cancellation, TaskIdentity};
use crate::store::attempts::AttemptRow;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long commands have after they were asked to end.
const GRACE: Duration = Duration::from_secs(10);

/// An attempt in memory: always as the store has it.
pub(super) struct Active {
    pub(super) attempt: Attempt,
    pub(super) origin: Origin,
    /// Parameters below those of the attempt's tasks.
    pub(super) base_params: Params,
    pub(super) workspace: Arc<Workspace>,
    pub(super) selection: Selection,
    /// Results of earlier runs of the session, by full name.
    pub(super) earlier: HashMap<String, TaskResult>,
    /// What happens when the attempt takes too long, until it has happened.
    pub(super) sla: Option<Sla>,
    /// How often each task has been run, by full name.
    pub(super) runs: HashMap<String, u32>,
    /// What an earlier process has not brought to its end, and is not run again yet.
    interrupted: HashSet<TaskId>,
    /// Where log files are written, if they are.
    pub(super) log_dir: Option<(Arc<LogTree>, PathBuf)>,
    pub(super) cancellation: Arc<Cancellation>,
    /// What its commands may use; none for as much as there is.
    confinement: Option<Arc<Confinement>>,
    created_at: Time,
    overlong: Overlong,
    max_log_size: u64,
    /// When its commands are killed that were asked to end.
    pub(super) kill_at: Option<Instant>,
    /// When there is something to do even if nothing happens.
    alarm: Option<Time>,
}

/// What an attempt is made of, beside its row.
pub(super) struct Parts {
    pub(super) attempt: Attempt,
    pub(super) base_params: Params,
    pub(super) workspace: Arc<Workspace>,
    pub(super) selection: Selection,
    pub(super) earlier: HashMap<String, TaskResult>,
    pub(super) sla: Option<Sla>,
    /// How often each task was run by earlier processes, by full name.
    pub(super) runs: HashMap<String, u32>,
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
    /// None of the session's first-class attempt.
    pub(super) retry_name: Option<String>,
}

impl Active {
    pub(super) fn new(shared: &Shared, row: AttemptRow, parts: Parts) -> Self {
        let overlong = Overlong::new(shared, &row);
        let log_dir = shared.log_tree.as_ref().map(|tree| (Arc::clone(tree), attempt_dir(tree, &row)));
        let confinement = shared.confinements.of_attempt(row.id, &row.project_name, &row.workflow_name);
        let mut active = Self {
            attempt: parts.attempt,
            origin: Origin {
                project_id: row.project_id,
                project_name: row.project_name,
                revision: row.revision,
                workflow_id: row.workflow_id,
                workflow_name: row.workflow_name,
                session_id: row.session_id,
                session_uuid: row.session_uuid.to_string(),
                session_time: row.session_time,
                retry_name: Some(row.name)
                    .filter(|name| shared.options.retries_have_names && !name.is_empty()),
            },
            base_params: parts.base_params,
            workspace: parts.workspace,
            selection: parts.selection,
            earlier: parts.earlier,
            sla: parts.sla,
            runs: parts.runs,
            interrupted: HashSet::new(),
            log_dir,
            cancellation: Arc::default(),
            confinement,
            created_at: row.created_at,
            overlong,
            max_log_size: shared.options.max_log_size,
            kill_at: None,
            alarm: None,
        };
        active.set_alarm(shared);
        active
    }

    /// Says that another process has run these tasks when it ended.
    pub(super) fn interrupted(mut self, tasks: &[TaskId]) -> Self {
        self.interrupted = tasks.iter().copied().collect();
        self
    }

    /// What is to be said, once, of a task that an earlier process has not brought to its end. Logs are written every
    /// second: of one without a log nobody knows whether it had begun.
    pub(super) fn interruption(&mut self, id: TaskId) -> Option<String> {
        let is_news = self.interrupted.remove(&id);
        let name = &self.attempt.task(id).filter(|_| is_news)?.full_name;
        Some(if self.runs.contains_key(name) {
            format!("Task {name} was interrupted because the server had ended, and runs again")
        } else {
            format!("Task {name} had just begun, or not yet, when the server ended, and runs now")
        })
    }

    pub(super) fn has_ended(&self) -> bool {
        self.attempt.outcome.is_some()
    }

    /// When there is something to do even if nothing happens: a retry, a missed SLA, a limit of time, a look at what is
    /// usual.
    pub(super) fn alarm(&self) -> Option<Time> {
        self.alarm
    }

    /// Works out the alarm anew, after each change.
    pub(super) fn set_alarm(&mut self, shared: &Shared) {
        let overdue = self.overdue_at(shared).filter(|_| !self.attempt.cancel_requested);
        let overlong = self.overlong.alarm(&self.attempt);
        let times =
            [engine::next_tick(&self.attempt), self.sla.as_ref().map(|sla| sla.at), overdue, overlong];
        self.alarm = if self.has_ended() { None } else { times.into_iter().flatten().min() };
    }

    /// What the time has brought, and of what people are to be told. An attempt that takes too long is canceled.
    pub(super) fn due(&mut self, shared: &Shared, now: Time) -> (Vec<Event>, Vec<Alert>) {
        let mut events = vec![];
        if engine::next_tick(&self.attempt).is_some_and(|at| at <= now) {
            events.push(Event::Tick);
        }
        let missed = self.sla.take_if(|sla| sla.at <= now);
        events.extend(missed.map(Event::SlaMissed));
        let (id, zone, origin) = (self.attempt.id, &self.attempt.timezone, &self.origin);
        let overlong = self.overlong.due(shared, origin, &self.attempt, now);
        let overlong = overlong.map(|message| Alert::overlong(id, origin, zone, message, now));
        let reason = self.overdue(shared, now);
        let overdue = reason.clone().map(|message| Alert::time_limit(id, origin, zone, message, now));
        if let Some(reason) = reason {
            let error = Params::from_iter([("message".to_owned(), Value::from(reason.as_str()))]);
            events.push(Event::TimedOut { error });
            self.cancellation.explain(reason);
            self.signal(CancelStage::Terminating);
        }
        self.set_alarm(shared);
        (events, overlong.into_iter().chain(overdue).collect())
    }

    /// Why the attempt takes too long by now, if it does.
    fn overdue(&self, shared: &Shared, now: Time) -> Option<String> {
        if self.attempt.cancel_requested || self.overdue_at(shared)? > now {
            return None;
        }
        let late = shared.options.task_ttl.and_then(|limit| {
            let is_late = |task: &&Task| begun(task).is_some_and(|begun| begun + limit <= now);
            let mut late = self.attempt.tasks().iter().filter(is_late);
            let first = &late.next()?.full_name;
            let others = match late.count() {
                0 => String::new(),
                count => format!(" and {count} more"),
            };
            let takes = if others.is_empty() { "takes" } else { "take" };
            let limit = span(limit);
            Some(format!(
                "Task execution timeout: {first}{others} {takes} longer than executor.task_ttl = {limit}"
            ))
        });
        late.or_else(|| {
            let limit = span(shared.options.attempt_ttl?);
            Some(format!(
                "Workflow execution timeout: the attempt takes longer than executor.attempt_ttl = {limit}"
            ))
        })
    }

    fn overdue_at(&self, shared: &Shared) -> Option<Time> {
        let whole = shared.options.attempt_ttl.map(|limit| self.created_at + limit);
        let task = shared
            .options
            .task_ttl
            .and_then(|limit| self.attempt.tasks().iter().filter_map(begun).min().map(|begun| begun + limit));
        [whole, task].into_iter().flatten().min()
    }

    /// Tells running commands to end. They are killed when they take too long.
    pub(super) fn signal(&mut self, stage: CancelStage) {
        if stage > self.cancellation.stage() {
            self.kill_at = (stage == CancelStage::Terminating).then(|| Instant::now() + GRACE);
            self.cancellation.advance(stage);
            if let Some(confinement) = self.confinement.as_ref().filter(|_| stage == CancelStage::Killed) {
                confinement.kill();
            }
        }
    }

    /// What a worker needs to run a task.
    pub(super) fn job(&mut self, id: TaskId) -> Option<Job> {
        let task = self.attempt.task(id)?.clone();
        let run = self.runs.entry(task.full_name.clone()).or_default();
        *run += 1;
        let tree = self.log_dir.as_ref().map(|(tree, dir)| tree.file(dir.clone(), &task.full_name, *run));
        let log = Arc::new(TaskLog::new(self.attempt.id, &task.full_name, *run, tree, self.max_log_size));
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
            workspace: Arc::clone(&self.workspace),
            replay,
            cancellation: Arc::clone(&self.cancellation),
            confinement: self.confinement.clone(),
            log,
            slots: vec![],
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
            retry_attempt_name: origin.retry_name,
            retry_count: task.retry_count,
        }
    }
}

/// When a task was started that has not ended. Groups that wait for their next try count, too.
fn begun(task: &Task) -> Option<Time> {
    use TaskState::{GroupRetryWaiting, RetryWaiting, Running};
    task.started_at.filter(|_| matches!(task.state, Running | RetryWaiting | GroupRetryWaiting))
}
