//! Sessions of schedules that were left out, and why. Kept by the name of the workflow, so that they outlive revisions.

use super::row::{Millis, time};
use super::{Reader, Result, Writer};
use crate::model::{ProjectId, SessionTime, Time};
use rusqlite::{Row, named_params};

/// Sessions of a schedule, one after another, that were not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewSkip<'a> {
    pub first: SessionTime,
    pub last: SessionTime,
    /// One at least.
    pub count: u64,
    /// For a person. Not empty.
    pub reason: &'a str,
}

/// Sessions that were not run, as they were recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedRow {
    pub id: i64,
    pub project_id: ProjectId,
    pub workflow_name: String,
    pub first: SessionTime,
    pub last: SessionTime,
    pub count: u64,
    pub reason: String,
    pub skipped_at: Time,
}

/// Records sessions of a workflow that are not run.
pub fn insert(
    w: &Writer,
    project: ProjectId,
    workflow_name: &str,
    skip: &NewSkip<'_>,
    now: Time,
) -> Result<i64> {
    w.insert(
        "INSERT INTO skipped_sessions (project_id, workflow_name, first_session_time, last_session_time, count, reason,
             skipped_at)
         VALUES (:project, :workflow_name, :first, :last, :count, :reason, :now)",
        named_params! {
            ":project": project,
            ":workflow_name": workflow_name,
            ":first": skip.first,
            ":last": skip.last,
            ":count": i64::try_from(skip.count).unwrap_or(i64::MAX),
            ":reason": skip.reason,
            ":now": Millis(now),
        },
    )
}

/// What was left out of a workflow, by name, newest first.
pub fn newest_of_workflow(
    r: &Reader,
    project: ProjectId,
    workflow_name: &str,
    limit: u32,
) -> Result<Vec<SkippedRow>> {
    r.rows(
        "SELECT * FROM skipped_sessions WHERE project_id = :project AND workflow_name = :workflow_name
         ORDER BY id DESC LIMIT :limit",
        named_params! { ":project": project, ":workflow_name": workflow_name, ":limit": limit },
        from_row,
    )
}

/// What was left out of all workflows since a time, oldest first.
pub fn list_since(r: &Reader, since: Time) -> Result<Vec<SkippedRow>> {
    r.rows(
        "SELECT * FROM skipped_sessions WHERE skipped_at >= :since ORDER BY skipped_at, id",
        named_params! { ":since": Millis(since) },
        from_row,
    )
}

/// Forgets what was left out before a time, so many records at most. Tells how many there were.
pub fn delete_older(w: &Writer, before: Time, limit: u32) -> Result<usize> {
    w.execute(
        "DELETE FROM skipped_sessions WHERE id IN (
             SELECT id FROM skipped_sessions WHERE skipped_at < :before ORDER BY skipped_at, id LIMIT :limit)",
        named_params! { ":before": Millis(before), ":limit": limit },
    )
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<SkippedRow> {
    Ok(SkippedRow {
        id: row.get("id")?,
        project_id: row.get("project_id")?,
        workflow_name: row.get("workflow_name")?,
        first: row.get("first_session_time")?,
        last: row.get("last_session_time")?,
        count: row.get::<_, i64>("count")?.unsigned_abs(),
        reason: row.get("reason")?,
        skipped_at: time(row, "skipped_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{self, at, session_time};
    use crate::store::{Durability, Store};

    fn add(store: &Store, workflow: &str, first: i64, count: u64, now: i64) {
        let last = first + 60 * (i64::try_from(count).unwrap() - 1);
        let skip =
            NewSkip { first: session_time(first), last: session_time(last), count, reason: "no reason" };
        store
            .write(Durability::Full, |w| insert(w, ProjectId(1), workflow, &skip, at(now)).map(drop))
            .unwrap();
    }

    fn firsts(rows: &[SkippedRow]) -> Vec<i64> {
        rows.iter().map(|row| row.first.unix()).collect()
    }

    #[test]
    fn the_newest_of_a_workflow_and_all_since_a_time_are_found() {
        let (store, _directory) = testing::store();
        testing::workflow(&store, "p", "wf");
        for (workflow, first, now) in [("wf", 0, 10), ("other", 60, 20), ("wf", 120, 30), ("wf", 240, 40)] {
            add(&store, workflow, first, 2, now);
        }
        let newest = store.read(|r| newest_of_workflow(r, ProjectId(1), "wf", 2)).unwrap();
        assert_eq!(firsts(&newest), [240, 120]);
        let expected = SkippedRow {
            id: 3,
            project_id: ProjectId(1),
            workflow_name: "wf".to_owned(),
            first: session_time(120),
            last: session_time(180),
            count: 2,
            reason: "no reason".to_owned(),
            skipped_at: at(30),
        };
        assert_eq!(newest[1], expected);
        assert_eq!(firsts(&store.read(|r| list_since(r, at(20))).unwrap()), [60, 120, 240]);
    }

    #[test]
    fn old_ones_are_forgotten_a_few_at_a_time() {
        let (store, _directory) = testing::store();
        testing::workflow(&store, "p", "wf");
        (0..4).for_each(|number| add(&store, "wf", 60 * number, 1, 10 * number));
        let delete =
            |before, limit| store.write(Durability::Normal, |w| delete_older(w, at(before), limit)).unwrap();
        assert_eq!([delete(30, 2), delete(30, 2), delete(30, 2)], [2, 1, 0]);
        assert_eq!(firsts(&store.read(|r| list_since(r, at(0))).unwrap()), [180]);
    }
}
