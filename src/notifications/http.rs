//! An HTTP request with a notification as its body.

use super::error::{ANSWER_BYTES, SendError, shortened};
use super::texts::{required, text, wrong};
use crate::model::{ConfigError, Settings};
use crate::proxy::{self, Target};
use std::fmt;
use std::io::Read;
use std::time::Duration;
use ureq::http::header::CONTENT_TYPE;
use ureq::http::uri::Scheme;
use ureq::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Proxy};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long everything may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Whom to send a notification, and how. Neither its address nor its headers are ever shown, for they hold secrets.
#[derive(Clone)]
pub(super) struct HttpRequest {
    method: Method,
    url: Uri,
    headers: HeaderMap,
    proxy: Option<Proxy>,
}

impl HttpRequest {
    pub(super) fn read(
        settings: &Settings,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let key = "notification.http.url";
        let malformed = || wrong(key, "an address such as https://example.com/alerts");
        let url: Uri = required(settings, key)?.parse().map_err(|_| malformed())?;
        let tls = match url.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(malformed()),
        };
        let host = url.host().filter(|host| !host.is_empty()).ok_or_else(malformed)?;
        let target = Target { tls, host, port: url.port_u16().unwrap_or(if tls { 443 } else { 80 }) };
        let proxy = proxy::from_environment(target, variable);
        let proxy = proxy.map_err(|wrong| ConfigError::Invalid(wrong.to_string()))?;
        Ok(Self { method: method(settings)?, headers: headers(settings)?, proxy, url })
    }

    pub(super) fn send(&self, payload: &[u8]) -> Result<String, SendError> {
        let request = Request::builder().method(self.method.clone()).uri(self.url.clone()).body(payload);
        let mut request = request.map_err(|error| self.lost(&error.into()))?;
        *request.headers_mut() = self.headers.clone();
        let response = self.agent().run(request).map_err(|error| self.lost(&error))?;
        let status = response.status();
        let mut body = Vec::new();
        // The status says whether the notification was taken, whatever becomes of the rest.
        let _ = response.into_body().into_reader().take(ANSWER_BYTES as u64).read_to_end(&mut body);
        let body = String::from_utf8_lossy(&body).trim().to_owned();
        if !status.is_success() {
            return Err(SendError::Refused { status: status.to_string(), body });
        }
        Ok(shortened(&if body.is_empty() { status.to_string() } else { format!("{status}: {body}") }))
    }

    fn agent(&self) -> Agent {
        // Certificates are those that the machine trusts, so that a company's own authority counts.
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let config = |proxy| {
            Agent::config_builder()
                .http_status_as_error(false)
                // A redirected request would lose its body, or carry its secrets elsewhere.
                .max_redirects(0)
                .user_agent(concat!("dibble/", env!("CARGO_PKG_VERSION")))
                .proxy(proxy)
                .tls_config(tls.clone())
                .timeout_connect(Some(CONNECT_TIMEOUT))
                .timeout_global(Some(TIMEOUT))
                .build()
        };
        let is_plain = self.url.scheme() == Some(&Scheme::HTTP);
        let proxy = self.proxy.as_ref().filter(|_| is_plain);
        let forwarding = proxy.and_then(|proxy| proxy::forwarding(proxy, config(None)));
        forwarding.unwrap_or_else(|| Agent::new_with_config(config(self.proxy.clone())))
    }

    fn lost(&self, error: &ureq::Error) -> SendError {
        let host = self.url.host().unwrap_or_default();
        SendError::NotAnswered(match error {
            ureq::Error::Timeout(_) => format!("{host} does not answer in time"),
            ureq::Error::HostNotFound => format!("{host} is not known"),
            // Its text would be the address.
            ureq::Error::BadUri(_) => "notification.http.url cannot be used".to_owned(),
            ureq::Error::Io(error) => format!("{host}: {error}"),
            error => format!("{host}: {error}"),
        })
    }
}

fn method(settings: &Settings) -> Result<Method, ConfigError> {
    let key = "notification.http.method";
    let Some(name) = text(settings, key) else { return Ok(Method::POST) };
    [Method::POST, Method::PUT, Method::PATCH]
        .into_iter()
        .find(|method| name.eq_ignore_ascii_case(method.as_str()))
        .ok_or_else(|| wrong(key, "POST, PUT or PATCH, for a notification is sent as a body"))
}

fn headers(settings: &Settings) -> Result<HeaderMap, ConfigError> {
    let prefix = "notification.http.headers.";
    let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    for (name, value) in settings.below(prefix) {
        let read = HeaderName::try_from(name).ok().zip(HeaderValue::try_from(value.trim()).ok());
        let malformed = || wrong(&format!("{prefix}{name}"), "a name and a value that a header can have");
        let (name, value) = read.ok_or_else(malformed)?;
        headers.insert(name, value);
    }
    Ok(headers)
}

impl PartialEq for HttpRequest {
    fn eq(&self, other: &Self) -> bool {
        let uri = |request: &Self| request.proxy.as_ref().map(|proxy| proxy.uri().clone());
        self.method == other.method
            && self.url == other.url
            && self.headers == other.headers
            && uri(self) == uri(other)
    }
}

impl Eq for HttpRequest {}

/// Without what may be secret.
impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest").field("host", &self.url.host()).finish_non_exhaustive()
    }
}
