//! One request and its answer. Only GET is repeated: everything else may have been done although no answer came.

use super::error::{lost, refused};
use super::{ApiPath, Client, ClientError};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt;
use std::io::Read;
use std::thread;
use std::time::{Duration, Instant};
use ureq::http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use ureq::http::uri::Scheme;
use ureq::http::{HeaderMap, Method, Request, Response};
use ureq::{AsSendBody, Body, SendBody};

/// How often a GET is tried.
const TRIES: u32 = 10;
/// No further try begins after so long.
const TRY_FOR: Duration = Duration::from_secs(30);
/// How often a download is sent elsewhere.
const MAX_REDIRECTS: usize = 10;
/// The largest JSON that is read.
const MAX_JSON: u64 = 256 * 1024 * 1024;
/// How much of an error is shown.
const MAX_ERROR: u64 = 64 * 1024;

/// A file that is being downloaded, as it is stored.
pub struct Download {
    /// In bytes, if the server tells.
    pub length: Option<u64>,
    pub headers: HeaderMap,
    pub body: Box<dyn Read + Send>,
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download").field("length", &self.length).finish_non_exhaustive()
    }
}

impl Client {
    /// Asks for JSON.
    ///
    /// # Errors
    ///
    /// The server cannot be asked, refuses, or answers with something else.
    pub fn get<T: DeserializeOwned>(&self, path: &ApiPath) -> Result<T, ClientError> {
        self.get_while(path, ClientError::may_pass)
    }

    /// Asks for JSON, again and again while errors are such that it may help.
    pub(super) fn get_while<T: DeserializeOwned>(
        &self,
        path: &ApiPath,
        may_pass: impl Fn(&ClientError) -> bool,
    ) -> Result<T, ClientError> {
        let bytes = repeated_while(may_pass, || {
            let response = self.ask(Method::GET, path, JSON, SendBody::none())?;
            self.bytes(response)
        })?;
        self.parse("GET", path, &bytes)
    }

    /// Sends JSON.
    ///
    /// # Errors
    ///
    /// As those of `get`.
    pub fn put<T: DeserializeOwned>(&self, path: &ApiPath, json: &Value) -> Result<T, ClientError> {
        self.send_json(Method::PUT, path, json)
    }

    /// Sends JSON.
    ///
    /// # Errors
    ///
    /// As those of `get`.
    pub fn post<T: DeserializeOwned>(&self, path: &ApiPath, json: &Value) -> Result<T, ClientError> {
        self.send_json(Method::POST, path, json)
    }

    /// Has something deleted.
    ///
    /// # Errors
    ///
    /// As those of `get`.
    pub fn delete<T: DeserializeOwned>(&self, path: &ApiPath) -> Result<T, ClientError> {
        let response = self.ask(Method::DELETE, path, JSON, SendBody::none())?;
        self.parse("DELETE", path, &self.bytes(response)?)
    }

    /// Puts a file of so many bytes, which are read while they are sent.
    ///
    /// # Errors
    ///
    /// As those of `get`, and those of reading the body.
    pub fn upload<T: DeserializeOwned>(
        &self,
        path: &ApiPath,
        content_type: &str,
        length: u64,
        body: &mut dyn Read,
    ) -> Result<T, ClientError> {
        let content = Content { content_type: Some(content_type), length: Some(length), ..JSON };
        let response = self.ask(Method::PUT, path, content, SendBody::from_reader(body))?;
        self.parse("PUT", path, &self.bytes(response)?)
    }

    /// Begins to download a file. Where the server names another place to fetch it from, that is done.
    ///
    /// # Errors
    ///
    /// As those of `get`.
    pub fn download(&self, path: &ApiPath) -> Result<Download, ClientError> {
        let content = Content { accept: "*/*", ..JSON };
        let response = repeated(|| self.ask(Method::GET, path, content, SendBody::none()))?;
        self.follow(response)
    }

    /// Begins to download a file from its storage. The headers for the server are not sent.
    ///
    /// # Errors
    ///
    /// As those of `get`.
    pub fn download_direct(&self, url: &str) -> Result<Download, ClientError> {
        let response = repeated(|| self.ask_elsewhere(url))?;
        self.follow(response)
    }

    /// Goes where a redirection leads.
    fn follow(&self, response: Response<Body>) -> Result<Download, ClientError> {
        let mut response = response;
        for _ in 0..MAX_REDIRECTS {
            if !response.status().is_redirection() {
                let (parts, body) = response.into_parts();
                let (length, headers) = (body.content_length(), parts.headers);
                return Ok(Download { length, headers, body: Box::new(body.into_reader()) });
            }
            let place = location(&response).ok_or_else(|| refused(response.status(), "", true))?;
            response = repeated(|| self.ask_elsewhere(&place))?;
        }
        Err(refused(response.status(), "", true))
    }

    fn ask_elsewhere(&self, url: &str) -> Result<Response<Body>, ClientError> {
        let request = Request::get(url).header(ACCEPT_ENCODING, "identity").body(());
        let request = request.map_err(|error| lost(&self.endpoint, error.into()))?;
        self.run(request, true)
    }

    fn send_json<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &ApiPath,
        json: &Value,
    ) -> Result<T, ClientError> {
        let content = Content { content_type: Some("application/json"), ..JSON };
        let name = method.to_string();
        let body = json.to_string();
        let response = self.ask(method, path, content, body.as_str())?;
        self.parse(&name, path, &self.bytes(response)?)
    }

    /// Sends a request of the API.
    fn ask(
        &self,
        method: Method,
        path: &ApiPath,
        content: Content<'_>,
        body: impl AsSendBody,
    ) -> Result<Response<Body>, ClientError> {
        let is_get = method == Method::GET;
        let is_file = content.accept == "*/*";
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.endpoint));
        request = request.header(ACCEPT, content.accept);
        if is_file {
            // The file is compressed already.
            request = request.header(ACCEPT_ENCODING, "identity");
        }
        if let Some(content_type) = content.content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        if let Some(length) = content.length {
            request = request.header(CONTENT_LENGTH, length);
        }
        let request = request.body(body).map_err(|error| lost(&self.endpoint, error.into()))?;
        let (mut parts, body) = request.into_parts();
        lay_over(&mut parts.headers, &self.headers);
        let response = self.run(Request::from_parts(parts, body), is_get)?;
        if response.status().is_redirection() && !is_file {
            let place = location(&response).unwrap_or_default();
            return Err(refused(response.status(), &format!("the server has moved to {place}"), is_get));
        }
        Ok(response)
    }

    fn run(&self, request: Request<impl AsSendBody>, is_get: bool) -> Result<Response<Body>, ClientError> {
        let is_plain = request.uri().scheme() == Some(&Scheme::HTTP);
        let agent = self.forwarding.as_deref().filter(|_| is_plain).unwrap_or(&self.agent);
        let response = agent.run(request).map_err(|error| lost(&self.endpoint, error))?;
        let status = response.status();
        if status.is_success() || status.is_redirection() {
            return Ok(response);
        }
        let mut text = Vec::new();
        // A body that breaks off still says something.
        let read = response.into_body().into_reader().take(MAX_ERROR).read_to_end(&mut text);
        let text = if read.is_ok() || !text.is_empty() { String::from_utf8_lossy(&text) } else { "".into() };
        Err(refused(status, &text, is_get))
    }

    fn bytes(&self, response: Response<Body>) -> Result<Vec<u8>, ClientError> {
        let body = response.into_body().into_with_config().limit(MAX_JSON);
        body.read_to_vec().map_err(|error| lost(&self.endpoint, error))
    }

    fn parse<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &ApiPath,
        bytes: &[u8],
    ) -> Result<T, ClientError> {
        serde_json::from_slice(bytes).map_err(|source| ClientError::Answer {
            endpoint: self.endpoint.clone(),
            request: format!("{method} {path}"),
            source,
        })
    }
}

/// What a request holds and wants.
#[derive(Debug, Clone, Copy)]
struct Content<'a> {
    accept: &'static str,
    content_type: Option<&'a str>,
    length: Option<u64>,
}

const JSON: Content<'_> = Content { accept: "application/json", content_type: None, length: None };

fn lay_over(headers: &mut HeaderMap, own: &HeaderMap) {
    for (name, value) in own {
        headers.insert(name, value.clone());
    }
}

fn location(response: &Response<Body>) -> Option<String> {
    Some(response.headers().get(LOCATION)?.to_str().ok()?.to_owned())
}

fn repeated<T>(attempt: impl FnMut() -> Result<T, ClientError>) -> Result<T, ClientError> {
    repeated_while(ClientError::may_pass, attempt)
}

/// Tries until it succeeds or there is no use in trying: 10 times, after 2, 4, 8 … milliseconds.
fn repeated_while<T>(
    may_pass: impl Fn(&ClientError) -> bool,
    mut attempt: impl FnMut() -> Result<T, ClientError>,
) -> Result<T, ClientError> {
    let begun = Instant::now();
    let mut tries = 1;
    loop {
        match attempt() {
            Err(error) if tries < TRIES && may_pass(&error) && begun.elapsed() < TRY_FOR => {
                thread::sleep(Duration::from_millis(1 << tries));
                tries += 1;
            }
            ended => return ended,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::testing::{Answer, StubServer};
    use crate::client::{ClientOptions, Endpoint};
    use serde_json::json;
    use std::net::TcpListener;

    const PROJECTS: &str = "GET /api/projects";

    fn projects() -> ApiPath {
        ApiPath::new(["projects"])
    }

    #[test]
    fn requests_name_the_client_and_carry_its_headers() {
        let server = StubServer::new([Answer::ok(PROJECTS, "{}"), Answer::ok("PUT /api/projects", "[1]")]);
        let client = server.client_with(&[("X-a", "1"), ("x-A", "2"), ("Accept", "x/y")]);
        assert_eq!(client.get::<Value>(&projects()).unwrap(), json!({}));
        assert_eq!(client.put::<Value>(&projects(), &json!({"é": 1.50})).unwrap(), json!([1]));
        let seen = server.seen();
        let header = |place: usize, name: &str| {
            let found = seen[place].headers.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.as_str())
        };
        assert_eq!(header(0, "user-agent"), Some(concat!("DibbleClient/", env!("CARGO_PKG_VERSION"))));
        assert_eq!((header(0, "x-a"), header(0, "accept")), (Some("2"), Some("x/y")));
        assert_eq!((header(0, "content-type"), header(1, "content-type")), (None, Some("application/json")));
        assert_eq!(seen[1].body, r#"{"é":1.5}"#);
    }

    #[test]
    fn only_get_is_repeated_and_only_where_it_may_help() {
        let tries = |answers: Vec<Answer>, put: bool| {
            let server = StubServer::new(answers);
            let client = server.client();
            let ended: Result<Value, ClientError> =
                if put { client.put(&projects(), &json!({})) } else { client.get(&projects()) };
            (server.seen().len(), ended.map_err(|error| error.to_string()))
        };
        let failing = |status| Answer::new(PROJECTS, status, r#"{"message":"wait"}"#);
        let good = || Answer::ok(PROJECTS, "1");
        assert_eq!(
            tries(vec![failing(503), Answer::hang_up(PROJECTS), failing(429), failing(408), good()], false),
            (5, Ok(json!(1)))
        );
        assert_eq!(tries(vec![failing(500)], false), (10, Err("Status code 500: wait".to_owned())));
        for (status, message) in [(404, "Resource not found: wait"), (401, "Status code 401: wait")] {
            assert_eq!(tries(vec![failing(status), good()], false), (1, Err(message.to_owned())));
        }
        let put = Answer::new("PUT /api/projects", 503, "x");
        assert_eq!(tries(vec![put], true), (1, Err("Status code 503: x".to_owned())));
    }

    #[test]
    fn what_is_no_json_names_the_request() {
        let server = StubServer::new([Answer::ok(PROJECTS, "<html>")]);
        let error = server.client().get::<Value>(&projects()).unwrap_err().to_string();
        let expected =
            format!("Unexpected answer of {} to GET /api/projects: expected value at", server.url());
        assert!(error.starts_with(&expected), "{error}");
    }

    #[test]
    fn redirections_are_followed_for_files_only_and_without_headers() {
        let elsewhere = StubServer::new([Answer::ok("GET /b?c=%2B", "file")]);
        let place = format!("Location: {}/b?c=%2B", elsewhere.url());
        let moved = Answer::new(PROJECTS, 303, "").header(&place);
        let server = StubServer::new([moved]);
        let client = server.client_with(&[("Authorization", "Bearer t")]);
        let mut text = String::new();
        client.download(&projects()).unwrap().body.read_to_string(&mut text).unwrap();
        assert_eq!(text, "file");
        assert!(server.seen()[0].headers.contains(&("authorization".to_owned(), "Bearer t".to_owned())));
        assert!(!elsewhere.seen()[0].headers.iter().any(|(name, _)| name == "authorization"));
        let error = client.get::<Value>(&projects()).unwrap_err().to_string();
        let expected = format!("Status code 303: the server has moved to {}/b?c=%2B", elsewhere.url());
        assert_eq!(error, expected);
    }

    #[test]
    fn files_come_as_they_are_stored() {
        let server = StubServer::new([Answer::ok(PROJECTS, b"\x1f\x8b\x00".to_vec())]);
        let mut download = server.client().download(&projects()).unwrap();
        let mut bytes = vec![];
        download.body.read_to_end(&mut bytes).unwrap();
        assert_eq!((bytes.as_slice(), download.length), (&b"\x1f\x8b\x00"[..], Some(3)));
    }

    #[test]
    fn uploads_have_a_length() {
        let server = StubServer::new([Answer::ok("PUT /api/projects", "1")]);
        let body = "x".repeat(100_000);
        let answer: Value =
            server.client().upload(&projects(), "application/gzip", 100_000, &mut body.as_bytes()).unwrap();
        assert_eq!(answer, json!(1));
        let seen = server.seen().remove(0);
        assert_eq!(seen.body, body);
        for (name, value) in [("content-length", "100000"), ("content-type", "application/gzip")] {
            assert!(seen.headers.contains(&(name.to_owned(), value.to_owned())), "{:?}", seen.headers);
        }
    }

    #[test]
    fn a_server_that_is_not_there_is_unreachable() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let endpoint = Endpoint::parse(&free.to_string()).unwrap();
        let client = Client::new(ClientOptions {
            endpoint,
            headers: vec![],
            proxy: None,
            disable_cert_validation: false,
            disable_direct_download: false,
        });
        let error = client.unwrap().put::<Value>(&projects(), &json!(1)).unwrap_err();
        assert!(error.is_unreachable());
        assert_eq!(
            error.to_string(),
            format!("Cannot connect to http://{free}: Connection refused (os error 111)")
        );
    }
}
