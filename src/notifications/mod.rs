//! What people are told, and the ways to tell them.

mod payload;

pub use payload::{About, payload};
