//! Cancelling an attempt that another process runs, and whether there is anything to cancel.

use super::error_kind::ErrorKind;
use super::owner::ProcessIdentity;
use crate::model::AttemptId;
use crate::store::attempts::AttemptRow;
use crate::store::owners::OwnerKind;
use crate::store::{Store, StoreError, attempts, owners};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// An attempt was not canceled.
#[derive(Debug, thiserror::Error)]
pub enum KillError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("Resource does not exist: session attempt id={0}")]
    NotFound(AttemptId),
    #[error("Session attempt already killed or finished")]
    NothingLeft,
}

impl KillError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(error) => ErrorKind::of(error),
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::NothingLeft => ErrorKind::Conflict,
        }
    }
}

/// Reads an attempt that can be canceled. One that waits for its turn has nothing yet that could be.
///
/// # Errors
///
/// There is no such attempt, or nothing of it is left to cancel.
pub fn killable(store: &Store, id: AttemptId) -> Result<AttemptRow, KillError> {
    let row = store.read(|reader| attempts::by_id(reader, id))?.ok_or(KillError::NotFound(id))?;
    if row.done || row.waits_for.is_some() { Err(KillError::NothingLeft) } else { Ok(row) }
}

/// Asks the process of a `dibble run` to end: it cancels what it runs.
///
/// # Errors
///
/// The attempt has ended meanwhile, or nobody runs it.
pub fn signal_run(store: &Store, row: &AttemptRow) -> Result<(), KillError> {
    let owners = store.read(owners::list)?;
    let owner = owners.into_iter().find(|owner| Some(owner.id) == row.owner).ok_or(KillError::NothingLeft)?;
    let process = owner.process;
    let identity = ProcessIdentity { pid: process.pid, started: process.identity };
    let pid = i32::try_from(process.pid).map_err(|_| KillError::NothingLeft)?;
    if process.kind != OwnerKind::Run || !identity.is_alive() {
        return Err(KillError::NothingLeft);
    }
    kill(Pid::from_raw(pid), Signal::SIGTERM).map_err(|_| KillError::NothingLeft)
}
