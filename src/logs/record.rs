//! A line of the program's log, before it is formatted, and how important it is.

use crate::model::{AttemptId, ProjectId, SessionId, Time};

/// How important a log line is, the most important first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// One line of the program's log, before it is formatted.
#[derive(Debug, Clone)]
pub struct LogRecord<'a> {
    pub time: Time,
    pub level: Level,
    /// The task it is about; none for the program itself (`main`).
    pub task: Option<LogTask<'a>>,
    pub message: &'a str,
}

/// Which task a log line is about: `0021@[0:default:1:1]+hello+one`.
#[derive(Debug, Clone, Copy)]
pub struct LogTask<'a> {
    pub thread: usize,
    pub project_id: ProjectId,
    pub project_name: &'a str,
    pub session_id: SessionId,
    pub attempt_id: AttemptId,
    pub full_name: &'a str,
}
