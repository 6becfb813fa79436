//! Deleting a project: its name is free, its schedules and secrets are gone; its history stays, what runs goes on.

use super::error_kind::ErrorKind;
use crate::model::{ProjectId, Time};
use crate::store::projects::{self, ProjectWithRevision};
use crate::store::{Durability, Reader, Store, StoreError};
use chrono::SecondsFormat;

/// There is no project to speak of.
#[derive(Debug, thiserror::Error)]
pub enum ProjectGone {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("Resource does not exist: project id={0}")]
    NotFound(ProjectId),
    #[error("Project id={id} is already deleted at {}", .at.to_rfc3339_opts(SecondsFormat::AutoSi, true))]
    Deleted { id: ProjectId, at: Time },
}

impl ProjectGone {
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(error) => ErrorKind::of(error),
            Self::NotFound(_) | Self::Deleted { .. } => ErrorKind::NotFound,
        }
    }
}

/// Finds a project that was not deleted.
///
/// # Errors
///
/// It was deleted or never was, or the store fails.
pub fn find_project(reader: &Reader, id: ProjectId) -> Result<ProjectWithRevision, ProjectGone> {
    let found = projects::with_revision(reader, id)?.ok_or(ProjectGone::NotFound(id))?;
    match found.project.deleted_at {
        Some(at) => Err(ProjectGone::Deleted { id, at }),
        None => Ok(found),
    }
}

/// Deletes a project and returns it as it was before.
///
/// # Errors
///
/// It was deleted before or never was, or the store fails.
pub fn delete_project(store: &Store, id: ProjectId, now: Time) -> Result<ProjectWithRevision, ProjectGone> {
    store.write(Durability::Full, |writer| match find_project(writer, id) {
        Ok(project) => projects::delete(writer, id, now).map(|_| Ok(project)),
        Err(gone) => Ok(Err(gone)),
    })?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dig::schedule::ScheduleTime;
    use crate::store::{schedules, testing};
    use chrono::TimeDelta;

    #[test]
    fn schedules_go_and_history_stays() {
        let (store, _directory) = testing::store();
        let attempt = testing::attempt(&store, "");
        let project = ProjectId(1);
        let now = testing::at(60) + TimeDelta::milliseconds(643);
        store
            .write(Durability::Full, |w| {
                let workflow = crate::store::attempts::by_id(w, attempt)?.unwrap().workflow_id;
                schedules::insert(w, workflow, ScheduleTime::NEVER, now)
            })
            .unwrap();

        let deleted = delete_project(&store, project, now).unwrap();
        assert_eq!((deleted.project.name.as_str(), deleted.project.deleted_at), ("p", None));
        store
            .read(|r| {
                assert_eq!(schedules::all_of_project(r, project)?, []);
                assert_eq!(crate::store::attempts::by_id(r, attempt)?.unwrap().project_name, "p");
                assert_eq!(projects::by_name(r, "p")?, None);
                Ok(())
            })
            .unwrap();

        let message = |id| {
            let error = delete_project(&store, ProjectId(id), now).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound);
            error.to_string()
        };
        assert_eq!(message(1), "Project id=1 is already deleted at 1970-01-01T00:01:00.643Z");
        assert_eq!(message(99), "Resource does not exist: project id=99");
    }
}
