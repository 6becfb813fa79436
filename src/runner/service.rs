//! The runner of a server: it runs whatever is started, until it is told to stop.
//!
//! Whoever starts an attempt writes it to the store and hands it over; nothing looks for work. What another process left
//! unfinished is taken up once, at the start.

use super::active::Active;
use super::desk::Desk;
use super::dispatcher::{Dispatcher, Purpose};
use super::execute::work_off;
use super::free_disk::FreeDisk;
use super::inbox::Inbox;
use super::load::Load;
use super::message::Message;
use super::observer::Observer;
use super::run_error::RunError;
use super::secrets::SecretSource;
use super::server_starter::ServerStarter;
use super::shared::{RunOptions, Shared};
use super::slots::SlotSettings;
use super::starter::Starter;
use super::workers::Workers;
use super::workspace::remove_workspaces;
use crate::actions::abandon::abandon_dead_runs;
use crate::actions::accept::{self, Accepted, Start};
use crate::actions::backfill::{self, BackfillRequest};
use crate::actions::kill::{KillError, killable, signal_run};
use crate::actions::launch::register_server;
use crate::actions::start::{StartError, StartRequest, Started, Terms};
use crate::clock::Clock;
use crate::confinement::{Confinements, LimitSettings};
use crate::engine::Limits;
use crate::logs::{LogTreeError, MachineZone};
use crate::model::{AttemptId, Params, Settings, TaskId};
use crate::operators::CancelStage;
use crate::store::attempts::AttemptRow;
use crate::store::{Durability, Store, StoreError, attempts, owners};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// How long the runner may take to hear of a kill.
const KILL_PATIENCE: Duration = Duration::from_secs(5);

/// How a server runs attempts.
pub struct ServiceConfig {
    pub store: Arc<Store>,
    pub clock: Clock,
    /// In which the times of log lines are shown.
    pub zone: MachineZone,
    pub settings: Settings,
    pub options: RunOptions,
    pub observer: Arc<dyn Observer>,
    /// Called when there are notifications to be sent.
    pub raised: Arc<dyn Fn() + Send + Sync>,
    pub secrets: Arc<dyn SecretSource>,
    /// Below the parameters of every revision.
    pub default_params: Params,
    pub limits: Limits,
    /// How many attempts may be unfinished at a time.
    pub max_attempts: u32,
    /// The same for those that schedules start.
    pub max_scheduled_attempts: u32,
    /// Where attempts of uploaded projects get their copies of the files.
    pub workspaces: PathBuf,
    /// Called once when it has stopped, also by itself.
    pub on_end: Box<dyn FnOnce() + Send>,
}

/// The runner could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    LogTree(#[from] LogTreeError),
    #[error(
        "another server, process {pid}, works with {}; end it first, or name another file with -o",
        file.display()
    )]
    OtherServer { pid: u32, file: PathBuf },
    #[error("no thread can be started")]
    Thread(#[source] std::io::Error),
}

/// Runs attempts in the background. Share it by reference.
pub struct Service {
    pub(super) shared: Arc<Shared>,
    starter: Arc<ServerStarter>,
    terms: Terms,
    max_scheduled_attempts: u32,
    ended: Arc<Mutex<Option<Result<(), RunError>>>>,
    changed: Arc<Condvar>,
}

impl Service {
    /// Starts to run: first what an earlier server left unfinished.
    ///
    /// # Errors
    ///
    /// The store cannot be read or written, or log files cannot be.
    pub fn start_up(config: ServiceConfig) -> Result<Self, ServiceError> {
        let log_tree = config.options.log_tree(&config.clock, &config.observer)?;
        let now = config.clock.now();
        let owner = config.store.write(Durability::Full, |writer| register_server(writer, now))?;
        let owner =
            owner.map_err(|pid| ServiceError::OtherServer { pid, file: config.store.file().to_owned() })?;
        remove_workspaces(&config.workspaces);
        let terms = Terms { owner, limits: config.limits, max_attempts: config.max_attempts };
        // A database in memory is on no disk.
        let database = config.store.file().parent().filter(|dir| dir.is_absolute());
        let places = database.map(Path::to_owned).into_iter().chain([config.workspaces.clone()]);
        let free_disk = FreeDisk::new(config.options.free_disk, places.collect());
        let starter = Arc::new(ServerStarter::new(terms, config.default_params, config.workspaces));
        let inbox = Arc::new(Inbox::default());
        let shared = Arc::new(Shared {
            store: config.store,
            clock: config.clock,
            zone: config.zone,
            settings: RwLock::new(Arc::new(config.settings)),
            options: config.options,
            observer: config.observer,
            secrets: config.secrets,
            starter: Arc::clone(&starter) as Arc<dyn Starter>,
            load: Load::default(),
            owner,
            limits: config.limits,
            confinements: Confinements::none(),
            free_disk,
            log_tree,
            inbox: Arc::clone(&inbox),
            raised: config.raised,
        });
        shared.confine(shared.options.attempt_limits.clone());
        abandon_dead_runs(&shared.store, owner, now)?;
        let left = starter.take_up(&shared)?;
        let service = Self {
            shared: Arc::clone(&shared),
            starter,
            terms,
            max_scheduled_attempts: config.max_scheduled_attempts,
            ended: Arc::default(),
            changed: Arc::default(),
        };
        let desk = Arc::new(Desk::new(inbox));
        let (worker, teller) = (Arc::clone(&shared), Arc::clone(&desk));
        let work = move |job, thread| work_off(&worker, job, thread);
        let workers =
            Workers::new(shared.options.max_task_threads, work, move |happened| teller.tell(happened));
        desk.open(Dispatcher::new(shared, workers, Purpose::Serve), left);
        let on_end = config.on_end;
        let (ended, changed) = (Arc::clone(&service.ended), Arc::clone(&service.changed));
        let wait = move || {
            let result = desk.work().map(drop);
            *ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
            changed.notify_all();
            on_end();
        };
        thread::Builder::new().name("runner".to_owned()).spawn(wait).map_err(ServiceError::Thread)?;
        Ok(service)
    }

    pub fn store(&self) -> &Arc<Store> {
        &self.shared.store
    }

    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Who runs tasks, where Digdag says so.
    pub fn agent(&self) -> &str {
        &self.shared.options.agent
    }

    /// Lets tasks that begin from now on see another configuration.
    pub fn configure(&self, settings: Settings) {
        *self.shared.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
    }

    /// Lets tasks that begin from now on need other slots. Those that wait go on by the new ones, too.
    pub fn set_slots(&self, slots: SlotSettings) {
        self.shared.inbox.send(Message::Slots(slots));
    }

    /// Lets attempts that begin from now on use so much of the machine.
    pub fn set_attempt_limits(&self, limits: LimitSettings) {
        self.shared.confine(limits);
    }

    /// Lets nothing new begin while less than so many bytes of the disk are free; 0 for no such limit.
    pub fn set_free_disk(&self, floor: u64) {
        self.shared.free_disk.set_floor(floor);
    }

    /// Why nothing new begins, if that is so: what is missing on the disk.
    pub fn disk_shortage(&self) -> Option<String> {
        self.shared.check_disk().err().map(|error| error.to_string())
    }

    /// Whether the file of the store is still in its place. When it is not, the runner stops by itself.
    ///
    /// # Errors
    ///
    /// It was removed or replaced.
    pub fn check_store(&self) -> Result<(), StoreError> {
        self.shared.check_store()
    }

    /// How busy it is.
    pub fn load(&self) -> &Load {
        &self.shared.load
    }

    /// Starts an attempt: it is on the disk when this returns.
    ///
    /// # Errors
    ///
    /// It cannot be accepted; nothing was written.
    pub fn start(&self, request: &StartRequest) -> Result<Started, StartError> {
        let accepted = self.shared.accept(request, &self.terms)?;
        let (started, begun) = self.started(accepted);
        self.shared.adopt(begun);
        Ok(started)
    }

    /// Starts many attempts of schedules at once: those that can be started are on the disk when this returns. Their
    /// tasks begin at [`begin`](Self::begin), or before that when something else happens.
    ///
    /// # Errors
    ///
    /// The store cannot be read or written: none was started. Why a single one cannot be accepted is in its place.
    pub fn start_all(&self, starts: &[Start<'_>]) -> Result<Vec<Result<Started, StartError>>, StoreError> {
        let terms = Terms { max_attempts: self.max_scheduled_attempts, ..self.terms };
        let terms = self.shared.terms_with_room(&terms);
        let accepted = accept::accept_all(self.store(), starts, &terms, self.shared.now())?;
        let mut all_begun = vec![];
        let started = accepted.into_iter().map(|accepted| {
            let (started, begun) = self.started(accepted?);
            all_begun.extend(begun);
            Ok(started)
        });
        let started = started.collect();
        self.shared.adopt_later(all_begun);
        Ok(started)
    }

    /// Lets the tasks begin of all attempts that were started.
    pub fn begin(&self) {
        self.shared.inbox.wake();
    }

    /// How many more attempts of schedules may begin at present: none while the disk is full.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn room(&self) -> Result<usize, StoreError> {
        if self.shared.check_room().is_err() {
            return Ok(0);
        }
        let unfinished = self.store().read(attempts::count_unfinished)?;
        Ok(usize::try_from(self.max_scheduled_attempts.saturating_sub(unfinished)).unwrap_or(usize::MAX))
    }

    fn started(&self, accepted: Accepted) -> (Started, Option<(Active, Vec<TaskId>)>) {
        match accepted {
            Accepted::Exists(row) => (Started::Exists(*row), None),
            Accepted::Begun(begun) => {
                (Started::New(begun.row.clone()), Some(self.starter.active(&self.shared, *begun)))
            }
        }
    }

    /// Calls a function with every attempt that ends from now on. It must not take long. Only the first one given is
    /// called.
    pub fn on_attempt_end(&self, listener: impl Fn(AttemptId) + Send + Sync + 'static) {
        self.starter.on_attempt_end(Box::new(listener));
    }

    /// Starts an attempt for each time of a schedule since some time, one after another. Returns them in that order;
    /// those of a dry run have the id 0.
    ///
    /// # Errors
    ///
    /// They cannot all be accepted; nothing was written.
    pub fn backfill(&self, request: &BackfillRequest) -> Result<Vec<AttemptRow>, StartError> {
        self.shared.check_room()?;
        let backfilled = backfill::accept(self.store(), request, &self.terms, self.shared.now())?;
        if let Some(begun) = backfilled.first {
            self.shared.adopt([self.starter.active(&self.shared, *begun)]);
        }
        Ok(backfilled.rows)
    }

    /// Cancels an attempt: its commands are told to end, and killed after ten seconds. Returns it as it was before.
    ///
    /// # Errors
    ///
    /// There is no such attempt, or nothing of it is left to cancel.
    pub fn kill(&self, id: AttemptId) -> Result<AttemptRow, KillError> {
        let row = killable(self.store(), id)?;
        let (heard, hears) = mpsc::channel();
        self.shared.inbox.send(Message::Kill(id, heard));
        // When the runner has just ended, nobody answers.
        if hears.recv_timeout(KILL_PATIENCE) == Ok(true) {
            return Ok(row);
        }
        // A run whose process is gone has nobody who could cancel it.
        let closed = abandon_dead_runs(self.store(), self.terms.owner, self.shared.now())?;
        if closed.iter().all(|closed| closed.id != id) {
            signal_run(self.store(), &row)?;
        }
        Ok(row)
    }

    /// Starts no more tasks, and waits for those that run. After the limit their commands are ended; the next server
    /// runs these tasks again. Tells whether all ended by themselves.
    pub fn drain(&self, limit: Duration) -> bool {
        self.shared.inbox.send(Message::Drain);
        let in_time = self.wait_until_ended(Instant::now() + limit);
        if !in_time {
            self.shared.inbox.send(Message::Abort(CancelStage::Terminating));
            self.wait_until_ended(Instant::now() + Duration::from_secs(30));
        }
        let owner = self.terms.owner;
        // What is unfinished keeps the owner; the next server finds it gone.
        let _ = self.store().write(Durability::Normal, |writer| owners::delete(writer, owner));
        in_time
    }

    /// Ends the commands that still run while draining: asks them, or kills them.
    pub fn abort(&self, kill: bool) {
        let stage = if kill { CancelStage::Killed } else { CancelStage::Terminating };
        self.shared.inbox.send(Message::Abort(stage));
    }

    /// Why it stopped by itself, if it did: nothing is run any more.
    pub fn failure(&self) -> Option<String> {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        match &*ended {
            Some(Err(error)) => Some(error.to_string()),
            _ => None,
        }
    }

    fn wait_until_ended(&self, until: Instant) -> bool {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        while ended.is_none() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            (ended, _) = self.changed.wait_timeout(ended, left).unwrap_or_else(PoisonError::into_inner);
        }
        true
    }
}
