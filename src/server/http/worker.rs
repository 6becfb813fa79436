//! What a worker does with a complete head, and with a complete body.

use super::connection::{Connection, Job, Mailbox, Next, PatientWriter, Receiving, Task};
use super::head::Head;
use super::incoming_body::IncomingBody;
use super::limits::Limits;
use super::outgoing::{self, Manner};
use super::{Exchange, Service};
use crate::server::error::ApiError;
use crate::server::request::{Method, Request};
use crate::server::response::Response;
use std::io::{BufWriter, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

/// How much of a response is put together before it is sent.
const BUFFER: usize = 16 << 10;

/// Shared by all workers.
pub(super) struct Worker {
    pub(super) service: Arc<dyn Service>,
    pub(super) limits: Limits,
    pub(super) mailbox: Arc<Mailbox>,
}

impl Worker {
    /// Does a job and gives the connection back to the gate.
    pub(super) fn work(&self, job: Job) {
        // What the service does is caught below; this is for what must not happen, so that the gate never waits in vain.
        let next = catch_unwind(AssertUnwindSafe(|| self.next(job))).unwrap_or(Next::Gone);
        self.mailbox.put(next);
    }

    fn next(&self, job: Job) -> Next {
        match job.task {
            Task::Admit(head) => self.admit(job.connection, *head),
            Task::Answer(receiving) => self.answer(job.connection, *receiving),
        }
    }

    fn admit(&self, mut connection: Connection, head: Head) -> Next {
        let since = Instant::now();
        let (keeps_alive, expects_continue) = (head.keeps_alive(), head.expects_continue());
        let (is_http_1_0, framing) = (head.is_http_1_0, head.framing);
        let mut request = request_of(&connection, head);
        let body = guarded(|| {
            let limit = self.service.admit(&mut request)?;
            let body = IncomingBody::new(framing, self.limits.of(limit));
            Ok(body.map_err(|_| self.limits.refusal(limit))?)
        });
        let body = match body {
            Ok(body) => body,
            Err(response) => {
                // A body that nobody reads can be told from the next request by closing only.
                let keeps_alive = keeps_alive && framing == super::Framing::None;
                let body = IncomingBody::none();
                let receiving = Receiving { request, is_http_1_0, keeps_alive, body, since };
                return self.respond(connection, &receiving, response);
            }
        };
        let mut receiving = Receiving { request, is_http_1_0, keeps_alive, body, since };
        match receiving.body.take(&mut connection.incoming) {
            Ok(true) => self.answer(connection, receiving),
            Ok(false) => {
                if expects_continue && connection.incoming.is_empty() && receiving.body.is_empty() {
                    let mut out =
                        PatientWriter { stream: &connection.stream, until: since + self.limits.body_time };
                    if out.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").is_err() {
                        return Next::Gone;
                    }
                }
                Next::Body(connection, Box::new(receiving))
            }
            Err(error) => {
                receiving.keeps_alive = false;
                self.respond(connection, &receiving, error.into())
            }
        }
    }

    fn answer(&self, connection: Connection, mut receiving: Receiving) -> Next {
        let body = std::mem::replace(&mut receiving.body, IncomingBody::none());
        let response = match body.unpack(receiving.request.headers.get("Content-Encoding")) {
            Ok(body) => {
                receiving.request.body = body;
                guarded(|| Ok(self.service.answer(&receiving.request))).unwrap_or_else(|response| response)
            }
            Err(error) => error.into(),
        };
        self.respond(connection, &receiving, response)
    }

    fn respond(&self, connection: Connection, receiving: &Receiving, response: Response) -> Next {
        let Receiving { request, is_http_1_0, keeps_alive, since, .. } = receiving;
        let response =
            guarded(|| Ok(self.service.finish(request, response))).unwrap_or_else(|response| response);
        let keep = *keeps_alive && !self.mailbox.is_stopping();
        let without_body = request.method == Method::Head;
        let manner = Manner { is_http_1_0: *is_http_1_0, without_body, keep };
        let until = Instant::now() + self.limits.response_time;
        let status = response.status;
        let out = PatientWriter { stream: &connection.stream, until };
        let sent = outgoing::write(response, manner, BufWriter::with_capacity(BUFFER, out));
        let protocol = if *is_http_1_0 { "HTTP/1.0" } else { "HTTP/1.1" };
        let size = sent.as_ref().copied().unwrap_or(0);
        let exchange = Exchange { request, protocol, status, size, duration: since.elapsed() };
        let _ = guarded(|| {
            self.service.answered(&exchange);
            Ok(())
        });
        match sent {
            Err(_) => Next::Gone,
            Ok(_) if keep => Next::Request(connection),
            Ok(_) => Next::Close(connection),
        }
    }
}

/// Runs code of the service, which fails its request only when it panics.
fn guarded<T>(work: impl FnOnce() -> Result<T, Response>) -> Result<T, Response> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(ApiError::internal("The server failed to answer this request").into()))
}

fn request_of(connection: &Connection, head: Head) -> Request {
    let content_length = head.content_length();
    let mut request = Request::new(head.method, head.target);
    request.headers = head.headers;
    request.content_length = content_length;
    request.remote = connection.remote;
    request.local = connection.port.local;
    request.is_admin_listener = connection.port.is_admin;
    request
}
