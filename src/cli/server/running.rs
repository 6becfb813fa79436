//! A server with all its parts, from its start to its end.

use super::config::{self, RunConfig, ServerConfig};
use super::database::{self, Opened};
use super::events::Event;
use super::front::Front;
use super::schedules::Schedules;
use super::server_log::ServerLog;
use super::site::{Parts, authenticator};
use super::{keys, listen, runtime_info, systemd, watched};
use crate::cli::history::failed;
use crate::cli::idle_settings::idle_settings;
use crate::cli::{CliError, Context};
use crate::crypto::Vault;
use crate::engine::Limits;
use crate::housekeeping::Housekeeping;
use crate::logs::file_name::default_agent;
use crate::model::{Params, Settings};
use crate::outbox::Outbox;
use crate::runner::{Observer, RunOptions, Service, ServiceConfig, ServiceError, StoredSecrets};
use crate::scheduler::{Notified, Scheduler};
use crate::server::http::HttpServer;
use crate::watch::{Directories, Roster, Watcher};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use tempfile::TempDir;

/// What a server is started with.
pub(crate) struct Startup {
    pub(crate) settings: Settings,
    /// Below the parameters of every project.
    pub(crate) default_params: Params,
    pub(crate) directories: Directories,
    /// There is no use in the server without the project of the directory.
    pub(crate) is_for_one_project: bool,
}

/// A server that answers and runs.
pub(super) struct Running {
    pub(super) config: ServerConfig,
    pub(super) settings: Settings,
    pub(super) parts: Parts,
    pub(super) http: HttpServer,
    pub(super) front: Arc<Front>,
    pub(super) outbox: Outbox,
    pub(super) housekeeping: Arc<Housekeeping>,
    /// Reads a variable of the environment.
    pub(super) variable: fn(&str) -> Option<String>,
    /// Removed at the end.
    workspaces: PathBuf,
    _temporary: Option<TempDir>,
}

impl Running {
    /// Starts everything. Sockets are bound before the first task runs.
    ///
    /// # Errors
    ///
    /// What keeps the server from working. Nothing is left running then.
    pub(super) fn start(
        startup: Startup,
        context: &Context,
        events: Sender<Event>,
    ) -> Result<Self, CliError> {
        let Startup { settings, default_params, directories, is_for_one_project } = startup;
        let config = ServerConfig::read(&settings)?;
        let sender = config::sender(&settings, context.variable)?;
        let log = ServerLog::new(context);
        log.set_level(config.log_level.unwrap_or(context.log.level()));
        keys::deprecated(&settings).into_iter().for_each(|message| log.warn(&message));
        keys::warnings(&settings).iter().for_each(|message| log.warn(message));
        let Opened { store, place, workspaces, warning, temporary } =
            database::open(&config.database, context)?;
        let store = Arc::new(store);
        log.info(&format!("Using the database {place}"));
        warning.iter().for_each(|warning| log.warn(warning));
        let authenticator = authenticator(&config, &store)?;
        listen::check_access(&config, authenticator.has_users())?;
        listen::warn_of_root(&log, authenticator.has_users(), &store);
        let in_file = temporary.is_none().then(|| store.file());
        let vault = Vault::new(&settings, in_file).map_err(|error| CliError::user(error.to_string()))?;
        let vault = Arc::new(vault);
        log.info("secret encryption engine: xchacha20poly1305");

        log.info(&format!("Starting server on {}", config.api));
        let front = Arc::new(Front::default());
        let http = HttpServer::start(&listen::binds(&config), &listen::limits(&config), front.clone())
            .map_err(|error| CliError::user(error.to_string()).hint("another port is named with -n"))?;
        let observer: Arc<dyn Observer> = Arc::new(log.clone());
        let outbox = Outbox::new(Arc::clone(&store), context.clock.clone(), Arc::clone(&observer), sender);
        let roster = watched::open(directories, config.watch, is_for_one_project, &store, &log, context)?;
        let service = Service::start_up(ServiceConfig {
            store: Arc::clone(&store),
            clock: context.clock.clone(),
            zone: context.zone.clone(),
            settings: settings.clone(),
            options: options(&config.run, context),
            observer: Arc::clone(&observer),
            raised: outbox.waker(),
            secrets: Arc::new(StoredSecrets::new(store, Arc::clone(&vault))),
            default_params,
            limits: Limits { max_tasks: config.run.max_tasks },
            max_attempts: config.run.max_attempts,
            max_scheduled_attempts: config.run.max_scheduled_attempts,
            workspaces: workspaces.clone(),
            // Nobody listens any more when the process is about to end.
            on_end: Box::new(move || {
                let _ = events.send(Event::RunnerEnded);
            }),
        });
        let service = Arc::new(service.map_err(not_started)?);
        outbox.start().map_err(|error| not_started(ServiceError::Thread(error)))?;
        let housekeeping = Housekeeping::start(
            Arc::clone(service.store()),
            context.clock.clone(),
            observer,
            config.retention,
            Housekeeping::DELAY,
        );
        let housekeeping = Arc::new(housekeeping.map_err(|error| not_started(ServiceError::Thread(error)))?);
        let (schedules, since) = (Arc::new(Schedules::default()), context.clock.now());
        let notified: Notified = outbox.waker();
        let (ends, counts) = (Arc::clone(&schedules), Arc::clone(&housekeeping));
        service.on_attempt_end(move |attempt| {
            counts.attempt_ended();
            ends.with(|scheduler| scheduler.attempt_ended(attempt));
        });
        if let Some(settings) = &config.schedules {
            schedules.start(&service, settings.clone(), Arc::clone(&notified), &log)?;
        }
        let idle = idle_settings(&settings, service.store()).map_err(failed)?;
        idle.iter().for_each(|message| log.warn(message));
        let watcher = watch(roster, &schedules, &service)?.map(Arc::new);
        let parts = Parts { service, vault, schedules, watcher, notified, log, since };
        front.put(parts.site(&config, authenticator)?);
        let variable = context.variable;
        let running = Self {
            config,
            settings,
            parts,
            http,
            front,
            outbox,
            housekeeping,
            variable,
            workspaces,
            _temporary: temporary,
        };
        running.tell()?;
        Ok(running)
    }

    /// Says where it listens.
    fn tell(&self) -> Result<(), CliError> {
        let (api, admin): (Vec<_>, Vec<_>) =
            (self.http.addresses().collect(), self.http.admin_addresses().collect());
        api.iter().for_each(|address| self.parts.log.info(&format!("Bound on {address} (api)")));
        admin.iter().for_each(|address| self.parts.log.info(&format!("Bound on {address} (admin)")));
        if !self.config.run.runs_tasks {
            self.parts
                .log
                .warn("This server runs no tasks: they wait until it is started without that option");
        }
        if self.config.schedules.is_none() {
            self.parts.log.info("Schedules start no sessions");
        }
        match &self.config.runtime_info {
            Some(path) => runtime_info::write(path, &api, &admin),
            None => Ok(()),
        }
    }

    /// Removes the directory for working copies, if nothing of it is left.
    pub(super) fn tidy_up(&self) {
        let _ = std::fs::remove_dir(&self.workspaces);
    }
}

fn options(config: &RunConfig, context: &Context) -> RunOptions {
    RunOptions {
        dry_run: false,
        runs_tasks: config.runs_tasks,
        show_params: false,
        max_task_threads: config.max_task_threads,
        slots: config.slots.clone(),
        attempt_limits: config.attempt_limits.clone(),
        free_disk: config.free_disk,
        log_level: context.log.level(),
        task_log_dir: config.task_logs.as_ref().map(|dir| context.dir.join(dir)),
        agent: config.agent.clone().unwrap_or_else(default_agent),
        retries_have_names: true,
        log_command: Some("dibble log".to_owned()),
        max_log_size: config.max_log_size,
        attempt_ttl: Some(config.attempt_ttl),
        task_ttl: Some(config.task_ttl),
        own_variables: systemd::VARIABLES,
        overlong_factor: config.overlong_factor,
    }
}

/// Watches directories from now on, if there are any.
fn watch(
    roster: Roster,
    schedules: &Arc<Schedules>,
    service: &Arc<Service>,
) -> Result<Option<Watcher>, CliError> {
    if roster.is_empty() {
        return Ok(None);
    }
    let (schedules, service) = (Arc::clone(schedules), Arc::downgrade(service));
    // Whoever removes a project may have removed the database in it.
    let looking = move || {
        if let Some(service) = service.upgrade() {
            // The runner ends then, and says why.
            let _ = service.check_store();
        }
    };
    let watcher = Watcher::start(roster, looking, move || schedules.with(Scheduler::wake));
    watcher.map(Some).map_err(|error| CliError::internal(format!("Directories cannot be watched: {error}")))
}

fn not_started(error: ServiceError) -> CliError {
    match error {
        ServiceError::Thread(_) => CliError::internal(error.to_string()).caused_by(&error),
        _ => CliError::user(error.to_string()),
    }
}
