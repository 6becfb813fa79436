//! `dibble workflows`: shows the workflows of a server, or the definition of one.

use super::args::{CountArgs, Definition};
use super::client_args::{ClientArgs, connect};
use super::{CliError, Context, Exit};
use crate::client::models::{Workflow, Workflows};
use crate::client::{Client, ClientError, WorkflowPage};
use crate::model::{Params, yaml_text};
use clap::Args;

pub const DEFINITION: Definition = Definition {
    name: "workflows",
    aliases: &["workflow"],
    synopsis: &[("workflows [project-name] [name]", "show registered workflow definitions")],
    usage: &["workflows [project-name] [name] [options...]"],
    about: "Show the workflows of newest revisions, or the definition of one as YAML",
    examples: &[
        ("workflows", "all of them, by project"),
        ("workflows myproj hourly", "what `hourly` of the project `myproj` does"),
    ],
    args: WorkflowsArgs::augment_args,
};

/// The arguments of `workflows`.
#[derive(Debug, Clone, Args)]
pub struct WorkflowsArgs {
    /// Show the workflows of this project only
    #[arg(value_name = "project-name", conflicts_with_all = ["name_pattern", "order", "count", "last_id"])]
    pub project: Option<String>,

    /// Show the definition of this workflow
    #[arg(value_name = "name")]
    pub workflow: Option<String>,

    /// Show workflows with this text in their names
    #[arg(id = "name_pattern", long = "name", value_name = "TEXT")]
    pub name_pattern: Option<String>,

    /// Sort by id: asc or desc
    #[arg(long, value_name = "ORDER", default_value = "asc", value_parser = order)]
    pub order: String,

    #[command(flatten)]
    pub page: CountArgs,

    /// Print JSON
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub client: ClientArgs,
}

/// Shows the workflows, or the definition of one.
///
/// # Errors
///
/// There is no such project or workflow, or the server cannot be asked.
pub fn run(args: &WorkflowsArgs, context: &Context) -> Result<Exit, CliError> {
    let client = connect(&args.client, context)?;
    match (&args.project, &args.workflow) {
        (Some(project), Some(workflow)) => show(&client, project, workflow, args.json, context)?,
        (Some(project), None) => {
            let project = client.project_by_name(project)?;
            let workflows = client.workflows_of_project(&project.id)?.workflows;
            list(workflows, Some(&project.name), None, args.json, context)?;
        }
        (None, _) => {
            let workflows = args.page.ask(
                |workflow: &Workflow| &workflow.id,
                |last_id, count| -> Result<_, ClientError> {
                    let (order, name_pattern) = (Some(args.order.as_str()), args.name_pattern.as_deref());
                    let page = WorkflowPage { last_id, count: Some(count), order, name_pattern };
                    Ok(client.workflows(&page)?.workflows)
                },
            )?;
            list(workflows, None, Some(&args.page), args.json, context)?;
        }
    }
    Ok(Exit::Success)
}

/// Prints names below the names of their projects. A project that is asked for is named even if it has none.
fn list(
    workflows: Vec<Workflow>,
    project: Option<&str>,
    page: Option<&CountArgs>,
    json: bool,
    context: &Context,
) -> Result<(), CliError> {
    if json {
        return context.print_json(&Workflows { workflows });
    }
    let output = &context.output;
    if let Some(project) = project {
        output.line(&format!("  {project}"));
    }
    let mut last = project;
    for workflow in &workflows {
        if last != Some(&workflow.project.name) {
            output.line(&format!("  {}", workflow.project.name));
            last = Some(&workflow.project.name);
        }
        output.line(&format!("    {}", workflow.name));
    }
    output.line("");
    output.note("Use `dibble workflows <project-name> <name>` to show details.");
    let last = workflows.last().map(|workflow| &workflow.id);
    if let Some(more) = page.and_then(|page| page.more(workflows.len(), last)) {
        output.note(&more);
    }
    Ok(())
}

fn show(
    client: &Client,
    project: &str,
    workflow: &str,
    json: bool,
    context: &Context,
) -> Result<(), CliError> {
    let project = client.project_by_name(project)?;
    let workflow = client.workflow_by_name(&project.id, workflow, None)?;
    if json {
        return context.print_json(&workflow);
    }
    let none = Params::new();
    context.output.line(&yaml_text(workflow.config.as_object().unwrap_or(&none), ""));
    context.output.line("");
    Ok(())
}

fn order(text: &str) -> Result<String, String> {
    match text {
        "asc" | "desc" => Ok(text.to_owned()),
        _ => Err(format!("Invalid parameter value for --order: {text}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::client_args::tests::{asked, failure};
    use crate::cli::parse::tests::parsed;
    use crate::client::testing::Answer;
    use serde_json::{Value, json};

    fn workflow(id: u64, project: &str, name: &str) -> Value {
        json!({
            "id": id.to_string(), "name": name, "project": {"id": "1", "name": project}, "revision": "rev1",
            "timezone": "UTC", "config": {
                "+a": {"echo>": "plain p=${typeof p}"},
                "+g": {"_parallel": true, "+y": {"for_each>": {"v": [1, "two"]}}},
            },
        })
    }

    fn answer(target: &str, workflows: &[Value]) -> Answer {
        Answer::ok(&format!("GET /api/{target}"), json!({ "workflows": workflows }).to_string())
    }

    fn project() -> Answer {
        let project = json!({
            "id": "1", "name": "p1", "revision": "r", "createdAt": "2026-11-22T03:16:29Z",
            "updatedAt": "2026-11-22T03:16:29Z",
        });
        Answer::ok("GET /api/projects?name=p1", json!({ "projects": [project] }).to_string())
    }

    const FOOTER: &str = "Use `dibble workflows <project-name> <name>` to show details.\n";

    #[test]
    fn workflows_are_listed_by_project() {
        let all = [workflow(1, "p1", "slow"), workflow(2, "p1", "fails"), workflow(5, "p2", "slow")];
        let shown = asked(&DEFINITION, run, "", [answer("workflows?count=100&order=asc", &all)]);
        assert_eq!(shown, ("  p1\n    slow\n    fails\n  p2\n    slow\n\n".to_owned(), FOOTER.to_owned()));
        let none = asked(&DEFINITION, run, "", [answer("workflows?count=100&order=asc", &[])]);
        assert_eq!(none, ("\n".to_owned(), FOOTER.to_owned()));
        let page = answer("workflows?last_id=9&count=3&order=desc&name_pattern=sl", &all);
        let (_, err) = asked(&DEFINITION, run, "--last-id 9 --count 3 --order desc --name sl", [page]);
        assert_eq!(
            err,
            format!("{FOOTER}There may be more: use --last-id 5 to show what comes after these 3.\n")
        );
    }

    #[test]
    fn a_project_is_named_even_when_it_has_no_workflows() {
        let own = answer("projects/1/workflows", &[workflow(1, "p1", "slow")]);
        assert_eq!(asked(&DEFINITION, run, "p1", [project(), own]).0, "  p1\n    slow\n\n");
        let none = answer("projects/1/workflows", &[]);
        assert_eq!(asked(&DEFINITION, run, "p1", [project(), none]).0, "  p1\n\n");
    }

    #[test]
    fn a_definition_is_yaml() {
        let found = || answer("projects/1/workflows?name=wf", &[workflow(1, "p1", "wf")]);
        let (out, err) = asked(&DEFINITION, run, "p1 wf", [project(), found()]);
        let yaml = "\"+a\":\n  echo>: \"plain p=${typeof p}\"\n\"+g\":\n  _parallel: true\n  \"+y\":\n    \
                    for_each>:\n      v:\n      - 1\n      - \"two\"\n\n";
        assert_eq!((out.as_str(), err.as_str()), (yaml, ""));
        let (out, _) = asked(&DEFINITION, run, "p1 wf --json", [project(), found()]);
        assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), workflow(1, "p1", "wf"));
    }

    #[test]
    fn what_is_not_there_is_named() {
        let none = answer("projects/1/workflows?name=nosuch", &[]);
        assert_eq!(
            failure(&DEFINITION, run, "p1 nosuch", [project(), none]).message,
            "Resource not found: workflow not found in the latest revision of project id = 1: nosuch"
        );
        let none = Answer::ok("GET /api/projects?name=%2Bplain", r#"{"projects":[]}"#);
        assert_eq!(
            failure(&DEFINITION, run, "+plain", [none]).message,
            "Resource not found: project not found: +plain"
        );
        let message = parsed::<WorkflowsArgs>(&DEFINITION, "--order zz").unwrap_err();
        assert_eq!(message, "Invalid parameter value for --order: zz");
    }
}
