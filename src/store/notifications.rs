//! What people are told of: kept until it is sent, and afterwards with what was answered.

use super::row::{JsonObject, Millis, optional_time, params, time};
use super::{Page, Reader, Result, Writer};
use crate::model::{AttemptId, Params, Time};
use rusqlite::named_params;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

/// What a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationKind {
    /// A task wanted it: `notify>`, a failed attempt, an SLA.
    Task,
    /// An attempt or a task took too long and was canceled.
    TimeLimit,
    /// A session of a schedule did not start.
    Late,
    /// An attempt takes much longer than usual.
    Overlong,
    /// There is too little room on the disk for anything to start.
    Disk,
}

/// A notification to be sent.
#[derive(Debug, Clone, Copy)]
pub struct NewNotification<'a> {
    pub kind: NotificationKind,
    pub project_name: Option<&'a str>,
    pub workflow_name: Option<&'a str>,
    pub attempt: Option<AttemptId>,
    /// For a person. Not empty.
    pub message: &'a str,
    /// What is sent.
    pub payload: &'a Params,
}

/// What has become of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationState {
    /// It is to be sent.
    Pending,
    /// Somebody has taken it.
    Sent,
    /// Nobody would take it.
    Failed,
    /// The configuration names nobody to send it to.
    Dropped,
}

/// How the sending of a notification went so far.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    pub tries: u64,
    /// How it was sent last: `mail`, `http` or `shell`.
    pub channel: Option<&'a str>,
    /// What was answered then, for a person.
    pub answer: Option<&'a str>,
}

/// A notification as the listings show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationRow {
    pub id: i64,
    pub created_at: Time,
    pub kind: NotificationKind,
    pub project_name: Option<String>,
    pub workflow_name: Option<String>,
    pub attempt: Option<AttemptId>,
    pub message: String,
    pub state: NotificationState,
    pub tries: u64,
    /// When it is to be sent, at the earliest; none when it is not pending.
    pub retry_at: Option<Time>,
    pub channel: Option<String>,
    pub answer: Option<String>,
    /// None when it is pending.
    pub ended_at: Option<Time>,
}

/// A notification that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingNotification {
    pub id: i64,
    pub kind: NotificationKind,
    pub message: String,
    pub payload: Params,
    /// How often it was sent already.
    pub tries: u64,
    pub retry_at: Time,
}

/// Adds a notification that is to be sent at once. Whoever sends them must be woken after the commit.
pub fn insert(w: &Writer, new: &NewNotification<'_>, now: Time) -> Result<i64> {
    let progress = Progress { tries: 0, channel: None, answer: None };
    insert_as(w, new, NotificationState::Pending, &progress, now)
}

/// Adds a notification that was sent already, or will never be: `state` is not `Pending`.
pub fn record(
    w: &Writer,
    new: &NewNotification<'_>,
    state: NotificationState,
    progress: &Progress<'_>,
    now: Time,
) -> Result<i64> {
    insert_as(w, new, state, progress, now)
}

fn insert_as(
    w: &Writer,
    new: &NewNotification<'_>,
    state: NotificationState,
    progress: &Progress<'_>,
    now: Time,
) -> Result<i64> {
    let pending = (state == NotificationState::Pending).then_some(Millis(now));
    let ended = (state != NotificationState::Pending).then_some(Millis(now));
    w.insert(
        "INSERT INTO notifications (created_at, kind, project_name, workflow_name, attempt_id, message, payload, state,
             tries, retry_at, channel, answer, ended_at)
         VALUES (:now, :kind, :project_name, :workflow_name, :attempt, :message, :payload, :state,
             :tries, :retry_at, :channel, :answer, :ended_at)",
        named_params! {
            ":now": Millis(now),
            ":kind": new.kind,
            ":project_name": new.project_name,
            ":workflow_name": new.workflow_name,
            ":attempt": new.attempt,
            ":message": new.message,
            ":payload": JsonObject(new.payload),
            ":state": state,
            ":tries": count(progress.tries),
            ":retry_at": pending,
            ":channel": progress.channel,
            ":answer": progress.answer,
            ":ended_at": ended,
        },
    )
}

/// A pending notification was sent and not taken: it is sent again at `retry_at`.
pub fn put_off(w: &Writer, id: i64, progress: &Progress<'_>, retry_at: Time) -> Result<()> {
    let values = named_params! {
        ":id": id,
        ":tries": count(progress.tries),
        ":channel": progress.channel,
        ":answer": progress.answer,
        ":retry_at": Millis(retry_at),
    };
    let sql =
        "UPDATE notifications SET tries = :tries, channel = :channel, answer = :answer, retry_at = :retry_at
               WHERE id = :id AND state = 'pending'";
    w.execute(sql, values).map(drop)
}

/// A pending notification is not to be sent any more: `state` says why, and is not `Pending`.
pub fn end(w: &Writer, id: i64, state: NotificationState, progress: &Progress<'_>, now: Time) -> Result<()> {
    let values = named_params! {
        ":id": id,
        ":state": state,
        ":tries": count(progress.tries),
        ":channel": progress.channel,
        ":answer": progress.answer,
        ":now": Millis(now),
    };
    let sql = "UPDATE notifications SET state = :state, tries = :tries, channel = :channel, answer = :answer,
                   retry_at = NULL, ended_at = :now
               WHERE id = :id AND state = 'pending'";
    w.execute(sql, values).map(drop)
}

/// The pending notification that is to be sent first.
pub fn next_pending(r: &Reader) -> Result<Option<PendingNotification>> {
    r.row(
        "SELECT id, kind, message, payload, tries, retry_at FROM notifications
         WHERE state = 'pending' ORDER BY retry_at, id LIMIT 1",
        &[],
        |row| {
            Ok(PendingNotification {
                id: row.get("id")?,
                kind: row.get("kind")?,
                message: row.get("message")?,
                payload: params(row, "payload")?,
                tries: row.get::<_, i64>("tries")?.unsigned_abs(),
                retry_at: time(row, "retry_at")?,
            })
        },
    )
}

/// How many notifications are to be sent.
pub fn count_pending(r: &Reader) -> Result<u64> {
    let count = r.row("SELECT count(*) AS count FROM notifications WHERE state = 'pending'", &[], |row| {
        row.get::<_, i64>("count")
    })?;
    Ok(count.unwrap_or(0).unsigned_abs())
}

/// Notifications, newest first.
pub fn list(r: &Reader, page: Page<i64>) -> Result<Vec<NotificationRow>> {
    r.rows(
        "SELECT id, created_at, kind, project_name, workflow_name, attempt_id, message, state, tries, retry_at, channel,
             answer, ended_at
         FROM notifications WHERE id < :before ORDER BY id DESC LIMIT :limit",
        named_params! { ":before": page.before(), ":limit": page.limit },
        |row| {
            Ok(NotificationRow {
                id: row.get("id")?,
                created_at: time(row, "created_at")?,
                kind: row.get("kind")?,
                project_name: row.get("project_name")?,
                workflow_name: row.get("workflow_name")?,
                attempt: row.get("attempt_id")?,
                message: row.get("message")?,
                state: row.get("state")?,
                tries: row.get::<_, i64>("tries")?.unsigned_abs(),
                retry_at: optional_time(row, "retry_at")?,
                channel: row.get("channel")?,
                answer: row.get("answer")?,
                ended_at: optional_time(row, "ended_at")?,
            })
        },
    )
}

/// SQLite's integers are signed.
fn count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl NotificationKind {
    /// As the column and the listings have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::TimeLimit => "time_limit",
            Self::Late => "late",
            Self::Overlong => "overlong",
            Self::Disk => "disk",
        }
    }
}

impl NotificationState {
    /// As the column and the listings have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }
}

impl ToSql for NotificationKind {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.name().into())
    }
}

impl FromSql for NotificationKind {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let name = value.as_str()?;
        [Self::Task, Self::TimeLimit, Self::Late, Self::Overlong, Self::Disk]
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or(FromSqlError::InvalidType)
    }
}

impl ToSql for NotificationState {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.name().into())
    }
}

impl FromSql for NotificationState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let name = value.as_str()?;
        [Self::Pending, Self::Sent, Self::Failed, Self::Dropped]
            .into_iter()
            .find(|state| state.name() == name)
            .ok_or(FromSqlError::InvalidType)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing;
    use crate::store::{Durability, Store};
    use chrono::DateTime;

    fn at(millis: i64) -> Time {
        DateTime::from_timestamp_millis(millis).unwrap()
    }

    fn write<T>(store: &Store, work: impl FnOnce(&Writer) -> Result<T>) -> T {
        store.write(Durability::Full, work).unwrap()
    }

    fn all(store: &Store) -> Vec<NotificationRow> {
        store.read(|r| list(r, Page::first(10))).unwrap()
    }

    #[test]
    fn notifications_are_pending_until_they_end() {
        let (store, _dir) = testing::store();
        let payload = Params::from_iter([("message".to_owned(), "full".into())]);
        let new = NewNotification {
            kind: NotificationKind::Disk,
            project_name: None,
            workflow_name: Some("wf"),
            attempt: Some(AttemptId(3)),
            message: "full",
            payload: &payload,
        };
        let first = write(&store, |w| insert(w, &new, at(5)));
        let second = write(&store, |w| insert(w, &new, at(9)));
        let pending = |store: &Store| store.read(next_pending).unwrap();
        let expected = PendingNotification {
            id: first,
            kind: NotificationKind::Disk,
            message: "full".to_owned(),
            payload: payload.clone(),
            tries: 0,
            retry_at: at(5),
        };
        assert_eq!(pending(&store), Some(expected));
        let progress = Progress { tries: 1, channel: Some("http"), answer: Some("500") };
        write(&store, |w| put_off(w, first, &progress, at(1000)));
        assert_eq!(pending(&store).unwrap().id, second);
        let progress = Progress { tries: 2, answer: Some("200"), ..progress };
        write(&store, |w| end(w, second, NotificationState::Sent, &progress, at(10)));
        assert_eq!(pending(&store).map(|row| (row.id, row.tries)), Some((first, 1)));
        assert_eq!(store.read(count_pending).unwrap(), 1);
        let rows = all(&store);
        let sent = NotificationRow {
            id: second,
            created_at: at(9),
            kind: NotificationKind::Disk,
            project_name: None,
            workflow_name: Some("wf".to_owned()),
            attempt: Some(AttemptId(3)),
            message: "full".to_owned(),
            state: NotificationState::Sent,
            tries: 2,
            retry_at: None,
            channel: Some("http".to_owned()),
            answer: Some("200".to_owned()),
            ended_at: Some(at(10)),
        };
        assert_eq!((rows.len(), &rows[0]), (2, &sent));
        assert_eq!((rows[1].state, rows[1].retry_at), (NotificationState::Pending, Some(at(1000))));
        // What has ended stays as it is.
        write(&store, |w| put_off(w, second, &progress, at(1000)));
        write(&store, |w| end(w, second, NotificationState::Failed, &progress, at(11)));
        assert_eq!(all(&store)[0], sent);
    }

    #[test]
    fn what_was_sent_already_is_recorded_as_it_went() {
        let (store, _dir) = testing::store();
        let payload = Params::new();
        let new = NewNotification {
            kind: NotificationKind::Task,
            project_name: Some("p"),
            workflow_name: None,
            attempt: None,
            message: "m",
            payload: &payload,
        };
        for state in [NotificationState::Sent, NotificationState::Failed, NotificationState::Dropped] {
            let progress = Progress { tries: 1, channel: Some("mail"), answer: Some("250 ok") };
            write(&store, |w| record(w, &new, state, &progress, at(7)));
            let row = all(&store).remove(0);
            assert_eq!((row.state, row.ended_at, row.retry_at), (state, Some(at(7)), None));
            assert_eq!((row.kind.name(), row.state.name()), ("task", state.name()));
        }
        assert_eq!(store.read(next_pending).unwrap(), None);
    }
}
