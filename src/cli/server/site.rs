//! What answers requests, as the configuration has it. It is made again whenever that changes.

use super::config::{self, AccessLogConfig, BasicUser, ServerConfig};
use super::listen;
use super::schedules::Schedules;
use super::server_log::ServerLog;
use crate::actions::tokens;
use crate::archive;
use crate::cli::CliError;
use crate::clock::Clock;
use crate::crypto::Vault;
use crate::crypto::password::HashedPassword;
use crate::model::Time;
use crate::runner::Service;
use crate::scheduler::{Notified, Scheduler};
use crate::server::access_log::{AccessLog, Pattern, PatternError};
use crate::server::app::{ApiSettings, Watching};
use crate::server::auth::{Authenticator, Password, Tokens};
use crate::server::hosts::Hosts;
use crate::server::site::{ApiHeaders, Complaint, Site};
use crate::server::{App, api, auth};
use crate::store::Store;
use crate::watch::Watcher;
use std::sync::Arc;

/// What a site is made of, as long as the server lives.
pub(super) struct Parts {
    pub(super) service: Arc<Service>,
    pub(super) vault: Arc<Vault>,
    pub(super) schedules: Arc<Schedules>,
    /// None when there is nothing to watch.
    pub(super) watcher: Option<Arc<Watcher>>,
    /// Called after a notification was written.
    pub(super) notified: Notified,
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
        let (log, watcher) = (self.log.clone(), self.watcher.clone());
        let watching =
            |watcher: &Arc<Watcher>| Watching { is_alive: watcher.is_alive(), health: watcher.health() };
        App::new(Arc::clone(&self.service), Arc::clone(&self.vault), settings(config))
            .with_scheduler(move || probed.condition())
            .with_watcher(move || watcher.as_ref().map(watching))
            .with_listener(move || woken.with(Scheduler::wake))
            .with_warnings(move |message| log.warn(message))
            .with_since(self.since)
    }
}

/// Who may use the API: the user of the configuration, and whoever has a token; everybody while there is neither, unless
/// other machines get here and nobody said that they may.
///
/// # Errors
///
/// The system gives no random numbers.
pub(super) fn authenticator(config: &ServerConfig, store: &Arc<Store>) -> Result<Authenticator, CliError> {
    let user = config.access.user.as_ref().map(basic_user).transpose()?;
    let tokens = Box::new(StoredTokens(Arc::clone(store)));
    let never_open = !config.access.allows_anonymous && listen::exposed(config).is_some();
    Ok(Authenticator::new(user, Some(tokens)).never_open(never_open))
}

/// The tokens in the database.
struct StoredTokens(Arc<Store>);

impl Tokens for StoredTokens {
    fn any(&self) -> bool {
        tokens::any(&self.0).unwrap_or(true)
    }

    fn name(&self, shown: &str) -> Option<String> {
        Some(tokens::recognise(&self.0, shown).ok()??.name)
    }
}

fn basic_user(user: &BasicUser) -> Result<auth::BasicUser, CliError> {
    let password = if config::is_hash(&user.password) {
        let hash = HashedPassword::new(&user.password);
        Password::Hashed(hash.map_err(|error| CliError::internal(error.to_string()))?)
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
    settings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Settings;
    use crate::server::Request;
    use crate::server::request::Method;
    use crate::server::target::Target;
    use crate::store::testing::at;

    #[test]
    fn tokens_count_from_when_they_are_made_until_they_are_revoked() {
        for (bind, anonymous, without_tokens) in
            [("127.0.0.1", "false", true), ("0.0.0.0", "true", true), ("0.0.0.0", "false", false)]
        {
            let store = Arc::new(Store::memory().unwrap());
            let mut settings = Settings::default();
            settings.set("server.bind", bind);
            settings.set("server.allow-anonymous", anonymous);
            let authenticator = authenticator(&ServerConfig::read(&settings).unwrap(), &store).unwrap();
            let lets_in = |token: Option<&str>| {
                let mut request = Request::new(Method::Get, Target::parse("/api/projects").unwrap());
                if let Some(token) = token {
                    request.headers.push("authorization", format!("Bearer {token}"));
                }
                authenticator.check(&request).is_ok()
            };
            assert_eq!(lets_in(None), without_tokens, "{bind}");
            let [one, other] = ["a", "b"].map(|name| tokens::create(&store, name, at(0)).unwrap());
            assert_eq!([None, Some(&**one), Some(&**other)].map(lets_in), [false, true, true]);
            tokens::revoke(&store, "a").unwrap();
            assert_eq!([None, Some(&**one), Some(&**other)].map(lets_in), [false, false, true]);
            tokens::revoke(&store, "b").unwrap();
            assert_eq!([None, Some(&**other)].map(lets_in), [without_tokens; 2], "{bind}");
        }
    }
}
