//! Identifiers. Every kind of row has its own type, so that one cannot be passed for another.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

ids! {
    /// A project: a named line of revisions.
    ProjectId,
    /// One registered state of a project's files.
    RevisionId,
    /// A workflow definition of one revision.
    WorkflowId,
    /// When a workflow (by name) runs.
    ScheduleId,
    /// A workflow (by name) at a session time.
    SessionId,
    /// One execution of a session.
    AttemptId,
    /// A task of one attempt: numbered from 1 within it, parents before children.
    TaskId,
}
