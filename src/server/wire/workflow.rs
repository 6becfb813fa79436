//! A workflow as a revision defines it, and a time as its clock shows it.

use super::{IdAndName, OffsetTime, Text};
use crate::model::{Params, Time};
use crate::store::projects::ProjectRow;
use crate::store::revisions::RevisionRow;
use crate::store::workflows::{WorkflowRow, WorkflowWithProject};
use serde::Serialize;

/// `RestWorkflowDefinition`
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Workflow<'a> {
    id: Text<i64>,
    name: &'a str,
    project: IdAndName<'a>,
    revision: &'a str,
    timezone: &'a str,
    /// As it is stored: `_export` first, then the other keys of the top level, then the tasks in order.
    config: &'a Params,
}

/// `RestWorkflowSessionTime`
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkflowSessionTime<'a> {
    project: IdAndName<'a>,
    revision: &'a str,
    session_time: OffsetTime<'a>,
    timezone: &'a str,
}

impl<'a> From<&'a WorkflowWithProject> for Workflow<'a> {
    fn from(row: &'a WorkflowWithProject) -> Self {
        Self::new(&row.workflow, IdAndName::new(row.project_id, &row.project_name), &row.revision)
    }
}

impl<'a> Workflow<'a> {
    /// A workflow of a revision of a project.
    pub fn of_revision(row: &'a WorkflowRow, project: &'a ProjectRow, revision: &'a RevisionRow) -> Self {
        Self::new(row, IdAndName::new(project.id, &project.name), &revision.name)
    }

    fn new(row: &'a WorkflowRow, project: IdAndName<'a>, revision: &'a str) -> Self {
        Self {
            id: Text(row.id.0),
            name: &row.name,
            project,
            revision,
            timezone: row.timezone.id(),
            config: &row.config,
        }
    }
}

impl<'a> WorkflowSessionTime<'a> {
    /// `time` as the clock of the workflow shows it.
    pub fn new(row: &'a WorkflowWithProject, time: Time) -> Self {
        let zone = &row.workflow.timezone;
        Self {
            project: IdAndName::new(row.project_id, &row.project_name),
            revision: &row.revision,
            session_time: OffsetTime { time, zone },
            timezone: zone.id(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Params, ProjectId, RevisionId, WorkflowId, Zone};
    use crate::server::wire::testing::{at, json, object, tokyo};

    fn row(timezone: Zone) -> WorkflowWithProject {
        let config = r#"{"_export":{"k":"v"},"schedule":{"daily>":"07:00:00"},"+b":{"echo>":1.0},"+a":{"sh>":"echo"}}"#;
        WorkflowWithProject {
            workflow: WorkflowRow {
                id: WorkflowId(2),
                revision_id: RevisionId(7),
                name: "wf".to_owned(),
                timezone,
                config: object(config),
            },
            revision: "rev1".to_owned(),
            project_id: ProjectId(1),
            project_name: "p1".to_owned(),
            project_deleted_at: None,
        }
    }

    #[test]
    fn a_definition_is_as_it_is_stored() {
        let row = row(tokyo());
        let expected = concat!(
            r#"{"id":"2","name":"wf","project":{"id":"1","name":"p1"},"revision":"rev1","#,
            r#""timezone":"Asia/Tokyo","config":{"_export":{"k":"v"},"schedule":{"daily>":"07:00:00"},"#,
            r#""+b":{"echo>":1.0},"+a":{"sh>":"echo"}}}"#,
        );
        assert_eq!(json(Workflow::from(&row)), expected);
        let time = at("2026-11-22T03:16:29Z");
        let project =
            ProjectRow { id: ProjectId(1), name: "p1".to_owned(), created_at: time, deleted_at: None };
        let revision = RevisionRow {
            id: RevisionId(7),
            project_id: ProjectId(1),
            name: "rev1".to_owned(),
            default_params: Params::new(),
            digest: "d".to_owned(),
            created_at: time,
            directory: None,
        };
        assert_eq!(json(Workflow::of_revision(&row.workflow, &project, &revision)), expected);
    }

    #[test]
    fn session_times_are_in_the_zone_of_the_workflow() {
        for (zone, expected) in [
            (Zone::utc(), r#""sessionTime":"2026-11-22T10:00:00+00:00","timezone":"UTC""#),
            (tokyo(), r#""sessionTime":"2026-11-22T19:00:00+09:00","timezone":"Asia/Tokyo""#),
        ] {
            assert_eq!(
                json(WorkflowSessionTime::new(&row(zone), at("2026-11-22T10:00:00.332297985Z"))),
                format!(r#"{{"project":{{"id":"1","name":"p1"}},"revision":"rev1",{expected}}}"#)
            );
        }
    }
}
