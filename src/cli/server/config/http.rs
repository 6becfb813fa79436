//! How HTTP is spoken.

use super::super::values::Values;
use crate::model::Settings;
use crate::server::version::VersionPolicy;
use std::time::Duration;

/// How HTTP is spoken. What is not given is left as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::cli::server) struct HttpConfig {
    pub(in crate::cli::server) threads: Option<usize>,
    /// How long a connection may be silent before a request.
    pub(in crate::cli::server) no_request_timeout: Option<Duration>,
    /// How long a request line and its headers may take.
    pub(in crate::cli::server) request_parse_timeout: Option<Duration>,
    /// How long a body or a response may take.
    pub(in crate::cli::server) io_idle_timeout: Option<Duration>,
    /// Sent with every response of the API.
    pub(in crate::cli::server) headers: Vec<(String, String)>,
    /// Names by which the server is known beside those of the machine.
    pub(in crate::cli::server) allowed_hosts: Vec<String>,
    pub(in crate::cli::server) permits_any_origin: bool,
    pub(in crate::cli::server) max_archive_size: Option<u64>,
    pub(in crate::cli::server) max_sessions_page_size: Option<u32>,
    pub(in crate::cli::server) max_attempts_page_size: Option<u32>,
    pub(in crate::cli::server) client_versions: VersionPolicy,
}

pub(super) fn read(values: &Values<'_>, settings: &Settings) -> HttpConfig {
    let prefix = "server.http.headers.";
    let headers = settings.below(prefix).map(|(name, value)| (name.to_owned(), value.to_owned()));
    let headers: Vec<(String, String)> = headers.collect();
    for (name, value) in &headers {
        if !is_token(name) || value.contains(|c: char| c.is_control() && c != '\t') {
            values.wrong(&format!("{prefix}{name}"), value, "a name and a value that a header can have");
        }
    }
    let hosts = values.text("server.allowed-hosts").unwrap_or_default();
    let hosts = hosts.split(',').map(str::trim).filter(|host| !host.is_empty()).map(str::to_owned);
    let version = |name: &str| {
        let key = format!("server.client-version-check.{name}");
        values.read(&key, "a version of Digdag such as 0.10.5", |text| text.parse().ok())
    };
    HttpConfig {
        threads: values.number("server.http.worker-threads", 1..=4096),
        no_request_timeout: values.seconds("server.http.no-request-timeout"),
        request_parse_timeout: values.seconds("server.http.request-parse-timeout"),
        io_idle_timeout: values.seconds("server.http.io-idle-timeout"),
        headers,
        allowed_hosts: hosts.collect(),
        permits_any_origin: values.flag("server.enable-swagger", false),
        max_archive_size: values.number("api.max_archive_total_size_limit", 1..=1 << 30),
        max_sessions_page_size: values.number("api.max_sessions_page_size", 1..=i32::MAX.unsigned_abs()),
        max_attempts_page_size: values.number("api.max_attempts_page_size", 1..=i32::MAX.unsigned_abs()),
        client_versions: VersionPolicy {
            upgrade_recommended_if_older: version("upgrade-recommended-if-older"),
            api_incompatible_if_older: version("api-incompatible-if-older"),
        },
    }
}

/// Whether a text can be the name of a header.
fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
