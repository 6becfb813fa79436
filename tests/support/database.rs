//! The program's database, read with plain SQL from outside.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use std::fmt::Write;
use std::path::Path;

/// Every row of every table, in the order of their keys. Blobs are shown by their length.
pub fn dump(path: &Path) -> String {
    let database = open(path);
    let names =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let mut text = String::new();
    for table in strings(&database, names) {
        let mut statement = database.prepare(&format!("SELECT * FROM {table}")).expect("a table");
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query([]).expect("rows");
        let _ = writeln!(text, "{table}");
        while let Some(row) = rows.next().expect("a row") {
            let cells = columns
                .iter()
                .enumerate()
                .map(|(at, name)| format!("{name}={}", cell(row.get_ref_unwrap(at))));
            let _ = writeln!(text, "  {}", cells.collect::<Vec<_>>().join(" "));
        }
    }
    text
}

/// `+wf+a success` for every task of the newest attempt, in order.
pub fn tasks(path: &Path) -> Vec<String> {
    let newest = "SELECT full_name || ' ' || state FROM tasks
                  WHERE attempt_id = (SELECT max(id) FROM attempts) ORDER BY id";
    strings(&open(path), newest)
}

/// `7 +wf+a` for every task that has succeeded, with its attempt.
pub fn succeeded(path: &Path) -> Vec<String> {
    strings(&open(path), "SELECT attempt_id || ' ' || full_name FROM tasks WHERE state = 'success'")
}

/// Must be a sound database: SQLite's own checks find nothing.
fn open(path: &Path) -> Connection {
    // Not read-only: a file that was left behind by a killed process has a journal that must be taken in.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let database =
        Connection::open_with_flags(path, flags).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert_eq!(strings(&database, "PRAGMA integrity_check"), ["ok"]);
    assert_eq!(strings(&database, "SELECT \"table\" FROM pragma_foreign_key_check"), [""; 0]);
    database
}

fn strings(database: &Connection, sql: &str) -> Vec<String> {
    let mut statement = database.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    let rows = statement.query_map([], |row| row.get(0)).expect("rows");
    rows.map(|row| row.expect("a text")).collect()
}

fn cell(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "-".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()),
    }
}
