//! The project of a local command: its directory, its workflows, and what to say when something is wrong with them.

use super::args::ProjectArgs;
use super::{CliError, Context};
use crate::actions::project::{LoadedProject, load_project};
use crate::dig::schedule::Schedule;
use crate::dig::{DigError, DigErrorKind, LoadedWorkflow};
use crate::logs::Level;
use crate::project_files::normalized;
use std::path::{Path, PathBuf};

/// The project's directory, absolute.
pub(crate) fn directory(args: &ProjectArgs, context: &Context) -> Result<PathBuf, CliError> {
    let dir = existing_directory(args, context)?;
    if dir != context.dir {
        context.log(Level::Info, &format!("Setting project path to {}", dir.display()));
    }
    Ok(dir)
}

/// As [`directory`], for commands that run nothing there: the log does not tell.
pub(crate) fn existing_directory(args: &ProjectArgs, context: &Context) -> Result<PathBuf, CliError> {
    let Some(given) = &args.project else { return Ok(context.dir.clone()) };
    let dir = normalized(&context.dir.join(given));
    if dir.is_dir() {
        return Ok(dir);
    }
    let problem = if dir.exists() { "is no directory" } else { "does not exist" };
    Err(CliError::user(format!("Project directory {} {problem}", dir.display())))
}

/// The project's directory for a workflow that an argument means: when no project is named, a file in another directory
/// is in the project there, so that `run jobs/daily.dig` does what `cd jobs; run daily.dig` does.
pub(crate) fn directory_of(
    workflow: &str,
    args: &ProjectArgs,
    context: &Context,
) -> Result<PathBuf, CliError> {
    let path = normalized(&context.dir.join(workflow));
    let parent =
        path.parent().filter(|dir| *dir != context.dir && workflow.ends_with(".dig") && path.is_file());
    match (&args.project, parent) {
        (None, Some(parent)) => directory(&ProjectArgs { project: Some(parent.to_owned()) }, context),
        _ => directory(args, context),
    }
}

/// All workflows of the directory. What is wrong with them is shown with the lines it is about.
pub(crate) fn load(dir: &Path, context: &Context) -> Result<LoadedProject, CliError> {
    load_project(dir, &[]).map_err(|error| CliError::user(error.render(context.output.err_has_colours())))
}

/// The name of the workflow that an argument means: a path that ends in `.dig`, or a name.
///
/// A path begins in the project that was named, otherwise in the current directory.
pub(crate) fn workflow_name(
    dir: &Path,
    given: &str,
    args: &ProjectArgs,
    context: &Context,
) -> Result<String, CliError> {
    let Some(_) = given.strip_suffix(".dig") else { return Ok(given.to_owned()) };
    let base = if args.project.is_some() { dir } else { &context.dir };
    let path = normalized(&base.join(given));
    let below = path.strip_prefix(dir).map_err(|_| {
        CliError::user(format!("Given path '{given}' is outside of project directory '{}'", dir.display()))
    })?;
    let name = below.to_string_lossy().into_owned();
    Ok(name.strip_suffix(".dig").unwrap_or(&name).to_owned())
}

/// There is no such workflow in the directory.
pub(crate) fn no_workflow(name: &str, args: &ProjectArgs, dir: &Path) -> CliError {
    let missing = |advice: String| {
        format!(
            "Workflow '{name}' does not exist in current directory. You may need to {advice} (resource not found)"
        )
    };
    let error = CliError::user(match (&args.project, Path::new(name).parent()) {
        (Some(_), _) => format!(
            "Workflow '{name}' does not exist in project directory '{}'. (resource not found)",
            dir.display()
        ),
        (None, Some(parent)) if !parent.as_os_str().is_empty() => {
            let parent = parent.display();
            missing(format!("type \"cd {parent}\" first, or set \"--project {parent}\" option."))
        }
        (None, _) => missing("change directory first, or set --project option.".to_owned()),
    });
    let path = dir.join(format!("{name}.dig"));
    if path.is_dir() { error.hint(format!("{} is a directory", path.display())) } else { error }
}

/// The schedule of a workflow. Options that mean nothing are named in the log.
///
/// # Errors
///
/// The schedule is wrong.
pub(crate) fn schedule_of(
    workflow: &LoadedWorkflow,
    context: &Context,
) -> Result<Option<Schedule>, CliError> {
    let found = workflow.schedule().map_err(|error| {
        let error = DigError { kind: DigErrorKind::Other(format!("{error} (config)")), ..*error };
        CliError::user(format!("The schedule is wrong\n{}", error.render(context.output.err_has_colours())))
    })?;
    let Some((schedule, warnings)) = found else { return Ok(None) };
    for warning in warnings {
        context.log(Level::Error, &warning.to_string());
    }
    Ok(Some(schedule))
}
