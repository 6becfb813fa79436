//! `/api/attempts`, and the attempts of a session: what ran and runs. Starting and killing are elsewhere.

use super::paging::page;
use super::{ApiError, App, PathParams, Request, Response, Route, projects, sessions, wire};
use crate::model::{AttemptId, SessionId};
use crate::store::attempts::{AttemptRow, Scope};
use crate::store::{Page, Reader, attempts, tasks};

pub const ROUTES: &[Route<App>] = &[
    Route::get("/api/attempts", list),
    Route::get("/api/attempts/{id}", get),
    Route::get("/api/attempts/{id}/retries", list_retries),
    Route::get("/api/attempts/{id}/tasks", list_tasks),
    Route::get("/api/sessions/{id}/attempts", list_of_session),
];

fn list(app: &App, request: &Request, _: &PathParams) -> Result<Response, ApiError> {
    let query = request.query();
    let page = page(query, app.settings().max_attempts_page_size, AttemptId)?;
    let rows = app.read(|reader| {
        let project = query.text("project").map(|name| projects::by_name(reader, name)).transpose()?;
        let scope = match (project, query.text("workflow")) {
            (None, _) => Scope::All,
            (Some(project), None) => Scope::Project(project.id),
            (Some(project), Some(workflow)) => Scope::Workflow(project.id, workflow),
        };
        Ok(if query.flag("include_retried", false) {
            attempts::list(reader, scope, page)?
        } else {
            attempts::list_last(reader, scope, page)?
        })
    })?;
    Ok(collection(&rows))
}

fn list_of_session(app: &App, request: &Request, path: &PathParams) -> Result<Response, ApiError> {
    let id = SessionId(path.scalar("id")?);
    let page = page(request.query(), app.settings().max_attempts_page_size, AttemptId)?;
    let rows = app.read(|reader| {
        sessions::find(reader, id)?;
        Ok(attempts::list_of_session(reader, id, page)?)
    })?;
    Ok(collection(&rows))
}

fn get(app: &App, _: &Request, path: &PathParams) -> Result<Response, ApiError> {
    let id = AttemptId(path.scalar("id")?);
    let row = app.read(|reader| find(reader, id))?;
    Ok(Response::json(200, &wire::Attempt::from(&row)))
}

fn list_retries(app: &App, _: &Request, path: &PathParams) -> Result<Response, ApiError> {
    let id = AttemptId(path.scalar("id")?);
    let mut rows = app.read(|reader| {
        let session = find(reader, id)?.session_id;
        Ok(attempts::list_of_session(reader, session, Page::first(u32::MAX))?)
    })?;
    rows.reverse();
    Ok(collection(&rows))
}

fn list_tasks(app: &App, _: &Request, path: &PathParams) -> Result<Response, ApiError> {
    let id = AttemptId(path.scalar("id")?);
    let rows = app.read(|reader| {
        find(reader, id)?;
        Ok(tasks::list(reader, id)?)
    })?;
    Ok(Response::json(200, &wire::collection("tasks", rows.iter().map(wire::Task::from))))
}

/// Finds an attempt.
///
/// # Errors
///
/// 404
pub(super) fn find(reader: &Reader, id: AttemptId) -> Result<AttemptRow, ApiError> {
    attempts::by_id(reader, id)?
        .ok_or_else(|| ApiError::not_found(format!("Resource does not exist: session attempt id={id}")))
}

fn collection(rows: &[AttemptRow]) -> Response {
    Response::json(200, &wire::collection("attempts", rows.iter().map(wire::Attempt::from)))
}

#[cfg(test)]
mod tests {
    use crate::server::testing::{TestServer, error};
    use crate::store::testing;
    use serde_json::Value;

    /// Attempts 1 and 3 of one session of `p/wf`, attempt 2 of `q/wf`.
    fn filled() -> TestServer {
        let server = TestServer::new();
        let (store, tasks) = (server.store(), testing::tasks());
        let (p, q) = (testing::workflow(store, "p", "wf"), testing::workflow(store, "q", "wf"));
        for (workflow, name) in [(p, ""), (q, ""), (p, "again")] {
            testing::insert(store, workflow, 0, name, None, &tasks);
        }
        server
    }

    fn ids(server: &TestServer, path: &str) -> Vec<String> {
        let (status, body) = server.get(path);
        assert_eq!(status, 200, "{path}: {body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        let ids = body["attempts"].as_array().unwrap().iter();
        ids.map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn an_attempt_is_shown_as_it_is() {
        let server = filled();
        let attempt = |status, id, index, name, end| {
            format!(
                r#"{{"status":"{status}","id":"{id}","index":{index},"project":{{"id":"1","name":"p"}},"workflow":{{"name":"wf","id":"1"}},"sessionId":"1","sessionUuid":"00000000-0000-0000-0000-000000000000","sessionTime":"1970-01-01T00:00:00+00:00","retryAttemptName":{name},{end}}}"#
            )
        };
        let running = r#""done":false,"success":false,"cancelRequested":false,"params":{},"createdAt":"1970-01-01T00:00:04Z","finishedAt":null"#;
        let retry = attempt("running", 3, 2, r#""again""#, running);
        assert_eq!(server.get("/api/attempts/3"), (200, retry.clone()));
        testing::finish(server.store(), crate::model::AttemptId(1), true);
        let ended = r#""done":true,"success":true,"cancelRequested":false,"params":{},"createdAt":"1970-01-01T00:00:04Z","finishedAt":"1970-01-01T00:00:50Z""#;
        let first = attempt("success", 1, 1, "null", ended);
        assert_eq!(
            server.get("/api/attempts/3/retries"),
            (200, format!(r#"{{"attempts":[{first},{retry}]}}"#))
        );
    }

    #[test]
    fn lists_have_the_newest_attempt_of_each_session_unless_told_otherwise() {
        let server = filled();
        for (query, expected) in [
            ("", &["3", "2"][..]),
            ("?include_retried=true", &["3", "2", "1"]),
            ("?include_retried=TRUE&last_id=3", &["2", "1"]),
            ("?include_retried=1", &["3", "2"]),
            ("?page_size=1", &["3"]),
            ("?project=p", &["3"]),
            ("?project=p&include_retried=true", &["3", "1"]),
            ("?project=p&workflow=wf", &["3"]),
            ("?project=p&workflow=zz", &[]),
            // Without a project, it does not matter.
            ("?workflow=zz", &["3", "2"]),
        ] {
            assert_eq!(ids(&server, &format!("/api/attempts{query}")), expected, "{query}");
        }
    }

    #[test]
    fn tasks_are_listed_by_id() {
        let server = filled();
        let end = r#""storeParams":{},"stateParams":{},"updatedAt":"1970-01-01T00:00:04Z","retryAt":null,"startedAt":null,"error":{}"#;
        assert_eq!(
            server.get("/api/attempts/1/tasks"),
            (
                200,
                format!(
                    r#"{{"tasks":[{{"id":"1","fullName":"+wf","parentId":null,"config":{{}},"upstreams":[],"state":"planned","cancelRequested":false,"exportParams":{{}},{end},"isGroup":true}},{{"id":"2","fullName":"+wf+a","parentId":"1","config":{{}},"upstreams":[],"state":"ready","cancelRequested":false,"exportParams":{{}},{end},"isGroup":false}}]}}"#
                )
            )
        );
    }

    #[test]
    fn what_does_not_exist_is_not_found() {
        let server = filled();
        for path in ["/api/attempts/99", "/api/attempts/99/retries", "/api/attempts/99/tasks"] {
            assert_eq!(server.get(path), error(404, "Resource does not exist: session attempt id=99"));
        }
        assert_eq!(
            server.get("/api/attempts?project=nosuch"),
            error(404, "Resource does not exist: project name=nosuch")
        );
        assert_eq!(server.get("/api/attempts/abc"), (404, String::new()));
        assert_eq!(server.get("/api/attempts?page_size=abc"), (404, String::new()));
    }
}
