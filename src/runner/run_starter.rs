//! Starts attempts for `dibble run`: the one that was asked for, and those that `require>` asks for.
//!
//! What counts as there already are the attempts of this process: as in Digdag, every run begins with a clean slate,
//! and what succeeded in earlier runs of a session is taken over task by task.

use super::active::{Active, Parts};
use super::required::Required as Requirements;
use super::shared::Shared;
use super::starter::Starter;
use super::workspace::Workspace;
use crate::actions::launch::{Launch, LaunchError, Launched, attempt_params, launch};
use crate::actions::register::Registered;
use crate::actions::selection::Selection;
use crate::actions::stored::schedule_of;
use crate::dig::CompiledWorkflow;
use crate::engine::{Limits, Sla};
use crate::model::{AttemptId, Params, Plan, SessionId, SessionTime, TaskId, merge};
use crate::operators::OperatorError;
use crate::operators::context::{RequireRequest, Required, RequiredProject};
use crate::store::OwnerId;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What attempts of this process have in common.
pub struct Project {
    pub dir: PathBuf,
    pub registered: Registered,
    pub workflows: Vec<CompiledWorkflow>,
    /// `digdag.defaultParams` of the configuration.
    pub default_params: Params,
    /// Given on the command line: parameters of the revision and of each attempt.
    pub params: Params,
    pub owner: OwnerId,
    pub limits: Limits,
    /// How workflows that `require>` starts treat results of earlier runs.
    pub required: Selection,
}

pub(super) struct RunStarter {
    project: Project,
    started: Mutex<Started>,
}

/// The attempts of this process.
#[derive(Default)]
struct Started {
    by_name: HashMap<(String, SessionTime, String), (SessionId, AttemptId)>,
    ended: HashMap<AttemptId, bool>,
    required: Requirements,
}

impl RunStarter {
    pub(super) fn new(project: Project) -> Self {
        Self { project, started: Mutex::default() }
    }

    /// Starts an attempt. Its first tasks wait to be dispatched.
    pub(super) fn start(
        &self,
        shared: &Shared,
        name: &str,
        plan: Plan,
        session_time: SessionTime,
        given: &Params,
        selection: Selection,
    ) -> Result<Option<(Active, Vec<TaskId>)>, LaunchError> {
        let Some((workflow, id)) = self.find(name) else { return Ok(None) };
        let zone = &workflow.definition.timezone;
        let schedule = schedule_of(&workflow.definition.config, zone);
        let params = attempt_params(given, schedule.as_ref(), session_time, zone);
        let sla = Sla::of(&workflow.definition.config, shared.now(), zone)?;
        shared.log_start(self.project.registered.project, name, session_time, zone);
        let owner = self.project.owner;
        let request = Launch { workflow: id, zone, plan, session_time, params: &params, owner };
        let Launched { attempt, row, dispatch, earlier } =
            launch(&shared.store, &request, shared.now(), self.project.limits)?;
        let mut base_params = self.project.default_params.clone();
        merge(&mut base_params, &self.project.params);
        merge(&mut base_params, &params);
        let workspace = Arc::new(Workspace::Directory(self.project.dir.clone()));
        let parts = Parts { attempt, base_params, workspace, selection, earlier, sla, runs: HashMap::new() };
        Ok(Some((Active::new(shared, row, parts), dispatch)))
    }

    /// Lets `require>` find the attempt that the process was started for.
    pub(super) fn announce(&self, active: &Active) {
        let key = (active.origin.workflow_name.clone(), active.origin.session_time, String::new());
        self.lock().by_name.insert(key, (active.origin.session_id, active.attempt.id));
    }

    fn find(&self, name: &str) -> Option<(&CompiledWorkflow, crate::model::WorkflowId)> {
        let workflow = self.project.workflows.iter().find(|workflow| workflow.definition.name == name)?;
        Some((workflow, *self.project.registered.workflows.get(name)?))
    }

    fn is_this_project(&self, project: &RequiredProject) -> bool {
        let here = &self.project.registered;
        match project {
            RequiredProject::Id(id) => *id == here.project,
            RequiredProject::Name(name) => *name == here.project_name,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Started> {
        self.started.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Starter for RunStarter {
    /// Starts the attempt that `require>` asks for, or finds it among those of this process.
    fn require(
        &self,
        shared: &Shared,
        by: AttemptId,
        request: &RequireRequest,
    ) -> Result<Required, OperatorError> {
        if !self.is_this_project(&request.project) {
            return Ok(Required::NotFound);
        }
        let key = (request.workflow.clone(), request.session_time, request.attempt_name.clone());
        let mut started = self.lock();
        if let Some(&(session, attempt)) = started.by_name.get(&key) {
            let success = started.ended.get(&attempt).copied();
            if success.is_none() && started.required.waits_for(attempt, by) {
                let message =
                    format!("Workflow '{}' waits for this one, which would wait for it", request.workflow);
                return Err(OperatorError::config(message));
            }
            started.required.add(by, attempt);
            return Ok(Required::Exists {
                session,
                attempt,
                done: success.is_some(),
                success: success == Some(true),
            });
        }
        let Some((workflow, _)) = self.find(&request.workflow) else { return Ok(Required::NotFound) };
        let plan = workflow.plan.clone();
        let selection = self.project.required.clone();
        let launched =
            self.start(shared, &request.workflow, plan, request.session_time, &request.params, selection);
        let (active, dispatch) = match launched {
            Ok(Some(launched)) => launched,
            Ok(None) => return Ok(Required::NotFound),
            Err(LaunchError::Tasks(error)) => return Err(OperatorError::failed(error.to_string())),
            Err(error) => return Err(OperatorError::runtime(error.to_string())),
        };
        let (session, attempt) = (active.origin.session_id, active.attempt.id);
        started.by_name.insert(key, (session, attempt));
        started.required.add(by, attempt);
        // The dispatcher ends only when no task runs any more, and this one does.
        shared.adopt([(active, dispatch)]);
        Ok(Required::Started { session, attempt })
    }

    fn ended(
        &self,
        _: &Shared,
        attempt: AttemptId,
        _: SessionId,
        success: bool,
    ) -> Vec<(Active, Vec<TaskId>)> {
        // Kept for those that require it. Nothing waits for its turn in a run.
        self.lock().ended.insert(attempt, success);
        vec![]
    }
}
