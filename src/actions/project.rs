//! Reading a project's directory: all its workflows, or everything that is wrong with them.

use crate::archive::{IgnoreError, IgnoreRules};
use crate::dig::{DigErrors, Include, IncludePath, LoadedWorkflow, load_params, load_workflow};
use crate::model::Params;
use crate::project_files::read_include;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A project's workflows, by name.
#[derive(Debug)]
pub struct LoadedProject {
    pub dir: PathBuf,
    pub workflows: Vec<LoadedWorkflow>,
}

/// A project cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// Some of its workflows are wrong: all of them with all that is wrong.
    #[error("Validating project failed\n{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Invalid(Vec<FileError>),
    #[error("cannot read {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Ignore(#[from] IgnoreError),
}

/// What is wrong with one workflow file.
#[derive(Debug, thiserror::Error)]
#[error("workflow {} {problem}", path.display())]
pub struct FileError {
    pub path: PathBuf,
    pub problem: FileProblem,
}

/// Why a workflow file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileProblem {
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    #[error("{0}")]
    Language(#[from] DigErrors),
}

impl ProjectError {
    /// All problems, each with its line and a mark below the place.
    pub fn render(&self, colours: bool) -> String {
        let Self::Invalid(files) = self else { return self.to_string() };
        let mut text = String::from("Validating project failed");
        for file in files {
            match &file.problem {
                FileProblem::Language(errors) => {
                    text += &format!("\nworkflow {}\n{}", file.path.display(), errors.render(colours));
                }
                FileProblem::Unreadable(_) => text += &format!("\n{file}"),
            }
        }
        text
    }
}

impl LoadedProject {
    pub fn workflow(&self, name: &str) -> Option<&LoadedWorkflow> {
        self.workflows.iter().find(|workflow| workflow.definition.name == name)
    }
}

/// Loads every `.dig` file at the top of a directory. One that is wrong makes the whole project unusable, as in Digdag.
/// Files with errors are also looked through for unknown operators if `operators` names the known ones.
///
/// # Errors
///
/// The directory cannot be read, or files in it are wrong; all of them are reported.
pub fn load_project(dir: &Path, operators: &[&str]) -> Result<LoadedProject, ProjectError> {
    load_project_noting(dir, operators, &mut BTreeSet::new())
}

/// As [`load_project`], and notes the paths of the files that workflows include, also of those that are not there.
///
/// # Errors
///
/// As [`load_project`].
pub fn load_project_noting(
    dir: &Path,
    operators: &[&str],
    included: &mut BTreeSet<PathBuf>,
) -> Result<LoadedProject, ProjectError> {
    let noted = RefCell::new(included);
    let include = |include: &IncludePath| {
        noted.borrow_mut().insert(dir.join(include.as_str()));
        read_include(dir, include)
    };
    let mut workflows = vec![];
    let mut errors = vec![];
    for (name, path) in workflow_files(dir)? {
        match load_file(&name, &path, &include, operators) {
            Ok(workflow) => workflows.push(workflow),
            Err(problem) => errors.push(FileError { path, problem }),
        }
    }
    if errors.is_empty() {
        Ok(LoadedProject { dir: dir.to_owned(), workflows })
    } else {
        Err(ProjectError::Invalid(errors))
    }
}

/// Reads parameters from a YAML or JSON file, includes and all.
///
/// # Errors
///
/// The file cannot be read or is wrong.
pub fn load_params_file(path: &Path) -> Result<Params, FileProblem> {
    let bytes = fs::read(path)?;
    let dir = path.parent().unwrap_or(Path::new(""));
    Ok(load_params(&path.display().to_string(), bytes, &|include: &IncludePath| read_include(dir, include))?)
}

fn load_file(
    name: &str,
    path: &Path,
    include: Include<'_>,
    operators: &[&str],
) -> Result<LoadedWorkflow, FileProblem> {
    let bytes = fs::read(path)?;
    let label = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(load_workflow(name, &label, bytes, include, operators)?)
}

/// Names and paths of the workflow files of a directory, sorted by name.
fn workflow_files(dir: &Path) -> Result<Vec<(String, PathBuf)>, ProjectError> {
    let unreadable = |source| ProjectError::Unreadable { path: dir.to_owned(), source };
    let rules = IgnoreRules::of(dir)?;
    let mut files = vec![];
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let (path, file_name) = (entry.path(), entry.file_name());
        let Some(name) = file_name.to_str().and_then(|name| name.strip_suffix(".dig")) else { continue };
        if !rules.ignore(Path::new(&file_name), false) && path.is_file() {
            files.push((name.to_owned(), path));
        }
    }
    files.sort();
    Ok(files)
}
