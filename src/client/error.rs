//! Why a server did not do what it was asked to.

use super::endpoint::Endpoint;
use serde_json::Value;
use std::error::Error;
use std::io;
use ureq::http::StatusCode;

/// A request that failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("Endpoint must start with http:// or https://: {0}")]
    Scheme(String),
    #[error("Endpoint must be HOST, HOST:PORT or a URL of both: {0}")]
    Endpoint(String),
    #[error("Endpoint must not hold a user or a password; --basic-auth takes them")]
    EndpointUser,
    #[error("Header '{name}' holds characters that cannot be sent")]
    Header { name: String },
    /// Its value is not shown: it may hold a password.
    #[error("{variable} is no URL of a proxy")]
    Proxy { variable: String },
    /// There is no server, or no way to it.
    #[error("Cannot connect to {endpoint}: {}", source_text(source))]
    Connect { endpoint: Endpoint, source: Box<ureq::Error> },
    /// Whoever answers does not prove to be the server.
    #[error("No secure connection to {endpoint}: {}", source_text(source))]
    Secure { endpoint: Endpoint, source: Box<ureq::Error> },
    /// Somebody answers, but not in TLS.
    #[error("{endpoint} does not speak TLS")]
    NoTls { endpoint: Endpoint },
    /// The request or its answer got lost.
    #[error("Request to {endpoint} failed: {}", source_text(source))]
    Exchange { endpoint: Endpoint, source: Box<ureq::Error> },
    /// The server refused.
    #[error("{}{message}", status_text(*status))]
    Status { status: u16, message: String },
    /// Something that was looked up by name is not there.
    #[error("Resource not found: {0}")]
    NotFound(String),
    #[error("Unexpected answer of {endpoint} to {request}: {source}")]
    Answer { endpoint: Endpoint, request: String, source: serde_json::Error },
}

impl ClientError {
    /// The HTTP status with which the server refused.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether nobody answered at all.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Connect { .. })
    }

    /// Whether nobody listens at the address, and it is one of this machine.
    pub fn is_refused_here(&self) -> bool {
        match self {
            Self::Connect { endpoint, source } => {
                let is_refused = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
                endpoint.is_loopback() && matches!(&**source, ureq::Error::Io(error) if is_refused(error))
            }
            _ => false,
        }
    }

    /// Whether the same request may succeed the next time.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Connect { source, .. } | Self::Exchange { source, .. } => !matches!(
                **source,
                ureq::Error::BadUri(_) | ureq::Error::Http(_) | ureq::Error::BodyExceedsLimit(_)
            ),
            Self::Status { status, .. } => {
                let passing = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
                *status >= 500 || passing.iter().any(|passing| passing == status)
            }
            Self::Scheme(_)
            | Self::Endpoint(_)
            | Self::EndpointUser
            | Self::Secure { .. }
            | Self::NoTls { .. }
            | Self::Header { .. }
            | Self::Proxy { .. }
            | Self::NotFound(_)
            | Self::Answer { .. } => false,
        }
    }
}

/// What failed before there was a status: without a connection, or with one.
pub(super) fn lost(endpoint: &Endpoint, error: ureq::Error) -> ClientError {
    use ureq::{Error as Failure, Timeout};
    let is_secure = matches!(&error, Failure::Rustls(_) | Failure::Tls(_) | Failure::TlsRequired)
        // What is wrong with a certificate arrives like this.
        || matches!(&error, Failure::Io(error) if error.kind() == io::ErrorKind::InvalidData);
    let is_connection = match &error {
        Failure::HostNotFound
        | Failure::ConnectionFailed
        | Failure::ConnectProxyFailed(_)
        | Failure::Timeout(Timeout::Connect | Timeout::Resolve) => true,
        Failure::Io(error) => {
            let kinds = [
                io::ErrorKind::ConnectionRefused,
                io::ErrorKind::HostUnreachable,
                io::ErrorKind::NetworkUnreachable,
                io::ErrorKind::AddrNotAvailable,
            ];
            // Names that are not known have no kind of their own.
            kinds.contains(&error.kind()) || error.to_string().starts_with("failed to lookup address")
        }
        _ => false,
    };
    let endpoint = endpoint.clone();
    // What is no message of TLS has no error of its own.
    if is_secure && source_text(&error).starts_with("received corrupt message of type InvalidContentType") {
        return ClientError::NoTls { endpoint };
    }
    let source = Box::new(error);
    match (is_secure, is_connection) {
        (true, _) => ClientError::Secure { endpoint, source },
        (false, true) => ClientError::Connect { endpoint, source },
        (false, false) => ClientError::Exchange { endpoint, source },
    }
}

/// The text of a refusal: Digdag's client shows the whole body. Where it had nothing to show, which is for GET, the
/// message alone is enough.
pub(super) fn refused(status: StatusCode, body: &str, is_get: bool) -> ClientError {
    let message = || serde_json::from_str::<Value>(body).ok()?.get("message")?.as_str().map(str::to_owned);
    let message = is_get.then(message).flatten().unwrap_or_else(|| body.trim().to_owned());
    let message = if message.is_empty() || is_html(&message) { format!("HTTP {status}") } else { message };
    ClientError::Status { status: status.as_u16(), message }
}

/// Error pages are not meant for terminals.
fn is_html(body: &str) -> bool {
    body.get(..200).unwrap_or(body).to_ascii_lowercase().contains("<html")
}

fn status_text(status: u16) -> String {
    match status {
        404 => "Resource not found: ".to_owned(),
        409 => "Request conflicted: ".to_owned(),
        422 => "Invalid option: ".to_owned(),
        _ => format!("Status code {status}: "),
    }
}

fn source_text(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => {
            let text =
                error.get_ref().map_or_else(|| error.to_string(), |inner| innermost(inner).to_string());
            if text.contains("CaUsedAsEndEntity") {
                return "its certificate is that of an authority, which no server can have, also where SSL_CERT_FILE names \
                        it; one made with basicConstraints=CA:FALSE can be named there"
                    .to_owned();
            }
            text
        }
        ureq::Error::HostNotFound => "its name is not known".to_owned(),
        ureq::Error::Timeout(_) => "it takes too long".to_owned(),
        ureq::Error::ConnectProxyFailed(reason) => format!("the proxy refuses: {reason}"),
        other => other.to_string(),
    }
}

fn innermost<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_is_told_apart() {
        let endpoint = Endpoint::parse("h:1").unwrap();
        let io = |kind, text: &str| ureq::Error::Io(io::Error::new(kind, text.to_owned()));
        for (error, text, unreachable) in [
            (ureq::Error::HostNotFound, "Cannot connect to http://h:1: its name is not known", true),
            (
                io(io::ErrorKind::Other, "failed to lookup address information: x"),
                "Cannot connect to http://h:1: failed to lookup address information: x",
                true,
            ),
            (
                ureq::Error::ConnectProxyFailed("403".to_owned()),
                "Cannot connect to http://h:1: the proxy refuses: 403",
                true,
            ),
            (
                io(io::ErrorKind::InvalidData, "bad certificate"),
                "No secure connection to http://h:1: bad certificate",
                false,
            ),
            (
                io(
                    io::ErrorKind::InvalidData,
                    "invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))",
                ),
                "No secure connection to http://h:1: its certificate is that of an authority, which no server can have, \
                 also where SSL_CERT_FILE names it; one made with basicConstraints=CA:FALSE can be named there",
                false,
            ),
            (
                io(io::ErrorKind::InvalidData, "received corrupt message of type InvalidContentType"),
                "http://h:1 does not speak TLS",
                false,
            ),
            (io(io::ErrorKind::ConnectionReset, "reset"), "Request to http://h:1 failed: reset", false),
        ] {
            let error = lost(&endpoint, error);
            assert_eq!((error.to_string().as_str(), error.is_unreachable()), (text, unreachable));
        }
    }

    #[test]
    fn refusals_of_this_machine_are_known() {
        for (endpoint, kind, expected) in [
            ("localhost:1", io::ErrorKind::ConnectionRefused, true),
            ("127.0.0.2:1", io::ErrorKind::ConnectionRefused, true),
            ("[::1]:1", io::ErrorKind::ConnectionRefused, true),
            ("[::1]:1", io::ErrorKind::NetworkUnreachable, false),
            ("192.0.2.1:1", io::ErrorKind::ConnectionRefused, false),
            ("example.com:1", io::ErrorKind::ConnectionRefused, false),
        ] {
            let error = lost(&Endpoint::parse(endpoint).unwrap(), ureq::Error::Io(kind.into()));
            assert_eq!(error.is_refused_here(), expected, "{endpoint} {kind}");
        }
    }

    #[test]
    fn refusals_are_worded_by_status() {
        let body = r#"{"message":"no","status":0}"#;
        for (status, text, is_get, expected) in [
            (404, body, false, r#"Resource not found: {"message":"no","status":0}"#),
            (404, body, true, "Resource not found: no"),
            (404, "", true, "Resource not found: HTTP 404 Not Found"),
            (409, body, false, r#"Request conflicted: {"message":"no","status":0}"#),
            (422, body, true, "Invalid option: no"),
            (400, "plain\n", false, "Status code 400: plain"),
            (401, body, true, "Status code 401: no"),
            (500, "<!DOCTYPE html><HTML>…", false, "Status code 500: HTTP 500 Internal Server Error"),
            (409, "[1]", true, "Request conflicted: [1]"),
        ] {
            let error = refused(StatusCode::from_u16(status).unwrap(), text, is_get);
            assert_eq!((error.to_string().as_str(), error.status()), (expected, Some(status)));
        }
    }
}
