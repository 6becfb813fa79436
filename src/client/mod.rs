//! The client of Digdag's REST API: what the client commands ask a server, be it Dibble or Digdag.
//!
//! Blocking, one request at a time. What the answers mean to a person, and where the options come from, is the command
//! line's business.

mod endpoint;
mod error;
mod exchange;
mod logs;
pub mod models;
pub mod notifications;
mod path;
mod projects;
mod proxy;
mod schedules;
mod sessions;
#[cfg(test)]
pub(crate) mod testing;
mod times;
mod versions;
mod workflows;

pub use endpoint::Endpoint;
pub use error::ClientError;
pub use exchange::Download;
pub use logs::LogDownload;
pub use path::ApiPath;
pub use projects::{ProjectPage, Push};
pub use proxy::ProxyServer;
pub use schedules::{Backfill, Skip, SkipTo};
pub use sessions::{NewAttempt, Page, Resume, Started};
pub use versions::API_VERSION;
pub use workflows::WorkflowPage;

use crate::proxy::forwarding;
use std::time::Duration;
use ureq::Agent;
use ureq::http::{HeaderMap, HeaderName, HeaderValue};
use ureq::tls::{RootCerts, TlsConfig};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the server may be silent.
const READ_TIMEOUT: Duration = Duration::from_secs(300);

/// Whom to ask, and how.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    pub endpoint: Endpoint,
    /// Sent with every request; a later one replaces an earlier one of the same name.
    pub headers: Vec<(String, String)>,
    pub proxy: Option<ProxyServer>,
    /// Takes any certificate for that of the server.
    pub disable_cert_validation: bool,
    /// Asks the server to send files itself instead of naming the storage they are in.
    pub disable_direct_download: bool,
}

/// A client of one server.
#[derive(Debug)]
pub struct Client {
    endpoint: Endpoint,
    headers: HeaderMap,
    direct_download: bool,
    agent: Agent,
    /// For `http://`, if a proxy is to be asked.
    forwarding: Option<Box<Agent>>,
}

impl Client {
    /// Prepares everything, but asks nothing yet.
    ///
    /// # Errors
    ///
    /// A header or the proxy cannot be used.
    pub fn new(options: ClientOptions) -> Result<Self, ClientError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &options.headers {
            let malformed = || ClientError::Header { name: name.clone() };
            let key = HeaderName::try_from(name).map_err(|_| malformed())?;
            headers.insert(key, HeaderValue::try_from(value).map_err(|_| malformed())?);
        }
        // Certificates are those that the machine trusts, so that a company's own authority counts.
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .disable_verification(options.disable_cert_validation)
            .build();
        let config = |proxy| {
            Agent::config_builder()
                .http_status_as_error(false)
                // A redirected request would lose its credentials or carry them elsewhere; downloads follow by themselves.
                .max_redirects(0)
                .user_agent(concat!("DibbleClient/", env!("CARGO_PKG_VERSION")))
                .proxy(proxy)
                .tls_config(tls.clone())
                .timeout_connect(Some(CONNECT_TIMEOUT))
                .timeout_per_read(Some(READ_TIMEOUT))
                .timeout_per_write(Some(READ_TIMEOUT))
                .build()
        };
        Ok(Self {
            endpoint: options.endpoint,
            headers,
            direct_download: !options.disable_direct_download,
            forwarding: options
                .proxy
                .as_ref()
                .and_then(|proxy| forwarding(&proxy.proxy(), config(None)).map(Box::new)),
            agent: Agent::new_with_config(config(options.proxy.as_ref().map(ProxyServer::proxy))),
        })
    }

    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}
