//! The processes that run attempts. Whether one still lives is not known here.

use super::row;
use super::{Reader, Result, Writer};
use crate::model::Time;
use rusqlite::named_params;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use std::fmt;

/// A process that runs attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerId(pub i64);

impl fmt::Display for OwnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What an owner came to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerKind {
    /// To run one attempt.
    Run,
    /// To run whatever is started.
    Server,
}

/// How a process is recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    /// Tells the process from a later one with the same pid.
    pub identity: String,
    pub kind: OwnerKind,
}

/// An owner as it was registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerRow {
    pub id: OwnerId,
    pub process: Process,
    pub started_at: Time,
}

/// Registers a process.
pub fn insert(w: &Writer, process: &Process, now: Time) -> Result<OwnerId> {
    let id = w.insert(
        "INSERT INTO owners (pid, identity, kind, started_at) VALUES (:pid, :identity, :kind, :started_at)",
        named_params! {
            ":pid": process.pid,
            ":identity": process.identity,
            ":kind": process.kind,
            ":started_at": row::Millis(now),
        },
    )?;
    Ok(OwnerId(id))
}

/// All owners, oldest first: those that live, and those that died with unfinished attempts.
pub fn list(r: &Reader) -> Result<Vec<OwnerRow>> {
    r.rows("SELECT * FROM owners ORDER BY id", &[], |row| {
        Ok(OwnerRow {
            id: row.get("id")?,
            process: Process { pid: row.get("pid")?, identity: row.get("identity")?, kind: row.get("kind")? },
            started_at: row::time(row, "started_at")?,
        })
    })
}

/// Removes an owner. One that has unfinished attempts stays; then this tells `false`.
pub fn delete(w: &Writer, id: OwnerId) -> Result<bool> {
    let deleted = w.execute(
        "DELETE FROM owners WHERE id = :id AND NOT EXISTS (SELECT 1 FROM attempts WHERE owner_id = :id)",
        named_params! { ":id": id },
    )?;
    Ok(deleted == 1)
}

impl OwnerKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Server => "server",
        }
    }
}

impl ToSql for OwnerKind {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for OwnerKind {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = value.as_str()?;
        [Self::Run, Self::Server]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| FromSqlError::other(UnknownOwnerKind(text.to_owned())))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("unknown kind of owner '{0}'")]
struct UnknownOwnerKind(String);
