//! Schedules: when workflows run next. The times themselves are reckoned by `dig::schedule`, not here.
//!
//! A schedule belongs to a workflow's name in a project. A new revision moves it on to the workflow's new definition
//! and so keeps its id, its being disabled and what it ran last.

use super::row::{self, Millis, Seconds};
use super::{Reader, Result, Writer};
use crate::dig::schedule::ScheduleTime;
use crate::model::{AttemptId, ProjectId, ScheduleId, SessionTime, Time, WorkflowId, Zone};
use chrono::TimeDelta;
use rusqlite::{Row, named_params};

/// A schedule with the names around it.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduleRow {
    pub id: ScheduleId,
    pub project_id: ProjectId,
    pub project_name: String,
    /// The definition that is run: that of the newest revision.
    pub workflow_id: WorkflowId,
    pub workflow_name: String,
    pub timezone: Zone,
    /// [`ScheduleTime::NEVER`] when the schedule has ended.
    pub next: ScheduleTime,
    /// The last session that was started by the schedule.
    pub last_session_time: Option<SessionTime>,
    pub created_at: Time,
    pub disabled_at: Option<Time>,
    /// The session that had not started long after its time. None again once one has started in time.
    pub late_session_time: Option<SessionTime>,
}

/// An attempt that a schedule started and that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnfinishedAttempt {
    pub id: AttemptId,
    pub session_time: SessionTime,
    pub created_at: Time,
}

/// What a schedule goes on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub next: ScheduleTime,
    pub last_session_time: Option<SessionTime>,
    pub late_session_time: Option<SessionTime>,
}

/// A schedule that was taken away for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    pub id: ScheduleId,
    pub next: ScheduleTime,
    pub last_session_time: Option<SessionTime>,
    pub created_at: Time,
    pub disabled_at: Option<Time>,
}

impl ScheduleRow {
    pub fn position(&self) -> Position {
        let Self { next, last_session_time, late_session_time, .. } = *self;
        Position { next, last_session_time, late_session_time }
    }
}

/// Adds an enabled schedule of a workflow that has never run.
///
/// # Errors
///
/// There is no such workflow, or its project has a schedule of its name: look with [`by_workflow`] in the same
/// transaction.
pub fn insert(w: &Writer, workflow: WorkflowId, next: ScheduleTime, now: Time) -> Result<ScheduleId> {
    let id = w.insert(
        "INSERT INTO schedules (project_id, workflow_name, workflow_id, next_run_time, next_session_time, created_at)
         SELECT revisions.project_id, workflows.name, workflows.id, :next_run_time, :next_session_time, :created_at
         FROM workflows JOIN revisions ON revisions.id = workflows.revision_id WHERE workflows.id = :workflow",
        named_params! {
            ":workflow": workflow,
            ":next_run_time": Seconds(next.run),
            ":next_session_time": Seconds(next.session),
            ":created_at": Millis(now),
        },
    )?;
    Ok(ScheduleId(id))
}

/// Adds a schedule that was there before, with its id.
///
/// # Errors
///
/// As [`insert`], and when the id is taken.
pub fn insert_kept(w: &Writer, workflow: WorkflowId, kept: &Kept) -> Result<()> {
    w.execute(
        "INSERT INTO schedules (id, project_id, workflow_name, workflow_id, next_run_time, next_session_time,
             last_session_time, created_at, disabled_at)
         SELECT :id, revisions.project_id, workflows.name, workflows.id, :next_run_time, :next_session_time,
             :last_session_time, :created_at, :disabled_at
         FROM workflows JOIN revisions ON revisions.id = workflows.revision_id WHERE workflows.id = :workflow",
        named_params! {
            ":id": kept.id,
            ":workflow": workflow,
            ":next_run_time": Seconds(kept.next.run),
            ":next_session_time": Seconds(kept.next.session),
            ":last_session_time": kept.last_session_time,
            ":created_at": Millis(kept.created_at),
            ":disabled_at": kept.disabled_at.map(Millis),
        },
    )?;
    Ok(())
}

/// Gives a schedule to the definition of its workflow in a new revision.
pub fn redefine(w: &Writer, id: ScheduleId, workflow: WorkflowId, position: Position) -> Result<()> {
    w.execute(
        "UPDATE schedules SET workflow_id = :workflow, next_run_time = :next_run_time,
             next_session_time = :next_session_time, last_session_time = :last_session_time,
             late_session_time = :late_session_time
         WHERE id = :id",
        named_params! {
            ":id": id,
            ":workflow": workflow,
            ":next_run_time": Seconds(position.next.run),
            ":next_session_time": Seconds(position.next.session),
            ":last_session_time": position.last_session_time,
            ":late_session_time": position.late_session_time,
        },
    )?;
    Ok(())
}

/// Moves a schedule on. Tells `false`, and does nothing, when the schedule is no longer as `seen`: gone, disabled or
/// enabled, moved or redefined by somebody else since.
pub fn advance(w: &Writer, seen: &ScheduleRow, to: Position) -> Result<bool> {
    let moved = w.execute(
        "UPDATE schedules SET next_run_time = :next_run_time, next_session_time = :next_session_time,
             last_session_time = :last_session_time, late_session_time = :late_session_time
         WHERE id = :id AND workflow_id = :seen_workflow AND next_run_time = :seen_run_time
             AND next_session_time = :seen_session_time AND (disabled_at IS NULL) = :seen_enabled",
        named_params! {
            ":id": seen.id,
            ":seen_workflow": seen.workflow_id,
            ":seen_run_time": Seconds(seen.next.run),
            ":seen_session_time": Seconds(seen.next.session),
            ":seen_enabled": seen.disabled_at.is_none(),
            ":next_run_time": Seconds(to.next.run),
            ":next_session_time": Seconds(to.next.session),
            ":last_session_time": to.last_session_time,
            ":late_session_time": to.late_session_time,
        },
    )?;
    Ok(moved == 1)
}

/// Lets a schedule's sessions start again, those that were missed meanwhile included. They were not run because somebody
/// did not want that: nobody need be told that they are late.
pub fn enable(w: &Writer, id: ScheduleId, now: Time) -> Result<()> {
    w.execute(
        "UPDATE schedules SET disabled_at = NULL, late_session_time =
             CASE WHEN disabled_at IS NOT NULL AND next_run_time < :now THEN next_session_time ELSE late_session_time END
         WHERE id = :id",
        named_params! { ":id": id, ":now": Seconds(now) },
    )?;
    Ok(())
}

/// Lets no session of a schedule start. One that was disabled already is disabled anew, from now.
pub fn disable(w: &Writer, id: ScheduleId, now: Time) -> Result<()> {
    w.execute(
        "UPDATE schedules SET disabled_at = :now WHERE id = :id",
        named_params! { ":id": id, ":now": Millis(now) },
    )?;
    Ok(())
}

pub fn delete(w: &Writer, id: ScheduleId) -> Result<()> {
    w.execute("DELETE FROM schedules WHERE id = :id", named_params! { ":id": id })?;
    Ok(())
}

/// Tells how many there were.
pub fn delete_of_project(w: &Writer, project: ProjectId) -> Result<usize> {
    w.execute("DELETE FROM schedules WHERE project_id = :project", named_params! { ":project": project })
}

pub fn by_id(r: &Reader, id: ScheduleId) -> Result<Option<ScheduleRow>> {
    r.row("SELECT * FROM schedule_rows WHERE id = :id", named_params! { ":id": id }, from_row)
}

/// The schedule of a workflow, by name.
pub fn by_workflow(r: &Reader, project: ProjectId, workflow_name: &str) -> Result<Option<ScheduleRow>> {
    r.row(
        "SELECT * FROM schedule_rows WHERE project_id = :project AND workflow_name = :workflow_name",
        named_params! { ":project": project, ":workflow_name": workflow_name },
        from_row,
    )
}

/// Schedules with ids greater than `after`, oldest first.
pub fn list(r: &Reader, after: Option<ScheduleId>, limit: u32) -> Result<Vec<ScheduleRow>> {
    r.rows(
        "SELECT * FROM schedule_rows WHERE id > :after ORDER BY id LIMIT :limit",
        named_params! { ":after": after.map_or(0, |id| id.0), ":limit": limit },
        from_row,
    )
}

/// As [`list`], those of a project.
pub fn list_of_project(
    r: &Reader,
    project: ProjectId,
    after: Option<ScheduleId>,
    limit: u32,
) -> Result<Vec<ScheduleRow>> {
    r.rows(
        "SELECT * FROM schedule_rows WHERE project_id = :project AND id > :after ORDER BY id LIMIT :limit",
        named_params! { ":project": project, ":after": after.map_or(0, |id| id.0), ":limit": limit },
        from_row,
    )
}

/// All schedules of a project, for a new revision to take over.
pub fn all_of_project(r: &Reader, project: ProjectId) -> Result<Vec<ScheduleRow>> {
    list_of_project(r, project, None, u32::MAX)
}

/// Enabled schedules whose next session is to run by now, in the order of their run times; `after` is the last one of
/// the page before.
pub fn due(r: &Reader, now: Time, after: Option<&ScheduleRow>, limit: u32) -> Result<Vec<ScheduleRow>> {
    r.rows(
        "SELECT * FROM schedule_rows
         WHERE disabled_at IS NULL AND next_run_time <= :now AND (next_run_time, id) > (:after_time, :after_id)
         ORDER BY next_run_time, id LIMIT :limit",
        named_params! {
            ":now": Seconds(now),
            ":after_time": after.map_or(i64::MIN, |row| row.next.run.timestamp()),
            ":after_id": after.map_or(0, |row| row.id.0),
            ":limit": limit,
        },
        from_row,
    )
}

/// When the next session of any enabled schedule is to run that is later than `after`.
pub fn earliest(r: &Reader, after: Time) -> Result<Option<Time>> {
    let found = r.row(
        "SELECT next_run_time FROM schedules WHERE disabled_at IS NULL AND next_run_time > :after
         ORDER BY next_run_time LIMIT 1",
        named_params! { ":after": Seconds(after) },
        |row| row.get("next_run_time").map(|Seconds(time)| time),
    )?;
    Ok(found.filter(|&time| time < ScheduleTime::NEVER.run))
}

/// Enabled schedules whose next session was to run at `since` or earlier and has not, and of which nobody has been told;
/// the longest waiting first. A session that was to run before its schedule was there is not late.
pub fn late(r: &Reader, since: Time, limit: u32) -> Result<Vec<ScheduleRow>> {
    r.rows(
        "SELECT * FROM schedule_rows
         WHERE disabled_at IS NULL AND next_run_time <= :since AND late_session_time IS NULL
             AND next_run_time >= created_at / 1000
         ORDER BY next_run_time, id LIMIT :limit",
        named_params! { ":since": Seconds(since), ":limit": limit },
        from_row,
    )
}

/// The run time of the session that [`late`] will find next: one that was to run by now.
pub fn next_late(r: &Reader, now: Time) -> Result<Option<Time>> {
    r.row(
        "SELECT next_run_time FROM schedules
         WHERE disabled_at IS NULL AND next_run_time <= :now AND late_session_time IS NULL
             AND next_run_time >= created_at / 1000
         ORDER BY next_run_time LIMIT 1",
        named_params! { ":now": Seconds(now) },
        |row| row.get("next_run_time").map(|Seconds(time)| time),
    )
}

/// The attempt that a schedule started last, if it has not ended.
pub fn unfinished(r: &Reader, schedule: &ScheduleRow) -> Result<Option<UnfinishedAttempt>> {
    let Some(session_time) = schedule.last_session_time else { return Ok(None) };
    r.row(
        "SELECT attempts.id, attempts.created_at
         FROM sessions JOIN attempts ON attempts.session_id = sessions.id AND attempts.name = ''
         WHERE sessions.project_id = :project AND sessions.workflow_name = :workflow_name
             AND sessions.session_time = :session_time AND attempts.done = 0",
        named_params! {
            ":project": schedule.project_id,
            ":workflow_name": schedule.workflow_name,
            ":session_time": session_time,
        },
        |row| {
            Ok(UnfinishedAttempt {
                id: row.get("id")?,
                session_time,
                created_at: row::time(row, "created_at")?,
            })
        },
    )
}

/// How long the sessions of a schedule's workflow take at least: the shortest of the last three that have ended. One alone
/// says little: the time of one that was interrupted counts the time in which nobody ran it. None if there are fewer.
pub fn usual_duration(r: &Reader, schedule: &ScheduleRow) -> Result<Option<TimeDelta>> {
    let duration = r.row(
        "SELECT CASE count(*) WHEN 3 THEN min(duration) END AS duration FROM (
             SELECT finished_at - created_at AS duration FROM attempts
             WHERE project_id = :project AND workflow_name = :workflow_name AND name = '' AND done = 1
             ORDER BY id DESC LIMIT 3
         ) AS newest",
        named_params! { ":project": schedule.project_id, ":workflow_name": schedule.workflow_name },
        |row| row.get("duration"),
    )?;
    Ok(duration.flatten().map(TimeDelta::milliseconds))
}

/// Whether the newest attempt of any session of a schedule's workflow has neither ended nor been canceled.
pub fn is_overtime(r: &Reader, schedule: &ScheduleRow) -> Result<bool> {
    // Those that have not ended are few, those of a workflow may be many.
    let found = r.row(
        "SELECT 1 FROM attempts INDEXED BY attempts_unfinished
             JOIN sessions ON sessions.last_attempt_id = attempts.id
         WHERE attempts.done = 0 AND attempts.cancel_requested = 0
             AND attempts.project_id = :project AND attempts.workflow_name = :workflow_name
         LIMIT 1",
        named_params! { ":project": schedule.project_id, ":workflow_name": schedule.workflow_name },
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<ScheduleRow> {
    let time = |column| row.get(column).map(|Seconds(time)| time);
    Ok(ScheduleRow {
        id: row.get("id")?,
        project_id: row.get("project_id")?,
        project_name: row.get("project_name")?,
        workflow_id: row.get("workflow_id")?,
        workflow_name: row.get("workflow_name")?,
        timezone: row.get("timezone")?,
        next: ScheduleTime { session: time("next_session_time")?, run: time("next_run_time")? },
        last_session_time: row.get("last_session_time")?,
        created_at: row::time(row, "created_at")?,
        disabled_at: row::optional_time(row, "disabled_at")?,
        late_session_time: row.get("late_session_time")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{self, at, session_time};
    use crate::store::{Durability, Store};

    fn times(session: i64, run: i64) -> ScheduleTime {
        ScheduleTime { session: at(session), run: at(run) }
    }

    fn add(store: &Store, project: &str, workflow: &str, next: ScheduleTime) -> ScheduleRow {
        let workflow = testing::workflow(store, project, workflow);
        store
            .write(Durability::Full, |w| {
                let id = insert(w, workflow, next, at(5))?;
                Ok(by_id(w, id)?.unwrap())
            })
            .unwrap()
    }

    fn ids(rows: &[ScheduleRow]) -> Vec<i64> {
        rows.iter().map(|row| row.id.0).collect()
    }

    #[test]
    fn schedules_have_the_names_around_them() {
        let (store, _directory) = testing::store();
        let row = add(&store, "p", "wf", times(60, 90));
        assert_eq!(
            row,
            ScheduleRow {
                id: ScheduleId(1),
                project_id: ProjectId(1),
                project_name: "p".to_owned(),
                workflow_id: WorkflowId(1),
                workflow_name: "wf".to_owned(),
                timezone: Zone::utc(),
                next: times(60, 90),
                last_session_time: None,
                created_at: at(5),
                disabled_at: None,
                late_session_time: None,
            }
        );
    }

    #[test]
    fn lists_are_in_the_order_of_ids() {
        let (store, _directory) = testing::store();
        for (project, workflow) in [("p", "a"), ("q", "a"), ("p", "b"), ("p", "c")] {
            add(&store, project, workflow, times(60, 60));
        }
        let p = ProjectId(1);
        store
            .read(|r| {
                assert_eq!(ids(&list(r, None, 100)?), [1, 2, 3, 4]);
                assert_eq!(ids(&list(r, Some(ScheduleId(1)), 2)?), [2, 3]);
                assert_eq!(ids(&list_of_project(r, p, None, 2)?), [1, 3]);
                assert_eq!(ids(&list_of_project(r, p, Some(ScheduleId(3)), 2)?), [4]);
                assert_eq!(ids(&all_of_project(r, p)?), [1, 3, 4]);
                assert_eq!(by_workflow(r, p, "b")?.map(|row| row.id), Some(ScheduleId(3)));
                assert_eq!(by_workflow(r, p, "d")?, None);
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn due_are_the_enabled_ones_in_order() {
        let (store, _directory) = testing::store();
        for (workflow, run) in [("a", 30), ("b", 20), ("c", 40), ("d", 20), ("e", 10)] {
            add(&store, "p", workflow, times(0, run));
        }
        add(&store, "p", "ended", ScheduleTime::NEVER);
        store
            .write(Durability::Full, |w| {
                disable(w, ScheduleId(5), at(6))?;
                let due = |now, after: Option<&ScheduleRow>| due(w, at(now), after, 2).unwrap();
                assert_eq!(ids(&due(19, None)), [0; 0]);
                let first = due(35, None);
                assert_eq!(ids(&first), [2, 4]);
                assert_eq!(ids(&due(35, first.first())), [4, 1]);
                assert_eq!(ids(&due(35, first.last())), [1]);
                assert_eq!(earliest(w, at(0))?, Some(at(20)));
                assert_eq!(earliest(w, at(20))?, Some(at(30)));
                assert_eq!(earliest(w, at(40))?, None);
                enable(w, ScheduleId(5), at(0))?;
                assert_eq!(earliest(w, at(0))?, Some(at(10)));
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn only_what_was_seen_is_moved_on() {
        let (store, _directory) = testing::store();
        let seen = add(&store, "p", "wf", times(60, 90));
        let to = Position {
            next: times(120, 150),
            last_session_time: Some(session_time(60)),
            late_session_time: Some(session_time(60)),
        };
        store
            .write(Durability::Full, |w| {
                disable(w, seen.id, at(7))?;
                assert!(!advance(w, &seen, to)?);
                enable(w, seen.id, at(0))?;
                assert!(advance(w, &seen, to)?);
                assert!(!advance(w, &seen, to)?);
                assert_eq!(by_id(w, seen.id)?.unwrap().position(), to);
                delete(w, seen.id)?;
                assert!(!advance(w, &seen, to)?);
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn a_new_revision_keeps_id_and_disabling() {
        let (store, _directory) = testing::store();
        let old = add(&store, "p", "wf", times(60, 90));
        let newer = testing::workflow(&store, "p", "wf");
        let position = Position {
            next: times(180, 180),
            last_session_time: Some(session_time(120)),
            late_session_time: None,
        };
        let row = store
            .write(Durability::Full, |w| {
                disable(w, old.id, at(7))?;
                redefine(w, old.id, newer, position)?;
                Ok(by_id(w, old.id)?.unwrap())
            })
            .unwrap();
        assert_eq!((row.workflow_id, row.position(), row.disabled_at), (newer, position, Some(at(7))));
        store
            .write(Durability::Full, |w| {
                assert_eq!(delete_of_project(w, row.project_id)?, 1);
                assert_eq!(by_id(w, row.id)?, None);
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn sessions_that_did_not_start_are_late_once() {
        let (store, _directory) = testing::store();
        for (workflow, run) in [("a", 30), ("b", 20), ("disabled", 10), ("before it was there", 4)] {
            add(&store, "p", workflow, times(0, run));
        }
        store
            .write(Durability::Full, |w| {
                disable(w, ScheduleId(3), at(6))?;
                assert_eq!(next_late(w, at(19))?, None);
                assert_eq!(next_late(w, at(50))?, Some(at(20)));
                assert_eq!(ids(&late(w, at(19), 9)?), [0; 0]);
                let found = late(w, at(50), 9)?;
                assert_eq!(ids(&found), [2, 1]);
                let told = Position { late_session_time: Some(session_time(0)), ..found[0].position() };
                assert!(advance(w, &found[0], told)?);
                assert_eq!(ids(&late(w, at(50), 9)?), [1]);
                // Nobody is told of what was missed because it was not wanted.
                enable(w, ScheduleId(3), at(50))?;
                assert_eq!(ids(&late(w, at(50), 9)?), [1]);
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn attempts_in_the_way_are_found() {
        let (store, _directory) = testing::store();
        let row = add(&store, "p", "wf", times(120, 120));
        let other = testing::workflow(&store, "p", "other");
        testing::insert(&store, other, 60, "", None, &[]);
        let row = ScheduleRow { last_session_time: Some(session_time(60)), ..row };
        let look = |row: &ScheduleRow| {
            let found = store.read(|r| Ok((unfinished(r, row)?, is_overtime(r, row)?))).unwrap();
            (found.0.map(|attempt| attempt.id.0), found.1)
        };
        assert_eq!(look(&row), (None, false));
        // An attempt of an earlier session is overtime, but not what the schedule started last.
        let earlier = testing::insert(&store, row.workflow_id, 0, "", None, &[]);
        assert_eq!(look(&row), (None, true));
        testing::finish(&store, earlier, false);
        let last = testing::insert(&store, row.workflow_id, 60, "", None, &[]);
        assert_eq!(look(&row), (Some(last.0), true));
        assert_eq!(look(&ScheduleRow { last_session_time: None, ..row.clone() }), (None, true));
        testing::finish(&store, last, true);
        testing::insert(&store, row.workflow_id, 60, "again", None, &[]);
        assert_eq!(look(&row), (None, true));
    }
}
