//! Registering a revision and its workflows; and, for what a directory defines, only when anything has changed since the
//! last one.

use super::project::LoadedProject;
use crate::dig::LoadedWorkflow;
use crate::model::{Params, ProjectId, RevisionId, Time, WorkflowId};
use crate::store::{StoreError, Writer, projects, revisions, workflows};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::path::Path;

/// A project as the store knows it, with the workflows of one revision.
#[derive(Debug, Clone)]
pub struct Registered {
    pub project: ProjectId,
    pub project_name: String,
    pub workflows: HashMap<String, WorkflowId>,
}

/// Finds the project's newest revision if it has these workflows and parameters; otherwise registers the next one.
///
/// # Errors
///
/// Those of the store.
pub fn register(
    writer: &Writer,
    project_name: &str,
    loaded: &LoadedProject,
    params: &Params,
    now: Time,
) -> Result<Registered, StoreError> {
    let project = projects::find_or_insert(writer, project_name, now)?;
    let definitions = || loaded.workflows.iter();
    let digest = digest(definitions(), params);
    let latest = revisions::latest(writer, project.id)?;
    let workflows = match latest {
        Some(latest) if latest.digest == digest && latest.directory.as_deref() == Some(&*loaded.dir) => {
            let known = workflows::list(writer, latest.id)?;
            known.into_iter().map(|workflow| (workflow.name, workflow.id)).collect()
        }
        latest => {
            let name = next_name(latest.as_ref().map(|latest| latest.name.as_str()));
            let new = NewRevision {
                project: project.id,
                name: &name,
                params,
                digest: &digest,
                directory: Some(&loaded.dir),
            };
            insert_revision(writer, &new, definitions(), now)?.1
        }
    };
    Ok(Registered { project: project.id, project_name: project.name, workflows })
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

/// 1, 2, 3 … for one project.
fn next_name(latest: Option<&str>) -> String {
    let number = latest.and_then(|name| name.parse::<u64>().ok()).unwrap_or(0);
    (number + 1).to_string()
}
