//! Where everything is kept.

use super::super::values::Values;
use std::path::PathBuf;

/// Where everything is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli::server) enum Database {
    Memory,
    /// A file, or a directory with the file in it.
    At(PathBuf),
    /// A directory, which is made when it is not there.
    In(PathBuf),
    /// Where the place depends on the directory in which the server is started.
    Default,
}

pub(super) fn read(values: &Values<'_>) -> Database {
    let path = values.text("database.path").map(PathBuf::from);
    match (values.text("database.type"), path) {
        (None, None) => Database::Default,
        (Some("memory"), _) => Database::Memory,
        (Some("h2"), Some(path)) => Database::In(path),
        (None | Some("sqlite"), Some(path)) => Database::At(path),
        (Some("h2" | "sqlite"), None) => Database::Default,
        (Some("postgresql"), _) => {
            let expected =
                "sqlite, h2 or memory: Dibble keeps everything in one file and speaks to no database server";
            values.wrong("database.type", "postgresql", expected);
            Database::Default
        }
        (Some(other), _) => {
            values.wrong("database.type", other, "sqlite, h2 (which means the same here) or memory");
            Database::Default
        }
    }
}
