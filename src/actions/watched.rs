//! What becomes of a project in a directory: its files are good and make a revision, they are broken and the last good
//! revision stays, or they are gone and take the schedules with them. Noticing any of that is for the layer `watch`.

use super::publish::{ClearSchedules, NewSchedules, ScheduledWorkflow, move_schedules};
use super::register::{Definitions, Registered, register};
use crate::dig::schedule::Schedule;
use crate::model::{Params, Time, WorkflowId};
use crate::store::{Durability, Reader, Store, StoreError, Writer};
use crate::store::{projects, revisions, schedules, watched_projects};
use std::collections::HashMap;
use std::path::Path;

/// A directory with good files.
#[derive(Debug, Clone, Copy)]
pub struct GoodDirectory<'a> {
    /// The name of its project.
    pub project: &'a str,
    /// An absolute path. Tasks run there.
    pub directory: &'a Path,
    pub workflows: &'a [ScheduledWorkflow],
    /// Parameters below those of every attempt.
    pub params: &'a Params,
}

/// A project in the store after its directory was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The newest revision.
    pub revision: String,
    /// Whether it is new.
    pub is_new: bool,
    /// The revision before, if it had been pushed: the files of the directory have taken its place.
    pub replaced: Option<String>,
}

impl GoodDirectory<'_> {
    /// Tells its workflows and parameters from others.
    pub fn digest(&self) -> String {
        self.definitions().digest()
    }

    fn definitions(&self) -> Definitions<'_> {
        Definitions {
            directory: self.directory,
            workflows: self.workflows.iter().map(|scheduled| &scheduled.workflow).collect(),
            params: self.params,
        }
    }

    fn schedule(&self, workflow: &str) -> Option<&Schedule> {
        let mut all = self.workflows.iter();
        all.find(|scheduled| scheduled.workflow.definition.name == workflow)?.schedule.as_ref()
    }
}

/// Makes what a directory defines the newest revision of its project, unless it is that already. Schedules go on by the
/// names of their workflows, also those that were taken away with the files.
///
/// # Errors
///
/// Those of the store.
pub fn register_directory(
    store: &Store,
    found: &GoodDirectory<'_>,
    now: Time,
) -> Result<Standing, StoreError> {
    store.write(Durability::Full, |writer| {
        let registered = register(writer, found.project, &found.definitions(), now)?;
        let workflow = |name: &str| {
            found.schedule(name)?;
            registered.workflows.get(name).copied()
        };
        watched_projects::give_schedules_back(writer, found.project, registered.project, workflow)?;
        if registered.is_new || !schedules_fit(writer, &registered, found)? {
            let new = NewSchedules { from: now, clear: &ClearSchedules::none() };
            move_schedules(writer, registered.project, found.workflows, &registered.workflows, new, now)?;
        }
        tell(writer, found.project, found.directory, None, now)?;
        let Registered { revision, is_new, replaced, .. } = registered;
        Ok(Standing { revision, is_new, replaced })
    })
}

/// Remembers what is wrong with a directory. Its project, if there is one, stays at its last good revision, whose name is
/// returned.
///
/// # Errors
///
/// Those of the store.
pub fn reject_directory(
    store: &Store,
    project: &str,
    directory: &Path,
    error: &str,
    now: Time,
) -> Result<Option<String>, StoreError> {
    store.write(Durability::Full, |writer| {
        tell(writer, project, directory, Some(error), now)?;
        let Some(project) = projects::by_name(writer, project)? else { return Ok(None) };
        Ok(revisions::latest(writer, project.id)?.map(|latest| latest.name))
    })
}

/// The files of a directory are gone: takes the schedules of its project away, until the files come back. The history
/// stays. `reason` is what is wrong with that, if anything is. Tells how many schedules there were.
///
/// A project whose newest revision was pushed, or comes from another directory, keeps its schedules.
///
/// # Errors
///
/// Those of the store.
pub fn withdraw_directory(
    store: &Store,
    project: &str,
    directory: &Path,
    reason: Option<&str>,
    now: Time,
) -> Result<usize, StoreError> {
    store.write(Durability::Full, |writer| {
        tell(writer, project, directory, reason, now)?;
        let mut count = 0;
        if let Some(known) = projects::by_name(writer, project)? {
            let latest = revisions::latest(writer, known.id)?;
            if latest.is_some_and(|latest| latest.directory.as_deref() == Some(directory)) {
                count = watched_projects::take_schedules(writer, project, known.id)?;
            }
        }
        if reason.is_none() {
            watched_projects::delete_idle(writer, project)?;
        }
        Ok(count)
    })
}

/// The workflows of a project whose schedules would go if it became what its directory defines.
///
/// # Errors
///
/// Those of the store.
pub fn schedules_to_go(reader: &Reader, found: &GoodDirectory<'_>) -> Result<Vec<String>, StoreError> {
    let rows = scheduled(reader, found.project)?;
    Ok(rows.into_keys().filter(|name| found.schedule(name).is_none()).collect())
}

/// Whether a project that is there has schedules.
///
/// # Errors
///
/// Those of the store.
pub fn has_schedules(reader: &Reader, project: &str) -> Result<bool, StoreError> {
    Ok(!scheduled(reader, project)?.is_empty())
}

fn scheduled(reader: &Reader, project: &str) -> Result<HashMap<String, WorkflowId>, StoreError> {
    let Some(project) = projects::by_name(reader, project)? else { return Ok(HashMap::new()) };
    let rows = schedules::all_of_project(reader, project.id)?;
    Ok(rows.into_iter().map(|row| (row.workflow_name, row.workflow_id)).collect())
}

/// Whether the schedules of the project are those of the revision. They are not when `dibble run` has registered it, which
/// schedules nothing.
fn schedules_fit(
    reader: &Reader,
    registered: &Registered,
    found: &GoodDirectory<'_>,
) -> Result<bool, StoreError> {
    let rows = scheduled(reader, found.project)?;
    let names = found.workflows.iter().filter(|scheduled| scheduled.schedule.is_some());
    let mut names = names.map(|scheduled| &scheduled.workflow.definition.name);
    let fits = |name: &String| rows.contains_key(name) && rows.get(name) == registered.workflows.get(name);
    Ok(names.clone().count() == rows.len() && names.all(fits))
}

/// Remembers what was found, unless it is known.
fn tell(
    writer: &Writer,
    project: &str,
    directory: &Path,
    error: Option<&str>,
    now: Time,
) -> Result<(), StoreError> {
    let known = watched_projects::by_name(writer, project)?;
    if known.is_some_and(|known| known.directory == directory && known.error.as_deref() == error) {
        return Ok(());
    }
    watched_projects::put(writer, project, directory, error, now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::project::load_project;
    use crate::actions::publish::with_schedules;
    use crate::store::schedules::ScheduleRow;
    use crate::store::testing::{self, at};
    use std::fs;
    use tempfile::TempDir;

    const DAILY: &str = "timezone: UTC\nschedule:\n  daily>: 07:00:00\n+a:\n  echo>: x\n";

    struct Fixture {
        store: Store,
        files: TempDir,
        _directory: TempDir,
    }

    impl Fixture {
        fn new() -> Self {
            let (store, directory) = testing::store();
            Self { store, files: TempDir::new().unwrap(), _directory: directory }
        }

        fn write(&self, name: &str, text: &str) {
            fs::write(self.files.path().join(name), text).unwrap();
        }

        fn register(&self, second: i64) -> Standing {
            let loaded = load_project(self.files.path(), &[]).unwrap();
            let workflows = with_schedules(loaded.workflows).unwrap();
            let params = &Params::new();
            let directory = self.files.path();
            let found = GoodDirectory { project: "p", directory, workflows: &workflows, params };
            register_directory(&self.store, &found, at(second)).unwrap()
        }

        fn schedules(&self) -> Vec<ScheduleRow> {
            let rows = |reader: &Reader| match projects::by_name(reader, "p")? {
                Some(project) => schedules::all_of_project(reader, project.id),
                None => Ok(vec![]),
            };
            self.store.read(rows).unwrap()
        }
    }

    fn standing(revision: &str, is_new: bool) -> Standing {
        Standing { revision: revision.to_owned(), is_new, replaced: None }
    }

    #[test]
    fn revisions_are_counted_and_the_same_files_make_none() {
        let fixture = Fixture::new();
        fixture.write("wf.dig", DAILY);
        assert_eq!(fixture.register(10), standing("1", true));
        assert_eq!(fixture.register(20), standing("1", false));
        fixture.write("wf.dig", &DAILY.replace("echo>: x", "echo>: y"));
        assert_eq!(fixture.register(30), standing("2", true));
        assert_eq!(fixture.schedules().len(), 1);
    }

    #[test]
    fn what_was_run_by_hand_is_scheduled() {
        let fixture = Fixture::new();
        fixture.write("wf.dig", DAILY);
        let loaded = load_project(fixture.files.path(), &[]).unwrap();
        let params = Params::new();
        let workflows = loaded.workflows.iter().collect();
        let found = Definitions { directory: fixture.files.path(), workflows, params: &params };
        fixture.store.write(Durability::Full, |w| register(w, "p", &found, at(5))).unwrap();
        assert_eq!(fixture.schedules(), []);
        assert_eq!(fixture.register(10), standing("1", false));
        let before = fixture.schedules();
        assert_eq!(before.len(), 1);
        fixture.register(20);
        assert_eq!(fixture.schedules(), before, "and then left alone");
    }

    #[test]
    fn schedules_go_with_the_files_and_come_back_as_they_were() {
        let fixture = Fixture::new();
        fixture.write("wf.dig", DAILY);
        fixture.register(10);
        let id = fixture.schedules()[0].id;
        fixture.store.write(Durability::Full, |w| schedules::disable(w, id, at(15))).unwrap();
        let before = fixture.schedules();
        let withdraw = |directory: &Path| {
            withdraw_directory(&fixture.store, "p", directory, Some("no files"), at(20)).unwrap()
        };
        assert_eq!(withdraw(Path::new("/elsewhere")), 0);
        assert_eq!(withdraw(fixture.files.path()), 1);
        assert_eq!((fixture.schedules(), withdraw(fixture.files.path())), (vec![], 0));
        assert_eq!(fixture.register(86_400), standing("1", false));
        let after = fixture.schedules();
        assert_eq!((after[0].id, after[0].disabled_at), (before[0].id, before[0].disabled_at));
        let error = fixture.store.read(|r| watched_projects::by_name(r, "p")).unwrap().unwrap().error;
        assert_eq!(error, None);
    }

    #[test]
    fn a_broken_directory_keeps_the_last_good_revision() {
        let fixture = Fixture::new();
        let reject =
            |error| reject_directory(&fixture.store, "p", fixture.files.path(), error, at(9)).unwrap();
        assert_eq!(reject("bad"), None);
        assert!(fixture.store.read(|r| projects::by_name(r, "p")).unwrap().is_none());
        fixture.write("wf.dig", DAILY);
        fixture.register(10);
        assert_eq!((reject("worse").as_deref(), fixture.schedules().len()), (Some("1"), 1));
        let project = fixture.store.read(|r| projects::list_with_revision(r, None, "", 9)).unwrap();
        assert_eq!(project[0].watch_error.as_deref(), Some("worse"));
    }
}
