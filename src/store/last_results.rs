//! How every workflow ended the last time: what monitoring asks for.

use super::{Reader, Result, row};
use crate::model::Time;
use rusqlite::Row;

/// The newest attempt of a workflow that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastResult {
    pub project_name: String,
    pub workflow_name: String,
    pub success: bool,
    pub created_at: Time,
    pub finished_at: Time,
}

/// Of the workflows of the newest revisions of all projects that are not deleted, those that have ended once.
pub fn list(r: &Reader) -> Result<Vec<LastResult>> {
    r.rows(
        "SELECT projects.name AS project_name, workflows.name AS workflow_name, attempts.success,
             attempts.created_at, attempts.finished_at
         FROM projects
             CROSS JOIN workflows ON workflows.revision_id =
                 (SELECT max(id) FROM revisions WHERE project_id = projects.id)
             CROSS JOIN attempts ON attempts.id =
                 (SELECT ended.id FROM attempts AS ended
                  WHERE ended.project_id = projects.id AND ended.workflow_name = workflows.name AND ended.done = 1
                  ORDER BY ended.id DESC LIMIT 1)
         WHERE projects.id > 0 AND projects.deleted_at IS NULL ORDER BY projects.id, workflows.name",
        &[],
        from_row,
    )
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<LastResult> {
    Ok(LastResult {
        project_name: row.get("project_name")?,
        workflow_name: row.get("workflow_name")?,
        success: row.get("success")?,
        created_at: row::time(row, "created_at")?,
        finished_at: row::time(row, "finished_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{at, finish, insert, store, tasks, workflow};

    #[test]
    fn the_newest_attempt_that_has_ended_counts() {
        let (store, _directory) = store();
        let (wf, other) = (workflow(&store, "p", "wf"), workflow(&store, "q", "other"));
        let results = || store.read(list).unwrap();
        let first = insert(&store, wf, 0, "", None, &tasks());
        assert_eq!(results(), []);
        finish(&store, first, true);
        let second = insert(&store, wf, 100, "", None, &tasks());
        finish(&store, second, false);
        insert(&store, wf, 200, "", None, &tasks());
        insert(&store, other, 0, "", None, &tasks());
        let expected = LastResult {
            project_name: "p".to_owned(),
            workflow_name: "wf".to_owned(),
            success: false,
            created_at: at(4),
            finished_at: at(50),
        };
        assert_eq!(results(), [expected]);
        workflow(&store, "p", "other");
        assert_eq!(results(), []);
    }
}
