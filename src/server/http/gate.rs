//! The thread that holds every connection without a complete request: it accepts, reads, refuses, and gives what is
//! complete to the workers. It never waits for anything but all of its connections at once, and runs no code of handlers.

use super::connection::{Connection, Job, Mailbox, Next, Port, Receiving, Task, readable, silence, wait};
use super::head::Head;
use super::limits::Limits;
use super::outgoing::{self, Manner};
use super::worker_pool::WorkerPool;
use crate::server::error::ApiError;
use crate::server::response::Response;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How much is read from one connection before the others have their turn.
const TURN: usize = 64 << 10;
/// How long, and how much, is read and thrown away after a refusal. A connection that is closed while bytes of the client
/// are unread takes the refusal with it.
const FAREWELL: Duration = Duration::from_secs(2);
const FAREWELL_BYTES: usize = 4 << 20;
/// How long nobody is accepted after accepting failed.
const ACCEPT_AGAIN: Duration = Duration::from_millis(200);

pub(super) struct Gate {
    pub(super) listeners: Vec<(TcpListener, Port)>,
    pub(super) limits: Limits,
    pub(super) workers: WorkerPool<Job>,
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) bell: UnixStream,
    waiting: Vec<Waiting>,
    /// How many connections the workers have.
    at_work: usize,
    /// How many bytes of bodies are being received.
    received: usize,
    accept_from: Option<Instant>,
    buffer: Vec<u8>,
}

/// A connection from which something must come.
struct Waiting {
    connection: Connection,
    phase: Phase,
    deadline: Instant,
}

enum Phase {
    Head,
    Body(Box<Receiving>),
    /// Everything is said; so many bytes may still come.
    Farewell(usize),
}

impl Gate {
    pub(super) fn new(
        listeners: Vec<(TcpListener, Port)>,
        limits: Limits,
        workers: WorkerPool<Job>,
        mailbox: Arc<Mailbox>,
        bell: UnixStream,
    ) -> Self {
        let (waiting, at_work, received, accept_from) = (vec![], 0, 0, None);
        let buffer = vec![0; TURN];
        Self { listeners, limits, workers, mailbox, bell, waiting, at_work, received, accept_from, buffer }
    }

    /// Runs until it is stopped. Returns whether every request was answered by then.
    pub(super) fn run(mut self) -> bool {
        loop {
            let now = Instant::now();
            if let Some(by) = self.mailbox.stop_by() {
                self.listeners.clear();
                self.waiting.retain(Waiting::has_begun);
                let is_done = self.waiting.is_empty() && self.at_work == 0;
                if is_done || now >= by {
                    return is_done;
                }
            }
            let (may_accept, ready) = self.sleep(now);
            let now = Instant::now();
            for next in self.mailbox.take() {
                self.take_back(next, now);
            }
            self.look_at(&ready, now);
            if may_accept {
                self.accept(now);
            }
        }
    }

    /// Waits for something to happen. Returns whether somebody wants to connect, and which connections have news.
    fn sleep(&mut self, now: Instant) -> (bool, Vec<bool>) {
        let accepts = self.accept_from.is_none_or(|from| from <= now);
        let listeners = if accepts { self.listeners.as_slice() } else { &[] };
        let mut descriptors = vec![readable(self.bell.as_fd())];
        descriptors.extend(listeners.iter().map(|(listener, _)| readable(listener.as_fd())));
        descriptors.extend(self.waiting.iter().map(|waiting| readable(waiting.connection.stream.as_fd())));
        let deadlines = self.waiting.iter().map(|waiting| waiting.deadline);
        let pause = self.accept_from.filter(|_| !accepts);
        let first = deadlines.chain(pause).chain(self.mailbox.stop_by()).min();
        let limit = first.map(|at| at.saturating_duration_since(now));
        let is_ready = match wait(&mut descriptors, limit) {
            Ok(()) => descriptors.iter().map(|one| one.any().unwrap_or(false)).collect(),
            Err(_) => {
                // The machine is out of memory. There is nothing to do but to leave it in peace for a moment.
                std::thread::sleep(ACCEPT_AGAIN);
                vec![false; descriptors.len()]
            }
        };
        let (fixed, connections) = is_ready.split_at(1 + listeners.len());
        if fixed[0] {
            silence(&self.bell);
        }
        (fixed[1..].contains(&true), connections.to_vec())
    }

    fn look_at(&mut self, ready: &[bool], now: Instant) {
        let (old, new): (Vec<_>, Vec<_>) = {
            let mut old = std::mem::take(&mut self.waiting);
            let new = old.split_off(ready.len().min(old.len()));
            (old, new)
        };
        self.waiting = new;
        for (waiting, &is_ready) in old.into_iter().zip(ready) {
            if is_ready {
                self.read(waiting, now);
            } else if waiting.deadline <= now {
                self.expire(waiting, now);
            } else {
                self.waiting.push(waiting);
            }
        }
    }

    fn accept(&mut self, now: Instant) {
        self.accept_from = None;
        for at in 0..self.listeners.len() {
            loop {
                let (listener, port) = &self.listeners[at];
                let port = *port;
                match listener.accept() {
                    Ok((stream, remote)) => {
                        if stream.set_nonblocking(true).is_err() {
                            continue;
                        }
                        // Responses are put together already; waiting for more of them helps nobody.
                        let _ = stream.set_nodelay(true);
                        self.make_room(self.limits.connections.saturating_sub(1));
                        let connection = Connection { stream, remote, port, incoming: vec![] };
                        let deadline = now + self.limits.idle;
                        self.waiting.push(Waiting { connection, phase: Phase::Head, deadline });
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error)
                        if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::Interrupted) => {}
                    Err(_) => {
                        // No more descriptors, most likely: somebody who only waits has to go.
                        self.make_room((self.waiting.len() + self.at_work).saturating_sub(1));
                        self.accept_from = Some(now + ACCEPT_AGAIN);
                        return;
                    }
                }
            }
        }
    }

    /// Closes those that have waited longest for a request, until there are no more connections than that. Those that
    /// have sent nothing go first; those that are being answered stay.
    fn make_room(&mut self, most: usize) {
        while self.waiting.len() + self.at_work > most {
            let order = |waiting: &Waiting| (waiting.has_begun(), waiting.deadline);
            let oldest = (0..self.waiting.len()).min_by_key(|&at| order(&self.waiting[at]));
            let Some(oldest) = oldest else { return };
            let gone = self.waiting.swap_remove(oldest);
            self.received -= gone.body_length();
        }
    }

    fn read(&mut self, mut waiting: Waiting, now: Instant) {
        match waiting.connection.stream.read(&mut self.buffer) {
            Ok(0) => self.received -= waiting.body_length(),
            Ok(count) => {
                let is_first = waiting.connection.incoming.is_empty();
                waiting.connection.incoming.extend_from_slice(&self.buffer[..count]);
                if is_first && matches!(waiting.phase, Phase::Head) {
                    waiting.deadline = now + self.limits.head_time;
                }
                self.advance(waiting, now);
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                self.waiting.push(waiting);
            }
            Err(_) => self.received -= waiting.body_length(),
        }
    }

    /// Makes the most of what has come.
    fn advance(&mut self, mut waiting: Waiting, now: Instant) {
        match waiting.phase {
            Phase::Head => match Head::read(&waiting.connection.incoming, &self.limits) {
                Ok(None) => self.waiting.push(waiting),
                Ok(Some((head, length))) => {
                    waiting.connection.incoming.drain(..length);
                    self.submit(waiting.connection, Task::Admit(Box::new(head)), now);
                }
                Err(error) => self.refuse(waiting.connection, error.into(), now),
            },
            Phase::Body(ref mut receiving) => {
                let before = receiving.body.len();
                let result = receiving.body.take(&mut waiting.connection.incoming);
                self.received += receiving.body.len() - before;
                let refusal = match result {
                    Err(error) => Some(error.into()),
                    Ok(false) if self.received > self.limits.receiving => Some(too_busy()),
                    Ok(false) => {
                        self.waiting.push(waiting);
                        return;
                    }
                    Ok(true) => None,
                };
                self.received -= receiving.body.len();
                let Phase::Body(receiving) = waiting.phase else { return };
                match refusal {
                    Some(refusal) => self.refuse(waiting.connection, refusal, now),
                    None => self.submit(waiting.connection, Task::Answer(receiving), now),
                }
            }
            Phase::Farewell(left) => {
                let count = waiting.connection.incoming.len();
                waiting.connection.incoming.clear();
                if count < left {
                    waiting.phase = Phase::Farewell(left - count);
                    self.waiting.push(waiting);
                }
            }
        }
    }

    fn expire(&mut self, waiting: Waiting, now: Instant) {
        self.received -= waiting.body_length();
        let is_silent = matches!(waiting.phase, Phase::Farewell(_)) || !waiting.has_begun();
        if !is_silent {
            self.refuse(waiting.connection, ApiError::new(408, "The request took too long").into(), now);
        }
    }

    fn submit(&mut self, connection: Connection, task: Task, now: Instant) {
        match self.workers.submit(Job { connection, task }) {
            Ok(()) => self.at_work += 1,
            Err(job) => self.refuse(job.connection, too_busy(), now),
        }
    }

    /// Says why a request is not read, and closes the connection.
    fn refuse(&mut self, connection: Connection, response: Response, now: Instant) {
        let manner = Manner { is_http_1_0: false, without_body: false, keep: false };
        let mut message = vec![];
        let is_written = outgoing::write(response, manner, &mut message).is_ok();
        // A client that has left no room for so little is not waited for.
        if is_written && (&connection.stream).write_all(&message).is_ok() {
            self.say_farewell(connection, now);
        }
    }

    fn say_farewell(&mut self, mut connection: Connection, now: Instant) {
        if connection.stream.shutdown(Shutdown::Write).is_ok() {
            connection.incoming.clear();
            let phase = Phase::Farewell(FAREWELL_BYTES);
            self.waiting.push(Waiting { connection, phase, deadline: now + FAREWELL });
        }
    }

    fn take_back(&mut self, next: Next, now: Instant) {
        self.at_work -= 1;
        match next {
            Next::Gone => {}
            Next::Close(connection) => self.say_farewell(connection, now),
            Next::Request(connection) => {
                let is_silent = connection.incoming.is_empty();
                let time = if is_silent { self.limits.idle } else { self.limits.head_time };
                let waiting = Waiting { connection, phase: Phase::Head, deadline: now + time };
                if is_silent { self.waiting.push(waiting) } else { self.advance(waiting, now) }
            }
            Next::Body(connection, receiving) => {
                self.received += receiving.body.len();
                let deadline = now + self.limits.body_time;
                self.advance(Waiting { connection, phase: Phase::Body(receiving), deadline }, now);
            }
        }
    }
}

impl Waiting {
    /// Whether a part of a request has come.
    fn has_begun(&self) -> bool {
        match self.phase {
            Phase::Head => !self.connection.incoming.is_empty(),
            Phase::Body(_) => true,
            Phase::Farewell(_) => false,
        }
    }

    fn body_length(&self) -> usize {
        match &self.phase {
            Phase::Body(receiving) => receiving.body.len(),
            Phase::Head | Phase::Farewell(_) => 0,
        }
    }
}

fn too_busy() -> Response {
    Response::error(503, "The server is busy").with_header("Retry-After", "1")
}
