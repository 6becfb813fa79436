//! The archives of projects: an upload becomes the newest revision, and comes back as it was.

use super::{ApiError, App, PathParams, Query, Request, Response, Route, projects, wire};
use crate::actions::publish::ClearSchedules;
use crate::actions::push::{PushRequest, push};
use crate::model::time::parse_iso;
use crate::model::{ProjectId, Time};
use crate::store::{archives, watched_projects};

pub const ROUTES: &[Route<App>] =
    &[Route::put_archive("/api/projects", put), Route::get_gzip("/api/projects/{id}/archive", get)];

fn put(app: &App, request: &Request, _: &PathParams) -> Result<Response, ApiError> {
    request.require_content_type("application/gzip")?;
    if request.content_length.is_none() {
        return Err(ApiError::invalid("Content-Length header doesn't match with uploaded data size"));
    }
    let query = request.query();
    let name = |parameter| query.text(parameter).unwrap_or_default();
    let now = app.now();
    let request = PushRequest {
        project: name("project"),
        revision: name("revision"),
        archive: &request.body,
        limits: app.settings().archive_limits,
        schedule_from: schedule_from(query)?.unwrap_or(now),
        clear_schedules: &clear_schedules(query),
    };
    let published = push(app.store(), &request, now)?;
    app.schedules_changed();
    let name = &published.project.project.name;
    let warning = app.read(|reader| Ok(watched_projects::by_name(reader, name)?))?.map(|watched| {
        let directory = watched.directory.display();
        format!("{directory} is watched as project {name}: what changes there next takes the place of this revision")
    });
    if let Some(warning) = &warning {
        app.warn(warning);
    }
    Ok(Response::json(200, &wire::Project::from(&published.project).with_warning(warning)))
}

fn schedule_from(query: &Query) -> Result<Option<Time>, ApiError> {
    let given = query.text("schedule_from").filter(|text| !text.is_empty());
    let format = "Invalid schedule_from= parameter format. Expected yyyy-MM-dd'T'HH:mm:ss'Z' format";
    given.map(|text| parse_iso(text).ok_or_else(|| ApiError::invalid(format))).transpose()
}

fn clear_schedules(query: &Query) -> ClearSchedules {
    if query.flag("clear_schedule_all", false) {
        return ClearSchedules::All;
    }
    ClearSchedules::Of(query.all("clear_schedule").map(str::to_owned).collect())
}

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
    use crate::archive::{Limits, PackOptions, pack};
    use crate::dig::schedule::ScheduleTime;
    use crate::model::{RevisionId, ScheduleId};
    use crate::server::testing::{TestServer, error};
    use crate::server::{Method, Request, Target};
    use crate::store::schedules::Position;
    use crate::store::testing::{at, session_time};
    use crate::store::{Durability, archives, schedules, testing};
    use std::fs;
    use tempfile::TempDir;

    /// A project with a workflow that runs at 7 every day.
    fn daily() -> Vec<u8> {
        let files = TempDir::new().unwrap();
        let text = "schedule:\n  daily>: 07:00:00\n+a:\n  echo>: x\n";
        fs::write(files.path().join("daily.dig"), text).unwrap();
        let mut gzip = vec![];
        let options = PackOptions { copy_outgoing_symlinks: false, except: None };
        pack(files.path(), &options, &mut gzip, &mut |_| {}).unwrap();
        gzip
    }

    fn put(server: &TestServer, query: &str, archive: &[u8]) -> (u16, String) {
        server.send("PUT", &format!("/api/projects?{query}"), Some(("application/gzip", archive))).text()
    }

    #[test]
    fn an_upload_is_the_newest_revision() {
        let server = TestServer::new();
        let archive = daily();
        let (status, body) = put(&server, "project=p&revision=r1", &archive);
        assert_eq!(status, 200, "{body}");
        assert!(
            body.starts_with(r#"{"id":"1","name":"p","revision":"r1","createdAt":"1970-01-01T01:00:00Z","#),
            "{body}"
        );
        assert!(body.contains(r#""deletedAt":null,"archiveType":"db","archiveMd5":""#), "{body}");
        assert_eq!(server.get("/api/projects/1"), (200, body.clone()));
        assert_eq!(server.send("GET", "/api/projects/1/archive", None).body, archive);
        let (_, revisions) = server.get("/api/projects/1/revisions");
        let md5 = &body[body.find("archiveMd5").unwrap()..body.len() - 1];
        assert!(revisions.contains(md5), "{revisions}");
        assert_eq!(
            put(&server, "project=p&revision=r1", &archive),
            error(409, "Resource already exists: revision=r1 in project id=1")
        );
    }

    #[test]
    fn schedules_go_on_unless_they_are_cleared() {
        let server = TestServer::new();
        let archive = daily();
        let row = || server.store().read(|r| schedules::by_id(r, ScheduleId(1))).unwrap().unwrap();
        let next_after = |query: &str| {
            let (status, body) = put(&server, query, &archive);
            assert_eq!(status, 200, "{body}");
            row().next.run.to_rfc3339()
        };
        let late = || row().late_session_time;
        let ran_on_the_tenth = || {
            let next = ScheduleTime { session: at(864_000), run: at(889_200) };
            let seen = row();
            let last_session_time = Some(session_time(777_600));
            let to = Position { next, last_session_time, late_session_time: None };
            assert!(server.store().write(Durability::Full, |w| schedules::advance(w, &seen, to)).unwrap());
        };
        let from = "schedule_from=1970-01-05T00:00:00Z";
        assert_eq!(next_after(&format!("project=p&revision=1&{from}")), "1970-01-05T07:00:00+00:00");
        ran_on_the_tenth();
        assert_eq!(next_after(&format!("project=p&revision=2&{from}")), "1970-01-11T07:00:00+00:00");
        let clear = "clear_schedule=daily";
        assert_eq!(next_after(&format!("project=p&revision=3&{clear}&{from}")), "1970-01-05T07:00:00+00:00");
        ran_on_the_tenth();
        assert_eq!(late(), None, "it is yet to come");
        let clear = "clear_schedule_all=true&schedule_from=";
        assert_eq!(next_after(&format!("project=p&revision=4&{clear}")), "1970-01-01T07:00:00+00:00");
        assert_eq!(server.schedule_changes(), 4);
        assert_eq!(
            put(&server, "project=p&revision=5&clear_schedule=daily&clear_schedule=zz", &archive),
            error(400, "zz does not exist")
        );
    }

    #[test]
    fn what_is_no_project_is_refused() {
        let limit = Limits::all(200);
        let server = TestServer::with(|settings| settings.archive_limits = limit);
        let archive = daily();
        assert!(archive.len() <= 200);
        let time = "Invalid schedule_from= parameter format. Expected yyyy-MM-dd'T'HH:mm:ss'Z' format";
        for (query, body, message) in [
            ("revision=1", archive.as_slice(), "project= is required"),
            ("project=&revision=1", &archive, "project= is required"),
            ("project=p", &archive, "revision= is required"),
            ("project=p&revision=1&schedule_from=2024-01-01", &archive, time),
            ("project=p&revision=1", b"this is not gzip at all", "Input is not in the .gz format"),
            (
                "project=p&revision=1",
                &[0; 201],
                "Size of the uploaded archive file exceeds limit (200 bytes)",
            ),
        ] {
            assert_eq!(put(&server, query, body), error(400, message), "{query}");
        }
        let typed = |content_type| {
            let path = "/api/projects?project=p&revision=1";
            server.send("PUT", path, Some((content_type, archive.as_slice()))).text()
        };
        for content_type in ["application/json", ""] {
            assert_eq!(typed(content_type), error(400, "RESTEASY003065: Cannot consume content type"));
        }
        assert_eq!(server.get("/api/projects"), (200, r#"{"projects":[]}"#.to_owned()));
    }

    #[test]
    fn an_upload_tells_its_length() {
        let mut request =
            Request::new(Method::Put, Target::parse("/api/projects?project=p&revision=1").unwrap());
        request.headers.push("Content-Type", "application/gzip");
        request.body = daily();
        let message = "Content-Length header doesn't match with uploaded data size";
        assert_eq!(TestServer::new().answer(&request).text(), error(400, message));
    }

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
            assert_eq!((answer.status, answer.header("Content-Type")), (200, Some("application/gzip")));
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
