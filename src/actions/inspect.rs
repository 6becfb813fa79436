//! Looking at a project without running anything: its workflows, what they require, when they are due, what is doubtful.

use super::project::LoadedProject;
use crate::dig::schedule::Upcoming;
use crate::dig::{DigError, DigErrorKind, LoadedWorkflow, Part, lints};
use crate::engine::Sla;
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
        inspection.warnings.extend(wrong_sla(workflow, now));
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
    match workflow.schedule() {
        Ok(found) => {
            let (schedule, warnings) = found?;
            inspection.warnings.extend(warnings);
            let section = workflow.definition.config.get("schedule")?.as_object()?.clone();
            Some(InspectedSchedule { section, upcoming: schedule.upcoming(now, UPCOMING) })
        }
        Err(problem) => {
            inspection.errors.push(*problem);
            None
        }
    }
}

/// An SLA that cannot be read: as in Digdag, the project can be pushed, and no attempt can be started.
fn wrong_sla(workflow: &LoadedWorkflow, now: Time) -> Option<DigError> {
    let definition = &workflow.definition;
    let error = Sla::of(&definition.config, now, &definition.timezone).err()?;
    let place = workflow.place(&["sla".to_owned()], Part::Key);
    let hint = "an SLA is a mapping with `time` or `duration`: `sla: {duration: 01:30:00}`".to_owned();
    let problem = DigError::new(DigErrorKind::Other(error.to_string()), Some(place));
    Some(problem.with_hint(Some(hint)).into_warning())
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
