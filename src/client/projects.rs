//! Projects, their archives and their secrets.

use super::exchange::Download;
use super::models::{Id, Project, Projects, SecretKeys};
use super::{ApiPath, Client, ClientError};
use crate::model::Time;
use chrono::SecondsFormat;
use serde_json::{Value, json};
use std::io::Read;

/// Which projects are listed: all of them in the order of their ids, unless something is given.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProjectPage<'a> {
    /// Only those after this id.
    pub last_id: Option<i64>,
    /// The server has a default.
    pub count: Option<i64>,
    /// Part of the name.
    pub name_pattern: Option<&'a str>,
}

/// A revision that is to be stored.
pub struct Push<'a> {
    pub project: &'a str,
    pub revision: &'a str,
    /// From when on its schedules run, if not from now on.
    pub schedule_from: Option<Time>,
    /// A `.tar.gz` of so many bytes.
    pub length: u64,
    pub archive: &'a mut dyn Read,
}

impl Client {
    /// Lists projects.
    ///
    /// # Errors
    ///
    /// The server cannot be asked or refuses.
    pub fn projects(&self, page: &ProjectPage<'_>) -> Result<Projects, ClientError> {
        let path = ApiPath::new(["projects"]).query_if("last_id", page.last_id).query_if("count", page.count);
        self.get(&path.query_if("name_pattern", page.name_pattern))
    }

    /// Finds a project.
    ///
    /// # Errors
    ///
    /// There is none of this name, or the server cannot be asked or refuses.
    pub fn project_by_name(&self, name: &str) -> Result<Project, ClientError> {
        let found = self.projects_of_name(name)?;
        let missing = || ClientError::NotFound(format!("project not found: {name}"));
        found.projects.into_iter().next().ok_or_else(missing)
    }

    /// The one project of a name, or none, or what should have become it.
    ///
    /// # Errors
    ///
    /// The server cannot be asked or refuses.
    pub fn projects_of_name(&self, name: &str) -> Result<Projects, ClientError> {
        self.get(&ApiPath::new(["projects"]).query("name", name))
    }

    /// Stores a revision, and the project with its first one.
    ///
    /// # Errors
    ///
    /// The archive cannot be read, or the server cannot be asked or refuses.
    pub fn push(&self, push: Push<'_>) -> Result<Project, ClientError> {
        let from = push.schedule_from.map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true));
        let path = ApiPath::new(["projects"]).query("project", push.project).query("revision", push.revision);
        self.upload(&path.query_if("schedule_from", from), "application/gzip", push.length, push.archive)
    }

    /// Downloads the archive of a revision.
    ///
    /// # Errors
    ///
    /// There is none, or the server cannot be asked or refuses.
    pub fn archive(&self, project: &Id, revision: &str) -> Result<Download, ClientError> {
        let path = ApiPath::new(["projects", project.as_str(), "archive"]).query("revision", revision);
        self.download(&path.query_if("direct_download", self.refuses_direct_download()))
    }

    /// Deletes a project. Its sessions stay.
    ///
    /// # Errors
    ///
    /// The server cannot be asked or refuses.
    pub fn delete_project(&self, project: &Id) -> Result<Project, ClientError> {
        self.delete(&ApiPath::new(["projects", project.as_str()]))
    }

    /// The keys of a project's secrets.
    ///
    /// # Errors
    ///
    /// The server cannot be asked or refuses.
    pub fn secret_keys(&self, project: &Id) -> Result<Vec<String>, ClientError> {
        let list: SecretKeys = self.get(&ApiPath::new(["projects", project.as_str(), "secrets"]))?;
        Ok(list.secrets.into_iter().map(|secret| secret.key).collect())
    }

    /// Sets a secret of a project.
    ///
    /// # Errors
    ///
    /// The server cannot be asked or refuses.
    pub fn set_secret(&self, project: &Id, key: &str, value: &str) -> Result<(), ClientError> {
        let path = ApiPath::new(["projects", project.as_str(), "secrets", key]);
        self.put::<Value>(&path, &json!({"value": value})).map(drop)
    }

    /// Deletes a secret of a project, if there is one with this key.
    ///
    /// # Errors
    ///
    /// The server cannot be asked or refuses.
    pub fn delete_secret(&self, project: &Id, key: &str) -> Result<(), ClientError> {
        self.delete::<Value>(&ApiPath::new(["projects", project.as_str(), "secrets", key])).map(drop)
    }

    /// The value of `direct_download` if it is not the default.
    pub(super) fn refuses_direct_download(&self) -> Option<bool> {
        (!self.direct_download).then_some(false)
    }
}
