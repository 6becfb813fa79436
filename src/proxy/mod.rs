//! The proxy on the way to a host, as the variables `http_proxy`, `https_proxy` and `no_proxy` name it. Lower case wins
//! over upper case.

mod forward;

pub use forward::forwarding;

use std::net::IpAddr;
use ureq::Proxy;

/// Whom to reach.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    pub tls: bool,
    /// A name or an address; one of IPv6 is in brackets.
    pub host: &'a str,
    pub port: u16,
}

/// A variable holds no URL of a proxy. What it holds is not repeated, for there may be a password in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable} is no URL of a proxy")]
pub struct WrongProxy {
    pub variable: String,
}

/// The proxy for a target, if the environment names one. This machine needs none.
///
/// # Errors
///
/// The variable holds no URL of a proxy.
pub fn from_environment(
    target: Target<'_>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Proxy>, WrongProxy> {
    let value =
        |name: &str| variable(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let names: &[&str] = if target.tls {
        &["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"]
    } else {
        &["http_proxy", "HTTP_PROXY"]
    };
    let Some((name, url)) = names.iter().find_map(|name| Some((*name, value(name)?))) else {
        return Ok(None);
    };
    let exceptions = value("no_proxy").or_else(|| value("NO_PROXY")).unwrap_or_default();
    if is_local(target.host) || is_excepted(target, &exceptions) {
        return Ok(None);
    }
    let proxy = Proxy::new(&url).ok().filter(|proxy| !proxy.host().is_empty());
    proxy.map(Some).ok_or_else(|| WrongProxy { variable: name.to_owned() })
}

fn is_local(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || address(host).is_some_and(|address| address.is_loopback())
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Whether `no_proxy` names the target: `*`, a host, a domain with everything in it, each perhaps with a port.
fn is_excepted(target: Target<'_>, exceptions: &str) -> bool {
    let host = target.host.to_ascii_lowercase();
    exceptions.split([',', ' ']).map(str::trim).filter(|text| !text.is_empty()).any(|exception| {
        let exception = exception.to_ascii_lowercase();
        let (name, port) = match exception.rsplit_once(':') {
            // An address of IPv6 without brackets has colons of its own.
            Some((name, port)) if address(&exception).is_none() => (name, port.parse().ok()),
            _ => (exception.as_str(), None),
        };
        if port.is_some_and(|port: u16| port != target.port) {
            return false;
        }
        if name == "*" || address(name).is_some() && address(name) == address(&host) {
            return true;
        }
        let domain = name.trim_start_matches('*').trim_start_matches('.');
        host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            && !domain.is_empty()
    })
}
