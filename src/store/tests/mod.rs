//! Tests of the store as a whole, on files.

mod contention;
mod files;
mod history;
mod newest;
mod queries;
mod schema;
