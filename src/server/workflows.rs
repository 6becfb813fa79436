//! `/api/workflows`, and the workflows of a project.

use super::paging::count;
use super::{ApiError, App, PathParams, Query, Request, Response, Route, projects, wire};
use crate::model::{ProjectId, WorkflowId};
use crate::store::projects::ProjectRow;
use crate::store::revisions::RevisionRow;
use crate::store::workflows::{Order, PartOfName, WorkflowRow, WorkflowWithProject};
use crate::store::{Reader, workflows};

pub const ROUTES: &[Route<App>] = &[
    Route::get("/api/workflows", list),
    Route::get("/api/workflow", get_by_names),
    Route::get("/api/workflows/{id}", get),
    Route::get("/api/projects/{id}/workflows", list_of_project),
    Route::get("/api/projects/{id}/workflows/{name}", get_of_project),
    Route::get("/api/projects/{id}/workflow", get_of_project_by_query),
];

fn list(app: &App, request: &Request, _: &PathParams) -> Result<Response, ApiError> {
    let query = request.query();
    let (order, limit) = (order(query)?, count(query)?);
    let name = PartOfName {
        part: query.text("name_pattern").unwrap_or_default(),
        or_of_project: query.flag("search_project_name", false),
    };
    let rows = app.read(|reader| Ok(workflows::list_newest(reader, order, name, limit)?))?;
    Ok(Response::json(200, &wire::collection("workflows", rows.iter().map(wire::Workflow::from))))
}

fn order(query: &Query) -> Result<Order, ApiError> {
    let last = query.scalar("last_id")?.map(WorkflowId);
    match query.text("order") {
        None | Some("asc") => Ok(Order::After(last)),
        Some("desc") => Ok(Order::Before(last)),
        Some(_) => Err(ApiError::invalid("parameter 'order' must be either 'asc' or 'desc'")),
    }
}

fn get(app: &App, _: &Request, path: &PathParams) -> Result<Response, ApiError> {
    let id = WorkflowId(path.scalar("id")?);
    let row = app.read(|reader| find(reader, id))?;
    Ok(Response::json(200, &wire::Workflow::from(&row)))
}

fn get_by_names(app: &App, request: &Request, _: &PathParams) -> Result<Response, ApiError> {
    let (project, name) = (request.query().required("project")?, request.query().required("name")?);
    one_of_project(app, request, |reader| projects::by_name(reader, project), name)
}

fn get_of_project(app: &App, request: &Request, path: &PathParams) -> Result<Response, ApiError> {
    let id = ProjectId(path.scalar("id")?);
    one_of_project(app, request, |reader| projects::live(reader, id), path.text("name"))
}

fn get_of_project_by_query(app: &App, request: &Request, path: &PathParams) -> Result<Response, ApiError> {
    let id = ProjectId(path.scalar("id")?);
    one_of_project(app, request, |reader| projects::live(reader, id), request.query().required("name")?)
}

fn list_of_project(app: &App, request: &Request, path: &PathParams) -> Result<Response, ApiError> {
    let id = ProjectId(path.scalar("id")?);
    let query = request.query();
    let (project, revision, rows) = app.read(|reader| {
        let project = projects::live(reader, id)?;
        let revision = projects::revision(reader, project.id, query.text("revision"))?;
        let rows = match query.text("name") {
            Some(name) => workflows::by_name(reader, revision.id, name)?.into_iter().collect(),
            None => workflows::list(reader, revision.id)?,
        };
        Ok((project, revision, rows))
    })?;
    let workflow = |row| wire::Workflow::of_revision(row, &project, &revision);
    Ok(Response::json(200, &wire::collection("workflows", rows.iter().map(workflow))))
}

/// The workflow of a name in the revision that the query names, or in the newest one.
fn one_of_project(
    app: &App,
    request: &Request,
    project: impl FnOnce(&Reader) -> Result<ProjectRow, ApiError>,
    name: &str,
) -> Result<Response, ApiError> {
    let (project, revision, row) = app.read(|reader| {
        let project = project(reader)?;
        let revision = projects::revision(reader, project.id, request.query().text("revision"))?;
        let row = by_name(reader, &revision, name)?;
        Ok((project, revision, row))
    })?;
    Ok(Response::json(200, &wire::Workflow::of_revision(&row, &project, &revision)))
}

/// Finds a workflow of any revision, also of a project that was deleted.
///
/// # Errors
///
/// 404
pub(super) fn find(reader: &Reader, id: WorkflowId) -> Result<WorkflowWithProject, ApiError> {
    workflows::with_project(reader, id)?
        .ok_or_else(|| ApiError::not_found(format!("Resource does not exist: workflow id={id}")))
}

fn by_name(reader: &Reader, revision: &RevisionRow, name: &str) -> Result<WorkflowRow, ApiError> {
    workflows::by_name(reader, revision.id, name)?.ok_or_else(|| {
        let id = revision.id;
        ApiError::not_found(format!("Resource does not exist: workflow name={name} in revision id={id}"))
    })
}

#[cfg(test)]
mod tests {
    use crate::server::testing::{TestServer, error};
    use crate::store::testing;

    /// Workflows 1 and 3 `load` of `alpha`, whose newest revision has the latter, and 2 `report/x` of `beta`.
    fn filled() -> TestServer {
        let server = TestServer::new();
        for (project, name) in [("alpha", "load"), ("beta", "re port"), ("alpha", "load")] {
            testing::workflow(server.store(), project, name);
        }
        server
    }

    fn workflow(id: u32, name: &str, project: &str, revision: &str) -> String {
        format!(
            r#"{{"id":"{id}","name":"{name}","project":{project},"revision":"{revision}","timezone":"UTC","config":{{"+b":{{}},"+a":{{}}}}}}"#
        )
    }

    fn list(workflows: &[&str]) -> (u16, String) {
        (200, format!(r#"{{"workflows":[{}]}}"#, workflows.join(",")))
    }

    const ALPHA: &str = r#"{"id":"1","name":"alpha"}"#;
    const BETA: &str = r#"{"id":"2","name":"beta"}"#;

    #[test]
    fn the_newest_revisions_are_listed() {
        let server = filled();
        let (report, load) = (&workflow(2, "re port", BETA, "1"), &workflow(3, "load", ALPHA, "2"));
        for (query, expected) in [
            ("", &[report.as_str(), load][..]),
            ("?order=asc&last_id=2", &[load]),
            ("?order=desc", &[load, report]),
            ("?order=desc&last_id=3", &[report]),
            ("?count=1", &[report]),
            ("?name_pattern=oa", &[load]),
            ("?name_pattern=alp", &[]),
            ("?name_pattern=alp&search_project_name=true", &[load]),
        ] {
            assert_eq!(server.get(&format!("/api/workflows{query}")), list(expected), "{query}");
        }
        let message = "parameter 'order' must be either 'asc' or 'desc'";
        assert_eq!(server.get("/api/workflows?order=bogus"), error(400, message));
    }

    #[test]
    fn a_workflow_is_found_by_id_in_any_revision() {
        let server = filled();
        assert_eq!(server.get("/api/workflows/1"), (200, workflow(1, "load", ALPHA, "1")));
        assert_eq!(server.get("/api/workflows/999"), error(404, "Resource does not exist: workflow id=999"));
    }

    #[test]
    fn a_workflow_is_found_by_name() {
        let server = filled();
        let (old, new) = ((200, workflow(1, "load", ALPHA, "1")), (200, workflow(3, "load", ALPHA, "2")));
        let report = (200, workflow(2, "re port", BETA, "1"));
        for (path, expected) in [
            ("/api/projects/1/workflows/load", &new),
            ("/api/projects/1/workflows/load?revision=1", &old),
            ("/api/projects/2/workflows/re%20port", &report),
            ("/api/projects/1/workflow?name=load", &new),
            ("/api/projects/1/workflow?name=load&revision=1", &old),
            ("/api/projects/2/workflow?name=re+port", &report),
            ("/api/workflow?project=alpha&name=load", &new),
            ("/api/workflow?project=alpha&name=load&revision=1", &old),
        ] {
            assert_eq!(server.get(path), *expected, "{path}");
        }
        for (path, message) in [
            ("/api/projects/1/workflows/zz", "Resource does not exist: workflow name=zz in revision id=3"),
            (
                "/api/projects/1/workflows/load?revision=7",
                "Resource does not exist: revision name=7 in project id=1",
            ),
            ("/api/projects/9/workflows/load", "Resource does not exist: project id=9"),
            ("/api/workflow?project=zz&name=load", "Resource does not exist: project name=zz"),
        ] {
            assert_eq!(server.get(path), error(404, message), "{path}");
        }
        for (path, name) in [
            ("/api/projects/1/workflow", "name"),
            ("/api/workflow?project=alpha", "name"),
            ("/api/workflow?name=load", "project"),
        ] {
            assert_eq!(server.get(path), error(400, &format!("{name}= is required")), "{path}");
        }
    }

    #[test]
    fn the_workflows_of_a_project_are_those_of_a_revision() {
        let server = filled();
        let (old, new) = (&workflow(1, "load", ALPHA, "1"), &workflow(3, "load", ALPHA, "2"));
        for (query, expected) in [
            ("", &[new.as_str()][..]),
            ("?revision=1", &[old]),
            ("?name=load", &[new]),
            ("?name=load&revision=1", &[old]),
            ("?name=zz", &[]),
        ] {
            assert_eq!(server.get(&format!("/api/projects/1/workflows{query}")), list(expected), "{query}");
        }
        let message = "Resource does not exist: revision name=zz in project id=1";
        assert_eq!(server.get("/api/projects/1/workflows?revision=zz"), error(404, message));
    }
}
