//! What earlier runs of a workflow left for a new one.

use super::run::{PROJECT, RunArgs};
use crate::model::{SessionTime, TaskResult};
use crate::store::{Store, StoreError, projects, sessions};
use std::collections::HashMap;
use std::path::Path;

/// What succeeded before in the sessions of a workflow. Read from the store of the run or, when the run keeps nothing
/// itself, from the file that an ordinary run would use.
pub struct Earlier {
    store: Option<Store>,
    workflow: String,
    last: Option<SessionTime>,
}

impl Earlier {
    pub fn read(store: &Store, path: &Path, args: &RunArgs, workflow: &str) -> Result<Self, StoreError> {
        let workflow = workflow.to_owned();
        let other = args.dry_run && !args.no_save && path.is_file();
        let other = other.then(|| Store::open_existing(path)).transpose()?;
        let source = other.as_ref().unwrap_or(store);
        let last = source.read(|reader| match projects::by_name(reader, PROJECT)? {
            Some(project) => sessions::last_with_success(reader, project.id, &workflow),
            None => Ok(None),
        })?;
        Ok(Self { store: other, workflow, last })
    }

    pub fn last_session(&self) -> Option<SessionTime> {
        self.last
    }

    /// Results that the store of the run does not have itself, by full name.
    pub fn results(&self, time: SessionTime) -> Result<HashMap<String, TaskResult>, StoreError> {
        let Some(store) = &self.store else { return Ok(HashMap::new()) };
        store.read(|reader| {
            let Some(project) = projects::by_name(reader, PROJECT)? else { return Ok(HashMap::new()) };
            match sessions::by_time(reader, project.id, &self.workflow, time)? {
                Some(session) => sessions::succeeded(reader, session.id),
                None => Ok(HashMap::new()),
            }
        })
    }
}
