//! Dibble runs Digdag's `.dig` workflows on one machine.

pub mod actions;
pub mod archive;
pub mod cli;
pub mod client;
pub mod clock;
pub mod confinement;
pub mod crontab;
pub mod crypto;
pub mod dig;
pub mod engine;
pub mod housekeeping;
pub mod init_process;
pub mod logs;
pub mod model;
pub mod notifications;
pub mod operators;
pub mod outbox;
pub mod project_files;
pub mod proxy;
pub mod runner;
pub mod scheduler;
pub mod secret_files;
pub mod server;
pub mod store;
pub mod watch;
