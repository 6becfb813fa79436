//! Sessions, their attempts and their tasks.

use super::error::ClientError;
use super::models::{Attempt, Attempts, Id, Session, Sessions, Task, Tasks};
use super::schedules::instant;
use super::{ApiPath, Client};
use crate::model::{Params, Time};
use serde_json::json;

/// A part of a list that begins with the newest.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Only what is older than this id.
    pub last_id: Option<Id>,
    /// The server has a default, and a limit.
    pub size: Option<i64>,
}

/// An attempt that is to be started.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAttempt<'a> {
    pub workflow: &'a Id,
    pub session_time: Time,
    /// Without one there can be only one attempt for the session.
    pub name: Option<&'a str>,
    pub resume: Option<Resume<'a>>,
    pub params: Params,
}

/// Which tasks need not run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume<'a> {
    /// Those that succeeded in an attempt.
    Failed { attempt: &'a Id },
    /// Those before a task.
    From { attempt: &'a Id, task: &'a str },
}

/// What became of the wish to start an attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum Started {
    New(Box<Attempt>),
    /// Nothing was started, for there is one. It is not known which if the server does not tell.
    Exists(Option<Box<Attempt>>),
}

impl Client {
    /// Sessions of all projects, newest first.
    ///
    /// # Errors
    ///
    /// The server cannot be asked or refuses.
    pub fn sessions(&self, page: &Page) -> Result<Sessions, ClientError> {
        self.get(&paged(ApiPath::new(["sessions"]), page))
    }

    /// Sessions of a project, or of a workflow in it, newest first.
    ///
    /// # Errors
    ///
    /// The server cannot be asked or refuses.
    pub fn sessions_of_project(
        &self,
        project: &Id,
        workflow: Option<&str>,
        page: &Page,
    ) -> Result<Sessions, ClientError> {
        let path = ApiPath::new(["projects", project.as_str(), "sessions"]).query_if("workflow", workflow);
        self.get(&paged(path, page))
    }

    /// One session.
    ///
    /// # Errors
    ///
    /// There is none with this id, or the server cannot be asked or refuses.
    pub fn session(&self, id: &Id) -> Result<Session, ClientError> {
        self.get(&ApiPath::new(["sessions", id.as_str()]))
    }

    /// The last attempts of all sessions, newest first.
    ///
    /// # Errors
    ///
    /// The server cannot be asked or refuses.
    pub fn attempts(&self, page: &Page) -> Result<Attempts, ClientError> {
        self.get(&paged(ApiPath::new(["attempts"]), page))
    }

    /// The attempts of a session, newest first.
    ///
    /// # Errors
    ///
    /// The server cannot be asked or refuses.
    pub fn attempts_of_session(&self, session: &Id, page: &Page) -> Result<Attempts, ClientError> {
        self.get(&paged(ApiPath::new(["sessions", session.as_str(), "attempts"]), page))
    }

    /// One attempt.
    ///
    /// # Errors
    ///
    /// There is none with this id, or the server cannot be asked or refuses.
    pub fn attempt(&self, id: &Id) -> Result<Attempt, ClientError> {
        self.get(&ApiPath::new(["attempts", id.as_str()]))
    }

    /// The tasks of an attempt, in the order of their ids.
    ///
    /// # Errors
    ///
    /// The server cannot be asked or refuses.
    pub fn tasks(&self, attempt: &Id) -> Result<Vec<Task>, ClientError> {
        let answer: Tasks = self.get(&ApiPath::new(["attempts", attempt.as_str(), "tasks"]))?;
        Ok(answer.tasks)
    }

    /// Starts an attempt.
    ///
    /// # Errors
    ///
    /// The server cannot be asked or refuses.
    pub fn start(&self, new: &NewAttempt<'_>) -> Result<Started, ClientError> {
        let resume = new.resume.map(|resume| match resume {
            Resume::Failed { attempt } => json!({"mode": "failed", "attemptId": attempt}),
            Resume::From { attempt, task } => json!({"mode": "from", "attemptId": attempt, "from": task}),
        });
        let body = json!({
            "workflowId": new.workflow,
            "sessionTime": instant(new.session_time),
            "retryAttemptName": new.name,
            "resume": resume,
            "params": new.params,
        });
        match self.put(&ApiPath::new(["attempts"]), &body) {
            Ok(attempt) => Ok(Started::New(attempt)),
            // The answer holds the attempt that is in the way.
            Err(ClientError::Status { status: 409, message }) => {
                Ok(Started::Exists(serde_json::from_str(&message).ok()))
            }
            Err(error) => Err(error),
        }
    }

    /// Asks for the end of an attempt. The answer is the attempt as it was before.
    ///
    /// # Errors
    ///
    /// It has ended, or the server cannot be asked or refuses.
    pub fn kill(&self, attempt: &Id) -> Result<Attempt, ClientError> {
        self.post(&ApiPath::new(["attempts", attempt.as_str(), "kill"]), &json!({}))
    }
}

pub(super) fn paged(path: ApiPath, page: &Page) -> ApiPath {
    path.query_if("last_id", page.last_id.as_ref()).query_if("page_size", page.size)
}
