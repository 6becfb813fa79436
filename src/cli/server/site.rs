//! What answers requests, as the configuration has it. It is made again whenever that changes.

use super::config::{AccessLogConfig, BasicUser, ServerConfig};
use super::schedules::Schedules;
use super::server_log::ServerLog;
use crate::actions::tokens;
use crate::archive;
use crate::cli::CliError;
use crate::cli::history::failed;
use crate::clock::Clock;
use crate::crypto::Vault;
use crate::crypto::password::HashedPassword;
use crate::model::Time;
use crate::runner::Service;
use crate::scheduler::Scheduler;
use crate::server::access_log::{AccessLog, Pattern, PatternError};
use crate::server::app::ApiSettings;
use crate::server::auth::{Authenticator, Password, TokenLookup};
use crate::server::hosts::Hosts;
use crate::server::site::{ApiHeaders, Complaint, Site};
use crate::server::{App, api, auth};
use crate::store::Store;
use std::sync::Arc;

/// What a site is made of, as long as the server lives.
pub(super) struct Parts {
    pub(super) service: Arc<Service>,
    pub(super) vault: Arc<Vault>,
    pub(super) schedules: Arc<Schedules>,
    pub(super) log: ServerLog,
    /// When the server began.
    pub(super) since: Time,
}

impl Parts {
    /// Puts a site together.
    ///
    /// # Errors
    ///
    /// The access log cannot be written, or a value makes no sense.
    pub(super) fn site(
        &self,
        config: &ServerConfig,
        authenticator: Authenticator,
    ) -> Result<Site<App>, CliError> {
        let http = &config.http;
        let clock = self.service.clock().clone();
        let access_log = config.access_log.as_ref().map(|config| access_log(config, &clock)).transpose()?;
        let api_headers =
            ApiHeaders::new(http.headers.clone(), http.permits_any_origin).map_err(CliError::user)?;
        let complaint = self.log.clone();
        let app = Arc::new(self.app(config));
        Ok(Site {
            router: api::router(),
            archive_limit: app.settings().archive_limits.compressed,
            app,
            hosts: Hosts::of_machine(http.allowed_hosts.clone()),
            authenticator,
            api_headers,
            access_log,
            clock,
            complaint: Complaint::new(move |message| complaint.error(message)),
        })
    }

    fn app(&self, config: &ServerConfig) -> App {
        let (probed, woken) = (Arc::clone(&self.schedules), Arc::clone(&self.schedules));
        App::new(Arc::clone(&self.service), Arc::clone(&self.vault), settings(config))
            .with_scheduler(move || probed.condition())
            .with_listener(move || woken.with(Scheduler::wake))
            .with_since(self.since)
    }
}

/// Who may use the API: the user of the configuration, and whoever has a token.
///
/// # Errors
///
/// The password is a broken hash, or the store fails.
pub(super) fn authenticator(config: &ServerConfig, store: &Arc<Store>) -> Result<Authenticator, CliError> {
    let user = config.access.user.as_ref().map(basic_user).transpose()?;
    let has_tokens = !tokens::list(store).map_err(failed)?.is_empty();
    let store = Arc::clone(store);
    let name = move |shown: &str| Some(tokens::recognise(&store, shown).ok()??.name);
    // Where nobody has to say who he is, the first token changes that; with a user, tokens are asked for at any time.
    let lookup = (user.is_some() || has_tokens).then(|| Box::new(name) as TokenLookup);
    Ok(Authenticator::new(user, lookup))
}

fn basic_user(user: &BasicUser) -> Result<auth::BasicUser, CliError> {
    let password = if user.password.starts_with("$argon2") {
        let hash = HashedPassword::new(&user.password)
            .map_err(|error| CliError::user(format!("server.authenticator.basic.password: {error}")))?;
        Password::Hashed(hash)
    } else {
        Password::Plain(user.password.clone())
    };
    Ok(auth::BasicUser { username: user.name.clone(), password, is_admin: user.is_admin })
}

fn access_log(config: &AccessLogConfig, clock: &Clock) -> Result<AccessLog, CliError> {
    let pattern: Pattern =
        config.pattern.parse().map_err(|error: PatternError| CliError::user(error.to_string()))?;
    AccessLog::open(&config.dir, pattern, clock.now()).map_err(|error| {
        CliError::user(format!("Cannot write the access log in {}: {error}", config.dir.display()))
    })
}

fn settings(config: &ServerConfig) -> ApiSettings {
    let (http, mut settings) = (&config.http, ApiSettings::default());
    settings.max_sessions_page_size = http.max_sessions_page_size.unwrap_or(settings.max_sessions_page_size);
    settings.max_attempts_page_size = http.max_attempts_page_size.unwrap_or(settings.max_attempts_page_size);
    if let Some(size) = http.max_archive_size {
        settings.archive_limits = archive::Limits::all(size);
    }
    settings.client_versions = http.client_versions.clone();
    settings.agent = config.run.agent.clone().unwrap_or(settings.agent);
    settings
}
