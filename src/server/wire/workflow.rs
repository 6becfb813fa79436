//! A workflow as a revision defines it, and a time as its clock shows it.

use super::{IdAndName, OffsetTime, Text};
use crate::model::{Params, ProjectId, Time, Zone};
use crate::store::workflows::WorkflowRow;
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

/// Where a workflow belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    pub project: ProjectId,
    pub project_name: &'a str,
    pub revision: &'a str,
}

impl<'a> Workflow<'a> {
    pub fn new(row: &'a WorkflowRow, place: Place<'a>) -> Self {
        Self {
            id: Text(row.id.0),
            name: &row.name,
            project: IdAndName::new(place.project, place.project_name),
            revision: place.revision,
            timezone: row.timezone.id(),
            config: &row.config,
        }
    }
}

impl<'a> WorkflowSessionTime<'a> {
    /// `zone` is that of the workflow.
    pub fn new(time: Time, zone: &'a Zone, place: Place<'a>) -> Self {
        Self {
            project: IdAndName::new(place.project, place.project_name),
            revision: place.revision,
            session_time: OffsetTime { time, zone },
            timezone: zone.id(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{RevisionId, WorkflowId};
    use crate::server::wire::testing::{at, json, object, tokyo};

    const PLACE: Place<'_> = Place { project: ProjectId(1), project_name: "p1", revision: "rev1" };

    #[test]
    fn a_definition_is_as_it_is_stored() {
        let row = WorkflowRow {
            id: WorkflowId(2),
            revision_id: RevisionId(7),
            name: "wf".to_owned(),
            timezone: tokyo(),
            config: object(
                r#"{"_export":{"k":"v"},"schedule":{"daily>":"07:00:00"},"+b":{"echo>":1.0},"+a":{"sh>":"echo"}}"#,
            ),
        };
        assert_eq!(
            json(Workflow::new(&row, PLACE)),
            concat!(
                r#"{"id":"2","name":"wf","project":{"id":"1","name":"p1"},"revision":"rev1","#,
                r#""timezone":"Asia/Tokyo","config":{"_export":{"k":"v"},"schedule":{"daily>":"07:00:00"},"#,
                r#""+b":{"echo>":1.0},"+a":{"sh>":"echo"}}}"#,
            )
        );
    }

    #[test]
    fn session_times_are_in_the_zone_of_the_workflow() {
        for (zone, expected) in [
            (Zone::utc(), r#""sessionTime":"2026-11-22T10:00:00+00:00","timezone":"UTC""#),
            (tokyo(), r#""sessionTime":"2026-11-22T19:00:00+09:00","timezone":"Asia/Tokyo""#),
        ] {
            assert_eq!(
                json(WorkflowSessionTime::new(at("2026-11-22T10:00:00.332297985Z"), &zone, PLACE)),
                format!(r#"{{"project":{{"id":"1","name":"p1"}},"revision":"rev1",{expected}}}"#)
            );
        }
    }
}
