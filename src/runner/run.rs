//! Runs one workflow of a project to its end: what `dibble run` does once it knows what to run.

use super::desk::Desk;
use super::dispatcher::{Dispatcher, Purpose};
use super::execute::work_off;
use super::free_disk::FreeDisk;
use super::inbox::Inbox;
use super::load::Load;
use super::message::Message;
use super::observer::Observer;
use super::run_error::RunError;
use super::run_starter::{Project, RunStarter};
use super::secrets::SecretSource;
use super::shared::{RunOptions, Shared};
use super::starter::Starter;
use super::workers::Workers;
use crate::actions::launch::LaunchError;
use crate::actions::selection::Selection;
use crate::clock::Clock;
use crate::confinement::Confinements;
use crate::logs::{LogTreeError, MachineZone};
use crate::model::{Attempt, Params, Plan, SessionTime, Settings, TaskResult};
use crate::operators::CancelStage;
use crate::store::Store;
use std::collections::HashMap;
use std::sync::{Arc, RwLock};

/// A workflow to be run.
pub struct Run {
    pub store: Arc<Store>,
    pub clock: Clock,
    /// In which the times of log lines are shown.
    pub zone: MachineZone,
    pub settings: Settings,
    pub options: RunOptions,
    pub observer: Arc<dyn Observer>,
    pub secrets: Arc<dyn SecretSource>,
    pub project: Project,
    pub workflow: String,
    pub plan: Plan,
    pub session_time: SessionTime,
    pub params: Params,
    pub selection: Selection,
    /// Results of earlier runs that are not in the store, by full name.
    pub earlier: HashMap<String, TaskResult>,
}

/// A run could not be started or not be brought to its end.
#[derive(Debug, thiserror::Error)]
pub enum RunFailure {
    #[error(transparent)]
    Launch(#[from] LaunchError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    LogTree(#[from] LogTreeError),
    #[error("there is no workflow '{0}'")]
    NoWorkflow(String),
}

/// Lets another thread cancel a run.
#[derive(Clone)]
pub struct Control(Arc<Inbox>);

impl Control {
    /// Asks commands to end; they are killed when they take longer than ten seconds.
    pub fn cancel(&self) {
        self.0.send(Message::Cancel(CancelStage::Terminating));
    }

    /// Kills commands at once.
    pub fn kill(&self) {
        self.0.send(Message::Cancel(CancelStage::Killed));
    }
}

impl Run {
    /// Runs to the end and returns the attempt that was asked for. `started` is called once the attempt is accepted, with a
    /// way to cancel it.
    ///
    /// # Errors
    ///
    /// The attempt cannot be started, or its log files cannot be written; then nothing was started. Or the store fails on
    /// the way; running commands are ended then. Log files that fail on the way are told in the log.
    pub fn to_end(self, started: impl FnOnce(&Attempt, Control)) -> Result<Attempt, RunFailure> {
        let log_tree = self.options.log_tree(&self.clock, &self.observer)?;
        let inbox = Arc::new(Inbox::default());
        let (owner, limits) = (self.project.owner, self.project.limits);
        let starter = Arc::new(RunStarter::new(self.project));
        let shared = Arc::new(Shared {
            store: self.store,
            clock: self.clock,
            zone: self.zone,
            settings: RwLock::new(Arc::new(self.settings)),
            options: self.options,
            observer: self.observer,
            raised: Arc::new(|| {}),
            secrets: self.secrets,
            starter: Arc::clone(&starter) as Arc<dyn Starter>,
            load: Load::default(),
            owner,
            limits,
            confinements: Confinements::none(),
            free_disk: FreeDisk::new(0, vec![]),
            log_tree,
            inbox: Arc::clone(&inbox),
        });
        shared.confine(shared.options.attempt_limits.clone());
        let launched = starter.start(
            &shared,
            &self.workflow,
            self.plan,
            self.session_time,
            &self.params,
            self.selection,
        )?;
        let (mut active, dispatch) = launched.ok_or(RunFailure::NoWorkflow(self.workflow))?;
        active.earlier.extend(self.earlier);
        let id = active.attempt.id;
        starter.announce(&active);
        started(&active.attempt, Control(Arc::clone(&inbox)));
        let limit = shared.options.max_task_threads;
        let desk = Arc::new(Desk::new(inbox));
        let (worker, teller) = (Arc::clone(&shared), Arc::clone(&desk));
        let work = move |job, thread| work_off(&worker, job, thread);
        let workers = Workers::new(limit, work, move |happened| teller.tell(happened));
        let dispatcher = Dispatcher::new(Arc::clone(&shared), workers, Purpose::Run);
        desk.open(dispatcher, vec![(active, dispatch)]);
        let ended = desk.work();
        let mut attempts = ended?;
        let main = attempts.iter().position(|attempt| attempt.id == id).unwrap_or(0);
        Ok(attempts.swap_remove(main))
    }
}
