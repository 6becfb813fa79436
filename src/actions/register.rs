//! Registering a revision and its workflows; and, for what a directory defines, only when anything has changed since the
//! last one.

use crate::dig::LoadedWorkflow;
use crate::model::{Params, ProjectId, RevisionId, Time, WorkflowId};
use crate::store::revisions::RevisionRow;
use crate::store::{Reader, StoreError, Writer, projects, revisions, workflows};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::path::Path;

/// What a directory defines.
#[derive(Debug)]
pub struct Definitions<'a> {
    /// An absolute path. Tasks run there.
    pub directory: &'a Path,
    pub workflows: Vec<&'a LoadedWorkflow>,
    /// Parameters below those of every attempt.
    pub params: &'a Params,
}

/// A project as the store knows it, with the workflows of one revision.
#[derive(Debug, Clone)]
pub struct Registered {
    pub project: ProjectId,
    pub project_name: String,
    pub revision: String,
    pub workflows: HashMap<String, WorkflowId>,
    /// Whether the revision was made just now.
    pub is_new: bool,
    /// The revision before, if it had been uploaded.
    pub replaced: Option<String>,
}

/// Finds the project's newest revision if it has these workflows and parameters; otherwise registers the next one.
/// Schedules stay as they are: a directory in which workflows are run by hand has none.
///
/// # Errors
///
/// Those of the store.
pub fn register(
    writer: &Writer,
    project_name: &str,
    found: &Definitions<'_>,
    now: Time,
) -> Result<Registered, StoreError> {
    let project = projects::find_or_insert(writer, project_name, now)?;
    let digest = found.digest();
    let latest = revisions::latest(writer, project.id)?;
    let is_same = |latest: &RevisionRow| {
        latest.digest == digest && latest.directory.as_deref() == Some(found.directory)
    };
    let is_new = !latest.as_ref().is_some_and(is_same);
    let replaced = latest.as_ref().filter(|latest| latest.directory.is_none());
    let replaced = replaced.map(|latest| latest.name.clone());
    let (revision, workflows) = match latest {
        Some(latest) if !is_new => {
            let known = workflows::list(writer, latest.id)?;
            (latest.name, known.into_iter().map(|workflow| (workflow.name, workflow.id)).collect())
        }
        latest => {
            let name = free_name(writer, project.id, latest.as_ref().map(|latest| latest.name.as_str()))?;
            let new = NewRevision {
                project: project.id,
                name: &name,
                params: found.params,
                digest: &digest,
                directory: Some(found.directory),
            };
            let (_, ids) = insert_revision(writer, &new, found.workflows.iter().copied(), now)?;
            (name, ids)
        }
    };
    Ok(Registered { project: project.id, project_name: project.name, revision, workflows, is_new, replaced })
}

impl Definitions<'_> {
    /// Tells them apart from others.
    pub fn digest(&self) -> String {
        digest(self.workflows.iter().copied(), self.params)
    }
}

/// A revision to be registered.
pub(super) struct NewRevision<'a> {
    pub project: ProjectId,
    /// Not yet taken in this project.
    pub name: &'a str,
    pub params: &'a Params,
    /// What [`digest`] says.
    pub digest: &'a str,
    /// Where its files are, when there is no archive of them.
    pub directory: Option<&'a Path>,
}

/// Registers a revision with its workflows.
pub(super) fn insert_revision<'w>(
    writer: &Writer,
    new: &NewRevision<'_>,
    definitions: impl Iterator<Item = &'w LoadedWorkflow>,
    now: Time,
) -> Result<(RevisionId, HashMap<String, WorkflowId>), StoreError> {
    let &NewRevision { project, name, params, digest, directory } = new;
    let row = revisions::NewRevision { project, name, default_params: params, digest, directory };
    let revision = revisions::insert(writer, &row, now)?;
    let mut ids = HashMap::new();
    for definition in definitions.map(|workflow| &workflow.definition) {
        let id =
            workflows::insert(writer, revision, &definition.name, &definition.timezone, &definition.config)?;
        ids.insert(definition.name.clone(), id);
    }
    Ok((revision, ids))
}

/// Tells definitions apart: SHA-256 in hexadecimal digits.
pub(super) fn digest<'w>(workflows: impl Iterator<Item = &'w LoadedWorkflow>, params: &Params) -> String {
    let mut digest = Sha256::new();
    let mut add = |text: &str| {
        digest.update((text.len() as u64).to_le_bytes());
        digest.update(text);
    };
    for definition in workflows.map(|workflow| &workflow.definition) {
        add(&definition.name);
        add(definition.timezone.id());
        add(&serde_json::to_string(&definition.config).unwrap_or_default());
    }
    add(&serde_json::to_string(params).unwrap_or_default());
    format!("{:x}", digest.finalize())
}

/// 1, 2, 3 … for one project. What somebody uploaded may have any name, also the next number.
fn free_name(reader: &Reader, project: ProjectId, latest: Option<&str>) -> Result<String, StoreError> {
    let mut number = latest.and_then(|name| name.parse::<u64>().ok()).unwrap_or(0);
    loop {
        number = number.saturating_add(1);
        let name = number.to_string();
        if revisions::by_name(reader, project, &name)?.is_none() {
            return Ok(name);
        }
    }
}
