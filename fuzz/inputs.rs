//! What is done with hostile bytes: by the fuzzer, and by `tests/hostile.rs` with the corpora. Nothing here may panic but
//! through its assertions.

#![allow(dead_code, reason = "every fuzz target has one of these functions")]

use dibble::archive::{Contents, Limits as ArchiveLimits, extract};
use dibble::dig::{IncludeError, load_params, load_workflow};
use dibble::server::auth::{Authenticator, BasicUser, Password};
use dibble::server::http::{Head, IncomingBody, Limits};
use dibble::server::{ApiError, Request};
use std::fs;
use std::path::Path;

/// How large bodies and archives may be here.
const LIMIT: usize = 1 << 20;

/// A request: its head, its body, and who it says it is from. How the bytes arrive must not matter.
pub fn request(bytes: &[u8]) {
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

/// The body of a request that comes in pieces, and what is left after it; none when more would have to come.
fn receive(bytes: &[u8], piece: usize) -> Result<Option<(Vec<u8>, Vec<u8>)>, ApiError> {
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

/// An archive that is looked into and extracted. Nothing may be written elsewhere.
pub fn archive(bytes: &[u8]) {
    let limits = ArchiveLimits::all(LIMIT as u64);
    let around = tempfile::tempdir().expect("a temporary directory");
    let inside = around.path().join("inside");
    let extracted = extract(bytes, &inside, &limits, &mut |_| ());
    let entries = fs::read_dir(around.path()).expect("the directory").flatten();
    assert!(entries.into_iter().all(|entry| entry.path() == inside), "something was written outside");
    let Ok(contents) = Contents::read(bytes, &limits) else { return };
    let workflows = contents.workflows();
    let _ = contents.with_files(|files| {
        for name in &workflows {
            let _ = files.read(Path::new(&format!("{name}.dig")));
        }
    });
    drop(extracted);
}

/// A workflow, and a file of parameters. What is wrong with them is told.
pub fn dig(bytes: &[u8]) {
    let include = |_: &_| Err(IncludeError::NotFound);
    match load_workflow("w", "w.dig", bytes.to_vec(), &include, &["echo>", "sh>"]) {
        Ok(workflow) => assert!(!workflow.plan.tasks.is_empty()),
        Err(errors) => assert!(!errors.to_string().is_empty()),
    }
    let _ = load_params("p.yml", bytes.to_vec(), &include);
}
