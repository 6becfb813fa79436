//! The steps from older schemas to the current one.
//!
//! To change the schema: keep a copy of `schema.sql` as `schema_v<N>.sql` here, change it (`user_version = N + 1`), write
//! the step as `<N + 1>_<what>.sql`, and add both to the lists below. New columns go to the end of their table. A step
//! is never changed or removed once it was released.

use super::StoreError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::path::Path;

/// The whole current schema.
const SCHEMA: &str = include_str!("../../../schema.sql");

/// The first step goes from version 1 to 2, the next from 2 to 3, and so on.
const STEPS: &[&str] = &[include_str!("2_server.sql"), include_str!("3_schedules.sql")];

/// The version of `schema.sql`.
pub(super) const SCHEMA_VERSION: i64 = 1 + STEPS.len() as i64;

/// Brings an empty database or one of an older version to the current schema, in one transaction.
pub(super) fn to_current(connection: &Connection, file: &Path) -> Result<(), StoreError> {
    upgrade(connection, SCHEMA, STEPS).map_err(|source| StoreError::of(file, source))
}

fn upgrade(connection: &Connection, schema: &str, steps: &[&str]) -> rusqlite::Result<()> {
    // A step may put a new table in the place of one that others refer to. References are checked at its end instead;
    // inside the transaction this setting could not be changed.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false)?;
    let result = upgrade_unchecked(connection, schema, steps);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
    result
}

fn upgrade_unchecked(connection: &Connection, schema: &str, steps: &[&str]) -> rusqlite::Result<()> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    // Read again under the lock: another process may have been quicker.
    let version: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version == 0 {
        transaction.execute_batch(schema)?;
    } else {
        for (step, version) in steps.iter().zip(2..).filter(|&(_, to)| to > version) {
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "user_version", version)?;
        }
        transaction.pragma_query(None, "foreign_key_check", |_| Err(broken_reference()))?;
    }
    transaction.commit()
}

fn broken_reference() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(
        rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY),
        Some("a row refers to one that is not there".to_owned()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, dump, testing};

    /// Every older schema, from version 1 on.
    const OLDER: &[&str] = &[include_str!("schema_v1.sql"), include_str!("schema_v2.sql")];

    /// What the tables, indexes and views are, without comments and layout.
    fn shape(connection: &Connection) -> Vec<String> {
        let mut statement = connection.prepare("SELECT type, name, sql FROM sqlite_schema").unwrap();
        let rows = statement.query_map([], |row| {
            let sql: Option<String> = row.get("sql")?;
            let bare: String =
                sql.unwrap_or_default().lines().map(|line| line.split("--").next().unwrap()).collect();
            let bare: String = bare.chars().filter(|c| !c.is_whitespace() && *c != '"').collect();
            Ok(format!("{} {} {bare}", row.get::<_, String>("type")?, row.get::<_, String>("name")?))
        });
        let mut shapes: Vec<_> = rows.unwrap().map(Result::unwrap).collect();
        shapes.sort();
        shapes
    }

    fn fresh(schema: &str) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        upgrade(&connection, schema, &[]).unwrap();
        connection
    }

    fn version(connection: &Connection) -> i64 {
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    }

    #[test]
    fn the_schema_has_the_version_that_the_steps_lead_to() {
        assert_eq!(version(&fresh(SCHEMA)), SCHEMA_VERSION);
    }

    #[test]
    fn new_databases_have_the_schema() {
        let fresh = fresh(SCHEMA);
        for store in [testing::store().0, Store::memory().unwrap()] {
            let new = store.read(|r| {
                let pragma = |name| r.connection().pragma_query_value(None, name, |row| row.get(0));
                let marks: [i64; 2] = ["application_id", "user_version"].map(|name| pragma(name).unwrap());
                let empty = dump::dump(r)?;
                Ok((shape(r.connection()), marks, empty))
            });
            assert_eq!(new.unwrap(), (shape(&fresh), [0x4469_6262, SCHEMA_VERSION], String::new()));
        }
    }

    #[test]
    fn older_schemas_become_the_current_one() {
        assert_eq!(OLDER.len(), STEPS.len(), "every step needs the schema that it starts from");
        for (schema, number) in OLDER.iter().zip(1..) {
            let connection = fresh(schema);
            assert_eq!(version(&connection), number);
            upgrade(&connection, SCHEMA, STEPS).unwrap();
            assert_eq!(version(&connection), SCHEMA_VERSION);
            assert_eq!(shape(&connection), shape(&fresh(SCHEMA)), "from version {number}");
        }
    }

    #[test]
    fn attempts_of_older_files_keep_their_tasks() {
        for schema in OLDER {
            let connection = fresh(schema);
            connection
                .execute_batch(
                    "INSERT INTO projects (id, name, created_at) VALUES (1, 'p', 1);
                     INSERT INTO revisions (id, project_id, name, default_params, digest, created_at)
                     VALUES (1, 1, 'r', '{}', 'd', 1);
                     INSERT INTO workflows (id, revision_id, name, timezone, config) VALUES (1, 1, 'wf', 'UTC', '{}');
                     INSERT INTO sessions (id, project_id, workflow_name, session_time, uuid, created_at)
                     VALUES (1, 1, 'wf', 0, '00000000-0000-0000-0000-000000000000', 1);
                     INSERT INTO attempts (id, session_id, name, attempt_index, workflow_id, project_id, workflow_name,
                         timezone, params, created_at) VALUES (1, 1, '', 1, 1, 1, 'wf', 'UTC', '{}', 1);
                     UPDATE sessions SET last_attempt_id = 1;
                     INSERT INTO tasks VALUES (1, 1, NULL, '[]', '+wf', 'group', '{\"a\":1}', '{}', 'group_retry_waiting', 0, 0, 0,
                         1, '{}', 2, 3, NULL, 4, '{}', '{}', '[]', '{}', '{}');",
                )
                .unwrap();
            upgrade(&connection, SCHEMA, STEPS).unwrap();
            let kept = connection.query_row("SELECT * FROM tasks", [], |row| {
                Ok((
                    row.get("local_config")?,
                    row.get("state")?,
                    row.get("retry_count")?,
                    row.get("updated_at")?,
                ))
            });
            assert_eq!(kept, Ok((r#"{"a":1}"#.to_owned(), "group_retry_waiting".to_owned(), 2, 4)));
        }
    }

    const SCHEMAS: [&str; 3] = [
        "CREATE TABLE parents (id INTEGER PRIMARY KEY); -- first
         CREATE TABLE children (parent INTEGER REFERENCES parents (id));
         PRAGMA user_version = 1;",
        "CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT); -- second
         CREATE TABLE children (parent INTEGER REFERENCES parents (id));
         PRAGMA user_version = 2;",
        "CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT) STRICT; -- third
         CREATE TABLE children (parent INTEGER REFERENCES parents (id));
         PRAGMA user_version = 3;",
    ];
    const TO_2: &str = "ALTER TABLE parents ADD COLUMN name TEXT;";
    const TO_3: &str = "CREATE TABLE new_parents (id INTEGER PRIMARY KEY, name TEXT) STRICT;
         INSERT INTO new_parents SELECT id, name FROM parents;
         DROP TABLE parents;
         ALTER TABLE new_parents RENAME TO parents;";

    #[test]
    fn steps_run_from_where_the_file_is() {
        for schema in SCHEMAS {
            let connection = fresh(schema);
            connection
                .execute_batch("INSERT INTO parents (id) VALUES (7); INSERT INTO children VALUES (7);")
                .unwrap();
            upgrade(&connection, SCHEMAS[2], &[TO_2, TO_3]).unwrap();
            assert_eq!(version(&connection), 3);
            assert_eq!(shape(&connection), shape(&fresh(SCHEMAS[2])));
            let kept: i64 =
                connection.query_row("SELECT parent FROM children", [], |row| row.get(0)).unwrap();
            assert_eq!(kept, 7);
        }
    }

    #[test]
    fn a_failing_step_leaves_everything_as_it_was() {
        for last in ["DELETE FROM parents;", "nonsense"] {
            let connection = fresh(SCHEMAS[0]);
            connection
                .execute_batch("INSERT INTO parents (id) VALUES (7); INSERT INTO children VALUES (7);")
                .unwrap();
            upgrade(&connection, SCHEMAS[2], &[TO_2, last]).unwrap_err();
            assert_eq!(version(&connection), 1);
            assert_eq!(shape(&connection), shape(&fresh(SCHEMAS[0])));
            assert!(connection.db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY).unwrap());
        }
    }
}
