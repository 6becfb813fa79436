//! The archives of projects: `/api/projects/{id}/archive`.

use super::{ApiError, App, PathParams, Request, Response, Route, projects};
use crate::model::ProjectId;
use crate::store::archives;

pub const ROUTES: &[Route<App>] = &[Route::get("/api/projects/{id}/archive", get)];

/// The bytes as they were uploaded. There is no other place to send anybody to, whatever `direct_download` says.
fn get(app: &App, request: &Request, path: &PathParams) -> Result<Response, ApiError> {
    let id = ProjectId(path.scalar("id")?);
    let gzip = app.read(|reader| {
        let project = projects::live(reader, id)?.id;
        let revision = projects::revision(reader, project, request.query().text("revision"))?;
        archives::gzip(reader, revision.id)?.ok_or_else(|| ApiError::not_found("Archive is not stored"))
    })?;
    Ok(Response::gzip_file(gzip))
}

#[cfg(test)]
mod tests {
    use crate::model::RevisionId;
    use crate::server::testing::{TestServer, error};
    use crate::store::{Durability, archives, testing};

    #[test]
    fn an_archive_comes_back_as_it_was_uploaded() {
        let server = TestServer::new();
        for _ in 0..3 {
            testing::workflow(server.store(), "p", "wf");
        }
        let insert = |revision, bytes: &[u8]| {
            let revision = RevisionId(revision);
            server
                .store()
                .write(Durability::Full, |w| archives::insert(w, revision, [7; 16], bytes))
                .unwrap();
        };
        insert(1, b"\x1f\x8bold");
        insert(3, b"\x1f\x8bnew");
        for (query, expected) in
            [("", b"\x1f\x8bnew"), ("?direct_download=true", b"\x1f\x8bnew"), ("?revision=1", b"\x1f\x8bold")]
        {
            let answer = server.send("GET", &format!("/api/projects/1/archive{query}"), None);
            assert_eq!((answer.status, answer.content_type.as_deref()), (200, Some("application/gzip")));
            assert_eq!((answer.body.as_slice(), answer.length), (expected.as_slice(), Some(5)), "{query}");
        }
        for (path, message) in [
            ("/api/projects/1/archive?revision=2", "Archive is not stored"),
            (
                "/api/projects/1/archive?revision=zz",
                "Resource does not exist: revision name=zz in project id=1",
            ),
            ("/api/projects/9/archive", "Resource does not exist: project id=9"),
        ] {
            assert_eq!(server.get(path), error(404, message), "{path}");
        }
    }
}
