//! Notifications as HTTP requests.

use super::{read, send};
use crate::support::HttpStub;
use dibble::notifications::Sender;
use std::net::TcpListener;

fn sender(url: &str, more: &[(&str, &str)]) -> Sender {
    let pairs = [&[("type", "http"), ("http.url", url)], more].concat();
    read(&pairs).unwrap().unwrap()
}

#[test]
fn the_payload_is_posted_as_json() {
    let stub = HttpStub::answering(&["200 OK\n\nthank you\n", "204 No Content"]);
    let url = stub.url() + "/hooks/s3cret?x=1";
    let sender = sender(&url, &[]);
    assert_eq!(send(&sender), Ok("200 OK: thank you".to_owned()));
    let request = stub.request();
    assert!(request.starts_with("POST /hooks/s3cret?x=1 HTTP/1.1\n"), "{request}");
    assert!(request.contains("\ncontent-type: application/json\n"), "{request}");
    let (_, body) = request.split_once("\n\n").unwrap();
    assert!(
        body.starts_with(r#"{"timestamp":"1970-01-01T00:00:00Z","message":"It failed: größer","site_id":0,"#)
    );
    assert_eq!(send(&sender), Ok("204 No Content".to_owned()));
    assert_eq!(format!("{sender:?}").matches("s3cret").count(), 0);
}

#[test]
fn method_and_headers_can_be_set() {
    let stub = HttpStub::answering(&["201 Created"]);
    let headers =
        [("http.method", "put"), ("http.headers.X-Key", "k"), ("http.headers.content-type", "text/json")];
    assert_eq!(send(&sender(&stub.url(), &headers)), Ok("201 Created".to_owned()));
    let request = stub.request();
    assert!(request.starts_with("PUT / HTTP/1.1\n") && request.contains("\nx-key: k\n"), "{request}");
    assert!(request.contains("\ncontent-type: text/json\n") && !request.contains("application/json"));
}

#[test]
fn whatever_is_no_success_is_a_failure() {
    let stub = HttpStub::answering(&["503 Service Unavailable\n\nlater", "302 Found\nLocation: /elsewhere"]);
    let sender = sender(&stub.url(), &[]);
    let message = "Failed to send HTTP notification: status=503 Service Unavailable";
    assert_eq!(send(&sender), Err((message.to_owned(), "503 Service Unavailable: later".to_owned())));
    assert_eq!(send(&sender).unwrap_err().1, "302 Found");
    let _ = (stub.request(), stub.request());
    assert!(stub.is_quiet());
}

#[test]
fn where_nobody_listens_is_told_without_the_address() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (error, answer) = send(&sender(&format!("http://{closed}/s3cret"), &[])).unwrap_err();
    assert!(answer.starts_with("127.0.0.1: ") && answer.contains("refused"), "{answer}");
    assert_eq!(error, format!("Failed to send HTTP notification: {answer}"));
    assert!(!error.contains("s3cret"));
}
