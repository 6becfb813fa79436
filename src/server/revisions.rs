//! `/api/projects/{id}/revisions`. Archives, which come and go by revision, are elsewhere.

use super::{ApiError, App, PathParams, Request, Response, Route, projects, wire};
use crate::model::{ProjectId, RevisionId};
use crate::store::{Page, revisions};

pub const ROUTES: &[Route<App>] = &[Route::get("/api/projects/{id}/revisions", list)];

/// There are no ids in the answer to ask for the next page with.
const LIMIT: u32 = 100;

fn list(app: &App, request: &Request, path: &PathParams) -> Result<Response, ApiError> {
    let id = ProjectId(path.scalar("id")?);
    let before = request.query().scalar("last_id")?.map(RevisionId);
    let rows = app.read(|reader| {
        let project = projects::live(reader, id)?.id;
        Ok(match request.query().text("name") {
            Some(name) => revisions::by_name_with_archive(reader, project, name)?.into_iter().collect(),
            None => revisions::list_with_archive(reader, project, Page { before, limit: LIMIT })?,
        })
    })?;
    Ok(Response::json(200, &wire::collection("revisions", rows.iter().map(wire::Revision::from))))
}

#[cfg(test)]
mod tests {
    use crate::server::testing::{TestServer, error};
    use crate::store::testing;

    #[test]
    fn revisions_are_listed_from_the_newest() {
        let server = TestServer::new();
        testing::workflow(server.store(), "p", "wf");
        testing::workflow(server.store(), "p", "wf");
        let revision = |name| {
            format!(
                r#"{{"revision":"{name}","createdAt":"1970-01-01T00:00:02Z","archiveType":"none","archiveMd5":null,"userInfo":{{}}}}"#
            )
        };
        let list = |revisions: &[&str]| (200, format!(r#"{{"revisions":[{}]}}"#, revisions.join(",")));
        let (one, two) = (&revision("1"), &revision("2"));
        for (query, expected) in
            [("", &[two.as_str(), one][..]), ("?name=1", &[one]), ("?name=zz", &[]), ("?last_id=2", &[one])]
        {
            assert_eq!(server.get(&format!("/api/projects/1/revisions{query}")), list(expected), "{query}");
        }
        assert_eq!(
            server.get("/api/projects/9/revisions"),
            error(404, "Resource does not exist: project id=9")
        );
    }
}
