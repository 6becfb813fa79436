//! Makes the empty database that new ones are copies of: `schema.sql` is run once, here, and not by everybody who runs
//! a workflow in a new project.

use rusqlite::Connection;
use std::error::Error;
use std::path::Path;
use std::{env, fs, io};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=schema.sql");
    let out = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    make_empty_database(&fs::read_to_string("schema.sql")?, &Path::new(&out).join("empty.db"))
}

fn make_empty_database(schema: &str, file: &Path) -> Result<(), Box<dyn Error>> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let connection = Connection::open(file)?;
    connection.execute_batch(&format!("BEGIN; {schema}; COMMIT; VACUUM;"))?;
    // Stays in the file's header. The WAL itself goes when the connection is closed.
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(format!("the database is in mode {mode}").into());
    }
    connection.close().map_err(|(_, error)| error.into())
}
