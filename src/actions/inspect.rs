//! Looking at a project without running anything: its workflows, what they require, when they are due, what is doubtful.

use super::project::LoadedProject;
use crate::dig::schedule::{Schedule, Upcoming};
use crate::dig::{DigError, DigErrorKind, LoadedWorkflow, Part, lints};
use crate::model::{Params, Time, Zone};
use crate::operators::OPERATORS;
use serde_json::Value;

/// How many times of a schedule are looked ahead.
const UPCOMING: usize = 5;

/// What a project defines.
#[derive(Debug)]
pub struct Inspection<'a> {
    pub workflows: Vec<InspectedWorkflow<'a>>,
    /// Schedules that can never be.
    pub errors: Vec<DigError>,
    /// What will run, and probably not as it was meant.
    pub warnings: Vec<DigError>,
}

/// A workflow from outside.
#[derive(Debug)]
pub struct InspectedWorkflow<'a> {
    pub name: &'a str,
    pub timezone: &'a Zone,
    /// How many tasks it has before it runs, the root included.
    pub tasks: usize,
    /// The workflows that it requires, each once.
    pub requires: Vec<String>,
    pub schedule: Option<InspectedSchedule>,
}

/// When a workflow is due.
#[derive(Debug)]
pub struct InspectedSchedule {
    /// As it is written.
    pub section: Params,
    /// The next times, soonest first.
    pub upcoming: Vec<Upcoming>,
}

/// The names of all operators.
pub fn operator_names() -> Vec<&'static str> {
    OPERATORS.iter().map(|operator| operator.name).collect()
}

/// Looks at every workflow of a project.
pub fn inspect(project: &LoadedProject, now: Time) -> Inspection<'_> {
    let operators = operator_names();
    let mut inspection = Inspection { workflows: vec![], errors: vec![], warnings: vec![] };
    for workflow in &project.workflows {
        inspection.warnings.extend(lints(workflow, &operators));
        let schedule = inspect_schedule(workflow, now, &mut inspection);
        let definition = &workflow.definition;
        inspection.workflows.push(InspectedWorkflow {
            name: &definition.name,
            timezone: &definition.timezone,
            tasks: workflow.plan.tasks.len(),
            requires: requires(&definition.config),
            schedule,
        });
    }
    inspection
}

fn inspect_schedule(
    workflow: &LoadedWorkflow,
    now: Time,
    inspection: &mut Inspection<'_>,
) -> Option<InspectedSchedule> {
    let Some(Value::Object(section)) = workflow.definition.config.get("schedule") else { return None };
    let error = |key: Option<&str>, part, message: String| {
        let path: Vec<String> = ["schedule"].into_iter().chain(key).map(str::to_owned).collect();
        DigError::new(DigErrorKind::Other(message), Some(workflow.place(&path, part)))
    };
    match Schedule::parse(section, &workflow.definition.timezone) {
        Ok((schedule, warnings)) => {
            for warning in warnings {
                let message = warning.to_string();
                inspection.warnings.push(error(Some(&warning.key), Part::Key, message).into_warning());
            }
            Some(InspectedSchedule { section: section.clone(), upcoming: schedule.upcoming(now, UPCOMING) })
        }
        Err(problem) => {
            let key = section.keys().find(|key| key.ends_with('>')).map(String::as_str);
            inspection.errors.push(error(key, Part::Value, problem.to_string()));
            None
        }
    }
}

/// The targets of `require>` anywhere in a definition, in their order.
fn requires(config: &Params) -> Vec<String> {
    let mut found: Vec<String> = vec![];
    collect_required(config, &mut found);
    found
}

fn collect_required(config: &Params, found: &mut Vec<String>) {
    for (key, value) in config {
        match value {
            Value::String(name) if key == "require>" && !found.contains(name) => found.push(name.clone()),
            Value::Object(inner) => collect_required(inner, found),
            _ => {}
        }
    }
}
