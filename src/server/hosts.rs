//! Whom the server takes itself for. A page in a browser can make requests to any address: with a name of its own that
//! resolves to this machine (DNS rebinding), or across origins. Both are told by the `Host` and `Origin` headers.

use super::error::ApiError;
use super::request::Request;
use std::net::IpAddr;

/// The names of this server, beside its addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts {
    names: Vec<String>,
}

impl Hosts {
    /// The name of the machine, and the names that a proxy in front uses. Ports do not matter.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        let names =
            names.into_iter().map(|name| without_port(&name).trim_end_matches('.').to_ascii_lowercase());
        Self { names: names.filter(|name| !name.is_empty()).collect() }
    }

    /// As [`new`](Self::new), with the name of this machine.
    pub fn of_machine(names: impl IntoIterator<Item = String>) -> Self {
        let machine = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
        Self::new(machine.into_iter().chain(names))
    }

    /// Refuses what a browser was made to send by a page of somebody else.
    ///
    /// A listener on the loopback device is asked for by the names of this machine only. One on an address of the network
    /// can be known by any name, so that only origins are compared.
    ///
    /// # Errors
    ///
    /// 403, with a message that says what to do.
    pub fn check(&self, request: &Request) -> Result<(), ApiError> {
        let host = request.headers.get("Host");
        if let Some(host) = host {
            let is_ours = !request.local.ip().is_loopback() || self.contains(host, request.local.ip());
            if !is_ours {
                return Err(ApiError::forbidden(format!(
                    "This server is not '{host}'. If it is meant to be, add the name to server.allowed-hosts"
                )));
            }
        }
        if request.method.is_safe() {
            return Ok(());
        }
        match request.headers.get("Origin") {
            Some(origin) if !is_origin_of(origin, host.unwrap_or_default()) => {
                Err(ApiError::forbidden(format!("A page of '{origin}' may not change anything here")))
            }
            _ => Ok(()),
        }
    }

    fn contains(&self, host: &str, local: IpAddr) -> bool {
        let name = without_port(host).trim_end_matches('.').to_ascii_lowercase();
        let address = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&name);
        match address.parse::<IpAddr>() {
            Ok(address) => address.is_loopback() || address == local,
            Err(_) => name == "localhost" || self.names.contains(&name),
        }
    }
}

/// Whether an origin (`http://host:port`) is what the `Host` header of a request says.
fn is_origin_of(origin: &str, host: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return false,
    };
    let plain = |text: &str| text.strip_suffix(port).unwrap_or(text).to_ascii_lowercase();
    !authority.is_empty() && plain(authority) == plain(host)
}

/// `[::1]` of `[::1]:80`.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::request::Method;
    use crate::server::target::Target;

    fn status(local: &str, method: &str, host: &str, origin: &str) -> u16 {
        let mut request = Request::new(Method::parse(method), Target::parse("/api/x").unwrap());
        request.local = local.parse().unwrap();
        for (name, value) in [("Host", host), ("Origin", origin)] {
            if !value.is_empty() {
                request.headers.push(name, value);
            }
        }
        let hosts = Hosts::new(["Box", "dibble.example.com", "d2.example.com:8443", ""].map(str::to_owned));
        hosts.check(&request).map_or_else(|error| error.status, |()| 200)
    }

    #[test]
    fn a_loopback_listener_has_the_names_of_the_machine() {
        for (host, expected) in [
            ("localhost", 200),
            ("LOCALHOST.:65432", 200),
            ("127.0.0.1:65432", 200),
            ("127.1.2.3", 200),
            ("[::1]:65432", 200),
            ("[::1]", 200),
            ("box:1", 200),
            ("dibble.example.com", 200),
            ("d2.example.com:8443", 200),
            ("d2.example.com", 200),
            ("", 200),
            ("evil.example.com:65432", 403),
            ("localhost.example.com", 403),
            ("127.0.0.1.example.com", 403),
            ("10.0.0.1", 403),
            (":80", 403),
            ("localhost:x", 403),
        ] {
            assert_eq!(status("127.0.0.1:65432", "GET", host, ""), expected, "{host}");
            assert_eq!(status("0.0.0.0:65432", "GET", host, ""), 200, "{host}");
        }
        assert_eq!(status("[::1]:1", "GET", "evil.example.com", ""), 403);
    }

    #[test]
    fn writes_come_from_our_own_pages() {
        for (host, origin, expected) in [
            ("localhost:65432", "", 200),
            ("localhost:65432", "http://localhost:65432", 200),
            ("localhost:80", "http://localhost", 200),
            ("dibble.example.com", "https://Dibble.example.com:443", 200),
            ("localhost:65432", "http://localhost:3000", 403),
            ("localhost:65432", "http://127.0.0.1:65432", 403),
            ("localhost:65432", "https://evil.example.com", 403),
            ("localhost:65432", "null", 403),
            ("localhost", "file://localhost", 403),
            ("", "http://", 403),
        ] {
            for method in ["PUT", "POST", "DELETE", "PATCH"] {
                assert_eq!(status("127.0.0.1:65432", method, host, origin), expected, "{host} {origin}");
            }
            assert_eq!(status("127.0.0.1:65432", "GET", host, origin), 200, "{host} {origin}");
        }
        assert_eq!(status("0.0.0.0:1", "POST", "a.example.com", "http://b.example.com"), 403);
    }
}
