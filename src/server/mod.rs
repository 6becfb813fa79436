//! The server: everything between a TCP socket and the actions.
//!
//! A handler is a function `(&App, &Request, &PathParams) -> Result<Response, ApiError>` in the file of its REST
//! resource, and one line in that file's table of routes. It sees plain types of ours only: a [`Request`] that is
//! complete, limited in size and authenticated, and a [`Response`] that is a status, headers and a body.
//!
//! # The way of a request
//!
//! | step | file |
//! |---|---|
//! | sockets, limits, deadlines, threads | `http/` |
//! | the order of everything below | `site.rs` |
//! | names and origins that are not ours | `hosts.rs` |
//! | users and tokens | `auth.rs` |
//! | which function answers a method and a path | `router.rs` |
//! | path segments and query parameters by Digdag's rules | `target.rs`, `request.rs` |
//! | answers, and the errors of handlers | `response.rs`, `error.rs` |
//! | what the handlers share, and Digdag's JSON | `app.rs`, `wire.rs` |
//! | who asked for what | `access_log/` |
//! | whether the server lives, and what it counts | `health.rs`, `vitals.rs`, `metrics.rs` |
//! | the description of the API | `openapi.rs`, `openapi.json` |
//!
//! There is no asynchronous code: a thread answers a request from its beginning to its end.

mod accept;
pub mod access_log;
pub mod admin;
pub mod api;
pub mod app;
pub mod archives;
pub mod attempts;
pub mod auth;
pub mod error;
mod failure;
pub mod health;
pub mod hosts;
pub mod http;
mod log_stream;
pub mod logs;
pub mod metrics;
pub mod notifications;
pub mod openapi;
mod paging;
pub mod projects;
pub mod request;
mod request_body;
pub mod response;
pub mod revisions;
pub mod router;
pub mod schedules;
pub mod secrets;
pub mod session_times;
pub mod sessions;
pub mod site;
pub mod starts;
pub mod target;
#[cfg(test)]
pub(crate) mod testing;
pub mod version;
mod vitals;
pub mod watched;
pub mod wire;
pub mod workflows;

pub use app::{App, Watching};
pub use error::ApiError;
pub use request::{Headers, Method, Request, User};
pub use response::{Body, Response};
pub use router::{Access, BodyLimit, PathParams, Route, Router};
pub use target::{Query, Target};
