//! Directories whose workflows are registered whenever they change: what is wrong with them, and the schedules of those
//! whose files are gone.

use super::row::{self, Json, Millis};
use super::{Reader, Result, Writer, schedules};
use crate::dig::schedule::ScheduleTime;
use crate::model::{ProjectId, ScheduleId, SessionTime, Time, WorkflowId};
use crate::store::schedules::{Kept, ScheduleRow};
use chrono::DateTime;
use rusqlite::{Row, named_params};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A watched directory, or one that was watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchedRow {
    /// The name of its project, which need not be there: none is made before its files are good.
    pub name: String,
    /// An absolute path.
    pub directory: PathBuf,
    /// What is wrong with its files as they are, for a person.
    pub error: Option<String>,
    /// When that was found.
    pub checked_at: Time,
}

/// Remembers what was found in a directory; `error` is none when all is well.
pub fn put(w: &Writer, name: &str, directory: &Path, error: Option<&str>, now: Time) -> Result<()> {
    w.execute(
        "INSERT INTO watched_projects (name, directory, error, checked_at)
         VALUES (:name, :directory, :error, :now)
         ON CONFLICT (name) DO UPDATE SET directory = :directory, error = :error, checked_at = :now",
        named_params! {
            ":name": name,
            ":directory": directory.to_string_lossy(),
            ":error": error,
            ":now": Millis(now),
        },
    )?;
    Ok(())
}

/// Forgets a directory, unless schedules are kept with it.
pub fn delete_idle(w: &Writer, name: &str) -> Result<()> {
    w.execute(
        "DELETE FROM watched_projects WHERE name = :name AND schedules IS NULL",
        named_params! { ":name": name },
    )?;
    Ok(())
}

pub fn by_name(r: &Reader, name: &str) -> Result<Option<WatchedRow>> {
    r.row("SELECT * FROM watched_projects WHERE name = :name", named_params! { ":name": name }, from_row)
}

/// All of them in the order of their names, also those that are no longer watched and whose schedules are kept.
pub fn list(r: &Reader) -> Result<Vec<WatchedRow>> {
    r.rows("SELECT * FROM watched_projects ORDER BY name", &[], from_row)
}

/// Those that are watched in the order of their names.
pub fn list_watched(r: &Reader) -> Result<Vec<WatchedRow>> {
    r.rows(
        "SELECT * FROM watched_projects WHERE schedules IS NULL OR error IS NOT NULL ORDER BY name",
        &[],
        from_row,
    )
}

/// Those whose files were never good, so that there is no project of their name, in the order of their names.
/// `part_of_name` is as with [`projects::list_with_revision`](super::projects::list_with_revision).
pub fn list_without_project(r: &Reader, part_of_name: &str) -> Result<Vec<WatchedRow>> {
    r.rows(
        "SELECT * FROM watched_projects WHERE error IS NOT NULL AND instr(name, :part) > 0 AND NOT EXISTS (
             SELECT 1 FROM projects WHERE projects.name = watched_projects.name AND projects.deleted_at IS NULL)
         ORDER BY name",
        named_params! { ":part": part_of_name },
        from_row,
    )
}

/// Takes the schedules of a project away and keeps what they were with its directory. Tells how many there were.
pub fn take_schedules(w: &Writer, name: &str, project: ProjectId) -> Result<usize> {
    let rows = schedules::all_of_project(w, project)?;
    if rows.is_empty() {
        return Ok(0);
    }
    let kept: Vec<KeptSchedule> = rows.iter().map(KeptSchedule::from).collect();
    w.execute(
        "UPDATE watched_projects SET schedules = :schedules WHERE name = :name",
        named_params! { ":name": name, ":schedules": Json(kept) },
    )?;
    schedules::delete_of_project(w, project)
}

/// Gives schedules that were taken away back to the workflows of their names, with their ids. Those whose workflows are
/// not there, or have schedules by now, are forgotten.
pub fn give_schedules_back<'a>(
    w: &Writer,
    name: &str,
    project: ProjectId,
    workflow: impl Fn(&str) -> Option<WorkflowId> + 'a,
) -> Result<()> {
    let kept = w.row(
        "SELECT schedules FROM watched_projects WHERE name = :name",
        named_params! { ":name": name },
        |row| row.get::<_, Option<Json<Vec<KeptSchedule>>>>("schedules"),
    )?;
    let Some(Some(Json(kept))) = kept else { return Ok(()) };
    for schedule in kept.into_iter().filter(|schedule| schedule.project_id == project.0) {
        let Some(id) = workflow(&schedule.workflow_name) else { continue };
        let is_taken = schedules::by_workflow(w, project, &schedule.workflow_name)?.is_some();
        if let Some(kept) = schedule.read().filter(|_| !is_taken) {
            schedules::insert_kept(w, id, &kept)?;
        }
    }
    forget_schedules(w, name)
}

/// Forgets schedules that were taken away.
pub fn forget_schedules(w: &Writer, name: &str) -> Result<()> {
    w.execute(
        "UPDATE watched_projects SET schedules = NULL WHERE name = :name AND schedules IS NOT NULL",
        named_params! { ":name": name },
    )?;
    Ok(())
}

/// A schedule while its files are gone. Times as in the table of schedules.
#[derive(Debug, Serialize, Deserialize)]
struct KeptSchedule {
    id: i64,
    project_id: i64,
    workflow_name: String,
    next_run_time: i64,
    next_session_time: i64,
    last_session_time: Option<i64>,
    created_at: i64,
    disabled_at: Option<i64>,
}

impl From<&ScheduleRow> for KeptSchedule {
    fn from(row: &ScheduleRow) -> Self {
        Self {
            id: row.id.0,
            project_id: row.project_id.0,
            workflow_name: row.workflow_name.clone(),
            next_run_time: row.next.run.timestamp(),
            next_session_time: row.next.session.timestamp(),
            last_session_time: row.last_session_time.map(|time| time.time().timestamp()),
            created_at: row.created_at.timestamp_millis(),
            disabled_at: row.disabled_at.map(|time| time.timestamp_millis()),
        }
    }
}

impl KeptSchedule {
    /// None if it holds a time that there is not.
    fn read(&self) -> Option<Kept> {
        let seconds = |seconds| DateTime::from_timestamp(seconds, 0);
        Some(Kept {
            id: ScheduleId(self.id),
            next: ScheduleTime {
                run: seconds(self.next_run_time)?,
                session: seconds(self.next_session_time)?,
            },
            last_session_time: self.last_session_time.and_then(SessionTime::from_unix),
            created_at: DateTime::from_timestamp_millis(self.created_at)?,
            disabled_at: self.disabled_at.and_then(DateTime::from_timestamp_millis),
        })
    }
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<WatchedRow> {
    Ok(WatchedRow {
        name: row.get("name")?,
        directory: PathBuf::from(row.get::<_, String>("directory")?),
        error: row.get("error")?,
        checked_at: row::time(row, "checked_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{self, at, session_time};
    use crate::store::{Durability, projects};

    fn watched(name: &str, error: Option<&str>, second: i64) -> WatchedRow {
        let directory = PathBuf::from(format!("/p/{name}"));
        WatchedRow {
            name: name.to_owned(),
            directory,
            error: error.map(str::to_owned),
            checked_at: at(second),
        }
    }

    #[test]
    fn the_newest_finding_counts() {
        let (store, _directory) = testing::store();
        testing::workflow(&store, "b", "wf");
        let found = store.write(Durability::Normal, |w| {
            put(w, "b", Path::new("/p/b"), None, at(1))?;
            put(w, "a", Path::new("/p/a"), Some("broken"), at(2))?;
            let first = list(w)?;
            put(w, "b", Path::new("/p/b"), Some("broken, too"), at(3))?;
            let of_none = (list_without_project(w, "")?, list_without_project(w, "x")?);
            delete_idle(w, "a")?;
            Ok((first, of_none, by_name(w, "a")?, by_name(w, "b")?))
        });
        let (first, of_none, a, b) = found.unwrap();
        assert_eq!(first, [watched("a", Some("broken"), 2), watched("b", None, 1)]);
        assert_eq!(of_none, (vec![watched("a", Some("broken"), 2)], vec![]));
        assert_eq!((a, b), (None, Some(watched("b", Some("broken, too"), 3))));
    }

    #[test]
    fn schedules_come_back_as_they_went() {
        let (store, _directory) = testing::store();
        let [first, second] = ["one", "two"].map(|name| testing::workflow(&store, "p", name));
        let next = ScheduleTime { run: at(7200), session: at(3600) };
        let run = store.write(Durability::Normal, |w| {
            put(w, "p", Path::new("/p/p"), None, at(1))?;
            let project = projects::by_name(w, "p")?.unwrap().id;
            let id = schedules::insert(w, first, next, at(5))?;
            schedules::insert(w, second, next, at(5))?;
            schedules::disable(w, id, at(6))?;
            let seen = schedules::by_id(w, id)?.unwrap();
            let last_session_time = Some(session_time(60));
            schedules::redefine(w, id, first, schedules::Position { last_session_time, ..seen.position() })?;
            let before = schedules::by_id(w, id)?;

            assert_eq!(take_schedules(w, "p", project)?, 2);
            assert_eq!(schedules::all_of_project(w, project)?, []);
            assert_eq!(take_schedules(w, "p", project)?, 0);
            put(w, "p", Path::new("/p/p"), Some("gone"), at(9))?;

            let find = |name: &str| (name == "one").then_some(first);
            give_schedules_back(w, "p", project, find)?;
            assert_eq!(schedules::all_of_project(w, project)?, [before.unwrap()]);
            schedules::delete_of_project(w, project)?;
            give_schedules_back(w, "p", project, find)?;
            assert_eq!(schedules::all_of_project(w, project)?, [], "they come back once");
            Ok(())
        });
        run.unwrap();
    }
}
