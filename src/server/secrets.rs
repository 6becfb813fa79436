//! `/api/projects/{id}/secrets`: secrets come in, never out.

use super::request_body::RequestBody;
use super::{ApiError, App, PathParams, Request, Response, Route, wire};
use crate::actions::secrets;
use crate::model::ProjectId;

pub const ROUTES: &[Route<App>] = &[
    Route::get("/api/projects/{id}/secrets", list),
    Route::put("/api/projects/{id}/secrets/{key}", set),
    Route::delete("/api/projects/{id}/secrets/{key}", delete),
];

fn list(app: &App, _: &Request, path: &PathParams) -> Result<Response, ApiError> {
    let keys = secrets::keys(app.store(), ProjectId(path.scalar("id")?))?;
    Ok(Response::json(200, &wire::collection("secrets", keys.iter().map(|key| wire::SecretKey { key }))))
}

fn set(app: &App, request: &Request, path: &PathParams) -> Result<Response, ApiError> {
    let (id, key) = (ProjectId(path.scalar("id")?), path.text("key"));
    let value = RequestBody::read(request, "RestSetSecretRequest")?.required("value", RequestBody::secret)?;
    let row = secrets::set(app.store(), app.vault(), id, key, &value, app.now())?;
    Ok(Response::json(200, &wire::Secret::new(key, &row.project)))
}

/// One that is not there is deleted, too.
fn delete(app: &App, _: &Request, path: &PathParams) -> Result<Response, ApiError> {
    let (id, key) = (ProjectId(path.scalar("id")?), path.text("key"));
    let row = secrets::delete(app.store(), id, key)?;
    Ok(Response::json(200, &wire::Secret::new(key, &row.project)))
}

#[cfg(test)]
mod tests {
    use crate::server::testing::{TestServer, error};
    use crate::store::{dump, testing};
    use serde_json::json;

    fn filled() -> TestServer {
        let server = TestServer::new();
        testing::workflow(server.store(), "p1", "wf");
        server
    }

    fn secret(key: &str) -> (u16, String) {
        (200, format!(r#"{{"key":"{key}","project":{{"id":"1","name":"p1"}}}}"#))
    }

    #[test]
    fn secrets_are_set_listed_and_deleted_by_key() {
        let server = filled();
        let list = || server.get("/api/projects/1/secrets");
        assert_eq!(list(), (200, r#"{"secrets":[]}"#.to_owned()));
        for (key, value) in
            [("my.key", json!("topsecret")), ("k4", json!("")), ("my.key", json!("new")), ("n", json!(7))]
        {
            let path = format!("/api/projects/1/secrets/{key}");
            assert_eq!(server.send_json("PUT", &path, &json!({"value": value})), secret(key), "{key}");
        }
        assert_eq!(list(), (200, r#"{"secrets":[{"key":"k4"},{"key":"my.key"},{"key":"n"}]}"#.to_owned()));
        let text = server.store().read(dump::dump).unwrap();
        assert!(text.contains("my.key") && !text.contains("topsecret"), "{text}");
        for key in ["my.key", "zz"] {
            let path = format!("/api/projects/1/secrets/{key}");
            assert_eq!(server.send("DELETE", &path, None).text(), secret(key));
        }
        assert_eq!(list(), (200, r#"{"secrets":[{"key":"k4"},{"key":"n"}]}"#.to_owned()));
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        let server = filled();
        let put = |path: &str, document| server.send_json("PUT", path, &document);
        let path = "/api/projects/1/secrets/k";
        let unset = "Cannot build RestSetSecretRequest, some of required attributes are not set [value]";
        assert_eq!(put(path, json!({"nope": 1})), error(400, unset));
        assert_eq!(put(path, json!(null)).0, 400);
        for document in [json!({"value": ["topsecret"]}), json!(["topsecret"]), json!("topsecret")] {
            let (status, body) = put(path, document);
            assert_eq!((status, body.contains("topsecret")), (400, false), "{body}");
        }
        assert_eq!(
            server.send("PUT", path, Some(("text/plain", b"x"))).text(),
            error(400, "RESTEASY003065: Cannot consume content type")
        );
        let invalid = error(400, "Invalid secret");
        assert_eq!(put(path, json!({"value": "x".repeat(16_385)})), invalid);
        assert_eq!(put("/api/projects/1/secrets/1k", json!({"value": "x"})), invalid);
        assert_eq!(server.send("DELETE", "/api/projects/1/secrets/1k", None).text(), invalid);
        assert_eq!(server.get(path).0, 405);
        let missing = error(404, "Resource does not exist: project id=9");
        assert_eq!(server.get("/api/projects/9/secrets"), missing);
        assert_eq!(put("/api/projects/9/secrets/k", json!({"value": "x"})), missing);
        assert_eq!(server.send("DELETE", "/api/projects/9/secrets/k", None).text(), missing);
    }
}
