//! How much a client may send, and how long it may take. What is over a limit is refused before it is read.

use crate::server::error::ApiError;
use crate::server::router::BodyLimit;
use std::time::Duration;

/// Sizes in bytes. The defaults suit a machine with little memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The target of a request: path and query. Longer ones are answered with 414.
    pub target: usize,
    /// The request line and all headers together. Longer ones are answered with 431.
    pub head: usize,
    /// How many headers a request may have; 431.
    pub headers: usize,
    /// A body that is JSON or nothing, packed and unpacked; 413.
    pub json: usize,
    /// The archive of a project; 400, as Digdag has it.
    pub archive: usize,
    /// All bodies together that are being received; 503.
    pub receiving: usize,
    /// Open connections. At more, those that have waited longest for a request are closed.
    pub connections: usize,
    /// Threads that answer requests.
    pub threads: usize,
    /// Requests that wait for a thread when all are busy; at more, 503.
    pub queue: usize,
    /// How long a connection may be silent between requests.
    pub idle: Duration,
    /// How long a request line with its headers may take, from its first byte on; 408.
    pub head_time: Duration,
    /// How long a body may take; 408.
    pub body_time: Duration,
    /// How long the client may take to receive a response.
    pub response_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            target: 8 << 10,
            head: 32 << 10,
            headers: 100,
            json: 1 << 20,
            archive: 2 << 20,
            receiving: 64 << 20,
            connections: 1024,
            threads: 64,
            queue: 256,
            idle: Duration::from_secs(60),
            head_time: Duration::from_secs(30),
            body_time: Duration::from_secs(120),
            response_time: Duration::from_secs(300),
        }
    }
}

impl Limits {
    /// The limit of a route in bytes.
    pub fn of(&self, body: BodyLimit) -> usize {
        match body {
            BodyLimit::Json => self.json,
            BodyLimit::Archive => self.archive,
        }
    }

    /// The answer to a body that is announced to be longer than its route allows.
    pub fn refusal(&self, body: BodyLimit) -> ApiError {
        match body {
            BodyLimit::Json => {
                ApiError::new(413, format!("The body of the request is longer than {} bytes", self.json))
            }
            BodyLimit::Archive => ApiError::invalid(format!(
                "Size of the uploaded archive file exceeds limit ({} bytes)",
                self.archive
            )),
        }
    }
}
