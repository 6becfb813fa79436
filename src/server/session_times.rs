//! `/api/workflows/{id}/truncated_session_time`: the session time that is meant by a time.

use super::{ApiError, App, PathParams, Request, Response, Route, wire, workflows};
use crate::actions::session_time::{Truncation, truncated_session_time};
use crate::actions::stored::schedule_of;
use crate::model::WorkflowId;
use crate::model::time::LocalOrInstant;

pub const ROUTES: &[Route<App>] = &[Route::get("/api/workflows/{id}/truncated_session_time", truncated)];

fn truncated(app: &App, request: &Request, path: &PathParams) -> Result<Response, ApiError> {
    let id = WorkflowId(path.scalar("id")?);
    let query = request.query();
    // Digdag knows no modes `second` and `minute` either, whatever its documents say.
    let mode = query.text("mode").map(|name| Truncation::parse(name).ok_or_else(ApiError::no_such_path));
    let mode = mode.transpose()?;
    let time = query.required("session_time")?;
    let time = LocalOrInstant::parse(time).ok_or_else(ApiError::no_such_path)?;
    let row = app.read(|reader| workflows::find(reader, id))?;
    let zone = &row.workflow.timezone;
    let mut time = time.instant(zone);
    if let Some(mode) = mode {
        let schedule = schedule_of(&row.workflow.config, zone);
        let truncated = truncated_session_time(time, mode, zone, schedule.as_ref());
        time = truncated.map_err(|error| ApiError::invalid(error.to_string()))?.time();
    }
    Ok(Response::json(200, &wire::WorkflowSessionTime::new(&row, time)))
}

#[cfg(test)]
mod tests {
    use crate::server::testing::{TestServer, error};
    use serde_json::json;

    /// Workflow 1 has a schedule in UTC, workflow 2 none in Tokyo.
    fn filled() -> TestServer {
        let server = TestServer::new();
        server.define("p", "daily", "UTC", json!({"schedule": {"daily>": "07:00:00"}, "+a": {"echo>": "x"}}));
        server.define("q", "plain", "Asia/Tokyo", json!({"+a": {"echo>": "x"}}));
        server
    }

    #[test]
    fn times_are_cut_off_as_asked_for() {
        let server = filled();
        for (workflow, query, expected) in [
            (1, "session_time=2024-01-02T03:04:05Z", "2024-01-02T03:04:05+00:00"),
            (1, "session_time=2024-01-02T03:04:05.123456789Z", "2024-01-02T03:04:05+00:00"),
            (1, "session_time=2024-01-02T03:04&mode=hour", "2024-01-02T03:00:00+00:00"),
            (1, "session_time=2024-01-02T03:04:05Z&mode=day", "2024-01-02T00:00:00+00:00"),
            (1, "session_time=2024-01-02T03:04:05Z&mode=schedule", "2024-01-02T00:00:00+00:00"),
            (1, "session_time=2024-01-02T03:04:05Z&mode=next_schedule", "2024-01-03T00:00:00+00:00"),
            (2, "session_time=2024-01-02T03:04", "2024-01-02T03:04:00+09:00"),
            (2, "session_time=2024-01-01T18:04:05Z&mode=day", "2024-01-02T00:00:00+09:00"),
            (2, "session_time=2024-01-02T03:04:05%2B01:00&mode=hour", "2024-01-02T11:00:00+09:00"),
        ] {
            let (project, zone) = if workflow == 1 { ("p", "UTC") } else { ("q", "Asia/Tokyo") };
            let expected = format!(
                r#"{{"project":{{"id":"{workflow}","name":"{project}"}},"revision":"1","sessionTime":"{expected}","timezone":"{zone}"}}"#
            );
            let path = format!("/api/workflows/{workflow}/truncated_session_time?{query}");
            assert_eq!(server.get(&path), (200, expected), "{path}");
        }
    }

    #[test]
    fn what_cannot_be_read_leads_nowhere() {
        let server = filled();
        let get = |query: &str| server.get(&format!("/api/workflows/2/truncated_session_time?{query}"));
        for query in [
            "session_time=2024-01-02",
            "session_time=2024-01-02%2003:04:05",
            "session_time=garbage",
            "session_time=2024-01-02T03:04:05Z&mode=bogus",
            "session_time=2024-01-02T03:04:05Z&mode=minute",
        ] {
            assert_eq!(get(query), (404, String::new()), "{query}");
        }
        assert_eq!(get(""), error(400, "session_time= is required"));
        for mode in ["schedule", "next_schedule"] {
            assert_eq!(
                get(&format!("session_time=2024-01-02T00:00&mode={mode}")),
                error(
                    400,
                    &format!("session_time_truncate={mode} is set but schedule is not set to this workflow")
                )
            );
        }
        assert_eq!(
            server.get("/api/workflows/9/truncated_session_time?session_time=2024-01-02T00:00"),
            error(404, "Resource does not exist: workflow id=9")
        );
    }
}
