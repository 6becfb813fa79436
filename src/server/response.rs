//! A response as handlers make it: a status, headers and a body. How it is sent (lengths, chunks, connections) is the
//! listener's.

use super::error::ApiError;
use serde::Serialize;
use std::borrow::Cow;
use std::fmt;
use std::io::Read;

/// The answer to a request.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    /// Names and values. A value that no header can hold (line ends, control characters) makes the answer a 500 when it
    /// is sent. `Content-Length`, `Connection` and `Transfer-Encoding` are never among them.
    pub headers: Vec<(Cow<'static, str>, String)>,
    pub body: Body,
}

/// What follows the headers.
pub enum Body {
    Empty,
    Bytes(Vec<u8>),
    /// Read while it is sent; sent in chunks when the length is not known. A reader that ends early or fails closes the
    /// connection, so that nobody takes the part for the whole.
    Stream(Box<dyn Read + Send>, Option<u64>),
}

impl Response {
    /// A response with a body of a media type.
    pub fn new(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![(Cow::Borrowed("Content-Type"), content_type.to_owned())];
        Self { status, headers, body: Body::Bytes(body.into()) }
    }

    /// A JSON document. One that cannot be written (a map whose keys are no texts) is a 500.
    pub fn json(status: u16, document: &impl Serialize) -> Self {
        match serde_json::to_vec(document) {
            Ok(body) => Self::new(status, "application/json", body),
            Err(error) => Self::error(500, &error.to_string()),
        }
    }

    /// `{"message":...,"status":...}`.
    pub fn error(status: u16, message: &str) -> Self {
        Self::json(status, &serde_json::json!({ "message": message, "status": status }))
    }

    /// A response without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: vec![], body: Body::Empty }
    }

    /// A text of UTF-8.
    pub fn text(status: u16, text: impl Into<String>) -> Self {
        Self::new(status, "text/plain;charset=utf-8", text.into())
    }

    /// Bytes that are packed already: an archive, a log file. There is no `Content-Encoding` on purpose, since clients
    /// want the packed bytes and would unpack them otherwise.
    pub fn gzip_file(bytes: Vec<u8>) -> Self {
        Self::new(200, "application/gzip", bytes)
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The first header of a name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The length of the body, when it is known before it is sent.
    pub fn length(&self) -> Option<u64> {
        match &self.body {
            Body::Empty => Some(0),
            Body::Bytes(bytes) => Some(bytes.len() as u64),
            Body::Stream(_, length) => *length,
        }
    }
}

impl From<Result<Self, ApiError>> for Response {
    fn from(result: Result<Self, ApiError>) -> Self {
        result.unwrap_or_else(Self::from)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Bytes(bytes) => write!(f, "Bytes({:?})", String::from_utf8_lossy(bytes)),
            Self::Stream(_, length) => write!(f, "Stream({length:?})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(response: &Response) -> &str {
        match &response.body {
            Body::Bytes(bytes) => std::str::from_utf8(bytes).unwrap(),
            Body::Empty => "",
            Body::Stream(..) => "(stream)",
        }
    }

    #[test]
    fn errors_are_json() {
        let response = Response::from(ApiError::conflict("a \"b\""));
        assert_eq!((response.status, text(&response)), (409, r#"{"message":"a \"b\"","status":409}"#));
        assert_eq!(response.header("content-type"), Some("application/json"));
        let response = Response::from(Err(ApiError::no_such_path()));
        assert_eq!((response.status, text(&response), response.headers.len()), (404, "", 0));
    }

    #[test]
    fn lengths_are_known_but_of_streams() {
        assert_eq!(Response::gzip_file(vec![1, 2]).length(), Some(2));
        assert_eq!(Response::empty(204).length(), Some(0));
        let stream =
            Response { body: Body::Stream(Box::new(std::io::empty()), None), ..Response::empty(200) };
        assert_eq!(stream.length(), None);
        assert_eq!(Response::text(200, "ä").length(), Some(2));
    }
}
