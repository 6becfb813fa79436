//! What kind of error an action met, for those who must answer with a status.

use crate::store::StoreError;

/// Why an action was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// What it was about does not exist.
    NotFound,
    /// What was asked for makes no sense.
    Invalid,
    /// It is as it should be already, or something stands in its way.
    Conflict,
    /// It is not possible now, and may be later.
    Unavailable,
    /// The store failed.
    Store,
}

impl ErrorKind {
    /// What it means for an action that the store has failed: without room, or while another process writes, it was not
    /// done and may be asked for again.
    pub fn of(error: &StoreError) -> Self {
        match error {
            StoreError::Full { .. } | StoreError::Busy { .. } => Self::Unavailable,
            _ => Self::Store,
        }
    }
}
