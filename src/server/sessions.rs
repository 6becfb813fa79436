//! `/api/sessions`, and the sessions of a project. The attempts of a session are elsewhere.

use super::paging::page;
use super::{ApiError, App, PathParams, Request, Response, Route, projects, wire};
use crate::model::{ProjectId, SessionId};
use crate::store::attempts::Scope;
use crate::store::sessions::SessionRow;
use crate::store::{Reader, sessions};

pub const ROUTES: &[Route<App>] = &[
    Route::get("/api/sessions", list),
    Route::get("/api/sessions/{id}", get),
    Route::get("/api/projects/{id}/sessions", list_of_project),
];

fn list(app: &App, request: &Request, _: &PathParams) -> Result<Response, ApiError> {
    let page = page(request.query(), app.settings().max_sessions_page_size, SessionId)?;
    let rows = app.read(|reader| Ok(sessions::list(reader, Scope::All, page)?))?;
    Ok(collection(&rows))
}

fn list_of_project(app: &App, request: &Request, path: &PathParams) -> Result<Response, ApiError> {
    let id = ProjectId(path.scalar("id")?);
    let page = page(request.query(), app.settings().max_sessions_page_size, SessionId)?;
    let rows = app.read(|reader| {
        let project = projects::live(reader, id)?.id;
        let workflow = request.query().text("workflow");
        let scope = workflow.map_or(Scope::Project(project), |name| Scope::Workflow(project, name));
        Ok(sessions::list(reader, scope, page)?)
    })?;
    Ok(collection(&rows))
}

fn get(app: &App, _: &Request, path: &PathParams) -> Result<Response, ApiError> {
    let id = SessionId(path.scalar("id")?);
    let row = app.read(|reader| find(reader, id))?;
    Ok(Response::json(200, &wire::Session::from(&row)))
}

fn collection(rows: &[SessionRow]) -> Response {
    Response::json(200, &wire::collection("sessions", rows.iter().map(wire::Session::from)))
}

/// Finds a session.
///
/// # Errors
///
/// 404
pub(super) fn find(reader: &Reader, id: SessionId) -> Result<SessionRow, ApiError> {
    sessions::by_id(reader, id)?
        .ok_or_else(|| ApiError::not_found(format!("Resource does not exist: session id={id}")))
}

#[cfg(test)]
mod tests {
    use crate::server::testing::{TestServer, error};
    use crate::store::testing;
    use serde_json::Value;

    /// Sessions 1 and 3 of `p/wf`, the first one with two attempts, and session 2 of `q/wf`.
    fn filled() -> TestServer {
        let server = TestServer::new();
        let (store, tasks) = (server.store(), testing::tasks());
        let (p, q) = (testing::workflow(store, "p", "wf"), testing::workflow(store, "q", "wf"));
        for (workflow, time, name) in [(p, 0, ""), (q, 0, ""), (p, 60, ""), (p, 0, "again")] {
            testing::insert(store, workflow, time, name, None, &tasks);
        }
        server
    }

    fn ids(server: &TestServer, path: &str) -> Vec<String> {
        let (status, body) = server.get(path);
        assert_eq!(status, 200, "{path}: {body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        let list = body.as_object().unwrap().values().next().unwrap().as_array().unwrap();
        list.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_session_is_shown_with_its_newest_attempt() {
        let session = concat!(
            r#"{"id":"1","project":{"id":"1","name":"p"},"workflow":{"name":"wf","id":"1"},"#,
            r#""sessionUuid":"00000000-0000-0000-0000-000000000000","sessionTime":"1970-01-01T00:00:00+00:00","#,
            r#""lastAttempt":{"id":"4","retryAttemptName":"again","done":false,"success":false,"#,
            r#""cancelRequested":false,"params":{},"createdAt":"1970-01-01T00:00:04Z","finishedAt":null}}"#,
        );
        let server = filled();
        assert_eq!(server.get("/api/sessions/1"), (200, session.to_owned()));
        assert_eq!(server.get("/api/sessions?last_id=2"), (200, format!(r#"{{"sessions":[{session}]}}"#)));
    }

    #[test]
    fn lists_go_back_from_the_newest() {
        let server = filled();
        for (path, expected) in [
            ("/api/sessions", &["3", "2", "1"][..]),
            ("/api/sessions?page_size=2", &["3", "2"]),
            ("/api/sessions?page_size=0", &[]),
            ("/api/sessions?last_id=3&page_size=1", &["2"]),
            ("/api/projects/1/sessions", &["3", "1"]),
            ("/api/projects/1/sessions?workflow=wf&last_id=3", &["1"]),
            ("/api/projects/1/sessions?workflow=zz", &[]),
            ("/api/sessions/1/attempts", &["4", "1"]),
            ("/api/sessions/1/attempts?include_retried=true&page_size=1", &["4"]),
            ("/api/sessions/1/attempts?last_id=4", &["1"]),
        ] {
            assert_eq!(ids(&server, path), expected, "{path}");
        }
    }

    #[test]
    fn what_does_not_exist_is_not_found() {
        let server = filled();
        let missing = error(404, "Resource does not exist: session id=99");
        assert_eq!(server.get("/api/sessions/99"), missing);
        assert_eq!(server.get("/api/sessions/99/attempts"), missing);
        assert_eq!(
            server.get("/api/projects/99/sessions"),
            error(404, "Resource does not exist: project id=99")
        );
        for path in ["/api/sessions/x", "/api/sessions?last_id=x", "/api/sessions/1/attempts?page_size=x"] {
            assert_eq!(server.get(path), (404, String::new()), "{path}");
        }
    }

    #[test]
    fn pages_have_a_limit_of_their_own() {
        let server = TestServer::with(|settings| settings.max_sessions_page_size = 5);
        let message = "Your specified page_size is Optional.of(6), but it is larger than MAX_PAGE_SIZE: 5. \
                       You must specify page_size with a number which is smaller than 5.";
        assert_eq!(server.get("/api/sessions?page_size=6"), error(400, message));
        assert_eq!(server.get("/api/sessions?page_size=5"), (200, r#"{"sessions":[]}"#.to_owned()));
        assert_eq!(server.get("/api/attempts?page_size=6"), (200, r#"{"attempts":[]}"#.to_owned()));
    }
}
