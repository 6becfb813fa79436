//! Digdag's REST API over HTTP.

pub mod wire;
