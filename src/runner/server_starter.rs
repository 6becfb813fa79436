//! Starts attempts for a server: whatever the store has, of any project.

use super::active::{Active, Parts};
use super::deferred::Deferred;
use super::required::Required as Requirements;
use super::shared::Shared;
use super::starter::Starter;
use super::workspace::Workspace;
use crate::actions::accept::Accepted;
use crate::actions::selection::Selection;
use crate::actions::start::{Begun, StartError, StartRequest, Terms};
use crate::actions::take_up::{begin_waiting, take_up};
use crate::engine::Sla;
use crate::logs::{Level, LogRecord};
use crate::model::{AttemptId, Params, SessionId, TaskId, WorkflowId, merge};
use crate::operators::OperatorError;
use crate::operators::context::{RequireRequest, Required, RequiredProject};
use crate::store::attempts::AttemptRow;
use crate::store::{StoreError, attempts, projects, revisions, sessions, workflows};
use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

pub(super) struct ServerStarter {
    terms: Terms,
    default_params: Params,
    workspaces: PathBuf,
    /// Of the attempts that run.
    required: Mutex<Requirements>,
    on_attempt_end: OnceLock<AttemptListener>,
    /// What waits for them begins when the disk has room.
    deferred: Mutex<Deferred>,
}

pub(super) type AttemptListener = Box<dyn Fn(AttemptId) + Send + Sync>;

impl ServerStarter {
    pub(super) fn new(terms: Terms, default_params: Params, workspaces: PathBuf) -> Self {
        let (required, on_attempt_end, deferred) = (Mutex::default(), OnceLock::new(), Mutex::default());
        Self { terms, default_params, workspaces, required, on_attempt_end, deferred }
    }

    /// Only the first listener is kept.
    pub(super) fn on_attempt_end(&self, listener: AttemptListener) {
        let _ = self.on_attempt_end.set(listener);
    }

    /// What an earlier server left: attempts in the middle, and those whose turn has come since.
    pub(super) fn take_up(&self, shared: &Shared) -> Result<Vec<(Active, Vec<TaskId>)>, StoreError> {
        let begun = take_up(&shared.store, &self.terms, shared.now())?;
        let mut found: Vec<_> = begun.into_iter().map(|begun| self.left(shared, begun)).collect();
        let waiting: BTreeSet<SessionId> = shared.store.read(|reader| {
            Ok(attempts::unfinished(reader)?.into_iter().filter_map(|row| row.waits_for).collect())
        })?;
        for session in waiting {
            found.extend(self.begin_those_waiting_for(shared, session));
        }
        Ok(found)
    }

    /// An attempt that begins.
    pub(super) fn active(&self, shared: &Shared, begun: Begun) -> (Active, Vec<TaskId>) {
        let row = &begun.row;
        shared.log_start(row.project_id, &row.workflow_name, row.session_time, &row.timezone);
        self.in_memory(shared, begun)
    }

    /// An attempt that an earlier server has left: all that is started was running then.
    fn left(&self, shared: &Shared, begun: Begun) -> (Active, Vec<TaskId>) {
        shared.log_resumption(&begun.row);
        let (active, dispatch) = self.in_memory(shared, begun);
        (active.interrupted(&dispatch), dispatch)
    }

    /// An attempt as its tasks see it.
    fn in_memory(&self, shared: &Shared, begun: Begun) -> (Active, Vec<TaskId>) {
        let Begun { attempt, row, workflow, dispatch, earlier, runs } = begun;
        let mut base_params = self.default_params.clone();
        merge(&mut base_params, &workflow.revision.default_params);
        merge(&mut base_params, &row.params);
        let root = attempt.root().map(|root| root.full_name.clone()).unwrap_or_default();
        let missed = attempt.tasks().iter().any(|task| task.full_name.starts_with(&format!("{root}^sla")));
        let sla = match Sla::of(&workflow.workflow.config, row.created_at, &row.timezone) {
            Ok(sla) => sla.filter(|_| !missed),
            Err(error) => {
                let message = format!("{}/{}: {error}", row.project_name, row.workflow_name);
                self.tell(shared, &message);
                None
            }
        };
        let workspace = workflow.revision.directory.clone().map(Workspace::Directory).unwrap_or_else(|| {
            let dir = self.workspaces.join(format!("attempt-{}", row.id));
            Workspace::copy(Arc::clone(&shared.store), row.revision_id, dir)
        });
        let workspace = Arc::new(workspace);
        let selection = Selection::default();
        let parts = Parts { attempt, base_params, workspace, selection, earlier, sla, runs };
        (Active::new(shared, row, parts), dispatch)
    }

    /// Begins what waits for a session, if the session is over: an attempt that began since is waited for, too.
    /// What cannot begin is looked for again when a server starts.
    fn begin_those_waiting_for(&self, shared: &Shared, session: SessionId) -> Vec<(Active, Vec<TaskId>)> {
        let now = shared.now();
        let waiting = shared.store.read(|reader| {
            let over = sessions::by_id(reader, session)?.is_none_or(|session| session.last_attempt.done);
            if over { attempts::waiting_for(reader, session) } else { Ok(vec![]) }
        });
        let failed = |error: &dyn fmt::Display| {
            let message = format!("What waited for session {session} does not begin: {error}");
            self.tell(shared, &message);
        };
        let waiting = waiting.unwrap_or_else(|error| {
            failed(&error);
            vec![]
        });
        let begin = |row: AttemptRow| match begin_waiting(&shared.store, &row, &self.terms, now) {
            Ok(begun) => begun.map(|begun| self.active(shared, begun)),
            Err(error) => {
                failed(&error);
                None
            }
        };
        if !waiting.is_empty() && shared.check_room().is_err() {
            self.deferred().add(session, Instant::now());
            return vec![];
        }
        waiting.into_iter().filter_map(begin).collect()
    }

    fn find(&self, shared: &Shared, request: &RequireRequest) -> Result<Option<WorkflowId>, StoreError> {
        shared.store.read(|reader| {
            let project = match &request.project {
                RequiredProject::Id(id) => {
                    projects::by_id(reader, *id)?.filter(|row| row.deleted_at.is_none())
                }
                RequiredProject::Name(name) => projects::by_name(reader, name)?,
            };
            let Some(project) = project else { return Ok(None) };
            let Some(revision) = revisions::latest(reader, project.id)? else { return Ok(None) };
            Ok(workflows::by_name(reader, revision.id, &request.workflow)?.map(|workflow| workflow.id))
        })
    }

    fn tell(&self, shared: &Shared, message: &str) {
        shared.observer.log(&LogRecord { time: shared.now(), level: Level::Error, task: None, message });
    }

    fn deferred(&self) -> MutexGuard<'_, Deferred> {
        self.deferred.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Requirements> {
        self.required.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Starter for ServerStarter {
    fn require(
        &self,
        shared: &Shared,
        by: AttemptId,
        request: &RequireRequest,
    ) -> Result<Required, OperatorError> {
        let runtime = |error: StoreError| OperatorError::runtime(error.to_string());
        let Some(workflow) = self.find(shared, request).map_err(runtime)? else {
            return Ok(Required::NotFound);
        };
        let start = StartRequest {
            workflow,
            session_time: request.session_time,
            name: request.attempt_name.clone(),
            resume: None,
            params: request.params.clone(),
        };
        match shared.accept(&start, &self.terms) {
            Ok(Accepted::Exists(row)) => {
                if !row.done && self.lock().waits_for(row.id, by) {
                    let message = format!(
                        "Workflow '{}' waits for this one, which would wait for it",
                        request.workflow
                    );
                    return Err(OperatorError::config(message));
                }
                self.lock().add(by, row.id);
                let (done, success) = (row.done, row.success);
                Ok(Required::Exists { session: row.session_id, attempt: row.id, done, success })
            }
            Ok(Accepted::Begun(begun)) => {
                let (session, attempt) = (begun.row.session_id, begun.row.id);
                self.lock().add(by, attempt);
                shared.adopt([self.active(shared, *begun)]);
                Ok(Required::Started { session, attempt })
            }
            Err(StartError::DiskFull(_)) => Ok(Required::NotNow),
            Err(StartError::Tasks(error)) => Err(OperatorError::failed(error.to_string())),
            Err(error) => Err(OperatorError::runtime(error.to_string())),
        }
    }

    fn ended(
        &self,
        shared: &Shared,
        attempt: AttemptId,
        session: SessionId,
        _: bool,
    ) -> Vec<(Active, Vec<TaskId>)> {
        self.lock().remove(attempt);
        if let Some(listener) = self.on_attempt_end.get() {
            listener(attempt);
        }
        self.begin_those_waiting_for(shared, session)
    }
    fn again_at(&self) -> Option<Instant> {
        self.deferred().again_at()
    }

    fn again(&self, shared: &Shared) -> Vec<(Active, Vec<TaskId>)> {
        let sessions = self.deferred().take(Instant::now());
        sessions.into_iter().flat_map(|session| self.begin_those_waiting_for(shared, session)).collect()
    }
}
