//! Starting attempts, one or all that a schedule missed, and killing them.

use super::request_body::RequestBody;
use super::{ApiError, App, PathParams, Request, Response, Route, schedules, wire};
use crate::actions::backfill::BackfillRequest;
use crate::actions::resume::Resume;
use crate::actions::start::{StartRequest, Started};
use crate::model::{AttemptId, ScheduleId, SessionTime, WorkflowId};

pub const ROUTES: &[Route<App>] = &[
    Route::put("/api/attempts", start),
    Route::post("/api/attempts/{id}/kill", kill),
    Route::post("/api/schedules/{id}/backfill", backfill),
];

/// When the session has an attempt of this name, that is the answer: the only 409 that is no error object.
fn start(app: &App, request: &Request, _: &PathParams) -> Result<Response, ApiError> {
    let body = RequestBody::read(request, "RestSessionAttemptRequest")?;
    let request = StartRequest {
        workflow: WorkflowId(body.required("workflowId", RequestBody::id)?),
        session_time: SessionTime::new(body.required("sessionTime", RequestBody::instant)?),
        name: body.text("retryAttemptName")?.unwrap_or_default(),
        resume: body.nested("resume", "Resume")?.map(|resume| read_resume(&resume)).transpose()?,
        params: body.required("params", RequestBody::object)?.clone(),
    };
    Ok(match app.service().start(&request)? {
        Started::New(row) => Response::json(200, &wire::Attempt::from(&row)),
        Started::Exists(row) => Response::json(409, &wire::Attempt::from(&row)),
    })
}

fn read_resume(body: &RequestBody) -> Result<Resume, ApiError> {
    let mode = body.required("mode", RequestBody::text)?;
    let attempt = AttemptId(body.required("attemptId", RequestBody::id)?);
    match mode.as_str() {
        "failed" => Ok(Resume::Failed { attempt }),
        "from" => Ok(Resume::From { attempt, task: body.required("from", RequestBody::text)? }),
        other => Err(ApiError::invalid(format!(
            "Could not resolve type id '{other}' as a subtype of Resume: known type ids = [failed, from]"
        ))),
    }
}

/// The answer is the attempt as it was. The body does not matter.
fn kill(app: &App, _: &Request, path: &PathParams) -> Result<Response, ApiError> {
    let row = app.service().kill(AttemptId(path.scalar("id")?))?;
    Ok(Response::json(200, &wire::Attempt::from(&row)))
}

fn backfill(app: &App, request: &Request, path: &PathParams) -> Result<Response, ApiError> {
    let schedule = ScheduleId(path.scalar("id")?);
    let body = RequestBody::read(request, "RestScheduleBackfillRequest")?;
    let count = body.int("count")?.map(u32::try_from).transpose();
    let request = BackfillRequest {
        schedule,
        from: body.required("fromTime", RequestBody::instant)?,
        name: body.required("attemptName", RequestBody::text)?,
        count: count.map_err(|_| ApiError::invalid("count must not be negative"))?,
        dry_run: body.required("dryRun", RequestBody::flag)?,
    };
    let row = app.read(|reader| schedules::find(reader, schedule))?;
    let attempts = app.service().backfill(&request)?;
    Ok(Response::json(200, &wire::ScheduleAttempts::new(&row, &attempts)))
}

#[cfg(test)]
mod tests {
    use crate::dig::schedule::ScheduleTime;
    use crate::model::AttemptId;
    use crate::server::testing::{TestServer, error};
    use crate::store::testing::{self, at};
    use crate::store::{Durability, schedules};
    use serde_json::{Value, json};

    fn put(server: &TestServer, document: &Value) -> (u16, Value) {
        let (status, body) = server.send_json("PUT", "/api/attempts", document);
        let mut body: Value = serde_json::from_str(&body).unwrap();
        // It differs from run to run.
        if let Some(uuid) = body.get_mut("sessionUuid") {
            assert_eq!(uuid.as_str().map(str::len), Some(36));
            *uuid = json!("uuid");
        }
        (status, body)
    }

    fn attempt(id: &str, index: u32, name: Option<&str>, params: &Value) -> Value {
        json!({
            "status": "running", "id": id, "index": index, "project": {"id": "1", "name": "p"},
            "workflow": {"name": "wf", "id": "1"}, "sessionId": "1", "sessionUuid": "uuid",
            "sessionTime": "2024-01-02T00:00:00+09:00", "retryAttemptName": name, "done": false, "success": false,
            "cancelRequested": false, "params": params, "createdAt": "1970-01-01T01:00:00Z", "finishedAt": null,
        })
    }

    fn message(answer: &(u16, Value)) -> (u16, &str) {
        (answer.0, answer.1["message"].as_str().unwrap())
    }

    #[test]
    fn an_attempt_is_started_once_for_each_name() {
        let server = TestServer::new();
        server.define("p", "wf", "Asia/Tokyo", json!({"+a": {"echo>": "x"}}));
        let session_time = "2024-01-02T00:00:00.5+09:00";
        // As the client of Digdag writes it.
        let first = json!({
            "workflowId": "1", "sessionTime": session_time, "retryAttemptName": null, "resume": null, "params": {"p": 1},
        });
        assert_eq!(put(&server, &first), (200, attempt("1", 1, None, &json!({"p": 1}))));
        let (status, body) =
            put(&server, &json!({"workflowId": 1, "sessionTime": session_time, "params": {}}));
        assert_eq!((status, &body["id"], &body["params"]), (409, &json!("1"), &json!({"p": 1})));
        assert_eq!(body.get("message"), None);

        let again = json!({"workflowId": 1, "sessionTime": session_time, "retryAttemptName": "again", "params": {}, "x": 1});
        assert_eq!(put(&server, &again), (200, attempt("2", 2, Some("again"), &json!({}))));
    }

    #[test]
    fn what_cannot_be_started_is_refused() {
        let server = TestServer::new();
        server.define("p", "wf", "UTC", json!({"+a": {"echo>": "x"}}));
        let time = "2024-01-02T00:00:00Z";
        let with = |field: &str, value: Value| {
            let mut document = json!({"workflowId": 1, "sessionTime": time, "params": {}});
            document[field] = value;
            document
        };
        let unset = "Cannot build RestSessionAttemptRequest, some of required attributes are not set";
        for (document, status, expected) in [
            (with("workflowId", json!(9)), 404, "Resource does not exist: workflow id=9".to_owned()),
            (with("workflowId", json!(null)), 400, format!("{unset} [workflowId]")),
            (with("sessionTime", json!(null)), 400, format!("{unset} [sessionTime]")),
            (
                with("sessionTime", json!("2024-01-02")),
                400,
                "Invalid timestamp format: 2024-01-02".to_owned(),
            ),
            (
                with("retryAttemptName", json!("a\0b")),
                400,
                "The name of an attempt must not hold the character NUL".to_owned(),
            ),
            (with("params", json!(null)), 400, format!("{unset} [params]")),
            (with("params", json!([1])), 400, "params: Expected object but got [1]".to_owned()),
            (
                with("resume", json!({"mode": "zz", "attemptId": 1})),
                400,
                "Could not resolve type id 'zz' as a subtype of Resume: known type ids = [failed, from]"
                    .to_owned(),
            ),
            (
                with("resume", json!({"mode": "from", "attemptId": 1})),
                400,
                "Cannot build Resume, some of required attributes are not set [from]".to_owned(),
            ),
        ] {
            let answer = put(&server, &document);
            assert_eq!(message(&answer), (status, expected.as_str()), "{document}");
        }
        let typed = |content_type| server.send("PUT", "/api/attempts", Some((content_type, b"x"))).text();
        assert_eq!(typed("text/plain"), error(400, "RESTEASY003065: Cannot consume content type"));
        assert_eq!(typed("application/json").0, 400);
        assert_eq!(server.get("/api/attempts"), (200, r#"{"attempts":[]}"#.to_owned()));
        server.send("DELETE", "/api/projects/1", None);
        let answer = put(&server, &with("x", json!(1)));
        assert_eq!(message(&answer), (404, "Project id=1 name=p is already deleted"));
    }

    #[test]
    fn what_was_to_be_resumed_is_read_also_when_the_mode_comes_twice() {
        let server = TestServer::new();
        server.define("p", "wf", "UTC", json!({"+a": {"echo>": "x"}}));
        testing::insert(server.store(), crate::model::WorkflowId(1), 0, "", None, &testing::tasks());
        let resume = r#"{"mode":"from","mode":"from","from":"+zz","attemptId":"1"}"#;
        let body = format!(
            r#"{{"workflowId":"1","sessionTime":"1970-01-01T00:00:00Z","retryAttemptName":"r","resume":{resume},"params":{{}}}}"#
        );
        let answer = server.send("PUT", "/api/attempts", Some(("application/json", body.as_bytes()))).text();
        assert_eq!(answer.0, 400);
        assert!(answer.1.contains("Task pattern '+zz' doesn't match with any tasks."), "{}", answer.1);
    }

    #[test]
    fn nothing_is_killed_that_does_not_run() {
        let server = TestServer::new();
        let id = testing::attempt(server.store(), "");
        testing::finish(server.store(), AttemptId(id.0), false);
        let kill = |id| server.send("POST", &format!("/api/attempts/{id}/kill"), None).text();
        assert_eq!(kill(1), error(409, "Session attempt already killed or finished"));
        assert_eq!(kill(9), error(404, "Resource does not exist: session attempt id=9"));
        assert_eq!(server.get("/api/attempts/1/kill").0, 405);
    }

    #[test]
    fn a_dry_backfill_tells_what_would_run() {
        let server = TestServer::new();
        let config = json!({"schedule": {"daily>": "07:00:00"}, "+a": {"echo>": "x"}});
        let workflow = server.define("p", "wf", "UTC", config);
        let next = ScheduleTime { session: at(86_400 * 3), run: at(86_400 * 3 + 25_200) };
        server.store().write(Durability::Full, |w| schedules::insert(w, workflow, next, at(5))).unwrap();
        let post = |document: Value| server.send_json("POST", "/api/schedules/1/backfill", &document);

        let (status, body) =
            post(json!({"fromTime": "1970-01-02T00:00:00Z", "dryRun": true, "attemptName": "bf"}));
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(status, 200, "{body}");
        assert_eq!((&body["id"], &body["workflow"]), (&json!("1"), &json!({"id": "1", "name": "wf"})));
        let attempts = body["attempts"].as_array().unwrap().iter();
        let shown: Vec<_> = attempts.map(|attempt| (&attempt["id"], &attempt["sessionTime"])).collect();
        let zero = &json!("0");
        assert_eq!(
            shown,
            [(zero, &json!("1970-01-02T00:00:00+00:00")), (zero, &json!("1970-01-03T00:00:00+00:00"))]
        );

        let unset = "Cannot build RestScheduleBackfillRequest, some of required attributes are not set";
        for (document, expected) in [
            (json!({"fromTime": "1970-01-02T00:00:00Z", "dryRun": true}), format!("{unset} [attemptName]")),
            (json!({"attemptName": "bf", "dryRun": true}), format!("{unset} [fromTime]")),
            (json!({"fromTime": "1970-01-02T00:00:00Z", "attemptName": "bf"}), format!("{unset} [dryRun]")),
            (
                json!({"fromTime": "1970-01-02T00:00:00Z", "attemptName": "bf", "dryRun": true, "count": 50}),
                "count is set to 50 but there are only 2 attempts until the next schedule time".to_owned(),
            ),
            (
                json!({"fromTime": "1970-01-02T00:00:00Z", "attemptName": "b\0f", "dryRun": true}),
                "The name of an attempt must not hold the character NUL".to_owned(),
            ),
            (
                json!({"fromTime": "1970-01-02T00:00:00Z", "attemptName": "bf", "dryRun": true, "count": -1}),
                "count must not be negative".to_owned(),
            ),
        ] {
            assert_eq!(post(document), error(400, &expected), "{expected}");
        }
        let document = json!({"fromTime": "1970-01-02T00:00:00Z", "dryRun": true, "attemptName": "bf"});
        assert_eq!(
            server.send_json("POST", "/api/schedules/9/backfill", &document),
            error(404, "Resource does not exist: schedule id=9")
        );
    }
}
