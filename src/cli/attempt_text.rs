//! Sessions and attempts as Digdag shows them: a block of lines for each.

use crate::logs::MachineZone;
use crate::logs::local_time::show;
use crate::model::Params;
use crate::store::attempts::AttemptRow;
use serde_json::Value;

/// A session with its newest attempt. One that was killed counts as failed.
pub(crate) fn session_text(last: &AttemptRow, zone: &MachineZone) -> String {
    let status = match (last.success, last.done) {
        (true, _) => "success",
        (false, true) => "error",
        (false, false) => "running",
    };
    text(last, "", status, zone)
}

/// An attempt.
pub(crate) fn attempt_text(attempt: &AttemptRow, zone: &MachineZone) -> String {
    let finished = attempt.finished_at.map(|at| zone.show(at)).unwrap_or_default();
    text(attempt, &format!("  finished at: {finished}\n"), status(attempt), zone)
}

/// Parameters as compact JSON.
pub(crate) fn params_text(params: &Params) -> String {
    Value::Object(params.clone()).to_string()
}

fn status(attempt: &AttemptRow) -> &'static str {
    match (attempt.success, attempt.done, attempt.cancel_requested) {
        (true, _, _) => "success",
        (false, true, true) => "killed",
        (false, true, false) => "error",
        (false, false, _) => "running",
    }
}

/// Session times are shown in the zone of the workflow, all others in that of the machine.
fn text(attempt: &AttemptRow, finished: &str, status: &str, zone: &MachineZone) -> String {
    let AttemptRow { id, session_id, session_uuid, project_name, workflow_name, name, .. } = attempt;
    let session_time = show(attempt.timezone.local(attempt.session_time.time()));
    let params = params_text(&attempt.params);
    let created = zone.show(attempt.created_at);
    let kill = attempt.cancel_requested;
    format!(
        "  session id: {session_id}\n  attempt id: {id}\n  uuid: {session_uuid}\n  project: {project_name}\n  \
         workflow: {workflow_name}\n  session time: {session_time}\n  retry attempt name: {name}\n  \
         params: {params}\n  created at: {created}\n{finished}  kill requested: {kill}\n  status: {status}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::parse_iso;
    use crate::model::{AttemptId, ProjectId, RevisionId, SessionId, SessionTime, WorkflowId, Zone};
    use serde_json::json;
    use uuid::Uuid;

    fn attempt() -> AttemptRow {
        let time = |text| parse_iso(text).unwrap();
        AttemptRow {
            id: AttemptId(3),
            session_id: SessionId(1),
            session_uuid: Uuid::nil(),
            session_time: SessionTime::new(time("2024-01-02T00:00:00+09:00")),
            project_id: ProjectId(1),
            project_name: "p1".to_owned(),
            revision_id: RevisionId(1),
            revision: "1".to_owned(),
            workflow_id: WorkflowId(1),
            workflow_name: "plain".to_owned(),
            timezone: Zone::parse("Asia/Tokyo").unwrap(),
            name: "again".to_owned(),
            index: 2,
            params: Params::from_iter([("p".to_owned(), json!({"b": "é", "a": [1]}))]),
            owner: None,
            cancel_requested: false,
            done: true,
            success: true,
            created_at: time("2024-01-03T10:00:00.9Z"),
            finished_at: Some(time("2024-01-03T10:00:05Z")),
            waits_for: None,
            resume: None,
        }
    }

    #[test]
    fn an_attempt_is_a_block() {
        assert_eq!(
            attempt_text(&attempt(), &MachineZone::utc()),
            "  session id: 1\n  attempt id: 3\n  uuid: 00000000-0000-0000-0000-000000000000\n  project: p1\n  \
             workflow: plain\n  session time: 2024-01-02 00:00:00 +0900\n  retry attempt name: again\n  \
             params: {\"p\":{\"b\":\"é\",\"a\":[1]}}\n  created at: 2024-01-03 10:00:00 +0000\n  \
             finished at: 2024-01-03 10:00:05 +0000\n  kill requested: false\n  status: success\n"
        );
    }

    #[test]
    fn sessions_show_no_end_and_no_kill() {
        let zone = MachineZone::utc();
        let running = AttemptRow { done: false, success: false, finished_at: None, ..attempt() };
        let failed = AttemptRow { success: false, ..attempt() };
        let killed = AttemptRow { cancel_requested: true, ..failed.clone() };
        let rescued = AttemptRow { cancel_requested: true, ..attempt() };
        for (row, session, attempt) in [
            (running, "false\n  status: running\n", "false\n  status: running\n"),
            (failed, "false\n  status: error\n", "false\n  status: error\n"),
            (killed, "true\n  status: error\n", "true\n  status: killed\n"),
            (rescued, "true\n  status: success\n", "true\n  status: success\n"),
        ] {
            assert!(session_text(&row, &zone).ends_with(session), "{row:?}");
            assert!(!session_text(&row, &zone).contains("finished at"), "{row:?}");
            assert!(attempt_text(&row, &zone).ends_with(attempt), "{row:?}");
        }
    }
}
