//! The address of a server: `http://host:port`, `https://host`, `host:port`.

use super::error::ClientError;
use std::fmt;
use std::net::IpAddr;
use ureq::http::uri::Authority;

/// Scheme, host and port of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    tls: bool,
    /// A name or an address; one of IPv6 is in brackets.
    host: String,
    port: u16,
}

impl Endpoint {
    /// Reads an address. Without a scheme it is `http`, without a port 80 or 443; a path is dropped.
    ///
    /// # Errors
    ///
    /// Another scheme, no host, a port that is none, a user.
    pub fn parse(text: &str) -> Result<Self, ClientError> {
        let (tls, rest) = match text.split_once("://") {
            None => (false, text),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
            Some(_) => return Err(ClientError::Scheme(text.to_owned())),
        };
        let malformed = || ClientError::Endpoint(text.to_owned());
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(ClientError::EndpointUser);
        }
        let authority: Authority = authority.parse().map_err(|_| malformed())?;
        if authority.host().is_empty() {
            return Err(malformed());
        }
        let port = authority.as_str().strip_prefix(authority.host()).and_then(|rest| rest.strip_prefix(':'));
        let port = match port {
            Some(port) => port.parse().ok().filter(|port| *port > 0).ok_or_else(malformed)?,
            None if tls => 443,
            None => 80,
        };
        Ok(Self { tls, host: authority.host().to_owned(), port })
    }

    /// Whether the connection is encrypted.
    pub fn is_tls(&self) -> bool {
        self.tls
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is on this machine, as far as its name tells.
    pub fn is_loopback(&self) -> bool {
        let address = self.host.trim_start_matches('[').trim_end_matches(']').parse();
        self.host.eq_ignore_ascii_case("localhost")
            || address.is_ok_and(|address: IpAddr| address.is_loopback())
    }
}

/// `http://127.0.0.1:65432`
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_has_defaults() {
        for (text, expected) in [
            ("http://127.0.0.1:65432", "http://127.0.0.1:65432"),
            ("127.0.0.1:65432", "http://127.0.0.1:65432"),
            ("localhost", "http://localhost:80"),
            ("https://digdag.example.com", "https://digdag.example.com:443"),
            ("HTTPS://h:8443/ui/", "https://h:8443"),
            ("h:8080/x", "http://h:8080"),
            ("http://h/?q#f", "http://h:80"),
            ("http://[::1]:65432", "http://[::1]:65432"),
            ("[::1]", "http://[::1]:80"),
        ] {
            assert_eq!(Endpoint::parse(text).unwrap().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn other_texts_are_errors() {
        let message = |text| Endpoint::parse(text).unwrap_err().to_string();
        assert_eq!(message("ftp://z"), "Endpoint must start with http:// or https://: ftp://z");
        assert_eq!(message("notaurl://x"), "Endpoint must start with http:// or https://: notaurl://x");
        for text in ["", "http://", ":80", "h:", "h:x", "h:0", "h:65536", "a b", "::1"] {
            let expected = format!("Endpoint must be HOST, HOST:PORT or a URL of both: {text}");
            assert_eq!(message(text), expected);
        }
        assert_eq!(
            message("https://me:secret@h"),
            "Endpoint must not hold a user or a password; --basic-auth takes them"
        );
    }
}
