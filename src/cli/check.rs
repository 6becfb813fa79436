//! `dibble check`: shows what a project defines, and everything that is wrong with it.

use super::args::{Definition, ProjectArgs};
use super::block::next_time;
use super::local_project;
use super::params_arg::ParamArgs;
use super::{CliError, Context, Exit};
use crate::actions::inspect::{InspectedWorkflow, Inspection, inspect, operator_names};
use crate::actions::project::{FileProblem, ProjectError, load_project};
use crate::dig::DigError;
use crate::logs::local_time::distance;
use crate::model::{Params, yaml_text};
use clap::Args;
use serde_json::{Value, json};

pub const DEFINITION: Definition = Definition {
    name: "check",
    aliases: &["c"],
    synopsis: &[("c[heck]", "show workflow definitions")],
    usage: &["check [workflow.dig] [options...]"],
    about: "Check the workflows of the project and show their tasks, parameters and schedules",
    examples: &[
        ("check", "the project in the current directory"),
        ("check jobs/daily.dig", "one workflow; no workflow beside it may be broken"),
        ("check --project jobs --json", "the project in jobs, for programs"),
    ],
    args: CheckArgs::augment_args,
};

/// The arguments of `check`.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// The workflow to check, a file or a name; without it, all workflows of the project
    #[arg(value_name = "workflow.dig")]
    pub workflow: Option<String>,

    #[command(flatten)]
    pub project: ProjectArgs,

    #[command(flatten)]
    pub params: ParamArgs,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Shows definitions, parameters and schedules. Everything wrong is shown at once.
///
/// # Errors
///
/// The project cannot be loaded, or a workflow that was named is not in it.
pub fn run(args: &CheckArgs, context: &Context) -> Result<Exit, CliError> {
    let dir = match &args.workflow {
        Some(workflow) => local_project::directory_of(workflow, &args.project, context)?,
        None => local_project::directory(&args.project, context)?,
    };
    let params = args.params.load(context)?;
    if !args.json {
        context.output.line(&format!("  System default timezone: {}\n", context.zone.name()));
    }
    let mut loaded = match load_project(&dir, &operator_names()) {
        Ok(loaded) => loaded,
        Err(error) if args.json => return print_failure(&error, context),
        Err(error) => {
            return Err(CliError::user(error.render(context.output.err_has_colours())));
        }
    };
    if let Some(given) = &args.workflow {
        let name = local_project::workflow_name(&dir, given, &args.project, context)?;
        if loaded.workflow(&name).is_none() {
            return Err(local_project::no_workflow(&name, &args.project, &dir));
        }
        loaded.workflows.retain(|workflow| workflow.definition.name == name);
    }
    let inspection = inspect(&loaded, context.clock.now());
    if args.json {
        context.print_json(&as_json(&inspection, &params, context))?;
    } else {
        print_text(&inspection, &params, context);
    }
    Ok(if inspection.errors.is_empty() { Exit::Success } else { Exit::Failure })
}

fn print_text(inspection: &Inspection<'_>, params: &Params, context: &Context) {
    let line = |text: &str| context.output.line(text);
    line(&format!("  Definitions ({} workflows):", inspection.workflows.len()));
    for workflow in &inspection.workflows {
        line(&format!("    {} ({} tasks)", workflow.name, workflow.tasks));
        for required in &workflow.requires {
            line(&format!("      -> {required}"));
        }
    }
    line("\n  Parameters:");
    line(&yaml_text(params, "    "));
    let scheduled: Vec<_> =
        inspection.workflows.iter().filter(|workflow| workflow.schedule.is_some()).collect();
    line(&format!("\n  Schedules ({} entries):", scheduled.len()));
    for workflow in &scheduled {
        let Some(schedule) = &workflow.schedule else { continue };
        line(&format!("    {}:", workflow.name));
        line(&yaml_text(&schedule.section, "      "));
        if let Some(first) = schedule.upcoming.first() {
            let now = context.clock.now();
            let session = context.zone.show(first.time.session);
            let run = context.zone.show(first.time.run);
            let wait = distance(first.time.run, now);
            line(&format!("      first session time: {session}"));
            line(&format!("      first scheduled to run at: {run} ({wait})"));
        }
    }
    for workflow in &scheduled {
        print_next_times(workflow, context);
    }
    line("");
    let colours = context.output.err_has_colours();
    for problem in inspection.errors.iter().chain(&inspection.warnings) {
        context.output.note(&problem.render(colours));
    }
}

/// Digdag shows only the first time, and that as the machine's clocks have it. Here it is the workflow's clocks, because
/// it is they that are changed.
fn print_next_times(workflow: &InspectedWorkflow<'_>, context: &Context) {
    let zone = workflow.timezone;
    let upcoming =
        workflow.schedule.as_ref().map(|schedule| schedule.upcoming.as_slice()).unwrap_or_default();
    if !upcoming.is_empty() {
        context.output.line(&format!("\n  Next times of {} ({zone}):", workflow.name));
    }
    for next in upcoming {
        let (session, run) = (zone.local(next.time.session), zone.local(next.time.run));
        let clock_change = next.clock_change.map(|change| change.to_string());
        context.output.line(&format!("    {}", next_time(session, run, clock_change.as_deref())));
    }
}

fn as_json(inspection: &Inspection<'_>, params: &Params, context: &Context) -> Value {
    let workflows: Vec<Value> = inspection
        .workflows
        .iter()
        .map(|workflow| {
            let schedule = workflow.schedule.as_ref().map(|schedule| {
                let upcoming: Vec<Value> = schedule
                    .upcoming
                    .iter()
                    .map(|next| {
                        json!({
                            "sessionTime": crate::model::time::iso(workflow.timezone.local(next.time.session)),
                            "runTime": crate::model::time::iso(workflow.timezone.local(next.time.run)),
                            "clockChange": next.clock_change,
                        })
                    })
                    .collect();
                json!({"definition": schedule.section, "upcoming": upcoming})
            });
            json!({
                "name": workflow.name,
                "timezone": workflow.timezone.id(),
                "tasks": workflow.tasks,
                "requires": workflow.requires,
                "schedule": schedule,
            })
        })
        .collect();
    json!({
        "timezone": context.zone.name(),
        "workflows": workflows,
        "parameters": params,
        "errors": inspection.errors.iter().map(problem).collect::<Vec<_>>(),
        "warnings": inspection.warnings.iter().map(problem).collect::<Vec<_>>(),
    })
}

fn print_failure(error: &ProjectError, context: &Context) -> Result<Exit, CliError> {
    let errors: Vec<Value> = match error {
        ProjectError::Invalid(files) => files
            .iter()
            .flat_map(|file| match &file.problem {
                FileProblem::Language(errors) => errors.iter().map(problem).collect(),
                FileProblem::Unreadable(_) => vec![json!({"message": file.to_string(), "place": null})],
            })
            .collect(),
        other => vec![json!({"message": other.to_string(), "place": null})],
    };
    context.print_json(&json!({"workflows": [], "errors": errors, "warnings": []}))?;
    Ok(Exit::Failure)
}

fn problem(error: &DigError) -> Value {
    let place = error.place.as_ref().map(|place| {
        let (line, column) = place.line_column();
        json!({"file": place.label(), "line": line, "column": column})
    });
    json!({"message": error.message(), "place": place, "hint": error.hint})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::parse::tests::parsed;

    #[test]
    fn the_workflow_may_be_left_out() {
        let check = |words| parsed::<CheckArgs>(&DEFINITION, words);
        assert_eq!(check("--json -p a=1").unwrap().workflow, None);
        assert_eq!(check("wf.dig").unwrap().workflow.as_deref(), Some("wf.dig"));
        assert_eq!(check("a b").unwrap_err(), "Unexpected argument: b");
    }
}
