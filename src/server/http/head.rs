//! The head of a request: where it ends, what `httparse` reads in it, and what is refused beyond that.
//!
//! What two programs could read in two ways is refused (RFC 9112 §2.2, §5, §6): lines that end in a bare CR or LF, white
//! space round the name of a header, continued lines, `Content-Length` twice or beside `Transfer-Encoding`, `Host` not
//! exactly once. Nothing that comes after the head can so be taken for another request.

use super::limits::Limits;
use crate::server::error::ApiError;
use crate::server::request::{Headers, Method};
use crate::server::target::Target;

/// What stands before a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub method: Method,
    pub target: Target,
    /// `HTTP/1.0` instead of `HTTP/1.1`.
    pub is_http_1_0: bool,
    pub headers: Headers,
    pub framing: Framing,
}

/// How the end of a body is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    None,
    /// `Content-Length`.
    Length(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked,
}

impl Head {
    /// Looks for a head at the start of what has come. Returns it with its length in bytes; none when more must come.
    ///
    /// # Errors
    ///
    /// 400, 414, 431, 501 and 505; the connection cannot be used after any of them. Wrong and too long heads are refused
    /// as soon as it shows, not when they are complete.
    pub fn read(bytes: &[u8], limits: &Limits) -> Result<Option<(Self, usize)>, ApiError> {
        // Empty lines before a request are ignored, as old clients send them after a body.
        let skipped = bytes.chunks_exact(2).take_while(|pair| pair == b"\r\n").count() * 2;
        let (mut lines, mut start) = (0, skipped);
        while let Some(length) = bytes[start..].iter().position(|&byte| byte == b'\n') {
            let line = bytes[start..start + length].strip_suffix(b"\r");
            let line = line.ok_or_else(|| ApiError::invalid("A line of the head does not end in CR LF"))?;
            start += length + 1;
            check_length(start - skipped, lines == 0, line.len(), limits)?;
            if line.is_empty() {
                return Self::parse(&bytes[skipped..start], lines, limits).map(|head| Some((head, start)));
            }
            lines += 1;
            if lines > limits.headers + 1 {
                return Err(too_large("Too many headers"));
            }
        }
        check_length(bytes.len() - skipped, lines == 0, bytes.len() - start, limits)?;
        Ok(None)
    }

    /// Whether the connection can be used for another request.
    pub fn keeps_alive(&self) -> bool {
        let options = || self.headers.all("Connection").flat_map(|value| value.split(','));
        let has = |name: &str| options().any(|option| option.trim().eq_ignore_ascii_case(name));
        !has("close") && (!self.is_http_1_0 || has("keep-alive"))
    }

    /// What `Content-Length` says.
    pub fn content_length(&self) -> Option<u64> {
        self.headers.get("Content-Length").and_then(|value| value.parse().ok())
    }

    /// Whether the client waits for permission to send the body.
    pub fn expects_continue(&self) -> bool {
        self.headers.get("Expect").is_some() && !self.is_http_1_0 && self.framing != Framing::None
    }

    fn parse(bytes: &[u8], lines: usize, limits: &Limits) -> Result<Self, ApiError> {
        let mut headers = vec![httparse::EMPTY_HEADER; lines];
        let mut request = httparse::Request::new(&mut headers);
        request.parse(bytes).map_err(|error| refused(error, bytes))?;
        let (Some(method), Some(raw_target), Some(version)) = (request.method, request.path, request.version)
        else {
            return Err(ApiError::invalid("Malformed request line"));
        };
        if method.len() > 32 || !raw_target.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ApiError::invalid("Malformed request line"));
        }
        if raw_target.len() > limits.target {
            return Err(too_long());
        }
        let (method, is_http_1_0, target) = (Method::parse(method), version == 0, raw_target);
        let mut headers = Headers::default();
        for header in request.headers.iter() {
            // Other bytes than ASCII are let through: cookies of other programs on this host can hold them.
            headers.push(header.name, String::from_utf8_lossy(header.value.trim_ascii()));
        }
        if headers.all("Host").count() > 1 || (!is_http_1_0 && headers.get("Host").is_none()) {
            return Err(ApiError::invalid("A request must have one Host header"));
        }
        if headers.get("Expect").is_some_and(|value| !value.eq_ignore_ascii_case("100-continue")) {
            return Err(ApiError::new(417, "Expect can be 100-continue only"));
        }
        let framing = framing(&headers, is_http_1_0)?;
        let target = Target::parse(target)?;
        Ok(Self { method, target, is_http_1_0, headers, framing })
    }
}

fn check_length(head: usize, is_first: bool, line: usize, limits: &Limits) -> Result<(), ApiError> {
    // The method and the version beside the target; a target of the exact limit passes whatever they are.
    const REST_OF_REQUEST_LINE: usize = 48;
    if is_first && line > limits.target + REST_OF_REQUEST_LINE {
        return Err(too_long());
    }
    if head > limits.head {
        return Err(too_large("The headers are too long"));
    }
    Ok(())
}

fn refused(error: httparse::Error, bytes: &[u8]) -> ApiError {
    let line = bytes.split(|&byte| byte == b'\r').next().unwrap_or_default();
    let words: Vec<&[u8]> = line.split(|&byte| byte == b' ').collect();
    match error {
        httparse::Error::Version if words.len() == 3 && words[2].starts_with(b"HTTP/") => {
            ApiError::new(505, "Only HTTP/1.1 and HTTP/1.0 are supported")
        }
        httparse::Error::HeaderName | httparse::Error::HeaderValue => ApiError::invalid("Malformed header"),
        _ => ApiError::invalid("Malformed request line"),
    }
}

fn framing(headers: &Headers, is_http_1_0: bool) -> Result<Framing, ApiError> {
    let mut lengths = headers.all("Content-Length");
    let mut encodings = headers.all("Transfer-Encoding");
    match (lengths.next(), encodings.next()) {
        (None, None) => Ok(Framing::None),
        (Some(_), Some(_)) => Err(ApiError::invalid("Content-Length beside Transfer-Encoding")),
        (Some(length), None) => {
            let is_number = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
            // A number that is too long for 64 bits is a body that is too long for everybody.
            let length = is_number.then(|| length.parse().unwrap_or(u64::MAX));
            match (length, lengths.next()) {
                (Some(0), None) => Ok(Framing::None),
                (Some(length), None) => Ok(Framing::Length(length)),
                _ => Err(ApiError::invalid("Malformed Content-Length")),
            }
        }
        (None, Some(_)) if is_http_1_0 => Err(ApiError::invalid("Transfer-Encoding in HTTP/1.0")),
        (None, Some(encoding)) if encoding.eq_ignore_ascii_case("chunked") && encodings.next().is_none() => {
            Ok(Framing::Chunked)
        }
        (None, Some(_)) => Err(ApiError::new(501, "Transfer-Encoding can be chunked only")),
    }
}

fn too_long() -> ApiError {
    ApiError::new(414, "The path and the query of the request are too long")
}

fn too_large(message: &str) -> ApiError {
    ApiError::new(431, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Option<(Head, usize)>, ApiError> {
        Head::read(text.as_bytes(), &Limits::default())
    }

    fn head(text: &str) -> Head {
        read(text).unwrap().unwrap().0
    }

    fn status(text: &str) -> u16 {
        read(text).map_or_else(|error| error.status, |found| if found.is_some() { 200 } else { 100 })
    }

    #[test]
    fn a_head_is_read_to_its_end() {
        let text = "\r\nPUT /a?b=c HTTP/1.1\r\nHost: x\r\nX-Y:  z w \r\nContent-Length: 5\r\n\r\nhello";
        let (head, length) = read(text).unwrap().unwrap();
        assert_eq!(&text[length..], "hello");
        assert_eq!((head.method.as_str(), head.target.raw()), ("PUT", "/a?b=c"));
        assert_eq!((head.headers.get("x-y"), head.framing), (Some("z w"), Framing::Length(5)));
        for end in 0..length {
            assert_eq!(read(&text[..end]), Ok(None), "{end}");
        }
    }

    #[test]
    fn connections_are_kept_unless_somebody_says_otherwise() {
        for (version, connection, expected) in [
            ("1.1", "", true),
            ("1.1", "Connection: Keep-Alive, CLOSE\r\n", false),
            ("1.1", "Connection: closed\r\n", true),
            ("1.0", "", false),
            ("1.0", "Connection: keep-alive\r\n", true),
        ] {
            let head = head(&format!("GET / HTTP/{version}\r\nHost: x\r\n{connection}\r\n"));
            assert_eq!(head.keeps_alive(), expected, "{version} {connection}");
        }
    }

    #[test]
    fn bodies_have_one_length() {
        for (headers, expected) in [
            ("", Ok(Framing::None)),
            ("Content-Length: 0\r\n", Ok(Framing::None)),
            ("content-length: 12\r\n", Ok(Framing::Length(12))),
            ("Content-Length: 99999999999999999999999\r\n", Ok(Framing::Length(u64::MAX))),
            ("Transfer-Encoding: Chunked\r\n", Ok(Framing::Chunked)),
            ("Content-Length: +1\r\n", Err(400)),
            ("Content-Length: -1\r\n", Err(400)),
            ("Content-Length: 1 2\r\n", Err(400)),
            ("Content-Length: 1,1\r\n", Err(400)),
            ("Content-Length:\r\n", Err(400)),
            ("Content-Length: 1\r\nContent-Length: 1\r\n", Err(400)),
            ("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", Err(400)),
            ("Transfer-Encoding: gzip, chunked\r\n", Err(501)),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", Err(501)),
            ("Transfer-Encoding: identity\r\n", Err(501)),
        ] {
            let read = read(&format!("PUT / HTTP/1.1\r\nHost: x\r\n{headers}\r\n"));
            let found = read.map(|read| read.unwrap().0.framing).map_err(|error| error.status);
            assert_eq!(found, expected, "{headers}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for (text, expected) in [
            ("GET / HTTP/1.1\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nX : a\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\n: a\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/1.0\r\n\r\n", 200),
            ("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            ("GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            ("GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            ("GET /ä HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            ("GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            ("GET x HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            ("GET /\r\n\r\n", 400),
            ("G(T / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
            ("GET / http/1.1\r\nHost: x\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nExpect: cake\r\n\r\n", 417),
            ("GET / HTTP/1.1\r\nHost: x\r\nCookie: ä\t\u{80}\r\n\r\n", 200),
        ] {
            assert_eq!(status(text), expected, "{text:?}");
        }
    }

    #[test]
    fn heads_have_limits() {
        let line = |length: usize| format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(length - 1));
        assert_eq!((status(&line(8192)), status(&line(8193))), (200, 414));
        assert_eq!(status(&"a".repeat(9000)), 414);
        let headers =
            |count: usize| format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "X: y\r\n".repeat(count - 1));
        assert_eq!((status(&headers(100)), status(&headers(101))), (200, 431));
        let long = |length: usize| format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}", "y".repeat(length));
        assert_eq!((status(&long(32000)), status(&long(33000))), (100, 431));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Head::read(&bytes, &Limits::default());
        }

        #[test]
        fn any_head_like_text_is_read_or_refused(text in "(GET|P) /[a%2]{0,3} HTTP/1.[01](\r\n[A-Ha-h:, \t0-9]{0,9}){0,4}\r\n\r\n") {
            if let Ok(Some((_, length))) = read(&text) {
                prop_assert!(length <= text.len());
            }
        }
    }
}
