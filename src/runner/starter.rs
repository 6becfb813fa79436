//! Starts attempts for `dibble run`: the one that was asked for, and those that `require>` asks for.
//!
//! What counts as there already are the attempts of this process: as in Digdag, every run begins with a clean slate,
//! and what succeeded in earlier runs of a session is taken over task by task.

use super::active::{Active, Origin};
use super::dispatcher::Message;
use super::shared::Shared;
use crate::actions::launch::{Launch, LaunchError, Launched, attempt_params, launch};
use crate::actions::register::Registered;
use crate::actions::selection::Selection;
use crate::dig::LoadedWorkflow;
use crate::dig::schedule::Schedule;
use crate::engine::{Limits, Sla, sla_section};
use crate::logs::{AttemptPlace, LogTree};
use crate::model::{AttemptId, Params, Plan, SessionId, SessionTime, TaskId, merge};
use crate::operators::context::{RequireRequest, Required, RequiredProject};
use crate::operators::{Cancellation, OperatorError};
use crate::store::OwnerId;
use crate::store::attempts::AttemptRow;
use serde_json::Value;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What attempts of this process have in common.
pub struct Project {
    pub dir: PathBuf,
    pub registered: Registered,
    pub workflows: Vec<LoadedWorkflow>,
    /// `digdag.defaultParams` of the configuration.
    pub default_params: Params,
    /// Given on the command line: parameters of the revision and of each attempt.
    pub params: Params,
    pub owner: OwnerId,
    pub limits: Limits,
    /// How workflows that `require>` starts treat results of earlier runs.
    pub required: Selection,
}

pub(super) struct Starter {
    project: Project,
    started: Mutex<Started>,
}

/// The attempts of this process.
#[derive(Default)]
struct Started {
    by_name: HashMap<(String, SessionTime, String), (SessionId, AttemptId)>,
    ended: HashMap<AttemptId, bool>,
    /// Which attempts an attempt has required.
    required: HashMap<AttemptId, Vec<AttemptId>>,
}

impl Started {
    /// Whether an attempt is the other one, or requires it, directly or not.
    fn waits_for(&self, attempt: AttemptId, other: AttemptId) -> bool {
        let (mut seen, mut pending) = (vec![], vec![attempt]);
        while let Some(next) = pending.pop() {
            if next == other {
                return true;
            }
            if !seen.contains(&next) {
                seen.push(next);
                pending.extend(self.required.get(&next).into_iter().flatten());
            }
        }
        false
    }
}

impl Starter {
    pub(super) fn new(project: Project) -> Self {
        Self { project, started: Mutex::default() }
    }

    pub(super) fn owner(&self) -> OwnerId {
        self.project.owner
    }

    pub(super) fn limits(&self) -> Limits {
        self.project.limits
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
        let schedule = schedule_of(workflow);
        let params = attempt_params(given, schedule.as_ref(), session_time, zone);
        let sla = sla_section(&workflow.definition.config)
            .map(|section| Sla::read(section, shared.now(), zone))
            .transpose()?;
        shared.log_start(self.project.registered.project, name, session_time, zone);
        let owner = self.project.owner;
        let request = Launch { workflow: id, zone, plan, session_time, params: &params, owner };
        let Launched { attempt, row, dispatch, earlier } =
            launch(&shared.store, &request, shared.now(), self.project.limits)?;
        let log_dir = shared.log_tree.as_ref().map(|tree| (Arc::clone(tree), attempt_dir(tree, &row)));
        let mut base_params = self.project.default_params.clone();
        merge(&mut base_params, &self.project.params);
        merge(&mut base_params, &params);
        let active = Active {
            attempt,
            origin: Origin {
                project_id: row.project_id,
                project_name: row.project_name,
                revision: row.revision,
                workflow_id: row.workflow_id,
                workflow_name: row.workflow_name,
                session_id: row.session_id,
                session_uuid: row.session_uuid.to_string(),
                session_time,
            },
            base_params,
            project_dir: self.project.dir.clone(),
            selection,
            earlier,
            sla,
            runs: HashMap::new(),
            log_dir,
            cancellation: Arc::new(Cancellation::default()),
        };
        Ok(Some((active, dispatch)))
    }

    /// Starts the attempt that `require>` asks for, or finds it among those of this process.
    pub(super) fn require(
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
            if success.is_none() && started.waits_for(attempt, by) {
                let message =
                    format!("Workflow '{}' waits for this one, which would wait for it", request.workflow);
                return Err(OperatorError::config(message));
            }
            started.required.entry(by).or_default().push(attempt);
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
        started.required.entry(by).or_default().push(attempt);
        // The dispatcher ends only when no task runs any more, and this one does.
        shared.inbox.send(Message::Adopt(Box::new(active), dispatch));
        Ok(Required::Started { session, attempt })
    }

    /// Remembers how an attempt ended, for those that require it.
    pub(super) fn ended(&self, attempt: AttemptId, success: bool) {
        self.lock().ended.insert(attempt, success);
    }

    /// Lets `require>` find the attempt that the process was started for.
    pub(super) fn announce(&self, active: &Active) {
        let key = (active.origin.workflow_name.clone(), active.origin.session_time, String::new());
        self.lock().by_name.insert(key, (active.origin.session_id, active.attempt.id));
    }

    fn find(&self, name: &str) -> Option<(&LoadedWorkflow, crate::model::WorkflowId)> {
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

/// Where the tree has the log files of an attempt.
fn attempt_dir(tree: &LogTree, row: &AttemptRow) -> PathBuf {
    tree.attempt_dir(&AttemptPlace {
        created_at: row.created_at,
        project: row.project_id,
        workflow: &row.workflow_name,
        session_time: row.session_time,
        timezone: &row.timezone,
        name: &row.name,
    })
}

/// The schedule of a workflow. One that cannot be read gives no times; `check` tells what is wrong with it.
fn schedule_of(workflow: &LoadedWorkflow) -> Option<Schedule> {
    match workflow.definition.config.get("schedule") {
        Some(Value::Object(section)) => {
            Schedule::parse(section, &workflow.definition.timezone).ok().map(|(schedule, _)| schedule)
        }
        _ => None,
    }
}
