//! Attempts: insertion, ownership, and rows for lists.

use super::row::{InOrder, Json, JsonObject, Millis, Page, UuidText};
use super::{OwnerId, Reader, Result, Writer, sessions, tasks};
use crate::model::attempt::Outcome;
use crate::model::{
    Attempt, AttemptId, Params, ProjectId, RevisionId, SessionId, SessionTime, Task, Time, WorkflowId, Zone,
};
use chrono::SubsecRound;
use rusqlite::{Row, named_params};
use uuid::Uuid;

/// An attempt to be started, with its session.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAttempt<'a> {
    /// Gives project and workflow name, too.
    pub workflow: WorkflowId,
    pub session_time: SessionTime,
    /// For the session, if it is new.
    pub session_uuid: Uuid,
    /// Empty for the session's first-class attempt.
    pub name: &'a str,
    pub timezone: &'a Zone,
    /// Laid over the revision's.
    pub params: &'a Params,
    /// None when any owner may take it.
    pub owner: Option<OwnerId>,
    /// The session whose newest attempt must end first; then there are neither tasks nor an owner yet.
    pub waits_for: Option<SessionId>,
    /// What it takes over from another attempt. JSON object.
    pub resume: Option<&'a Params>,
    pub tasks: &'a [Task],
}

/// What became of a new attempt.
#[must_use]
#[derive(Debug, Clone, PartialEq)]
pub enum Inserted {
    New(AttemptRow),
    /// The session has an attempt of this name: this one. Nothing was written.
    Exists(AttemptRow),
}

/// An attempt without its tasks, with the names around it.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptRow {
    pub id: AttemptId,
    pub session_id: SessionId,
    pub session_uuid: Uuid,
    pub session_time: SessionTime,
    pub project_id: ProjectId,
    pub project_name: String,
    pub revision_id: RevisionId,
    pub revision: String,
    pub workflow_id: WorkflowId,
    pub workflow_name: String,
    pub timezone: Zone,
    /// Empty for the session's first-class attempt.
    pub name: String,
    /// Counts from 1 within the session.
    pub index: u32,
    /// Of this attempt only: laid over the revision's.
    pub params: Params,
    /// Who runs it; none when it is done or nobody has taken it.
    pub owner: Option<OwnerId>,
    pub cancel_requested: bool,
    pub done: bool,
    pub success: bool,
    pub created_at: Time,
    pub finished_at: Option<Time>,
    /// The session whose newest attempt must end before this one begins.
    pub waits_for: Option<SessionId>,
    /// What it takes over from another attempt.
    pub resume: Option<Params>,
    /// When it had taken much longer than its workflow usually takes.
    pub overlong_at: Option<Time>,
}

/// Which attempts a list is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'a> {
    All,
    Project(ProjectId),
    /// A workflow by name, in any revision.
    Workflow(ProjectId, &'a str),
}

/// Starts an attempt in its session, which is made when there is none.
///
/// # Errors
///
/// There is no such workflow.
pub fn insert(w: &Writer, attempt: &NewAttempt<'_>, now: Time) -> Result<Inserted> {
    let place = sessions::place(w, attempt.workflow, attempt.session_time)?;
    let place = place.ok_or_else(|| w.error(rusqlite::Error::QueryReturnedNoRows))?;
    // A session is looked for first: with ON CONFLICT every retry would use up an id.
    let (session_id, session_uuid, index) = match place.session {
        Some((id, uuid)) => {
            if let Some(existing) = by_name(w, id, attempt.name)? {
                return Ok(Inserted::Exists(existing));
            }
            (id, uuid, next_index(w, id)?)
        }
        None => (sessions::insert(w, &place, attempt, now)?, attempt.session_uuid, 1),
    };
    let id = AttemptId(w.insert(
        "INSERT INTO attempts (
             session_id, name, attempt_index, workflow_id, project_id, workflow_name, timezone, params, owner_id,
             created_at, waits_for, resume)
         VALUES (
             :session_id, :name, :index, :workflow_id, :project_id, :workflow_name, :timezone, :params, :owner_id,
             :created_at, :waits_for, :resume)",
        named_params! {
            ":session_id": session_id,
            ":name": attempt.name,
            ":index": index,
            ":workflow_id": attempt.workflow,
            ":project_id": place.project_id,
            ":workflow_name": place.workflow_name,
            ":timezone": attempt.timezone,
            ":params": JsonObject(attempt.params),
            ":owner_id": attempt.owner,
            ":created_at": Millis(now),
            ":waits_for": attempt.waits_for,
            ":resume": attempt.resume.map(JsonObject),
        },
    )?);
    sessions::set_last_attempt(w, session_id, id)?;
    for task in attempt.tasks {
        tasks::insert(w, id, task)?;
    }
    Ok(Inserted::New(AttemptRow {
        id,
        session_id,
        session_uuid,
        session_time: attempt.session_time,
        project_id: place.project_id,
        project_name: place.project_name,
        revision_id: place.revision_id,
        revision: place.revision,
        workflow_id: attempt.workflow,
        workflow_name: place.workflow_name,
        timezone: attempt.timezone.clone(),
        name: attempt.name.to_owned(),
        index,
        params: attempt.params.clone(),
        owner: attempt.owner,
        cancel_requested: false,
        done: false,
        success: false,
        created_at: now.trunc_subsecs(3),
        finished_at: None,
        waits_for: attempt.waits_for,
        resume: attempt.resume.cloned(),
        overlong_at: None,
    }))
}

fn next_index(r: &Reader, session: SessionId) -> Result<u32> {
    let next = r.row(
        "SELECT 1 + coalesce(max(attempt_index), 0) AS next FROM attempts WHERE session_id = :session",
        named_params! { ":session": session },
        |row| row.get("next"),
    )?;
    Ok(next.unwrap_or(1))
}

/// An attempt with all its tasks.
pub fn load(r: &Reader, id: AttemptId) -> Result<Option<Attempt>> {
    let Some(row) = by_id(r, id)? else {
        return Ok(None);
    };
    let mut attempt = Attempt::new(id, row.timezone, row.params, tasks::list(r, id)?);
    attempt.cancel_requested = row.cancel_requested;
    attempt.outcome = row.finished_at.map(|finished_at| Outcome { success: row.success, finished_at });
    Ok(Some(attempt))
}

/// Gives an unfinished attempt to another owner. Tells `false` when it is not `from`'s (any more).
pub fn take_over(w: &Writer, id: AttemptId, from: Option<OwnerId>, to: OwnerId) -> Result<bool> {
    let taken = w.execute(
        "UPDATE attempts SET owner_id = :to WHERE id = :id AND owner_id IS :from AND done = 0",
        named_params! { ":id": id, ":from": from, ":to": to },
    )?;
    Ok(taken == 1)
}

/// Lets an attempt begin that waited: gives it an owner and its tasks. Tells `false` when it does not wait (any more).
pub fn begin_waiting(w: &Writer, id: AttemptId, owner: OwnerId, tasks: &[Task]) -> Result<bool> {
    let begun = w.execute(
        "UPDATE attempts SET waits_for = NULL, owner_id = :owner
         WHERE id = :id AND waits_for IS NOT NULL AND done = 0",
        named_params! { ":id": id, ":owner": owner },
    )?;
    if begun == 1 {
        for task in tasks {
            tasks::insert(w, id, task)?;
        }
    }
    Ok(begun == 1)
}

pub fn by_id(r: &Reader, id: AttemptId) -> Result<Option<AttemptRow>> {
    r.row("SELECT * FROM attempt_rows WHERE id = :id", named_params! { ":id": id }, from_row)
}

/// The attempt of a session with this name.
pub fn by_name(r: &Reader, session: SessionId, name: &str) -> Result<Option<AttemptRow>> {
    r.row(
        "SELECT * FROM attempt_rows WHERE session_id = :session AND name = :name",
        named_params! { ":session": session, ":name": name },
        from_row,
    )
}

/// Attempts, newest first.
pub fn list(r: &Reader, scope: Scope<'_>, page: Page<AttemptId>) -> Result<Vec<AttemptRow>> {
    let (before, limit) = (page.before(), page.limit);
    match scope {
        Scope::All => r.rows(
            "SELECT * FROM attempt_rows WHERE id < :before ORDER BY id DESC LIMIT :limit",
            named_params! { ":before": before, ":limit": limit },
            from_row,
        ),
        Scope::Project(project) => r.rows(
            "SELECT * FROM attempt_rows WHERE project_id = :project AND id < :before
             ORDER BY id DESC LIMIT :limit",
            named_params! { ":project": project, ":before": before, ":limit": limit },
            from_row,
        ),
        Scope::Workflow(project, workflow) => r.rows(
            "SELECT * FROM attempt_rows
             WHERE project_id = :project AND workflow_name = :workflow AND id < :before
             ORDER BY id DESC LIMIT :limit",
            named_params! { ":project": project, ":workflow": workflow, ":before": before, ":limit": limit },
            from_row,
        ),
    }
}

/// The newest attempts of sessions, without those that were retried since, newest first.
pub fn list_last(r: &Reader, scope: Scope<'_>, page: Page<AttemptId>) -> Result<Vec<AttemptRow>> {
    let (before, limit) = (page.before(), page.limit);
    match scope {
        Scope::All => r.rows(
            "SELECT * FROM attempt_rows WHERE is_last AND id < :before ORDER BY id DESC LIMIT :limit",
            named_params! { ":before": before, ":limit": limit },
            from_row,
        ),
        Scope::Project(project) => r.rows(
            "SELECT * FROM attempt_rows WHERE is_last AND project_id = :project AND id < :before
             ORDER BY id DESC LIMIT :limit",
            named_params! { ":project": project, ":before": before, ":limit": limit },
            from_row,
        ),
        Scope::Workflow(project, workflow) => r.rows(
            "SELECT * FROM attempt_rows
             WHERE is_last AND project_id = :project AND workflow_name = :workflow AND id < :before
             ORDER BY id DESC LIMIT :limit",
            named_params! { ":project": project, ":workflow": workflow, ":before": before, ":limit": limit },
            from_row,
        ),
    }
}

/// The attempts of a session, newest first.
pub fn list_of_session(r: &Reader, session: SessionId, page: Page<AttemptId>) -> Result<Vec<AttemptRow>> {
    r.rows(
        "SELECT * FROM attempt_rows WHERE session_id = :session AND id < :before
         ORDER BY attempt_index DESC LIMIT :limit",
        named_params! { ":session": session, ":before": page.before(), ":limit": page.limit },
        from_row,
    )
}

/// All attempts that have not ended, oldest first.
pub fn unfinished(r: &Reader) -> Result<Vec<AttemptRow>> {
    r.rows("SELECT * FROM attempt_rows WHERE done = 0 ORDER BY id", &[], from_row)
}

/// How many attempts have begun and not ended. Those that wait for their turn need nothing yet.
pub fn count_unfinished(r: &Reader) -> Result<u32> {
    let count = r.row(
        "SELECT (SELECT count(*) FROM attempts WHERE done = 0)
             - (SELECT count(*) FROM attempts WHERE waits_for IS NOT NULL) AS count",
        &[],
        |row| row.get("count"),
    )?;
    Ok(count.unwrap_or(0))
}

/// How many attempts wait for another one to end before they begin.
pub fn count_waiting(r: &Reader) -> Result<u32> {
    let sql = "SELECT count(*) AS count FROM attempts WHERE waits_for IS NOT NULL";
    Ok(r.row(sql, &[], |row| row.get("count"))?.unwrap_or(0))
}

/// The attempts that wait for an attempt of this session to end, oldest first.
pub fn waiting_for(r: &Reader, session: SessionId) -> Result<Vec<AttemptRow>> {
    r.rows(
        "SELECT * FROM attempt_rows WHERE waits_for = :session AND done = 0",
        named_params! { ":session": session },
        from_row,
    )
}

/// The newest attempt of a session that has not ended.
pub fn unfinished_of_session(r: &Reader, session: SessionId) -> Result<Option<AttemptRow>> {
    r.row(
        "SELECT * FROM attempt_rows WHERE session_id = :session AND done = 0
         ORDER BY attempt_index DESC LIMIT 1",
        named_params! { ":session": session },
        from_row,
    )
}

/// Whether an attempt has not ended and is this owner's.
pub(super) fn is_owned(r: &Reader, id: AttemptId, owner: OwnerId) -> Result<bool> {
    let owned = r.row(
        "SELECT 1 FROM attempts WHERE id = :id AND owner_id = :owner AND done = 0",
        named_params! { ":id": id, ":owner": owner },
        |_| Ok(()),
    )?;
    Ok(owned.is_some())
}

pub(super) fn request_cancel(w: &Writer, id: AttemptId) -> Result<bool> {
    let changed = w.execute(
        "UPDATE attempts SET cancel_requested = 1 WHERE id = :id AND done = 0",
        named_params! { ":id": id },
    )?;
    Ok(changed == 1)
}

pub(super) fn finish(w: &Writer, id: AttemptId, success: bool, at: Time) -> Result<bool> {
    let changed = w.execute(
        "UPDATE attempts SET done = 1, success = :success, finished_at = :at, owner_id = NULL
         WHERE id = :id AND done = 0",
        named_params! { ":id": id, ":success": success, ":at": Millis(at) },
    )?;
    Ok(changed == 1)
}

/// Reads a row of `attempt_rows`.
pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<AttemptRow> {
    let mut columns = InOrder::from(row, "id")?;
    Ok(AttemptRow {
        id: columns.get("id")?,
        session_id: columns.get("session_id")?,
        session_uuid: columns.get("session_uuid").map(|UuidText(uuid)| uuid)?,
        session_time: columns.get("session_time")?,
        project_id: columns.get("project_id")?,
        project_name: columns.get("project_name")?,
        revision_id: columns.get("revision_id")?,
        revision: columns.get("revision")?,
        workflow_id: columns.get("workflow_id")?,
        workflow_name: columns.get("workflow_name")?,
        timezone: columns.get("timezone")?,
        name: columns.get("name")?,
        index: columns.get("attempt_index")?,
        params: columns.params("params")?,
        owner: columns.get("owner_id")?,
        cancel_requested: columns.get("cancel_requested")?,
        done: columns.get("done")?,
        success: columns.get("success")?,
        created_at: columns.time("created_at")?,
        finished_at: columns.optional_time("finished_at")?,
        waits_for: columns.get("waits_for")?,
        resume: columns.get::<Option<Json<Params>>>("resume")?.map(|Json(params)| params),
        overlong_at: columns.optional_time("overlong_at")?,
    })
}
