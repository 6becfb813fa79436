//! Responses on their way out. `tiny_http` writes them; what it lacks is put round it here: a `Connection` header, and
//! bodies that end too early must not look complete.

use crate::server::response::{Body, Response};
use std::cell::Cell;
use std::io::{self, Cursor, ErrorKind, Read, Write};
use std::rc::Rc;
use tiny_http::{HTTPVersion, Header, StatusCode};

/// What the program is called in every response.
const SERVER: &str = "dibble";

/// What the request decides of how its response is sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    pub(super) is_http_1_0: bool,
    /// The response to `HEAD`: with the headers that a body would have, and without it.
    pub(super) without_body: bool,
    /// Whether another request may follow.
    pub(super) keep: bool,
}

/// Writes a response. Returns how many bytes of the body were written.
///
/// # Errors
///
/// Those of the writer, and those of a body that cannot be read to its end. The connection cannot be used any more then.
pub(super) fn write(response: Response, manner: Manner, out: impl Write) -> io::Result<u64> {
    let Some(headers) = headers(&response) else {
        return write(Response::error(500, "A header of the response is not valid"), manner, out);
    };
    let length = response.length();
    let source: Box<dyn Read + Send> = match response.body {
        Body::Empty => Box::new(io::empty()),
        Body::Bytes(bytes) => Box::new(Cursor::new(bytes)),
        Body::Stream(reader, None) => reader,
        Body::Stream(reader, Some(length)) => Box::new(reader.take(length)),
    };
    let progress = Rc::new(Progress::default());
    let reader = Source { reader: source, progress: Rc::clone(&progress) };
    let mut out = Sink { out, progress: Rc::clone(&progress), connection: connection_line(manner) };
    let length_as_usize = length.and_then(|length| usize::try_from(length).ok());
    let version = if manner.is_http_1_0 { HTTPVersion(1, 0) } else { HTTPVersion(1, 1) };
    tiny_http::Response::new(StatusCode(response.status), headers.into(), reader, length_as_usize, None)
        // Bodies of a known length are never chunked.
        .with_chunked_threshold(usize::MAX)
        .raw_print(&mut out, version, None, manner.without_body, None)?;
    out.flush()?;
    let sent = progress.read.get();
    if !manner.without_body && length.is_some_and(|length| length != sent) {
        return Err(io::Error::new(ErrorKind::UnexpectedEof, "the body is shorter than was said"));
    }
    Ok(sent)
}

/// None when one of them can be no header.
fn headers(response: &Response) -> Option<Vec<Header>> {
    let given = response.headers.iter().map(|(name, value)| (name.as_ref(), value.as_str()));
    let all = given.chain([("Server", SERVER)]);
    // White space round a value would be trimmed, line ends included, and the rest be sent.
    let is_clean = |value: &str| !value.chars().any(char::is_control);
    all.map(|(name, value)| Header::from_str(name, value).ok().filter(|_| is_clean(value))).collect()
}

fn connection_line(manner: Manner) -> &'static [u8] {
    match manner {
        Manner { keep: false, .. } => b"Connection: close\r\n",
        Manner { is_http_1_0: true, .. } => b"Connection: keep-alive\r\n",
        Manner { .. } => b"",
    }
}

/// How the body gets on.
#[derive(Debug, Default)]
struct Progress {
    /// How many bytes of the body have been read.
    read: Cell<u64>,
    has_failed: Cell<bool>,
}

struct Source {
    reader: Box<dyn Read + Send>,
    progress: Rc<Progress>,
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.reader.read(buffer) {
            Ok(count) => {
                self.progress.read.set(self.progress.read.get() + count as u64);
                Ok(count)
            }
            Err(error) => {
                self.progress.has_failed.set(error.kind() != ErrorKind::Interrupted);
                Err(error)
            }
        }
    }
}

/// Adds the `Connection` header after the status line, and takes nothing any more once the body has failed: the chunk
/// that ends a body would be written all the same.
struct Sink<W> {
    out: W,
    progress: Rc<Progress>,
    connection: &'static [u8],
}

impl<W: Write> Write for Sink<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.progress.has_failed.get() {
            return Err(io::Error::other("the body could not be read to its end"));
        }
        match bytes.iter().position(|&byte| byte == b'\n') {
            Some(end) if !self.connection.is_empty() => {
                self.out.write_all(&bytes[..=end])?;
                self.out.write_all(self.connection)?;
                self.connection = b"";
                Ok(end + 1)
            }
            _ => self.out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Manner = Manner { is_http_1_0: false, without_body: false, keep: true };

    /// The message without the date, and how much of the body was sent.
    fn sent(response: Response, manner: Manner) -> (String, Result<u64, ErrorKind>) {
        let mut out = vec![];
        let result = write(response, manner, &mut out).map_err(|error| error.kind());
        let text = String::from_utf8(out).unwrap();
        let lines = text.split_inclusive('\n').filter(|line| !line.starts_with("Date: "));
        (lines.collect::<String>().replace("\r\n", "|"), result)
    }

    fn stream(text: &'static str, length: Option<u64>) -> Response {
        Response { body: Body::Stream(Box::new(text.as_bytes()), length), ..Response::empty(200) }
    }

    #[test]
    fn lengths_are_said_when_they_are_known() {
        let cases = [
            (
                Response::text(200, "hi"),
                "Content-Type: text/plain;charset=utf-8|Server: dibble|Content-Length: 2||hi",
            ),
            (Response::empty(404), "Server: dibble|Content-Length: 0||"),
            (stream("hello", Some(5)), "Server: dibble|Content-Length: 5||hello"),
            (stream("hello", Some(3)), "Server: dibble|Content-Length: 3||hel"),
            (stream("hello", None), "Server: dibble|Transfer-Encoding: chunked||5|hello|0||"),
        ];
        for (response, expected) in cases {
            let (text, _) = sent(response, PLAIN);
            assert_eq!(text.split_once('|').unwrap().1, expected);
        }
        let long = Response::text(200, "a".repeat(100_000));
        assert!(sent(long, PLAIN).0.contains("Content-Length: 100000|"));
    }

    #[test]
    fn the_request_decides_how() {
        let head = Manner { without_body: true, ..PLAIN };
        let expected = "HTTP/1.1 200 OK|Content-Type: application/gzip|Server: dibble|Content-Length: 3||";
        assert_eq!(sent(Response::gzip_file(vec![1, 2, 3]), head), (expected.to_owned(), Ok(0)));
        let close = Manner { keep: false, ..PLAIN };
        assert!(sent(Response::empty(404), close).0.starts_with("HTTP/1.1 404 Not Found|Connection: close|"));
        let old = Manner { is_http_1_0: true, ..PLAIN };
        let expected = "HTTP/1.0 200 OK|Connection: keep-alive|Server: dibble|Content-Length: 5||hello";
        assert_eq!(sent(stream("hello", None), old), (expected.to_owned(), Ok(5)));
    }

    #[test]
    fn headers_hold_one_line() {
        for value in ["a\r\nSet-Cookie: b", "\r\nSet-Cookie: b", "a\nb", "a\n", "a\0", "ä"] {
            let (text, _) = sent(Response::empty(303).with_header("Location", value), PLAIN);
            assert!(text.starts_with("HTTP/1.1 500 Internal Server Error|"), "{text}");
            assert!(!text.contains("Set-Cookie"), "{text}");
        }
        let (text, _) = sent(Response::empty(303).with_header("Bad Name", "x"), PLAIN);
        assert!(text.starts_with("HTTP/1.1 500 "), "{text}");
    }

    #[test]
    fn bodies_that_end_too_early_do_not_look_complete() {
        struct Broken(bool);
        impl Read for Broken {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                if std::mem::replace(&mut self.0, true) {
                    return Err(io::Error::other("broken"));
                }
                buffer[..2].copy_from_slice(b"hi");
                Ok(2)
            }
        }
        let response = Response { body: Body::Stream(Box::new(Broken(false)), None), ..Response::empty(200) };
        let (text, result) = sent(response, PLAIN);
        assert!(!text.ends_with("0||"), "{text}");
        assert_eq!(result, Err(ErrorKind::Other));
        assert_eq!(sent(stream("hello", Some(9)), PLAIN).1, Err(ErrorKind::UnexpectedEof));
    }
}
