//! What the handlers of all resources share: whoever runs attempts, with the store and the clock, and what the
//! configuration says.

use super::ApiError;
use super::health::Condition;
use super::version::VersionPolicy;
use crate::archive;
use crate::crypto::Vault;
use crate::model::Time;
use crate::runner::Service;
use crate::store::{Reader, Store};
use crate::watch::{Refused, WatchHealth};
use std::sync::Arc;

/// Given to every handler.
pub struct App {
    service: Arc<Service>,
    vault: Arc<Vault>,
    settings: ApiSettings,
    since: Time,
    scheduler: SchedulerProbe,
    watcher: WatcherProbe,
    schedules_changed: Box<dyn Fn() + Send + Sync>,
    warn: Box<dyn Fn(&str) + Send + Sync>,
}

/// Tells how the scheduler is.
type SchedulerProbe = Box<dyn Fn() -> Condition + Send + Sync>;

/// Tells how the watcher of directories is; none when there is none.
type WatcherProbe = Box<dyn Fn() -> Option<Watching> + Send + Sync>;

/// How the watcher of directories is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watching {
    /// Whether its thread is there.
    pub is_alive: bool,
    pub health: WatchHealth,
}

/// What the configuration says about the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiSettings {
    /// `api.max_sessions_page_size`
    pub max_sessions_page_size: u32,
    /// `api.max_attempts_page_size`
    pub max_attempts_page_size: u32,
    /// `api.max_archive_total_size_limit`
    pub archive_limits: archive::Limits,
    /// `server.client-version-check.*`
    pub client_versions: VersionPolicy,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            max_sessions_page_size: 100,
            max_attempts_page_size: 100,
            archive_limits: archive::Limits::default(),
            client_versions: VersionPolicy::default(),
        }
    }
}

impl App {
    pub fn new(service: Arc<Service>, vault: Arc<Vault>, settings: ApiSettings) -> Self {
        let since = service.clock().now();
        let scheduler = Box::new(|| Condition::Disabled);
        let watcher = Box::new(|| None);
        let (schedules_changed, warn) = (Box::new(|| {}), Box::new(|_: &str| {}));
        Self { service, vault, settings, since, scheduler, watcher, schedules_changed, warn }
    }

    /// As it is, with a scheduler whose health can be asked for.
    #[must_use]
    pub fn with_scheduler(self, probe: impl Fn() -> Condition + Send + Sync + 'static) -> Self {
        Self { scheduler: Box::new(probe), ..self }
    }

    /// As it is, with a watcher of directories that can be asked how it is.
    #[must_use]
    pub fn with_watcher(self, probe: impl Fn() -> Option<Watching> + Send + Sync + 'static) -> Self {
        Self { watcher: Box::new(probe), ..self }
    }

    /// As it is, with somebody to be told after schedules were written: the next time of one may have come nearer.
    #[must_use]
    pub fn with_listener(self, schedules_changed: impl Fn() + Send + Sync + 'static) -> Self {
        Self { schedules_changed: Box::new(schedules_changed), ..self }
    }

    /// As it is, with a log for what the operator should know.
    #[must_use]
    pub fn with_warnings(self, warn: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { warn: Box::new(warn), ..self }
    }

    /// As it is, of a server that began earlier.
    #[must_use]
    pub fn with_since(self, since: Time) -> Self {
        Self { since, ..self }
    }

    /// When the server began.
    pub(super) fn since(&self) -> Time {
        self.since
    }

    pub(super) fn scheduler_condition(&self) -> Condition {
        (self.scheduler)()
    }

    pub(super) fn watching(&self) -> Option<Watching> {
        (self.watcher)()
    }

    /// The directories that are not watched, for others have their names.
    pub(super) fn refused(&self) -> Vec<Refused> {
        self.watching().map(|watching| watching.health.refused).unwrap_or_default()
    }

    /// Whoever runs attempts.
    pub fn service(&self) -> &Service {
        &self.service
    }

    pub fn store(&self) -> &Arc<Store> {
        self.service.store()
    }

    /// The key of secrets.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    pub fn settings(&self) -> &ApiSettings {
        &self.settings
    }

    /// To be called after schedules were written.
    pub(super) fn schedules_changed(&self) {
        (self.schedules_changed)();
    }

    pub(super) fn warn(&self, message: &str) {
        (self.warn)(message);
    }

    pub fn now(&self) -> Time {
        self.service.clock().now()
    }

    /// Reads what an answer needs, all of it of one moment.
    ///
    /// # Errors
    ///
    /// Those of `work`, and 500 when the store cannot be read.
    pub fn read<T>(&self, work: impl FnOnce(&Reader) -> Result<T, ApiError>) -> Result<T, ApiError> {
        self.store().read(|reader| Ok(work(reader)))?
    }
}
