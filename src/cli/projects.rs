//! `dibble projects`: shows the projects of a server.

use super::args::{CountArgs, Definition};
use super::block::{project_block, watched_block};
use super::client_args::{ClientArgs, connect};
use super::{CliError, Context, Exit};
use crate::client::models::{Project, Projects};
use crate::client::{ClientError, ProjectPage};
use clap::Args;

pub const DEFINITION: Definition = Definition {
    name: "projects",
    aliases: &["project"],
    synopsis: &[("projects [name]", "show projects")],
    usage: &["projects [name] [options...]"],
    about: "Show projects with their newest revisions",
    examples: &[("projects", "all of them"), ("projects --name sales", "those with `sales` in their names")],
    args: ProjectsArgs::augment_args,
};

/// The arguments of `projects`.
#[derive(Debug, Clone, Args)]
pub struct ProjectsArgs {
    /// Show this project only
    #[arg(value_name = "name", conflicts_with_all = ["name_pattern", "count", "last_id"])]
    pub project: Option<String>,

    /// Show projects with this text in their names
    #[arg(id = "name_pattern", long = "name", value_name = "TEXT")]
    pub name_pattern: Option<String>,

    #[command(flatten)]
    pub page: CountArgs,

    /// Print JSON
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub client: ClientArgs,
}

/// Shows the projects.
///
/// # Errors
///
/// There is no such project, or the server cannot be asked.
pub fn run(args: &ProjectsArgs, context: &Context) -> Result<Exit, CliError> {
    let client = connect(&args.client, context)?;
    let found = match &args.project {
        Some(name) => {
            let found = client.projects_of_name(name)?;
            match (found.projects.first(), found.unregistered.is_empty()) {
                (None, true) => {
                    return Err(CliError::user(format!("Project '{name}' does not exist.")));
                }
                (Some(project), _) if args.json => {
                    context.print_json(project)?;
                    return Ok(Exit::Success);
                }
                _ => found,
            }
        }
        None => {
            let name_pattern = args.name_pattern.as_deref();
            let mut unregistered = vec![];
            let projects = args.page.ask(
                |project: &Project| &project.id,
                |last_id, count| -> Result<_, ClientError> {
                    let page = client.projects(&ProjectPage { last_id, count: Some(count), name_pattern })?;
                    unregistered.extend(page.unregistered);
                    Ok(page.projects)
                },
            )?;
            Projects { projects, unregistered }
        }
    };
    let output = &context.output;
    if args.json {
        context.print_json(&found)?;
        return Ok(Exit::Success);
    }
    output.line("Projects");
    for project in found.projects.iter().take_while(|_| !output.is_closed()) {
        output.line(&project_block(project, &context.zone));
    }
    for watched in found.unregistered.iter().take_while(|_| !output.is_closed()) {
        output.line(&watched_block(watched, &context.zone));
    }
    let projects = &found.projects;
    output.note("Use `dibble workflows <project-name>` to show details.");
    if let Some(more) = args.page.more(projects.len(), projects.last().map(|project| &project.id)) {
        output.note(&more);
    }
    Ok(Exit::Success)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::client_args::tests::{asked, failure};
    use crate::client::testing::Answer;
    use serde_json::{Value, json};

    fn project(id: u64) -> Value {
        json!({
            "id": id.to_string(), "name": format!("p{id}"), "revision": "rev1", "createdAt": "2026-11-22T03:16:29Z",
            "updatedAt": "2026-11-23T03:16:29Z", "deletedAt": null, "archiveType": "db", "archiveMd5": "Zth/",
        })
    }

    fn answer(query: &str, projects: &[Value]) -> Answer {
        Answer::ok(&format!("GET /api/projects?{query}"), json!({ "projects": projects }).to_string())
    }

    fn block(id: u64) -> String {
        format!(
            "  name: p{id}\n  id: {id}\n  revision: rev1\n  archive type: db\n  \
             project created at: 2026-11-22 03:16:29 +0000\n  revision updated at: 2026-11-23 03:16:29 +0000\n\n"
        )
    }

    const FOOTER: &str = "Use `dibble workflows <project-name>` to show details.\n";

    #[test]
    fn every_project_is_a_block() {
        let (out, err) = asked(&DEFINITION, run, "", [answer("count=100", &[project(1), project(2)])]);
        assert_eq!((out, err.as_str()), (format!("Projects\n{}{}", block(1), block(2)), FOOTER));
        let (out, err) = asked(&DEFINITION, run, "", [answer("count=100", &[])]);
        assert_eq!((out.as_str(), err.as_str()), ("Projects\n", FOOTER));
        let (out, err) = asked(&DEFINITION, run, "p1", [answer("name=p1", &[project(1)])]);
        assert_eq!((out, err.as_str()), (format!("Projects\n{}", block(1)), FOOTER));
    }

    #[test]
    fn what_is_wrong_with_watched_directories_is_below_them() {
        let mut broken = project(1);
        broken["watchError"] = json!("Validating project failed\nworkflow /p/p1/wf.dig");
        let never = json!({
            "name": "p2", "directory": "/p/p2", "error": "/p/p2 is no directory", "checkedAt": "2026-11-23T03:16:29Z",
        });
        let list = json!({"projects": [broken], "unregistered": [never]});
        let answer = || Answer::ok("GET /api/projects?count=100", list.to_string());
        let (out, _) = asked(&DEFINITION, run, "", [answer()]);
        let first = block(1).replace(
            "+0000\n\n",
            "+0000\n  error: the revision is older than the files, which are wrong:\n    \
             Validating project failed\n    workflow /p/p1/wf.dig\n\n",
        );
        let second = "  name: p2\n  directory: /p/p2\n  checked at: 2026-11-23 03:16:29 +0000\n  \
                      error: there is no revision, for the files are wrong:\n    /p/p2 is no directory\n\n";
        assert_eq!(out, format!("Projects\n{first}{second}"));
        let (out, _) = asked(&DEFINITION, run, "--json", [answer()]);
        assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), list);
    }

    #[test]
    fn full_pages_tell_how_to_go_on() {
        let page = answer("last_id=6&count=1&name_pattern=a%20b", &[project(7)]);
        let (out, err) = asked(&DEFINITION, run, "--count 1 --last-id 6 --name=a\u{a0}b", [page]);
        assert_eq!(out, format!("Projects\n{}", block(7)));
        assert_eq!(
            err,
            format!("{FOOTER}There may be more: use --last-id 7 to show what comes after these 1.\n")
        );
    }

    #[test]
    fn all_pages_are_shown() {
        let all: Vec<Value> = (1..=205).map(project).collect();
        let pages = || {
            [
                answer("count=100", &all[..100]),
                answer("last_id=100&count=100", &all[100..200]),
                answer("last_id=200&count=100", &all[200..]),
            ]
        };
        let (out, err) = asked(&DEFINITION, run, "", pages());
        assert_eq!((out.matches("  name: p").count(), err.as_str()), (205, FOOTER));
        let (out, _) = asked(&DEFINITION, run, "--json", pages());
        assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), json!({ "projects": all }));
        // One that is full may be the last, also of a server that takes no notice of where to go on.
        let (first, same) = (answer("count=100", &all[..100]), answer("last_id=100&count=100", &all[..100]));
        assert_eq!(asked(&DEFINITION, run, "", [first.clone(), same]).1, FOOTER);
        let none = answer("last_id=100&count=100", &[]);
        assert_eq!(asked(&DEFINITION, run, "", [first, none]).1, FOOTER);
    }

    #[test]
    fn json_is_that_of_the_api() {
        let (out, err) = asked(&DEFINITION, run, "--json", [answer("count=100", &[project(1)])]);
        let read: Value = serde_json::from_str(&out).unwrap();
        assert_eq!((read, err.as_str()), (json!({"projects": [project(1)]}), ""));
        let (out, _) = asked(&DEFINITION, run, "p1 --json", [answer("name=p1", &[project(1)])]);
        assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), project(1));
    }

    #[test]
    fn an_unknown_project_is_named() {
        let error = failure(&DEFINITION, run, "nope", [answer("name=nope", &[])]);
        assert_eq!(error, CliError::user("Project 'nope' does not exist."));
    }
}
