//! A request as handlers see it: complete, limited in size, authenticated. Nothing here knows of sockets.

use super::error::ApiError;
use super::target::{Query, Target};
use std::fmt;
use std::net::SocketAddr;

/// What somebody asks the server to do.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    pub target: Target,
    pub headers: Headers,
    /// The whole body, unpacked when it came packed. Never longer than its route allows.
    pub body: Vec<u8>,
    /// What `Content-Length` said; none of a chunked body, and when there is no body.
    pub content_length: Option<u64>,
    /// Who sent it: the other end of the connection, which can be a proxy.
    pub remote: SocketAddr,
    /// Where it was sent to: the address of the listener, which can be `0.0.0.0`.
    pub local: SocketAddr,
    /// Whether it came in through the admin listener.
    pub is_admin_listener: bool,
    pub user: User,
}

impl Request {
    /// A request without headers and body of an unknown user on this machine. Listeners and tests fill in the rest.
    pub fn new(method: Method, target: Target) -> Self {
        Self {
            method,
            target,
            headers: Headers::default(),
            body: vec![],
            content_length: None,
            remote: SocketAddr::from(([127, 0, 0, 1], 0)),
            local: SocketAddr::from(([127, 0, 0, 1], 0)),
            is_admin_listener: false,
            user: User::default(),
        }
    }

    pub fn query(&self) -> &Query {
        self.target.query()
    }

    /// The body as JSON; null when there is none. Keys that come twice are no error: the last one counts.
    ///
    /// # Errors
    ///
    /// 400 with the message of the parser.
    pub fn json(&self) -> Result<serde_json::Value, ApiError> {
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(serde_json::Value::Null);
        }
        serde_json::from_slice(&self.body)
            .map_err(|error| ApiError::invalid(format!("Invalid JSON: {error}")))
    }

    /// Refuses a body of another media type. Parameters of the type (`; charset=`) do not matter.
    ///
    /// # Errors
    ///
    /// 400, as Digdag has it (not 415), also when there is no `Content-Type`.
    pub fn require_content_type(&self, expected: &str) -> Result<(), ApiError> {
        let given = self.headers.get("Content-Type").unwrap_or_default();
        let given = given.split(';').next().unwrap_or_default().trim();
        if given.eq_ignore_ascii_case(expected) {
            return Ok(());
        }
        Err(ApiError::invalid("RESTEASY003065: Cannot consume content type"))
    }
}

/// Who sent a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct User {
    /// The user name, or the name of the token; none when nobody needs to say who he is.
    pub name: Option<String>,
    pub is_admin: bool,
}

/// The method of a request. Those that no route can have keep their name for the log only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Method {
    Get,
    Head,
    Options,
    Put,
    Post,
    Delete,
    Other(String),
}

impl Method {
    /// Reads `GET`. Methods are case-sensitive.
    pub fn parse(text: &str) -> Self {
        match text {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "OPTIONS" => Self::Options,
            "PUT" => Self::Put,
            "POST" => Self::Post,
            "DELETE" => Self::Delete,
            other => Self::Other(other.to_owned()),
        }
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Delete => "DELETE",
            Self::Other(name) => name,
        }
    }

    /// Whether it only reads, so that a page of somebody else may cause it.
    pub fn is_safe(&self) -> bool {
        matches!(self, Self::Get | Self::Head | Self::Options)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The headers of a request, in their order. Names are found in any case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// The first header of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All headers of a name.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn request(body: &str) -> Request {
        let mut request = Request::new(Method::Put, Target::parse("/api/x").unwrap());
        request.body = body.as_bytes().to_vec();
        request
    }

    #[test]
    fn bodies_are_json_or_nothing() {
        assert_eq!(request(" \r\n").json(), Ok(json!(null)));
        assert_eq!(request(r#"{"mode":"a","mode":"b"}"#).json(), Ok(json!({"mode": "b"})));
        let error = request("{").json().unwrap_err();
        assert_eq!(error.status, 400);
        let message = error.message.unwrap();
        assert!(message.starts_with("Invalid JSON: EOF while parsing"), "{message}");
    }

    #[test]
    fn the_media_type_decides() {
        let mut request = request("");
        let refusal = ApiError::invalid("RESTEASY003065: Cannot consume content type");
        assert_eq!(request.require_content_type("application/gzip"), Err(refusal.clone()));
        request.headers.push("content-type", "Application/JSON; charset=utf-8");
        assert_eq!(request.require_content_type("application/json"), Ok(()));
        assert_eq!(request.require_content_type("application/gzip"), Err(refusal));
    }

    #[test]
    fn headers_are_found_in_any_case() {
        let mut headers = Headers::default();
        headers.push("X-A", "1");
        headers.push("x-a", "2");
        assert_eq!((headers.get("X-a"), headers.get("X-B"), headers.len()), (Some("1"), None, 2));
        assert_eq!(headers.all("x-A").collect::<Vec<_>>(), ["1", "2"]);
    }

    #[test]
    fn methods_keep_their_names() {
        for name in ["GET", "HEAD", "OPTIONS", "PUT", "POST", "DELETE", "TRACE", "get"] {
            assert_eq!(Method::parse(name).to_string(), name);
        }
        assert_eq!(Method::parse("get"), Method::Other("get".to_owned()));
    }
}
