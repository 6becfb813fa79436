//! Makes the empty database that new ones are copies of: `schema.sql` is run once, here, and not by everybody who runs
//! a workflow in a new project. And says how the program is linked.

use rusqlite::Connection;
use std::error::Error;
use std::path::Path;
use std::{env, fs, io};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=schema.sql");
    println!("cargo:rerun-if-changed=build.rs");
    link_at_a_fixed_address();
    let out = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    make_empty_database(&fs::read_to_string("schema.sql")?, &Path::new(&out).join("empty.db"))
}

/// A program that can be loaded anywhere must put 50,000 addresses right whenever it starts, most of them in the tables of
/// time zones: half of the time of `--version`, and 3 MiB. Libraries, heap and stacks still lie at random addresses.
fn link_at_a_fixed_address() {
    let target = |key: &str| env::var(key).unwrap_or_default();
    // Static programs of musl bring start code that fits only the other kind.
    if target("CARGO_CFG_TARGET_OS") == "linux" && target("CARGO_CFG_TARGET_ENV") == "gnu" {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}

fn make_empty_database(schema: &str, file: &Path) -> Result<(), Box<dyn Error>> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let connection = Connection::open(file)?;
    // As the schema says, which comes too late with it: this is settled when the first page is written.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.execute_batch(&format!("BEGIN; {schema}; COMMIT; VACUUM;"))?;
    // Stays in the file's header. The WAL itself goes when the connection is closed.
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(format!("the database is in mode {mode}").into());
    }
    connection.close().map_err(|(_, error)| error.into())
}
