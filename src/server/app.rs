//! What the handlers of all resources share: whoever runs attempts, with the store and the clock, and what the
//! configuration says.

use super::ApiError;
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
        Self { service, settings }
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
