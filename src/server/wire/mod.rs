//! Digdag's JSON, model by model, made from rows of the store. This is the only place that knows its shape.
//!
//! Ids are strings. Every key is always there: what is absent is null, never left out, for clients tell the two apart.
//! Instants are in whole seconds and end in `Z`; session times are in the workflow's zone, UTC as `+00:00`. Keys stand in
//! Digdag's order. What requests hold is deliberately absent: the resources read that.

mod attempt;
mod log_file;
mod notification;
mod project;
mod schedule;
mod secret;
mod session;
mod task;
mod version;
mod watched;
mod workflow;

pub use attempt::Attempt;
pub use log_file::LogFile;
pub use notification::Notification;
pub use project::{Project, Revision};
pub use schedule::{Schedule, ScheduleAttempts, ScheduleSummary};
pub use secret::{Secret, SecretKey};
pub use session::Session;
pub use task::Task;
pub use version::{Version, VersionCheck};
pub use watched::{ProjectList, Watched};
pub use workflow::{Workflow, WorkflowSessionTime};

use crate::model::{SessionTime, Time, Zone, time};
use chrono::SecondsFormat;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use std::fmt::Display;

/// A list under its name: `{"projects":[…]}`.
#[derive(Debug, Clone, PartialEq)]
pub struct Collection<T> {
    name: &'static str,
    items: Vec<T>,
}

/// Puts a list under its name.
pub fn collection<T>(name: &'static str, items: impl IntoIterator<Item = T>) -> Collection<T> {
    Collection { name, items: items.into_iter().collect() }
}

impl<T: Serialize> Serialize for Collection<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.name, &self.items)?;
        map.end()
    }
}

/// What is a number or a UUID here and a string there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Text<T>(T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// `2026-11-22T03:16:29Z`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Instant(Time);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339_opts(SecondsFormat::Secs, true))
    }
}

/// `2026-11-22T03:16:29+00:00`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct OffsetTime<'a> {
    time: Time,
    zone: &'a Zone,
}

impl<'a> OffsetTime<'a> {
    fn of_session(time: SessionTime, zone: &'a Zone) -> Self {
        Self { time: time.time(), zone }
    }
}

impl Serialize for OffsetTime<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&time::iso(self.zone.local(self.time)))
    }
}

/// `{"id":"1","name":"p"}`
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct IdAndName<'a> {
    id: Text<i64>,
    name: &'a str,
}

impl<'a> IdAndName<'a> {
    fn new(id: impl Into<i64>, name: &'a str) -> Self {
        Self { id: Text(id.into()), name }
    }
}

/// `{"name":"wf","id":"2"}`: another order than elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct NameAndId<'a> {
    name: &'a str,
    id: Text<i64>,
}

impl<'a> NameAndId<'a> {
    fn new(name: &'a str, id: impl Into<i64>) -> Self {
        Self { name, id: Text(id.into()) }
    }
}

/// The name of a retry; the session's first-class attempt has none.
fn retry_attempt_name(name: &str) -> Option<&str> {
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod testing;
