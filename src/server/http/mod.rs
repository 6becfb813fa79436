//! HTTP/1.1 over TCP: from a socket to a complete [`Request`], and back from a [`Response`].
//!
//! One thread, the gate, holds every connection that has not sent a whole request yet. It waits for all of them at once
//! (`poll`), so that slow and silent clients cost a descriptor and the bytes that they sent, never a thread. When a head
//! is complete, a worker decides on it; when the body is, a worker answers. So bodies are refused before they are read,
//! and whoever may not send one cannot make the server keep it.
//!
//! The gate sleeps until something comes or the next deadline is due; without connections it sleeps for good.
//!
//! `tiny_http` writes the messages: status lines, checked headers, dates, lengths and chunks. Its own reading of requests
//! is not used: it has neither a limit nor a deadline for heads, takes a thread for every open connection, and ends its
//! accepting thread at the first error (such as no more descriptors). HTTP/2 and TLS are absent; a proxy does them.

mod connection;
mod gate;
mod head;
mod incoming_body;
mod limits;
mod listener;
mod outgoing;
mod worker;
mod worker_pool;

#[cfg(test)]
mod tests;

pub use head::{Framing, Head};
pub use incoming_body::IncomingBody;
pub use limits::Limits;
pub use listener::{Bind, BindError, HttpServer};

use super::request::Request;
use super::response::Response;
use super::router::BodyLimit;
use std::time::Duration;

/// What stands behind the sockets. Called on the threads of workers, many at a time.
pub trait Service: Send + Sync {
    /// Decides by the head of a request, whose body has not been read, whether it is let in and how long its body may be.
    /// Says who the user is.
    ///
    /// # Errors
    ///
    /// The answer to a request that is not let in.
    fn admit(&self, request: &mut Request) -> Result<BodyLimit, Response>;

    /// Answers a request that was let in.
    fn answer(&self, request: &Request) -> Response;

    /// Completes every response to a request whose head could be read, those to refused ones included.
    fn finish(&self, request: &Request, response: Response) -> Response;

    /// Is told of every such request after the response has been sent, or could not be sent.
    fn answered(&self, exchange: &Exchange<'_>);
}

/// A request that has been answered.
#[derive(Debug)]
pub struct Exchange<'a> {
    pub request: &'a Request,
    /// `HTTP/1.1` or `HTTP/1.0`.
    pub protocol: &'static str,
    pub status: u16,
    /// How many bytes of the body were sent.
    pub size: u64,
    /// From the complete head to the last byte sent.
    pub duration: Duration,
}
