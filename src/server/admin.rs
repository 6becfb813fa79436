//! `/api/admin`: on the admin listener only, for admins.

use super::{ApiError, App, PathParams, Request, Response, Route, attempts};
use crate::model::AttemptId;
use serde_json::json;

pub const ROUTES: &[Route<App>] = &[Route::admin_get("/api/admin/attempts/{id}/userinfo", user_info)];

/// Who made the revision of an attempt: nobody is known, but there is a place for it.
fn user_info(app: &App, _: &Request, path: &PathParams) -> Result<Response, ApiError> {
    let id = AttemptId(path.scalar("id")?);
    app.read(|reader| attempts::find(reader, id))?;
    Ok(Response::json(200, &json!({})))
}

#[cfg(test)]
mod tests {
    use crate::server::testing::{TestServer, error};
    use crate::store::testing;

    #[test]
    fn nobody_is_known_to_have_made_an_attempt() {
        let server = TestServer::new();
        testing::attempt(server.store(), "");
        let path = "/api/admin/attempts/1/userinfo";
        assert_eq!(server.get_as_admin(path), (200, "{}".to_owned()));
        assert_eq!(server.get(path), (404, String::new()));
        assert_eq!(
            server.get_as_admin("/api/admin/attempts/2/userinfo"),
            error(404, "Resource does not exist: session attempt id=2")
        );
    }
}
