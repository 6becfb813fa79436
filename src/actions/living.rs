//! The processes that work with a database now.

use super::owner::ProcessIdentity;
use crate::store::owners::{self, OwnerRow};
use crate::store::{Reader, StoreError};

/// Servers and runs that live, without this process.
///
/// # Errors
///
/// Those of the store.
pub fn others(reader: &Reader) -> Result<Vec<OwnerRow>, StoreError> {
    let mut rows = owners::list(reader)?;
    rows.retain(|row| row.process.pid != std::process::id() && is_alive(row));
    Ok(rows)
}

/// Whether the process of an owner lives.
pub fn is_alive(row: &OwnerRow) -> bool {
    let process = &row.process;
    ProcessIdentity { pid: process.pid, started: process.identity.clone() }.is_alive()
}
