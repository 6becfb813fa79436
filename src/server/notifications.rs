//! `/api/notifications`: what people were told, and what has become of it. Digdag has no such list.

use super::paging::page;
use super::{ApiError, App, PathParams, Request, Response, Route, wire};
use crate::store::notifications;

pub const ROUTES: &[Route<App>] = &[Route::get("/api/notifications", list)];

fn list(app: &App, request: &Request, _: &PathParams) -> Result<Response, ApiError> {
    let page = page(request.query(), app.settings().max_attempts_page_size, |id| id)?;
    let rows = app.read(|reader| Ok(notifications::list(reader, page)?))?;
    Ok(Response::json(200, &wire::collection("notifications", rows.iter().map(wire::Notification::from))))
}

#[cfg(test)]
mod tests {
    use crate::model::{AttemptId, Params};
    use crate::server::testing::TestServer;
    use crate::store::notifications::{
        NewNotification, NotificationKind, NotificationState, Progress, end, insert,
    };
    use crate::store::testing::at;
    use crate::store::{Durability, Store};

    fn raise(store: &Store, attempt: Option<AttemptId>) -> i64 {
        let payload = Params::new();
        let new = NewNotification {
            kind: NotificationKind::Overlong,
            project_name: attempt.map(|_| "p"),
            workflow_name: attempt.map(|_| "wf"),
            attempt,
            message: "m",
            payload: &payload,
        };
        store.write(Durability::Full, |w| insert(w, &new, at(1))).unwrap()
    }

    #[test]
    fn notifications_are_listed_from_the_newest() {
        let server = TestServer::new();
        let store = server.store();
        let first = raise(store, Some(AttemptId(7)));
        raise(store, None);
        let progress = Progress { tries: 1, channel: Some("mail"), answer: Some("250 ok") };
        store.write(Durability::Full, |w| end(w, first, NotificationState::Sent, &progress, at(2))).unwrap();
        let sent = concat!(
            r#"{"id":"1","createdAt":"1970-01-01T00:00:01Z","kind":"overlong","project":"p","workflow":"wf","#,
            r#""attemptId":"7","message":"m","state":"sent","tries":1,"retryAt":null,"channel":"mail","#,
            r#""answer":"250 ok","endedAt":"1970-01-01T00:00:02Z"}"#
        );
        let pending = concat!(
            r#"{"id":"2","createdAt":"1970-01-01T00:00:01Z","kind":"overlong","project":null,"workflow":null,"#,
            r#""attemptId":null,"message":"m","state":"pending","tries":0,"retryAt":"1970-01-01T00:00:01Z","#,
            r#""channel":null,"answer":null,"endedAt":null}"#
        );
        let listed = |path: &str| server.get(path);
        let list = |items: &str| (200, format!(r#"{{"notifications":[{items}]}}"#));
        assert_eq!(listed("/api/notifications"), list(&format!("{pending},{sent}")));
        assert_eq!(listed("/api/notifications?last_id=2"), list(sent));
        assert_eq!(listed("/api/notifications?page_size=1"), list(pending));
    }
}
