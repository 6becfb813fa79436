//! An open connection, and what passes between the gate and the workers: jobs one way, connections the other.

use super::head::Head;
use super::incoming_body::IncomingBody;
use crate::server::request::Request;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// An accepted connection. Its socket never blocks.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: TcpStream,
    pub(super) remote: SocketAddr,
    pub(super) port: Port,
    /// What has come and has not been taken yet.
    pub(super) incoming: Vec<u8>,
}

/// The listener that a connection came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Port {
    pub(super) local: SocketAddr,
    pub(super) is_admin: bool,
}

/// What a worker has to do.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) connection: Connection,
    pub(super) task: Task,
}

#[derive(Debug)]
pub(super) enum Task {
    /// A head is complete: decide, and answer when there is no body to wait for.
    Admit(Box<Head>),
    /// A body is complete: answer.
    Answer(Box<Receiving>),
}

/// A request that was let in and whose body is coming.
#[derive(Debug)]
pub(super) struct Receiving {
    pub(super) request: Request,
    pub(super) is_http_1_0: bool,
    pub(super) keeps_alive: bool,
    pub(super) body: IncomingBody,
    /// When its head was complete.
    pub(super) since: Instant,
}

/// What becomes of a connection that a worker had.
#[derive(Debug)]
pub(super) enum Next {
    /// The response has been sent; another request may come.
    Request(Connection),
    /// The body must come.
    Body(Connection, Box<Receiving>),
    /// The response has been sent, and the client is to read it before the connection is closed.
    Close(Connection),
    /// It is closed.
    Gone,
}

/// The connections that come back, and the bell that wakes the gate.
#[derive(Debug)]
pub(super) struct Mailbox {
    returned: Mutex<Vec<Next>>,
    bell: UnixStream,
    /// Set once, when no more requests are to be taken.
    stop_by: Mutex<Option<Instant>>,
    is_stopping: AtomicBool,
}

impl Mailbox {
    /// The mailbox, and the end of the bell that the gate listens to.
    pub(super) fn new() -> io::Result<(Self, UnixStream)> {
        let (bell, listening) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        listening.set_nonblocking(true)?;
        let mailbox = Self {
            returned: Mutex::default(),
            bell,
            stop_by: Mutex::default(),
            is_stopping: AtomicBool::new(false),
        };
        Ok((mailbox, listening))
    }

    pub(super) fn put(&self, next: Next) {
        self.returned.lock().unwrap_or_else(PoisonError::into_inner).push(next);
        self.ring();
    }

    pub(super) fn take(&self) -> Vec<Next> {
        std::mem::take(&mut *self.returned.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn stop(&self, by: Instant) {
        *self.stop_by.lock().unwrap_or_else(PoisonError::into_inner) = Some(by);
        self.is_stopping.store(true, Ordering::Release);
        self.ring();
    }

    pub(super) fn stop_by(&self) -> Option<Instant> {
        if self.is_stopping() { *self.stop_by.lock().unwrap_or_else(PoisonError::into_inner) } else { None }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Acquire)
    }

    /// A full pipe is no error: the gate has not heard the earlier rings yet and will look.
    fn ring(&self) {
        let _ = (&self.bell).write(&[1]);
    }
}

/// Takes all rings off the bell.
pub(super) fn silence(mut bell: &UnixStream) {
    let mut rings = [0; 256];
    while bell.read(&mut rings).is_ok_and(|count| count == rings.len()) {}
}

/// Writes to a socket that does not block, and waits for a slow client until a deadline.
#[derive(Debug)]
pub(super) struct PatientWriter<'a> {
    pub(super) stream: &'a TcpStream,
    pub(super) until: Instant,
}

impl Write for PatientWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.stream.write(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                result => return result,
            }
            let left = self.until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::Error::new(ErrorKind::TimedOut, "the client does not read its response"));
            }
            let mut waiting = [PollFd::new(self.stream.as_fd(), PollFlags::POLLOUT)];
            wait(&mut waiting, Some(left))?;
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sleeps until something happens to one of the descriptors, or a time has passed.
pub(super) fn wait(descriptors: &mut [PollFd<'_>], limit: Option<Duration>) -> io::Result<()> {
    // Rounded up: waking too early would be for nothing, again and again.
    let timeout = limit.map_or(PollTimeout::NONE, |limit| {
        PollTimeout::try_from(limit.saturating_add(Duration::from_millis(1))).unwrap_or(PollTimeout::MAX)
    });
    match poll(descriptors, timeout) {
        Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// A descriptor to wait for until it can be read.
pub(super) fn readable(descriptor: BorrowedFd<'_>) -> PollFd<'_> {
    PollFd::new(descriptor, PollFlags::POLLIN)
}
