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
    use crate::client::testing::{Answer, StubServer};
    use crate::client::{ApiPath, Client, ClientOptions};
    use serde_json::{Value, json};

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

    fn client_through(endpoint: &str, proxy: &StubServer, user: &str) -> Client {
        let url = proxy.url().replace("http://", &format!("http://{user}"));
        let endpoint = Endpoint::parse(endpoint).unwrap();
        let variable = |name: &str| name.eq_ignore_ascii_case("http_proxy").then(|| url.clone());
        let proxy = ProxyServer::from_environment(&endpoint, variable).unwrap();
        assert!(proxy.is_some());
        Client::new(ClientOptions {
            endpoint,
            headers: vec![],
            proxy,
            disable_cert_validation: false,
            disable_direct_download: false,
        })
        .unwrap()
    }

    #[test]
    fn a_proxy_is_asked_for_the_whole_address() {
        let proxy = StubServer::new([
            Answer::ok("GET http://h.example.com:8080/api/projects?a=1", "[1]"),
            Answer::ok("PUT http://h.example.com:8080/api/projects", "[2]"),
        ]);
        let projects = || ApiPath::new(["projects"]);
        let client = client_through("h.example.com:8080", &proxy, "me:p%40ss@");
        assert_eq!(client.get::<Value>(&projects().query("a", "1")).unwrap(), json!([1]));
        let body = "x".repeat(300_000);
        assert_eq!(client.put::<Value>(&projects(), &json!(body)).unwrap(), json!([2]));
        let seen = proxy.seen();
        for request in &seen {
            for header in [("host", "h.example.com:8080"), ("proxy-authorization", "Basic bWU6cEBzcw==")] {
                let header = (header.0.to_owned(), header.1.to_owned());
                assert_eq!(
                    request.headers.iter().filter(|given| **given == header).count(),
                    1,
                    "{request:?}"
                );
            }
        }
        assert_eq!(seen[1].body, json!(body).to_string());
    }

    #[test]
    fn tls_goes_through_a_tunnel() {
        let proxy = StubServer::new([Answer::new("CONNECT h.example.com:443", 403, "")]);
        let error =
            client_through("https://h.example.com", &proxy, "").put::<Value>(&ApiPath::new(["x"]), &json!(1));
        let error = error.unwrap_err().to_string();
        assert!(error.contains("the proxy refuses"), "{error}");
        assert_eq!(proxy.seen()[0].line, "CONNECT h.example.com:443");
    }
}
