//! The addresses that the server listens to, and its beginning and end.

use super::Service;
use super::connection::{Mailbox, Port};
use super::gate::Gate;
use super::limits::Limits;
use super::worker::Worker;
use super::worker_pool::WorkerPool;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// An address to listen to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bind {
    /// A name or an address, without brackets.
    pub host: String,
    /// 0 takes a free one.
    pub port: u16,
    pub is_admin: bool,
}

/// Why the server cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error("Cannot listen on {host}:{port}: {source}")]
    Address { host: String, port: u16, source: io::Error },
    #[error("Cannot start the HTTP server: {0}")]
    Start(#[from] io::Error),
}

/// A server that listens and answers until it is stopped or dropped.
pub struct HttpServer {
    ports: Vec<Port>,
    mailbox: Arc<Mailbox>,
    gate: Option<JoinHandle<bool>>,
}

impl HttpServer {
    /// Starts to listen. All addresses are bound when it returns.
    ///
    /// # Errors
    ///
    /// An address that is taken, not of this machine, or not allowed.
    pub fn start(binds: &[Bind], limits: &Limits, service: Arc<dyn Service>) -> Result<Self, BindError> {
        let listeners = binds.iter().map(listen).collect::<Result<Vec<_>, _>>()?;
        let ports = listeners.iter().map(|(_, port)| *port).collect();
        let (mailbox, bell) = Mailbox::new()?;
        let mailbox = Arc::new(mailbox);
        let worker = Worker { service, limits: limits.clone(), mailbox: Arc::clone(&mailbox) };
        let workers = WorkerPool::new(limits.threads, limits.queue, move |job| worker.work(job));
        let gate = Gate::new(listeners, limits.clone(), workers, Arc::clone(&mailbox), bell);
        let gate = thread::Builder::new().name("http-gate".to_owned()).spawn(|| gate.run())?;
        Ok(Self { ports, mailbox, gate: Some(gate) })
    }

    /// The addresses, with the ports that were taken, in the order of the binds.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.ports.iter().filter(|port| !port.is_admin).map(|port| port.local)
    }

    /// The addresses of the admin listeners.
    pub fn admin_addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.ports.iter().filter(|port| port.is_admin).map(|port| port.local)
    }

    /// Accepts nobody any more, and waits for the requests that have begun. Returns whether all were answered in time.
    pub fn stop(mut self, limit: Duration) -> bool {
        self.end(limit)
    }

    fn end(&mut self, limit: Duration) -> bool {
        let Some(gate) = self.gate.take() else { return true };
        self.mailbox.stop(Instant::now() + limit);
        gate.join().unwrap_or(false)
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.end(Duration::ZERO);
    }
}

fn listen(bind: &Bind) -> Result<(TcpListener, Port), BindError> {
    let listen = || {
        let listener = TcpListener::bind((bind.host.as_str(), bind.port))?;
        listener.set_nonblocking(true)?;
        let port = Port { local: listener.local_addr()?, is_admin: bind.is_admin };
        Ok((listener, port))
    };
    listen().map_err(|source| BindError::Address { host: bind.host.clone(), port: bind.port, source })
}
