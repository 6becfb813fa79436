//! `/api/projects`, but for what is below a project: other resources have that.

use super::paging::count;
use super::{ApiError, App, PathParams, Request, Response, Route, wire};
use crate::actions::delete_project::{delete_project, find_project};
use crate::model::ProjectId;
use crate::store::projects::ProjectRow;
use crate::store::revisions::RevisionRow;
use crate::store::{Reader, projects, revisions, watched_projects};

pub const ROUTES: &[Route<App>] = &[
    Route::get("/api/projects", list),
    Route::get("/api/project", get_by_name),
    Route::get("/api/projects/{id}", get),
    Route::delete("/api/projects/{id}", delete),
];

fn list(app: &App, request: &Request, _: &PathParams) -> Result<Response, ApiError> {
    let query = request.query();
    let (after, limit) = (query.scalar("last_id")?.map(ProjectId), count(query)?);
    let (rows, unregistered) = app.read(|reader| match query.text("name") {
        // Without the other parameters, as with Digdag.
        Some(name) => match projects::by_name(reader, name)? {
            Some(project) => Ok((projects::with_revision(reader, project.id)?.into_iter().collect(), vec![])),
            None => Ok((vec![], watched_projects::by_name(reader, name)?.into_iter().collect())),
        },
        None => {
            let part = query.text("name_pattern").unwrap_or_default();
            let rows = projects::list_with_revision(reader, after, part, limit)?;
            // They have no id: they are part of the first page.
            let unregistered = after.is_none().then(|| watched_projects::list_without_project(reader, part));
            Ok((rows, unregistered.transpose()?.unwrap_or_default()))
        }
    })?;
    let mut refused = app.refused();
    match (query.text("name"), query.text("name_pattern")) {
        (Some(name), _) => refused.retain(|refused| refused.name == name),
        (None, part) => {
            let part = part.unwrap_or_default();
            refused.retain(|refused| after.is_none() && refused.name.contains(part));
        }
    }
    let unregistered = unregistered.iter().map(wire::Watched::from);
    let list = wire::ProjectList {
        projects: rows.iter().map(wire::Project::from).collect(),
        unregistered: unregistered.chain(refused.iter().map(wire::Watched::from)).collect(),
    };
    Ok(Response::json(200, &list))
}

fn get(app: &App, _: &Request, path: &PathParams) -> Result<Response, ApiError> {
    let id = ProjectId(path.scalar("id")?);
    let row = app.read(|reader| Ok(find_project(reader, id)?))?;
    Ok(Response::json(200, &wire::Project::from(&row)))
}

fn get_by_name(app: &App, request: &Request, _: &PathParams) -> Result<Response, ApiError> {
    let name = request.query().required("name")?;
    let row = app.read(|reader| Ok(find_project(reader, by_name(reader, name)?.id)?))?;
    Ok(Response::json(200, &wire::Project::from(&row)))
}

/// The answer is the project as it was.
fn delete(app: &App, _: &Request, path: &PathParams) -> Result<Response, ApiError> {
    let row = delete_project(app.store(), ProjectId(path.scalar("id")?), app.now())?;
    Ok(Response::json(200, &wire::Project::from(&row)))
}

/// Finds a project that was not deleted.
///
/// # Errors
///
/// 404, which tells of a deleted project when that was.
pub(super) fn live(reader: &Reader, id: ProjectId) -> Result<ProjectRow, ApiError> {
    Ok(find_project(reader, id)?.project)
}

/// Finds the project that has a name now.
///
/// # Errors
///
/// 404
pub(super) fn by_name(reader: &Reader, name: &str) -> Result<ProjectRow, ApiError> {
    projects::by_name(reader, name)?
        .ok_or_else(|| ApiError::not_found(format!("Resource does not exist: project name={name}")))
}

/// Finds a revision of a project by name, or the newest one.
///
/// # Errors
///
/// 404
pub(super) fn revision(
    reader: &Reader,
    project: ProjectId,
    name: Option<&str>,
) -> Result<RevisionRow, ApiError> {
    let (found, what) = match name {
        Some(name) => (
            revisions::by_name(reader, project, name)?,
            format!("revision name={name} in project id={project}"),
        ),
        None => (revisions::latest(reader, project)?, format!("revision of project id={project}")),
    };
    found.ok_or_else(|| ApiError::not_found(format!("Resource does not exist: {what}")))
}

#[cfg(test)]
mod tests {
    use crate::server::testing::{TestServer, error};
    use crate::store::testing;

    /// Projects 1 `alpha` with two revisions and 2 `beta` with one.
    fn filled() -> TestServer {
        let server = TestServer::new();
        for project in ["alpha", "beta", "alpha"] {
            testing::workflow(server.store(), project, "wf");
        }
        server
    }

    fn project(id: u32, name: &str, revision: &str) -> String {
        format!(
            r#"{{"id":"{id}","name":"{name}","revision":"{revision}","createdAt":"1970-01-01T00:00:01Z","updatedAt":"1970-01-01T00:00:02Z","deletedAt":null,"archiveType":"none","archiveMd5":null}}"#
        )
    }

    fn list(projects: &[&str]) -> (u16, String) {
        (200, format!(r#"{{"projects":[{}]}}"#, projects.join(",")))
    }

    #[test]
    fn projects_are_listed_from_the_oldest() {
        let server = filled();
        let (alpha, beta) = (&project(1, "alpha", "2"), &project(2, "beta", "1"));
        for (query, expected) in [
            ("", &[alpha.as_str(), beta][..]),
            ("?count=1", &[alpha]),
            ("?count=0", &[]),
            ("?last_id=1", &[beta]),
            ("?name_pattern=et", &[beta]),
            ("?name_pattern=", &[alpha, beta]),
            ("?name_pattern=BETA", &[]),
            ("?name=beta", &[beta]),
            ("?name=beta&last_id=7&count=0", &[beta]),
            ("?name=gamma", &[]),
        ] {
            assert_eq!(server.get(&format!("/api/projects{query}")), list(expected), "{query}");
        }
        assert_eq!(server.get("/api/projects?last_id=abc"), (404, String::new()));
    }

    #[test]
    fn a_project_is_found_by_id_and_name() {
        let server = filled();
        assert_eq!(server.get("/api/projects/2"), (200, project(2, "beta", "1")));
        assert_eq!(server.get("/api/project?name=beta"), (200, project(2, "beta", "1")));
        assert_eq!(server.get("/api/projects/3"), error(404, "Resource does not exist: project id=3"));
        assert_eq!(server.get("/api/projects/abc"), (404, String::new()));
        assert_eq!(
            server.get("/api/project?name=no"),
            error(404, "Resource does not exist: project name=no")
        );
        assert_eq!(server.get("/api/project"), error(400, "name= is required"));
    }

    #[test]
    fn a_deleted_project_leaves_its_name_and_its_history() {
        let server = filled();
        let delete = || server.send("DELETE", "/api/projects/2", None).text();
        assert_eq!(delete(), (200, project(2, "beta", "1")));
        let gone = error(404, "Project id=2 is already deleted at 1970-01-01T01:00:00Z");
        assert_eq!(delete(), gone);
        for below in
            ["", "/revisions", "/workflows", "/workflows/wf", "/workflow?name=wf", "/schedules", "/sessions"]
        {
            assert_eq!(server.get(&format!("/api/projects/2{below}")), gone, "{below}");
        }
        assert_eq!(server.get("/api/projects?name=beta"), list(&[]));
        assert_eq!(server.get("/api/projects"), list(&[&project(1, "alpha", "2")]));
        assert_eq!(server.get("/api/workflows/2").0, 200);
        testing::workflow(server.store(), "beta", "wf");
        assert_eq!(server.get("/api/projects?name=beta"), list(&[&project(3, "beta", "1")]));
    }
}
