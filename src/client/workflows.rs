//! Workflows, and the times of their sessions.

use super::models::{Id, TruncatedSessionTime, Workflow, Workflows};
use super::{ApiPath, Client, ClientError};
use chrono::{DateTime, FixedOffset};

/// Which workflows are listed: those of all projects in the order of their ids, unless something is given.
#[derive(Debug, Clone, Copy, Default)]
pub struct WorkflowPage<'a> {
    /// Only those after this id.
    pub last_id: Option<i64>,
    /// The server has a default.
    pub count: Option<i64>,
    /// `asc` or `desc`.
    pub order: Option<&'a str>,
    /// Part of the name.
    pub name_pattern: Option<&'a str>,
}

impl Client {
    /// Lists workflows of the newest revisions.
    ///
    /// # Errors
    ///
    /// The server cannot be asked or refuses.
    pub fn workflows(&self, page: &WorkflowPage<'_>) -> Result<Workflows, ClientError> {
        let path =
            ApiPath::new(["workflows"]).query_if("last_id", page.last_id).query_if("count", page.count);
        self.get(&path.query_if("order", page.order).query_if("name_pattern", page.name_pattern))
    }

    /// All workflows of a project's newest revision.
    ///
    /// # Errors
    ///
    /// The server cannot be asked or refuses.
    pub fn workflows_of_project(&self, project: &Id) -> Result<Workflows, ClientError> {
        self.get(&ApiPath::new(["projects", project.as_str(), "workflows"]))
    }

    /// Finds a workflow in a revision of a project, the newest one if none is given.
    ///
    /// # Errors
    ///
    /// There is none of this name, or the server cannot be asked or refuses.
    pub fn workflow_by_name(
        &self,
        project: &Id,
        name: &str,
        revision: Option<&str>,
    ) -> Result<Workflow, ClientError> {
        let path = ApiPath::new(["projects", project.as_str(), "workflows"]).query("name", name);
        let found: Workflows = self.get(&path.query_if("revision", revision))?;
        let missing = || {
            let place = revision.map_or_else(
                || "the latest revision".to_owned(),
                |revision| format!("revision = {revision}"),
            );
            ClientError::NotFound(format!("workflow not found in {place} of project id = {project}: {name}"))
        };
        found.workflows.into_iter().next().ok_or_else(missing)
    }

    /// The session time that a time means for a workflow. `time` is an instant, or a local time in the workflow's zone
    /// (`2026-11-01T00:00:00`); `mode` cuts it off: `hour`, `day`.
    ///
    /// # Errors
    ///
    /// The server cannot be asked or refuses.
    pub fn session_time(
        &self,
        workflow: &Id,
        time: &str,
        mode: Option<&str>,
    ) -> Result<DateTime<FixedOffset>, ClientError> {
        let path = ApiPath::new(["workflows", workflow.as_str(), "truncated_session_time"]);
        let answer: TruncatedSessionTime =
            self.get(&path.query("session_time", time).query_if("mode", mode))?;
        Ok(answer.session_time)
    }
}
