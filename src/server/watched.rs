//! `/api/watched`: the directories that are watched, with what is wrong with them. Digdag has no such resource.

use super::{ApiError, App, PathParams, Request, Response, Route, wire};
use crate::store::watched_projects;

pub const ROUTES: &[Route<App>] = &[Route::get("/api/watched", list)];

fn list(app: &App, _: &Request, _: &PathParams) -> Result<Response, ApiError> {
    let rows = app.read(|reader| Ok(watched_projects::list_watched(reader)?))?;
    let refused = app.refused();
    let all = rows.iter().map(wire::Watched::from).chain(refused.iter().map(wire::Watched::from));
    Ok(Response::json(200, &wire::collection("watched", all)))
}

#[cfg(test)]
mod tests {
    use crate::server::testing::TestServer;
    use crate::store::testing::{self, at};
    use crate::store::{Durability, watched_projects};
    use serde_json::{Value, json};
    use std::path::Path;

    fn get(server: &TestServer, path: &str) -> Value {
        serde_json::from_str(&server.get(path).1).unwrap()
    }

    #[test]
    fn directories_that_were_never_good_are_listed_beside_the_projects() {
        let server = TestServer::new();
        testing::workflow(server.store(), "good", "wf");
        let put = |name: &str, error: Option<&str>| {
            server
                .store()
                .write(Durability::Normal, |w| {
                    watched_projects::put(w, name, &Path::new("/srv").join(name), error, at(5))
                })
                .unwrap();
        };
        let names = |path: &str| -> Vec<String> {
            let list = get(&server, path);
            let name = |item: &Value| item["name"].as_str().unwrap().to_owned();
            list["unregistered"].as_array().into_iter().flatten().map(name).collect()
        };
        put("good", None);
        assert_eq!(names("/api/projects"), [""; 0]);
        put("good", Some("worse"));
        put("bad", Some("broken"));
        assert_eq!(get(&server, "/api/projects")["projects"][0]["watchError"], "worse");
        for (query, expected) in [
            ("", &["bad"][..]),
            ("?name=bad", &["bad"]),
            ("?name=good", &[]),
            ("?name_pattern=a", &["bad"]),
            ("?name_pattern=oo", &[]),
            ("?last_id=0", &[]),
        ] {
            assert_eq!(names(&format!("/api/projects{query}")), expected, "{query}");
        }
        let watched = |name: &str, error: &str| {
            let directory = format!("/srv/{name}");
            json!({"name": name, "directory": directory, "error": error, "checkedAt": "1970-01-01T00:00:05Z"})
        };
        let all = json!({"watched": [watched("bad", "broken"), watched("good", "worse")]});
        assert_eq!(get(&server, "/api/watched"), all);
    }
}
