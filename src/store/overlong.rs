//! How long attempts usually take, and which ones take much longer.

use super::row::Millis;
use super::{Reader, Result, Writer};
use crate::model::{AttemptId, ProjectId, Time};
use chrono::TimeDelta;
use rusqlite::named_params;

/// How long the newest successful attempts of a workflow took from the start of their first task, `limit` at most; those
/// from `before` on do not count. Of a workflow that hardly ever succeeds not the whole history is looked through.
pub fn durations_of_successes(
    r: &Reader,
    project: ProjectId,
    workflow: &str,
    before: AttemptId,
    limit: u32,
) -> Result<Vec<TimeDelta>> {
    r.rows(
        "SELECT finished_at - coalesce(
             (SELECT started_at FROM tasks WHERE attempt_id = newest.id AND started_at IS NOT NULL
              ORDER BY tasks.id LIMIT 1),
             created_at) AS duration
         FROM (SELECT id, created_at, finished_at, success FROM attempts
               WHERE project_id = :project AND workflow_name = :workflow AND id < :before
               ORDER BY id DESC LIMIT 200) AS newest
         WHERE success = 1 ORDER BY id DESC LIMIT :limit",
        named_params! { ":project": project, ":workflow": workflow, ":before": before, ":limit": limit },
        |row| row.get("duration").map(TimeDelta::milliseconds),
    )
}

/// Marks an attempt as one that takes much longer than usual. Tells `false` when it has ended, or was marked already.
pub fn mark(w: &Writer, id: AttemptId, now: Time) -> Result<bool> {
    let marked = w.execute(
        "UPDATE attempts SET overlong_at = :now WHERE id = :id AND done = 0 AND overlong_at IS NULL",
        named_params! { ":id": id, ":now": Millis(now) },
    )?;
    Ok(marked == 1)
}

/// How many attempts that have not ended take much longer than usual.
pub fn count_running(r: &Reader) -> Result<u32> {
    let count = r.row(
        "SELECT count(*) AS count FROM attempts WHERE done = 0 AND overlong_at IS NOT NULL",
        &[],
        |row| row.get("count"),
    )?;
    Ok(count.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{at, finish, insert, store, tasks, workflow};
    use crate::store::{Durability, attempts};

    #[test]
    fn only_earlier_successes_count_from_their_first_task() {
        let (store, _dir) = store();
        let wf = workflow(&store, "p", "wf");
        let other = insert(&store, workflow(&store, "p", "other"), 0, "", None, &tasks());
        finish(&store, other, true);
        let mut ids = vec![];
        for time in 0..6 {
            let mut tasks = tasks();
            // Attempts are made at second 4 and end at second 50.
            tasks[1].started_at = (time == 3).then(|| at(40));
            ids.push(insert(&store, wf, time, "", None, &tasks));
        }
        for (id, success) in ids.iter().zip([true, false, true, true, true]) {
            finish(&store, *id, success);
        }
        let project = store.read(|r| attempts::by_id(r, ids[0])).unwrap().unwrap().project_id;
        let durations = |before, limit| -> Vec<i64> {
            let read = store.read(|r| durations_of_successes(r, project, "wf", before, limit)).unwrap();
            read.iter().map(TimeDelta::num_seconds).collect()
        };
        assert_eq!(durations(ids[5], 20), [46, 10, 46, 46]);
        assert_eq!(durations(ids[4], 20), [10, 46, 46]);
        assert_eq!(durations(ids[5], 2), [46, 10]);
        assert!(durations(ids[0], 20).is_empty());
    }

    #[test]
    fn attempts_are_marked_once_and_while_they_run() {
        let (store, _dir) = store();
        let id = insert(&store, workflow(&store, "p", "wf"), 0, "", None, &tasks());
        let mark = |second| store.write(Durability::Full, |w| mark(w, id, at(second))).unwrap();
        let running = || store.read(count_running).unwrap();
        assert_eq!((running(), mark(10), mark(20), running()), (0, true, false, 1));
        let row = store.read(|r| attempts::by_id(r, id)).unwrap().unwrap();
        assert_eq!(row.overlong_at, Some(at(10)));
        finish(&store, id, true);
        assert_eq!((running(), mark(60)), (0, false));
    }
}
