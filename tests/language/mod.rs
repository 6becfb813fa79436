//! The language: from a `.dig` file to what its tasks do. One file per feature.

mod background;
mod check;
mod disable;
mod error;
mod include;
mod limits;
mod names;
mod parallel;
mod params;
mod retry;
mod subtasks;
mod templates;
mod timezone;
mod variables;
mod yaml;
