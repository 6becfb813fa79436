//! The whole database as text, for tests and for looking at it: every table, row and column, whatever there is.

use super::{Reader, Result};
use flate2::read::MultiGzDecoder;
use rusqlite::types::ValueRef;
use std::fmt::Write;
use std::io::Read;

/// Prints all rows of all tables in the order of their keys, a line for each column that is not null.
pub fn dump(r: &Reader) -> Result<String> {
    tables(r)
        .and_then(|tables| {
            let mut text = String::new();
            for table in tables {
                dump_table(r, &table, &mut text)?;
            }
            Ok(text)
        })
        .map_err(|error| r.error(error))
}

fn tables(r: &Reader) -> rusqlite::Result<Vec<String>> {
    let mut statement = r.connection().prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY rowid",
    )?;
    statement.query_map([], |row| row.get("name"))?.collect()
}

fn dump_table(r: &Reader, table: &str, text: &mut String) -> rusqlite::Result<()> {
    // The only SQL that is put together: a name cannot be a parameter. It comes from the schema.
    let mut statement = r.connection().prepare(&format!("SELECT * FROM \"{table}\" ORDER BY 1, 2"))?;
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let _ = writeln!(text, "{table}");
        for (place, column) in columns.iter().enumerate() {
            let shown = match row.get_ref(place)? {
                ValueRef::Null => continue,
                ValueRef::Integer(number) => number.to_string(),
                ValueRef::Real(number) => number.to_string(),
                ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                ValueRef::Blob(bytes) => gunzip(bytes),
            };
            let _ = writeln!(text, "  {column}: {shown}");
        }
    }
    Ok(())
}

fn gunzip(bytes: &[u8]) -> String {
    let mut text = String::new();
    match MultiGzDecoder::new(bytes).read_to_string(&mut text) {
        Ok(_) => format!("{text:?}"),
        Err(_) => format!("{} bytes", bytes.len()),
    }
}
