//! Pushing an uploaded archive: everything about it is checked before anything is written.

use super::error_kind::ErrorKind;
use super::publish::{
    ClearSchedules, NewSchedules, Publication, Published, RevisionExists, publish, with_schedules,
};
use crate::archive::{ArchiveError, Contents, Files, Limits};
use crate::dig::{DigError, IncludeError, IncludePath, LoadedWorkflow, load_workflow};
use crate::model::names::{NameError, check_identifier, check_project_name};
use crate::model::{Params, Time};
use crate::store::{Durability, Store, StoreError};
use md5::{Digest, Md5};
use std::path::Path;

/// A project to be pushed.
#[derive(Debug)]
pub struct PushRequest<'a> {
    pub project: &'a str,
    pub revision: &'a str,
    /// A gzipped tar file.
    pub archive: &'a [u8],
    pub limits: Limits,
    /// From when on workflows run whose schedules are new, or begin anew.
    pub schedule_from: Time,
    pub clear_schedules: &'a ClearSchedules,
}

/// A project was not pushed, in Digdag's words as far as it has some.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}= is required")]
    Missing(&'static str),
    #[error("Validating {what} failed\n{}", lines(.errors))]
    Name { what: &'static str, errors: Vec<NameError> },
    #[error("{}", archive_message(.0))]
    Archive(#[from] ArchiveError),
    #[error("Validating project failed\n{}", lines(.0))]
    Workflows(Vec<WorkflowProblem>),
    /// A name of `clear_schedules`.
    #[error("{0} does not exist")]
    NoSuchWorkflow(String),
    #[error(transparent)]
    RevisionExists(#[from] RevisionExists),
}

/// Something that is wrong with a workflow of the archive.
#[derive(Debug, thiserror::Error)]
#[error("{}", problem_message(.file, .error))]
pub struct WorkflowProblem {
    pub file: String,
    pub error: DigError,
}

impl PushError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(error) => ErrorKind::of(error),
            Self::RevisionExists(_) => ErrorKind::Conflict,
            Self::Missing(_)
            | Self::Name { .. }
            | Self::Archive(_)
            | Self::Workflows(_)
            | Self::NoSuchWorkflow(_) => ErrorKind::Invalid,
        }
    }
}

/// Checks an archive and makes it the newest revision of a project. It can run from then on.
///
/// # Errors
///
/// Anything that is wrong with the names, the archive or its workflows; a revision that exists. Nothing is written then.
pub fn push(store: &Store, request: &PushRequest<'_>, now: Time) -> Result<Published, PushError> {
    check_names(request)?;
    let contents = Contents::read(request.archive, &request.limits)?;
    let workflows = load_archive(&contents)?;
    let workflows = with_schedules(workflows).map_err(|errors| {
        let file = |error: &DigError| error.place.as_ref().map_or("", |place| place.label()).to_owned();
        PushError::Workflows(
            errors.into_iter().map(|error| WorkflowProblem { file: file(&error), error }).collect(),
        )
    })?;
    if let ClearSchedules::Of(names) = request.clear_schedules {
        let is_there = |name: &str| workflows.iter().any(|known| known.workflow.definition.name == name);
        if let Some(missing) = names.iter().find(|name| !is_there(name)) {
            return Err(PushError::NoSuchWorkflow(missing.clone()));
        }
    }
    let publication = Publication {
        project: request.project,
        revision: request.revision,
        workflows: &workflows,
        params: &Params::new(),
        gzip: request.archive,
        md5: Md5::digest(request.archive).into(),
        schedules: NewSchedules { from: request.schedule_from, clear: request.clear_schedules },
    };
    Ok(store.write(Durability::Full, |writer| publish(writer, &publication, now))??)
}

fn check_names(request: &PushRequest<'_>) -> Result<(), PushError> {
    if request.project.is_empty() {
        return Err(PushError::Missing("project"));
    }
    if request.revision.is_empty() {
        return Err(PushError::Missing("revision"));
    }
    check_project_name(request.project).map_err(|errors| PushError::Name { what: "project", errors })?;
    check_identifier("name", request.revision).map_err(|errors| PushError::Name { what: "revision", errors })
}

/// The workflows of an archive, or all that is wrong with them.
fn load_archive(contents: &Contents<'_>) -> Result<Vec<LoadedWorkflow>, PushError> {
    let names = contents.workflows();
    let loaded = contents.with_files(|files| {
        let mut workflows = vec![];
        let mut problems = vec![];
        for name in &names {
            let file = format!("{name}.dig");
            let Some(bytes) = files.read(Path::new(&file)) else { continue };
            match load_workflow(name, &file, bytes, &|path| include(files, path), &[]) {
                Ok(workflow) => workflows.push(workflow),
                Err(errors) => problems
                    .extend(errors.into_iter().map(|error| WorkflowProblem { file: file.clone(), error })),
            }
        }
        if problems.is_empty() { Ok(workflows) } else { Err(PushError::Workflows(problems)) }
    });
    loaded?
}

fn include(files: &Files<'_>, path: &IncludePath) -> Result<Vec<u8>, IncludeError> {
    files.read(Path::new(path.as_str())).ok_or(IncludeError::NotFound)
}

fn archive_message(error: &ArchiveError) -> String {
    match error {
        ArchiveError::Entry { name } => format!("Bad zip entry: {name}"),
        other => other.to_string(),
    }
}

/// One line with the place, for a caret would be lost in what clients show of an answer.
fn problem_message(file: &str, error: &DigError) -> String {
    let is_here = error.place.as_ref().is_some_and(|place| place.label() == file);
    let separator = if is_here { String::new() } else { format!("{file}: ") };
    let hint = error.hint.as_ref().map_or_else(String::new, |hint| format!(" ({hint})"));
    format!("workflow {separator}{}{hint}", error.one_line())
}

fn lines(items: &[impl ToString]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
