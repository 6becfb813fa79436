//! What stands behind the sockets: every request passes the checks in one order, then the router, then the log.
//!
//! 1. The `Host` and `Origin` headers (`hosts.rs`).
//! 2. Who it is from (`auth.rs`).
//! 3. How long its body may be; so far, nothing of the body is read.
//! 4. The handler (`router.rs`).
//! 5. The headers that every answer has, and the access log.

use super::access_log::{AccessLog, Record};
use super::auth::Authenticator;
use super::error::ApiError;
use super::hosts::Hosts;
use super::http::{Exchange, Service};
use super::request::Request;
use super::response::Response;
use super::router::{BodyLimit, Router};
use crate::clock::Clock;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What `server.enable-swagger` adds to the answers of the API.
const SWAGGER_HEADERS: [(&str, &str); 5] = [
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Headers", "origin, content-type, accept, authorization"),
    ("Access-Control-Allow-Credentials", "true"),
    ("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS, HEAD"),
    ("Access-Control-Max-Age", "1209600"),
];

/// The routes with everything round them.
pub struct Site<A: 'static> {
    pub router: Router<A>,
    pub app: Arc<A>,
    pub hosts: Hosts,
    pub authenticator: Authenticator,
    pub api_headers: ApiHeaders,
    /// How long an archive may be, in bytes. Digdag has words of its own for longer ones.
    pub archive_limit: u64,
    pub access_log: Option<AccessLog>,
    pub clock: Clock,
    pub complaint: Complaint,
}

/// Headers that every answer of the API has, errors included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiHeaders(Vec<(String, String)>);

impl ApiHeaders {
    /// Those of `server.http.headers.*`, and those of `server.enable-swagger`.
    ///
    /// # Errors
    ///
    /// A message for a name or a value that no header can have.
    pub fn new(
        headers: impl IntoIterator<Item = (String, String)>,
        enable_swagger: bool,
    ) -> Result<Self, String> {
        let headers: Vec<_> = headers.into_iter().collect();
        for (name, value) in &headers {
            let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
            let is_text = |c: char| c == ' ' || c.is_ascii_graphic();
            let is_ours = ["Connection", "Content-Length", "Transfer-Encoding", "Trailer", "Upgrade"]
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name));
            if name.is_empty() || is_ours || !name.chars().all(is_token) || !value.chars().all(is_text) {
                return Err(format!("server.http.headers.{name} cannot be a header of responses"));
            }
        }
        let swagger = SWAGGER_HEADERS.into_iter().filter(|_| enable_swagger);
        let swagger = swagger.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(Self(headers.into_iter().chain(swagger).collect()))
    }
}

/// Tells the operator of the first of several failures of the access log.
pub struct Complaint {
    tell: Box<dyn Fn(&str) + Send + Sync>,
    is_told: AtomicBool,
}

impl Complaint {
    pub fn new(tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { tell: Box::new(tell), is_told: AtomicBool::new(false) }
    }

    fn take<T>(&self, result: Result<T, impl fmt::Display>) {
        match result {
            Ok(_) => self.is_told.store(false, Ordering::Relaxed),
            Err(error) if !self.is_told.swap(true, Ordering::Relaxed) => {
                (self.tell)(&format!("Cannot write the access log: {error}"));
            }
            Err(_) => {}
        }
    }
}

impl<A: Send + Sync> Service for Site<A> {
    fn admit(&self, request: &mut Request) -> Result<BodyLimit, Response> {
        self.hosts.check(request)?;
        request.user = self.authenticator.check(request)?;
        let found = self.router.find(request.target.segments(), request.is_admin_listener);
        let route = found.and_then(|found| found.route(&request.method));
        let body = route.map_or(BodyLimit::Json, |route| route.body);
        let limit = self.archive_limit;
        if body == BodyLimit::Archive && request.content_length.is_some_and(|length| length > limit) {
            let message = format!("Size of the uploaded archive file exceeds limit ({limit} bytes)");
            return Err(ApiError::invalid(message).into());
        }
        Ok(body)
    }

    fn answer(&self, request: &Request) -> Response {
        self.router.answer(&self.app, request).into()
    }

    fn finish(&self, request: &Request, response: Response) -> Response {
        let mut response = response.with_header("X-Content-Type-Options", "nosniff");
        if request.target.is_api() {
            for (name, value) in &self.api_headers.0 {
                response = response.with_header(name.clone(), value.clone());
            }
        }
        response
    }

    fn answered(&self, exchange: &Exchange<'_>) {
        let Some(log) = &self.access_log else { return };
        let request = exchange.request;
        let record = Record {
            time: self.clock.now(),
            remote: request.remote.ip(),
            user: request.user.name.as_deref(),
            method: request.method.as_str(),
            target: request.target.raw(),
            protocol: exchange.protocol,
            status: exchange.status,
            size: exchange.size,
            duration: exchange.duration,
            headers: &request.headers,
        };
        self.complaint.take(log.write(&record));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::access_log::Pattern;
    use crate::server::auth::{BasicUser, Password};
    use crate::server::http::{Bind, HttpServer, Limits};
    use crate::server::router::Route;
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpStream};
    use std::sync::Mutex;

    const ROUTES: &[Route<()>] = &[
        Route::get("/", |(), _, _| Ok(Response::text(200, "page"))),
        Route::get("/api/version", |(), _, _| Ok(Response::text(200, "v"))),
        Route::get("/api/who", |(), request, _| {
            Ok(Response::text(200, request.user.name.clone().unwrap_or_default()))
        }),
        Route::put_archive("/api/projects", |(), request, _| {
            Ok(Response::text(200, request.body.len().to_string()))
        }),
        Route::put("/api/attempts", |(), _, _| Err(ApiError::conflict("exists"))),
        Route::admin_get("/api/admin", |(), _, _| Ok(Response::text(200, "admin"))),
    ];

    fn site() -> Site<()> {
        let headers = [("X-Extra".to_owned(), "a b".to_owned())];
        let user =
            BasicUser { username: "u".to_owned(), password: Password::Plain("p".to_owned()), is_admin: true };
        Site {
            router: Router::new(&[ROUTES]),
            app: Arc::new(()),
            hosts: Hosts::default(),
            authenticator: Authenticator::new(Some(user), None),
            api_headers: ApiHeaders::new(headers, false).unwrap(),
            archive_limit: 2_000_000,
            access_log: None,
            clock: Clock::system(),
            complaint: Complaint::new(|_| ()),
        }
    }

    fn start(site: Site<()>) -> (HttpServer, SocketAddr, SocketAddr) {
        let bind = |is_admin| Bind { host: "127.0.0.1".to_owned(), port: 0, is_admin };
        let http = HttpServer::start(&[bind(false), bind(true)], &Limits::default(), Arc::new(site)).unwrap();
        let (normal, admin) = (http.addresses().next().unwrap(), http.admin_addresses().next().unwrap());
        (http, normal, admin)
    }

    fn exchange(address: SocketAddr, line: &str, headers: &str, body: &[u8]) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n").unwrap();
        let _ = stream.write_all(body);
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn archives_that_are_too_long_are_refused_before_they_come() {
        let (_http, normal, _) = start(site());
        let put = |length: usize| {
            let headers = format!("Authorization: Basic dTpw\r\nContent-Length: {length}\r\n");
            exchange(normal, "PUT /api/projects", &headers, &vec![0; length])
        };
        assert!(put(2_000_000).starts_with("HTTP/1.1 200"));
        let refusal = put(2_000_001);
        assert!(refusal.starts_with("HTTP/1.1 400"), "{refusal}");
        let message =
            r#"{"message":"Size of the uploaded archive file exceeds limit (2000000 bytes)","status":400}"#;
        assert!(refusal.ends_with(message), "{refusal}");
    }

    #[test]
    fn every_request_passes_the_checks() {
        let (_http, normal, admin) = start(site());
        let auth = "Authorization: Basic dTpw\r\n";
        let status = |address, line: &str, headers: &str| {
            let text = exchange(address, line, headers, b"");
            text[9..12].parse::<u16>().unwrap()
        };
        for (address, line, headers, expected) in [
            (normal, "GET /", String::new(), 200),
            (normal, "GET /api/version", String::new(), 200),
            (normal, "GET /api/who", String::new(), 401),
            (normal, "GET /api/who", auth.to_owned(), 200),
            (normal, "GET /api/nosuch", String::new(), 401),
            (normal, "GET /api/nosuch", auth.to_owned(), 404),
            (normal, "OPTIONS /api/who", String::new(), 200),
            (normal, "POST /api/who", auth.to_owned(), 405),
            (normal, "PUT /api/attempts", auth.to_owned(), 409),
            (normal, "PUT /api/attempts", format!("{auth}Origin: http://{normal}\r\n"), 409),
            (normal, "PUT /api/attempts", format!("{auth}Origin: http://evil.example.com\r\n"), 403),
            (normal, "GET /api/admin", auth.to_owned(), 404),
            (admin, "GET /api/admin", auth.to_owned(), 200),
            (admin, "GET /api/admin", String::new(), 401),
        ] {
            assert_eq!(status(address, line, &headers), expected, "{line} {headers}");
        }
        let mut stream = TcpStream::connect(normal).unwrap();
        stream
            .write_all(b"GET /api/version HTTP/1.1\r\nHost: evil.example.com\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert!(
            text.starts_with("HTTP/1.1 403 Forbidden\r\n") && text.contains("server.allowed-hosts"),
            "{text}"
        );
    }

    #[test]
    fn nobody_unknown_sends_bodies() {
        let (_http, normal, _) = start(site());
        let auth = "Authorization: Basic dTpw\r\n";
        let body = vec![b'a'; 2_000_000];
        let length = format!("Content-Length: {}\r\n", body.len());
        assert!(exchange(normal, "PUT /api/projects", &length, &body).starts_with("HTTP/1.1 401 "));
        let text = exchange(normal, "PUT /api/projects", &format!("{auth}{length}"), &body);
        assert!(text.ends_with("\r\n\r\n2000000"), "{text}");
        assert!(
            exchange(normal, "PUT /api/attempts", &format!("{auth}{length}"), &body)
                .starts_with("HTTP/1.1 413 ")
        );
    }

    #[test]
    fn the_api_has_headers_of_its_own() {
        let (_http, normal, _) = start(site());
        for (line, expected) in
            [("GET /api/who", true), ("GET /api/version", true), ("GET /", false), ("GET /x", false)]
        {
            let text = exchange(normal, line, "", b"");
            assert_eq!(text.contains("\r\nX-Extra: a b\r\n"), expected, "{text}");
            assert!(text.contains("\r\nX-Content-Type-Options: nosniff\r\n"), "{text}");
        }
        let swagger = ApiHeaders::new([], true).unwrap();
        assert_eq!(swagger.0[0], ("Access-Control-Allow-Origin".to_owned(), "*".to_owned()));
        for (name, value) in [("", "a"), ("a b", "c"), ("a", "b\r\nc"), ("a", "ä"), ("connection", "close")]
        {
            let headers = [(name.to_owned(), value.to_owned())];
            let expected = format!("server.http.headers.{name} cannot be a header of responses");
            assert_eq!(ApiHeaders::new(headers, false), Err(expected));
        }
    }

    #[test]
    fn requests_are_logged_once_they_are_answered() {
        let directory = tempfile::tempdir().unwrap();
        let pattern: Pattern = "%m %U%q %s %B %u".parse().unwrap();
        let log = AccessLog::open(directory.path(), pattern, Clock::system().now()).unwrap();
        let (http, normal, _) = start(Site { access_log: Some(log), ..site() });
        exchange(normal, "GET /api/who?a=b", "Authorization: Basic dTpw\r\n", b"");
        exchange(normal, "GET /api/who", "", b"");
        http.stop(std::time::Duration::from_secs(60));
        let text = std::fs::read_to_string(directory.path().join("access.log")).unwrap();
        assert_eq!(text, "GET /api/who?a=b 200 1 u\nGET /api/who 401 55 -\n");
    }

    #[test]
    fn the_first_failure_of_many_is_told() {
        let told = Arc::new(Mutex::new(vec![]));
        let telling = Arc::clone(&told);
        let complaint = Complaint::new(move |text| telling.lock().unwrap().push(text.to_owned()));
        for result in [Err("a"), Err("b"), Ok(()), Err("c")] {
            complaint.take(result);
        }
        assert_eq!(
            *told.lock().unwrap(),
            ["Cannot write the access log: a", "Cannot write the access log: c"]
        );
    }
}
