//! The proxy on the way to a server, as the environment names it.

use super::endpoint::Endpoint;
use super::error::ClientError;
use crate::proxy::{self, Target};
use ureq::Proxy;

/// A proxy that is to be used.
#[derive(Debug, Clone)]
pub struct ProxyServer(Proxy);

impl ProxyServer {
    /// The proxy for a server, if the environment names one. A server on this machine needs none.
    ///
    /// # Errors
    ///
    /// The variable holds no URL of a proxy.
    pub fn from_environment(
        endpoint: &Endpoint,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, ClientError> {
        let target = Target { tls: endpoint.is_tls(), host: endpoint.host(), port: endpoint.port() };
        let proxy = proxy::from_environment(target, variable);
        proxy.map(|proxy| proxy.map(Self)).map_err(|wrong| ClientError::Proxy { variable: wrong.variable })
    }

    pub(super) fn proxy(&self) -> Proxy {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(endpoint: &str, variables: &[(&str, &str)]) -> Result<Option<String>, String> {
        let variable =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let found = ProxyServer::from_environment(&Endpoint::parse(endpoint).unwrap(), variable);
        let shown = |proxy: ProxyServer| {
            let Proxy { .. } = &proxy.0;
            format!(
                "{}:{} {} {}",
                proxy.0.host(),
                proxy.0.port(),
                proxy.0.username().unwrap_or("-"),
                proxy.0.password().unwrap_or("-")
            )
        };
        found.map(|found| found.map(shown)).map_err(|error| error.to_string())
    }

    #[test]
    fn variables_have_an_order() {
        let all = [("http_proxy", "http://a:1"), ("HTTP_PROXY", "http://b:1"), ("HTTPS_PROXY", "http://c:1")];
        assert_eq!(proxy("http://h", &all), Ok(Some("a:1 - -".to_owned())));
        assert_eq!(proxy("http://h", &all[1..]), Ok(Some("b:1 - -".to_owned())));
        assert_eq!(proxy("https://h", &all), Ok(Some("c:1 - -".to_owned())));
        assert_eq!(proxy("https://h", &all[..2]), Ok(Some("a:1 - -".to_owned())));
        assert_eq!(proxy("http://h", &all[2..]), Ok(None));
        assert_eq!(
            proxy("http://h", &[("http_proxy", " "), ("HTTP_PROXY", "b:3128")]),
            Ok(Some("b:3128 - -".to_owned()))
        );
    }

    #[test]
    fn proxies_can_have_passwords() {
        assert_eq!(
            proxy("http://h", &[("http_proxy", "http://me:p%40ss@proxy:3128/")]),
            Ok(Some("proxy:3128 me p@ss".to_owned()))
        );
        assert_eq!(
            proxy("http://h", &[("http_proxy", "ftp://me:secret@proxy")]),
            Err("http_proxy is no URL of a proxy".to_owned())
        );
    }

    #[test]
    fn some_servers_need_no_proxy() {
        for local in ["localhost:65432", "127.0.0.1:1", "http://[::1]", "127.1.2.3"] {
            assert_eq!(proxy(local, &[("http_proxy", "http://p")]), Ok(None), "{local}");
        }
        for (endpoint, exceptions, expected) in [
            ("h.example.com", "*", true),
            ("h.example.com", "a, example.com", true),
            ("h.example.com", ".example.com", true),
            ("h.example.com", "*.example.com", true),
            ("H.Example.com", "h.example.COM", true),
            ("example.com", "h.example.com", false),
            ("badexample.com", "example.com", false),
            ("h.example.com:8080", "example.com:8080", true),
            ("h.example.com:8080", "example.com:80", false),
            ("10.0.0.1", "10.0.0.1", true),
            ("http://[fe80::1]", "fe80::1", true),
            ("h", "", false),
            ("h", ".,", false),
        ] {
            let found = proxy(endpoint, &[("http_proxy", "http://p"), ("NO_PROXY", exceptions)]);
            assert_eq!(found.unwrap().is_none(), expected, "{endpoint} {exceptions}");
        }
    }
}
