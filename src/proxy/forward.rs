//! Plain HTTP by way of a proxy, which is asked for `http://host/…` (RFC 9112, absolute form). ureq alone would ask for a
//! tunnel, and proxies seldom dig one to another port than 443. TLS needs tunnels; they are ureq's and not here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::http::uri::Authority;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, NextTimeout, TcpConnector, Transport,
};
use ureq::{Agent, Error, Proxy, ProxyProtocol};

/// An agent for `http://` that sends everything to a proxy; none if it is no proxy for HTTP. The configuration names none.
pub fn forwarding(proxy: &Proxy, config: Config) -> Option<Agent> {
    if proxy.protocol() != ProxyProtocol::Http {
        return None;
    }
    let user = proxy.username().map(|user| format!("{user}:{}", proxy.password().unwrap_or_default()));
    let authorization = user.map(|user| format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(user)));
    let authorization = authorization.unwrap_or_default();
    let connector = ().chain(TcpConnector::default()).chain(Forward { authorization });
    Some(Agent::with_parts(config, connector, ProxyAddress(proxy.uri().clone())))
}

/// Every name leads to the proxy.
#[derive(Debug)]
struct ProxyAddress(Uri);

impl Resolver for ProxyAddress {
    fn resolve(&self, _: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        DefaultResolver::default().resolve(&self.0, config, timeout)
    }
}

/// Makes connections on which the proxy is told where a request is to go.
struct Forward {
    /// A line of the head, or nothing.
    authorization: String,
}

/// Without what it holds, which is a password.
impl fmt::Debug for Forward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Forward")
    }
}

impl<In: Transport> Connector<In> for Forward {
    type Out = Forwarded<In>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let authority = details.uri.authority().map(Authority::as_str).unwrap_or_default();
        let Some(proxy) = chained else { return Ok(None) };
        let additions = Some((format!("http://{authority}"), self.authorization.clone()));
        Ok(Some(Forwarded { proxy, additions }))
    }
}

/// A connection to the proxy, for one request.
struct Forwarded<In> {
    proxy: In,
    /// What is put before the path, and after the first line; none once that was done.
    additions: Option<(String, String)>,
}

impl<In> fmt::Debug for Forwarded<In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Forwarded")
    }
}

impl<In: Transport> Transport for Forwarded<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.proxy.buffers()
    }

    /// The first that is sent begins with the first line.
    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let Some((origin, authorization)) = self.additions.take() else {
            return self.proxy.transmit_output(amount, timeout);
        };
        let head = forwarded(&self.proxy.buffers().output()[..amount], &origin, &authorization);
        let mut rest = head.as_slice();
        while !rest.is_empty() {
            let room = self.proxy.buffers().output();
            let (now, later) = rest.split_at(rest.len().min(room.len()));
            room[..now.len()].copy_from_slice(now);
            self.proxy.transmit_output(now.len(), timeout)?;
            rest = later;
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.proxy.await_input(timeout)
    }

    /// It is not used again: the next request may be for another server.
    fn is_open(&mut self) -> bool {
        false
    }
}

/// A head with additions: `GET http://host/path HTTP/1.1` instead of `GET /path HTTP/1.1`.
fn forwarded(head: &[u8], origin: &str, authorization: &str) -> Vec<u8> {
    let before_path = head.iter().position(|&byte| byte == b' ').map_or(0, |place| place + 1);
    let line_end = head.windows(2).position(|pair| pair == b"\r\n").map_or(head.len(), |place| place + 2);
    let (line, headers) = head.split_at(line_end);
    let (method, path) = line.split_at(before_path.min(line_end));
    [method, origin.as_bytes(), path, authorization.as_bytes(), headers].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_names_the_host() {
        let head = |head: &str, authorization: &str| {
            String::from_utf8(forwarded(head.as_bytes(), "http://h:1", authorization)).unwrap()
        };
        assert_eq!(
            head("GET / HTTP/1.1\r\nA: b c\r\n\r\n", ""),
            "GET http://h:1/ HTTP/1.1\r\nA: b c\r\n\r\n"
        );
        assert_eq!(
            head("PUT /a HTTP/1.1\r\n\r\nx", "P: q\r\n"),
            "PUT http://h:1/a HTTP/1.1\r\nP: q\r\n\r\nx"
        );
    }
}
