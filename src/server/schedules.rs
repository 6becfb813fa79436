//! `/api/schedules`, and the schedules of a project.

use super::request_body::RequestBody;
use super::{ApiError, App, PathParams, Request, Response, Route, projects, wire};
use crate::actions::schedules::{
    Enable, ScheduleStory, SkipRequest, disable as disable_schedule, enable as enable_schedule,
    skip as skip_schedule, story,
};
use crate::model::time::LocalOrInstant;
use crate::model::{ProjectId, ScheduleId};
use crate::store::schedules::ScheduleRow;
use crate::store::{Reader, schedules};

pub const ROUTES: &[Route<App>] = &[
    Route::get("/api/schedules", list),
    Route::get("/api/schedules/{id}", get),
    Route::post("/api/schedules/{id}/skip", skip),
    Route::post("/api/schedules/{id}/disable", disable),
    Route::post("/api/schedules/{id}/enable", enable),
    Route::get("/api/projects/{id}/schedules", list_of_project),
];

/// There is no parameter for it.
const LIMIT: u32 = 100;

/// At most so many sessions to come are told of a schedule.
const MAX_NEXT: usize = 100;

fn list(app: &App, request: &Request, _: &PathParams) -> Result<Response, ApiError> {
    let after = request.query().scalar("last_id")?.map(ScheduleId);
    let next = next(request)?;
    let stories = app.read(|reader| stories(reader, schedules::list(reader, after, LIMIT)?, next))?;
    Ok(collection(&stories))
}

fn list_of_project(app: &App, request: &Request, path: &PathParams) -> Result<Response, ApiError> {
    let id = ProjectId(path.scalar("id")?);
    let after = request.query().scalar("last_id")?.map(ScheduleId);
    let next = next(request)?;
    let stories = app.read(|reader| {
        let project = projects::live(reader, id)?.id;
        let rows = match request.query().text("workflow") {
            Some(name) => schedules::by_workflow(reader, project, name)?.into_iter().collect(),
            None => schedules::list_of_project(reader, project, after, LIMIT)?,
        };
        stories(reader, rows, next)
    })?;
    Ok(collection(&stories))
}

fn get(app: &App, request: &Request, path: &PathParams) -> Result<Response, ApiError> {
    let id = ScheduleId(path.scalar("id")?);
    let next = next(request)?;
    let story = app.read(|reader| Ok(story(reader, find(reader, id)?, next)?))?;
    Ok(Response::json(200, &wire::Schedule::from(&story)))
}

fn skip(app: &App, request: &Request, path: &PathParams) -> Result<Response, ApiError> {
    let id = ScheduleId(path.scalar("id")?);
    let body = RequestBody::read(request, "RestScheduleSkipRequest")?;
    let next = body.text("nextTime")?.map(|text| local_or_instant(&text)).transpose()?;
    let row = skip_schedule(
        app.store(),
        id,
        &SkipRequest {
            count: body.int("count")?,
            from: body.instant("fromTime")?,
            next,
            run: body.instant("nextRunTime")?,
            dry_run: body.required("dryRun", RequestBody::flag)?,
        },
    )?;
    app.schedules_changed();
    Ok(summary(&row))
}

/// The body does not matter.
fn disable(app: &App, _: &Request, path: &PathParams) -> Result<Response, ApiError> {
    let row = disable_schedule(app.store(), ScheduleId(path.scalar("id")?), app.now())?;
    Ok(summary(&row))
}

fn enable(app: &App, request: &Request, path: &PathParams) -> Result<Response, ApiError> {
    let id = ScheduleId(path.scalar("id")?);
    let body = RequestBody::read_optional(request, "RestScheduleEnableRequest")?;
    // The time is looked at only when there is something to skip.
    let how = match (body.flag("skipSchedule")?.unwrap_or(false), body.text("nextTime")?) {
        (false, _) => Enable::CatchUp,
        (true, None) => Enable::SkipTo(LocalOrInstant::Instant(app.now())),
        (true, Some(time)) => Enable::SkipTo(local_or_instant(&time)?),
    };
    let row = enable_schedule(app.store(), id, how, app.now())?;
    app.schedules_changed();
    Ok(summary(&row))
}

/// Finds a schedule.
///
/// # Errors
///
/// 404
pub(super) fn find(reader: &Reader, id: ScheduleId) -> Result<ScheduleRow, ApiError> {
    schedules::by_id(reader, id)?
        .ok_or_else(|| ApiError::not_found(format!("Resource does not exist: schedule id={id}")))
}

fn local_or_instant(text: &str) -> Result<LocalOrInstant, ApiError> {
    LocalOrInstant::parse(text).ok_or_else(|| ApiError::invalid(format!("Invalid timestamp format: {text}")))
}

fn summary(row: &ScheduleRow) -> Response {
    Response::json(200, &wire::ScheduleSummary::from(row))
}

/// How many sessions to come are asked for; Digdag does not know that.
fn next(request: &Request) -> Result<usize, ApiError> {
    Ok(request.query().scalar("next")?.map_or(0, |next: usize| next.min(MAX_NEXT)))
}

fn stories(reader: &Reader, rows: Vec<ScheduleRow>, next: usize) -> Result<Vec<ScheduleStory>, ApiError> {
    rows.into_iter().map(|row| Ok(story(reader, row, next)?)).collect()
}

fn collection(stories: &[ScheduleStory]) -> Response {
    Response::json(200, &wire::collection("schedules", stories.iter().map(wire::Schedule::from)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dig::schedule::ScheduleTime;
    use crate::model::time::parse_iso;
    use crate::server::testing::{TestServer, error};
    use crate::store::Durability;
    use crate::store::schedules::Position;
    use crate::store::skipped_sessions::{self, NewSkip};
    use crate::store::testing::{self, at, session_time};
    use serde_json::{Value, json};

    /// Schedules 1 and 2 of `p/a` and `q/b`, at 7 every day, whose next session is that of 1970-01-02.
    fn filled() -> TestServer {
        let server = TestServer::new();
        for (project, name) in [("p", "a"), ("q", "b")] {
            let workflow = server.define(project, name, "UTC", json!({"schedule": {"daily>": "07:00:00"}}));
            let next = ScheduleTime { session: at(86_400), run: at(111_600) };
            let insert =
                server.store().write(Durability::Full, |w| schedules::insert(w, workflow, next, at(5)));
            insert.unwrap();
        }
        server
    }

    const A: &str = r#""id":"1","project":{"id":"1","name":"p"},"workflow":{"id":"1","name":"a"}"#;
    const B: &str = r#""id":"2","project":{"id":"2","name":"q"},"workflow":{"id":"2","name":"b"}"#;
    const NEXT: &str =
        r#""nextRunTime":"1970-01-02T07:00:00Z","nextScheduleTime":"1970-01-02T00:00:00+00:00""#;
    const MADE: &str = r#""createdAt":"1970-01-01T00:00:05Z","updatedAt":"1970-01-01T00:00:05Z""#;

    /// The answer to something done to schedule 1: when its next session is and runs, and since when it is disabled.
    fn summary(session: &str, run: &str, disabled_at: Option<&str>) -> (u16, String) {
        let disabled_at = json!(disabled_at);
        let next = format!(r#""nextRunTime":"{run}","nextScheduleTime":"{session}+00:00""#);
        (200, format!(r#"{{{A},{next},{MADE},"disabledAt":{disabled_at}}}"#))
    }

    fn post(server: &TestServer, verb: &str, document: &Value) -> (u16, String) {
        server.send_json("POST", &format!("/api/schedules/1/{verb}"), document)
    }

    #[test]
    fn schedules_are_listed_from_the_oldest() {
        let server = filled();
        let row = |names| format!(r#"{{{names},{NEXT},"disabledAt":null}}"#);
        let list = |rows: &[String]| (200, format!(r#"{{"schedules":[{}]}}"#, rows.join(",")));
        for (path, expected) in [
            ("/api/schedules", list(&[row(A), row(B)])),
            ("/api/schedules?last_id=1", list(&[row(B)])),
            ("/api/projects/1/schedules", list(&[row(A)])),
            ("/api/projects/1/schedules?last_id=1", list(&[])),
            ("/api/projects/1/schedules?workflow=a", list(&[row(A)])),
            ("/api/projects/1/schedules?workflow=zz", list(&[])),
            ("/api/projects/9/schedules", error(404, "Resource does not exist: project id=9")),
            ("/api/schedules/2", (200, row(B))),
            ("/api/schedules/9", error(404, "Resource does not exist: schedule id=9")),
            ("/api/schedules?last_id=x", (404, String::new())),
            ("/api/schedules?next=x", (404, String::new())),
        ] {
            assert_eq!(server.get(path), expected, "{path}");
        }
    }

    #[test]
    fn what_has_become_of_its_sessions_is_told() {
        let server = filled();
        let row = server.store().read(|r| schedules::by_id(r, ScheduleId(1))).unwrap().unwrap();
        let attempt = testing::insert(server.store(), row.workflow_id, 60, "", None, &[]);
        testing::finish(server.store(), attempt, false);
        let last = Some(session_time(60));
        // It is late although it has an attempt: the schedule was moved back to it.
        let next = ScheduleTime { session: at(60), run: row.next.run };
        let to = Position { next, last_session_time: last, late_session_time: last };
        let skip = NewSkip { first: session_time(0), last: session_time(30), count: 2, reason: "missed" };
        server
            .store()
            .write(Durability::Full, |w| {
                assert!(schedules::advance(w, &row, to)?);
                skipped_sessions::insert(w, row.project_id, "a", &skip, at(90))
            })
            .unwrap();
        let schedule: Value = serde_json::from_str(&server.get("/api/schedules/1").1).unwrap();
        assert_eq!(
            schedule["lastSession"],
            json!({
                "sessionTime": "1970-01-01T00:01:00+00:00", "attemptId": "1", "status": "error",
                "startedAt": schedule["lastSession"]["startedAt"], "finishedAt": schedule["lastSession"]["finishedAt"],
            })
        );
        assert_eq!(
            (&schedule["late"], &schedule["lateSessionTime"]),
            (&json!(true), &json!("1970-01-01T00:01:00+00:00"))
        );
        assert_eq!(
            schedule["skipped"],
            json!([{
                "firstSessionTime": "1970-01-01T00:00:00+00:00", "lastSessionTime": "1970-01-01T00:00:30+00:00",
                "count": 2, "reason": "missed", "skippedAt": "1970-01-01T00:01:30Z",
            }])
        );
    }

    #[test]
    fn the_next_times_are_told_to_who_asks() {
        let server = filled();
        let time = |day| {
            let (session, run) = (format!("1970-01-0{day}T00"), format!("1970-01-0{day}T07"));
            json!({
                "sessionTime": format!("{session}:00:00+00:00"), "runTime": format!("{run}:00:00+00:00"), "clockChange": null,
            })
        };
        let of = |path: &str| -> Value { serde_json::from_str(&server.get(path).1).unwrap() };
        let two = json!([time(2), time(3)]);
        assert_eq!(of("/api/schedules/1?next=2")["nextTimes"], two);
        assert_eq!(of("/api/schedules?next=2")["schedules"][1]["nextTimes"], two);
        assert_eq!(of("/api/projects/1/schedules?workflow=a&next=2")["schedules"][0]["nextTimes"], two);
        assert_eq!(of("/api/schedules/1?next=1000")["nextTimes"].as_array().unwrap().len(), MAX_NEXT);
        assert_eq!(post(&server, "disable", &json!({})).0, 200);
        assert_eq!(of("/api/schedules/1?next=2").get("nextTimes"), None);
    }

    #[test]
    fn next_times_in_a_clock_change_tell_how() {
        let server = TestServer::new();
        let schedule = json!({"schedule": {"cron>": "30 2 * * *"}});
        let workflow = server.define("p", "a", "America/Los_Angeles", schedule);
        let session = parse_iso("2024-03-10T03:30:00-07:00").unwrap();
        let next = ScheduleTime { session, run: session };
        let insert = server.store().write(Durability::Full, |w| schedules::insert(w, workflow, next, at(5)));
        insert.unwrap();
        let answer: Value = serde_json::from_str(&server.get("/api/schedules/1?next=1").1).unwrap();
        assert_eq!(
            answer["nextTimes"],
            json!([{
                "sessionTime": "2024-03-10T03:30:00-07:00", "runTime": "2024-03-10T03:30:00-07:00",
                "clockChange": {"kind": "skipped", "localTime": "2024-03-10T02:30:00", "text": "clocks skip 02:30:00"},
            }])
        );
    }

    #[test]
    fn sessions_are_skipped_by_count_and_by_time() {
        let server = filled();
        let (third, fourth) = ("1970-01-03T00:00:00", "1970-01-04T00:00:00");
        for (document, expected) in [
            (
                json!({"fromTime": "1970-01-02T00:00:00Z", "count": "1", "nextTime": null, "dryRun": true}),
                summary(third, "1970-01-03T07:00:00Z", None),
            ),
            (
                json!({"nextTime": "1970-01-03T00:00", "dryRun": false}),
                summary(third, "1970-01-03T07:00:00Z", None),
            ),
            (
                json!({"nextTime": "1970-01-04T00:00:00Z", "nextRunTime": "1970-01-04T10:00:00+01:00", "dryRun": false}),
                summary(fourth, "1970-01-04T09:00:00Z", None),
            ),
            (
                json!({"nextTime": "1970-01-04T00:00:00Z", "dryRun": false}),
                error(409, "Specified time to skip schedules is already past"),
            ),
            (
                json!({"dryRun": true, "count": 2}),
                error(400, "nextTime or (fromTime and count) are required"),
            ),
            (
                json!({"nextTime": "1970-01-05T00:00:00Z"}),
                error(
                    400,
                    "Cannot build RestScheduleSkipRequest, some of required attributes are not set [dryRun]",
                ),
            ),
            (
                json!({"nextTime": "1970-01-05 00:00:00", "dryRun": true}),
                error(400, "Invalid timestamp format: 1970-01-05 00:00:00"),
            ),
        ] {
            assert_eq!(post(&server, "skip", &document), expected, "{document}");
        }
        let path = "/api/schedules/9/skip";
        let document = json!({"nextTime": "1970-01-05T00:00:00Z", "dryRun": true});
        assert_eq!(
            server.send_json("POST", path, &document),
            error(404, "Resource does not exist: schedule id=9")
        );
    }

    #[test]
    fn schedules_are_disabled_and_enabled() {
        let server = filled();
        let (second, run) = ("1970-01-02T00:00:00", "1970-01-02T07:00:00Z");
        let disabled = summary(second, run, Some("1970-01-01T01:00:00Z"));
        assert_eq!(server.send("POST", "/api/schedules/1/disable", None).text(), disabled);
        assert_eq!(post(&server, "disable", &Value::Null), disabled);
        // The time is of no interest when nothing is to be skipped.
        let enabled = summary(second, run, None);
        for document in [Value::Null, json!({}), json!({"skipSchedule": false, "nextTime": "zz"})] {
            assert_eq!(post(&server, "enable", &document), enabled, "{document}");
        }
        assert_eq!(
            post(&server, "enable", &json!({"skipSchedule": true})),
            error(409, "Specified time to skip schedules is already past")
        );
        assert_eq!(
            post(&server, "enable", &json!({"skipSchedule": true, "nextTime": "1970-01-03T00:00:00"})),
            summary("1970-01-03T00:00:00", "1970-01-03T07:00:00Z", None)
        );
        assert_eq!(server.schedule_changes(), 4);
        assert_eq!(
            server.send("POST", "/api/schedules/1/enable", None).text(),
            error(400, "RESTEASY003065: Cannot consume content type")
        );
        assert_eq!(
            server.send("POST", "/api/schedules/9/disable", None).text(),
            error(404, "Resource does not exist: schedule id=9")
        );
    }
}
