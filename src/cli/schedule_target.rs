//! Which schedule a command is about: the id of a schedule, or a project and a workflow.

use super::CliError;
use crate::client::models::{Id, Schedule};
use crate::client::{Client, ClientError};
use clap::Args;

/// One or two words.
#[derive(Debug, Clone, Args)]
pub struct TargetArgs {
    /// The id of a schedule, or a project and one of its workflows
    #[arg(value_name = "schedule-id | project-name")]
    first: String,

    #[arg(value_name = "name", hide = true)]
    workflow: Option<String>,
}

/// What the words mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target<'a> {
    Schedule(Id),
    Project(&'a str),
    Workflow { project: &'a str, workflow: &'a str },
}

impl TargetArgs {
    /// A single number is the id of a schedule.
    pub(crate) fn target(&self) -> Target<'_> {
        match (&self.workflow, self.first.parse::<u32>()) {
            (Some(workflow), _) => Target::Workflow { project: &self.first, workflow },
            (None, Ok(id)) => Target::Schedule(Id::from(i64::from(id))),
            (None, Err(_)) => Target::Project(&self.first),
        }
    }
}

impl Target<'_> {
    /// The one schedule that is meant.
    ///
    /// # Errors
    ///
    /// A whole project is named, there is no such schedule, or the server cannot be asked.
    pub(crate) fn one(&self, client: &Client) -> Result<Schedule, CliError> {
        match self {
            Self::Schedule(id) => Ok(client.schedule(id)?),
            Self::Workflow { project, workflow } => Ok(of_workflow(client, project, workflow)?),
            Self::Project(_) => Err(missing_name()),
        }
    }

    /// All schedules that are meant.
    ///
    /// # Errors
    ///
    /// There is no such project or workflow, or the server cannot be asked.
    pub(crate) fn ids(&self, client: &Client) -> Result<Vec<Id>, ClientError> {
        match self {
            Self::Schedule(id) => Ok(vec![id.clone()]),
            Self::Workflow { project, workflow } => Ok(vec![of_workflow(client, project, workflow)?.id]),
            Self::Project(project) => {
                let project = client.project_by_name(project)?;
                let list = client.schedules_of_project(&project.id)?;
                Ok(list.schedules.into_iter().map(|schedule| schedule.id).collect())
            }
        }
    }

    /// A project alone does not name a schedule.
    pub(crate) fn check_one(&self) -> Result<(), CliError> {
        if matches!(self, Self::Project(_)) { Err(missing_name()) } else { Ok(()) }
    }
}

fn missing_name() -> CliError {
    CliError::usage("Missing argument: <name>")
}

fn of_workflow(client: &Client, project: &str, workflow: &str) -> Result<Schedule, ClientError> {
    let project = client.project_by_name(project)?;
    client.schedule_of_workflow(&project.id, workflow)
}
