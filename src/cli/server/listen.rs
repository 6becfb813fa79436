//! Where a server listens, and whether it may: nobody else's machine gets in without saying who it is.

use super::config::{Address, ServerConfig};
use super::server_log::ServerLog;
use crate::cli::CliError;
use crate::server::http::{Bind, Limits};
use crate::store::Store;
use nix::unistd::geteuid;
use std::fmt;
use std::net::ToSocketAddrs;
use std::path::Path;

/// The addresses to listen to.
pub(super) fn binds(config: &ServerConfig) -> Vec<Bind> {
    let bind =
        |address: &Address, is_admin| Bind { host: address.host.clone(), port: address.port, is_admin };
    let admin = config.admin.as_ref().map(|address| bind(address, true));
    [bind(&config.api, false)].into_iter().chain(admin).collect()
}

/// Refuses to serve everybody on the network.
///
/// # Errors
///
/// An address can be reached from other machines, requests need not say who they are from, and nobody said that this is
/// meant.
pub(super) fn check_access(config: &ServerConfig, is_authenticated: bool) -> Result<(), CliError> {
    if is_authenticated || config.access.allows_anonymous {
        return Ok(());
    }
    match exposed(config) {
        None => Ok(()),
        Some((key, address)) => Err(CliError::user(format!(
            "{key} = {} can be reached from other machines, and everybody there could run commands on this one: nobody \
             has to say who he is",
            address.host
        ))
        .hint(
            "set server.authenticator.basic.username and .password (`dibble passwd` makes both lines), or make a token with \
             `dibble token create`",
        )
        .hint("or listen on 127.0.0.1 only, with a proxy in front that asks for a password")
        .hint("--allow-anonymous serves everybody, where the network itself is safe")),
    }
}

/// Says that everybody on this machine can do what a user may, and how that is ended; `file` is that of the database. One in
/// memory has no tokens.
pub(crate) fn warning_of_open_access(user: &str, file: Option<&Path>) -> String {
    let token =
        |file: &Path| format!("make a token with `dibble token create NAME -o {}`, or ", file.display());
    let token = file.map(token).unwrap_or_default();
    format!("Every user of this machine can run commands as {user}: {token}set server.authenticator.basic.*")
}

/// Warns when whoever is on this machine is as mighty as root by this server.
pub(super) fn warn_of_root(log: &ServerLog, is_authenticated: bool, store: &Store) {
    if !is_authenticated && geteuid().is_root() {
        // One in memory has no file, only a name.
        let file = Some(store.file()).filter(|file| file.exists());
        log.warn(&warning_of_open_access("root", file));
    }
}

/// The address that other machines can get to, with its key; none if only this machine can.
pub(super) fn exposed(config: &ServerConfig) -> Option<(&'static str, &Address)> {
    let addresses = [("server.bind", Some(&config.api)), ("server.admin.bind", config.admin.as_ref())];
    addresses.into_iter().find_map(|(key, address)| Some((key, address.filter(|a| is_exposed(a))?)))
}

/// How much and how long clients may send.
pub(super) fn limits(config: &ServerConfig) -> Limits {
    let (http, mut limits) = (&config.http, Limits::default());
    limits.threads = http.threads.unwrap_or(limits.threads);
    limits.idle = http.no_request_timeout.unwrap_or(limits.idle);
    limits.head_time = http.request_parse_timeout.unwrap_or(limits.head_time);
    limits.body_time = http.io_idle_timeout.unwrap_or(limits.body_time);
    limits.response_time = http.io_idle_timeout.unwrap_or(limits.response_time);
    if let Some(size) = http.max_archive_size {
        limits.archive = usize::try_from(size).unwrap_or(usize::MAX);
    }
    limits
}

/// Whether other machines can get there. A name that nobody knows is refused when it is bound.
fn is_exposed(address: &Address) -> bool {
    let found = (address.host.as_str(), address.port).to_socket_addrs();
    found.into_iter().flatten().any(|address| !address.ip().is_loopback())
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Settings;

    fn config(pairs: &[(&str, &str)]) -> ServerConfig {
        let mut settings = Settings::default();
        pairs.iter().for_each(|(key, value)| settings.set(*key, *value));
        ServerConfig::read(&settings).unwrap()
    }

    #[test]
    fn open_access_ends_with_a_token_or_a_password() {
        let warning = "Every user of this machine can run commands as ada: ";
        let (token, password) =
            ("make a token with `dibble token create NAME -o /d`, or ", "set server.authenticator.basic.*");
        let file = Path::new("/d");
        assert_eq!(warning_of_open_access("ada", Some(file)), format!("{warning}{token}{password}"));
        assert_eq!(warning_of_open_access("ada", None), format!("{warning}{password}"), "in memory");
    }

    #[test]
    fn other_machines_must_say_who_they_are() {
        let check = |pairs: &[(&str, &str)], is_authenticated| {
            check_access(&config(pairs), is_authenticated).map_err(|error| error.message)
        };
        let open = ("server.bind", "0.0.0.0");
        assert_eq!(check(&[], false), Ok(()));
        assert_eq!(check(&[("server.bind", "::1"), ("server.admin.port", "1")], false), Ok(()));
        assert_eq!(check(&[open], true), Ok(()));
        assert_eq!(check(&[open, ("server.allow-anonymous", "true")], false), Ok(()));
        let reason = "can be reached from other machines, and everybody there could run commands on this one: nobody has \
                      to say who he is";
        assert_eq!(check(&[open], false), Err(format!("server.bind = 0.0.0.0 {reason}")));
        assert_eq!(
            check(&[("server.admin.port", "1"), ("server.admin.bind", "::")], false),
            Err(format!("server.admin.bind = :: {reason}"))
        );
    }

    #[test]
    fn addresses_are_shown_with_their_port() {
        let shown = |host: &str| Address { host: host.to_owned(), port: 80 }.to_string();
        assert_eq!((shown("127.0.0.1"), shown("::1")), ("127.0.0.1:80".to_owned(), "[::1]:80".to_owned()));
    }

    #[test]
    fn limits_follow_the_configuration() {
        let limits = limits(&config(&[
            ("server.http.no-request-timeout", "7"),
            ("api.max_archive_total_size_limit", "1000000"),
        ]));
        assert_eq!((limits.idle.as_secs(), limits.archive), (7, 1_000_000));
        assert_eq!(limits.threads, Limits::default().threads);
    }
}
