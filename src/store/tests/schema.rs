//! The schema refuses rows that cannot be.

use crate::store::{Durability, Store, testing};
use rusqlite::ErrorCode;

fn refusal(store: &Store, sql: &str) -> Option<ErrorCode> {
    store
        .write(Durability::Normal, |w| {
            w.abandon();
            Ok(w.connection().execute_batch(sql).err().and_then(|error| error.sqlite_error_code()))
        })
        .unwrap()
}

#[test]
fn impossible_rows_are_refused() {
    let (store, _directory) = testing::store();
    let owner = testing::owner(&store);
    testing::insert(&store, testing::workflow(&store, "p", "wf"), 0, "", Some(owner), &testing::tasks());
    for possible in [
        "UPDATE tasks SET state = 'retry_waiting', retry_at = 5 WHERE id = 2",
        "UPDATE tasks SET state = 'group_retry_waiting', retry_at = 5",
        "UPDATE tasks SET state = 'running', started_at = 5 WHERE id = 2",
        "UPDATE attempts SET done = 1, finished_at = 5, owner_id = NULL",
        "UPDATE attempts SET done = 1, success = 1, finished_at = 5, owner_id = NULL, cancel_requested = 1",
    ] {
        assert_eq!(refusal(&store, possible), None, "{possible}");
    }
    for impossible in [
        "UPDATE tasks SET state = 'done'",
        "UPDATE tasks SET state = NULL",
        "UPDATE tasks SET retry_at = 5",
        "UPDATE tasks SET state = 'retry_waiting' WHERE id = 2",
        "UPDATE tasks SET state = 'group_retry_waiting'",
        "UPDATE tasks SET state = 'retry_waiting', retry_at = 5 WHERE id = 1",
        "UPDATE tasks SET state = 'running' WHERE id = 2",
        "UPDATE tasks SET state = 'running', started_at = 5 WHERE id = 1",
        "UPDATE tasks SET cancel_requested = 2",
        "UPDATE tasks SET kind = 'operators'",
        "UPDATE tasks SET retry_count = -1",
        "UPDATE tasks SET parent_id = 2 WHERE id = 2",
        "UPDATE tasks SET parent_id = NULL WHERE id = 2",
        "UPDATE tasks SET id = 0 WHERE id = 1",
        "UPDATE tasks SET attempt_id = 99",
        "UPDATE tasks SET store_params = '[]'",
        "UPDATE tasks SET store_params = 'x'",
        "UPDATE tasks SET upstreams = '{}'",
        "UPDATE tasks SET full_name = ''",
        "UPDATE attempts SET success = 1",
        "UPDATE attempts SET done = 1, owner_id = NULL",
        "UPDATE attempts SET finished_at = 5",
        "UPDATE attempts SET done = 1, finished_at = 5",
        "UPDATE attempts SET params = '1'",
        "UPDATE attempts SET owner_id = 99",
        "UPDATE attempts SET attempt_index = 0",
        "UPDATE attempts SET created_at = 'today'",
        "UPDATE sessions SET uuid = ''",
        "UPDATE sessions SET workflow_name = ''",
        "DELETE FROM attempts; DELETE FROM owners; DELETE FROM workflows; DELETE FROM revisions; DELETE FROM projects",
        "INSERT INTO sessions (project_id, workflow_name, session_time, uuid, created_at)
         SELECT project_id, workflow_name, session_time, uuid, created_at FROM sessions",
        "INSERT INTO projects (name, created_at) SELECT name, created_at FROM projects",
        "INSERT INTO task_logs (attempt_id, task_name, file, chunk, written_at, size, gzip)
         VALUES (1, '+wf', 1, 1, 0, 2, x'00')",
    ] {
        assert_eq!(refusal(&store, impossible), Some(ErrorCode::ConstraintViolation), "{impossible}");
    }
}

#[test]
fn an_attempt_takes_its_tasks_and_logs_with_it() {
    let (store, _directory) = testing::store();
    testing::attempt(&store, "");
    let left = store
        .write(Durability::Normal, |w| {
            let delete = "UPDATE sessions SET last_attempt_id = NULL; DELETE FROM attempts;";
            w.connection().execute_batch(delete).unwrap();
            Ok(w.connection()
                .query_row("SELECT count(*) FROM tasks", [], |row| row.get::<_, i64>(0))
                .unwrap())
        })
        .unwrap();
    assert_eq!(left, 0);
}
