//! What the handlers of all resources share: whoever runs attempts, with the store and the clock, and what the
//! configuration says.

use super::ApiError;
use super::health::Condition;
use super::version::VersionPolicy;
use crate::archive;
use crate::model::Time;
use crate::runner::Service;
use crate::store::{Reader, Store};
use std::sync::Arc;

/// Given to every handler.
pub struct App {
    service: Arc<Service>,
    settings: ApiSettings,
    since: Time,
    scheduler: SchedulerProbe,
}

/// Tells how the scheduler is.
type SchedulerProbe = Box<dyn Fn() -> Condition + Send + Sync>;

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
    /// Who writes task logs, as Digdag names it: `27318@host`.
    pub agent: String,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            max_sessions_page_size: 100,
            max_attempts_page_size: 100,
            archive_limits: archive::Limits::default(),
            client_versions: VersionPolicy::default(),
            agent: format!("{}@localhost", std::process::id()),
        }
    }
}

impl App {
    pub fn new(service: Arc<Service>, settings: ApiSettings) -> Self {
        let since = service.clock().now();
        Self { service, settings, since, scheduler: Box::new(|| Condition::Disabled) }
    }

    /// As it is, with a scheduler whose health can be asked for.
    #[must_use]
    pub fn with_scheduler(self, probe: impl Fn() -> Condition + Send + Sync + 'static) -> Self {
        Self { scheduler: Box::new(probe), ..self }
    }

    /// When the server began.
    pub(super) fn since(&self) -> Time {
        self.since
    }

    pub(super) fn scheduler_condition(&self) -> Condition {
        (self.scheduler)()
    }

    /// Whoever runs attempts.
    pub fn service(&self) -> &Service {
        &self.service
    }

    pub fn store(&self) -> &Arc<Store> {
        self.service.store()
    }

    pub fn settings(&self) -> &ApiSettings {
        &self.settings
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
