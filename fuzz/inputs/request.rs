//! Hostile requests. How their bytes arrive must not matter.

use dibble::server::auth::{Authenticator, BasicUser, Password};
use dibble::server::http::{Head, IncomingBody, Limits};
use dibble::server::{ApiError, Request};

/// How long a body may be here.
const LIMIT: usize = 1 << 20;

/// A request: its head, its body, and who it says it is from. How the bytes arrive must not matter.
pub fn check(bytes: &[u8]) {
    let at_once = receive(bytes, bytes.len().max(1));
    assert_eq!(at_once, receive(bytes, 1), "the pieces matter");
    let Ok(Some((head, length))) = Head::read(bytes, &Limits::default()) else { return };
    assert!(length <= bytes.len());
    let slashes = head.target.raw_path().matches('/').count();
    assert!(head.target.segments().len() <= slashes, "a segment came out of nothing");
    let mut request = Request::new(head.method, head.target);
    request.headers = head.headers;
    let user =
        BasicUser { username: "u".to_owned(), password: Password::Plain("p".to_owned()), is_admin: false };
    let _ = Authenticator::new(Some(user), None).check(&request);
    let _ = (request.json(), request.require_content_type("application/json"));
}

/// A body, and what came after it.
type Received = (Vec<u8>, Vec<u8>);

/// Receives a request in pieces. Returns none when more would have to come.
fn receive(bytes: &[u8], piece: usize) -> Result<Option<Received>, ApiError> {
    let mut incoming = vec![];
    let mut pieces = bytes.chunks(piece);
    let (head, length) = loop {
        if let Some(found) = Head::read(&incoming, &Limits::default())? {
            break found;
        }
        let Some(piece) = pieces.next() else { return Ok(None) };
        incoming.extend_from_slice(piece);
    };
    incoming.drain(..length);
    let mut body = IncomingBody::new(head.framing, LIMIT)?;
    while !body.take(&mut incoming)? {
        let Some(piece) = pieces.next() else { return Ok(None) };
        incoming.extend_from_slice(piece);
    }
    incoming.extend(pieces.flatten());
    let body = body.unpack(head.headers.get("Content-Encoding"))?;
    assert!(body.len() <= LIMIT);
    Ok(Some((body, incoming)))
}
