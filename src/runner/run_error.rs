//! Why attempts cannot be moved on.

use crate::engine::IllegalTransition;
use crate::model::AttemptId;
use crate::store::StoreError;

/// Attempts cannot be moved on any more.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("attempt {0} was taken over by another process")]
    TakenOver(AttemptId),
    #[error("attempt {attempt} is not where it should be: {source}")]
    Illegal { attempt: AttemptId, source: IllegalTransition },
    #[error("no thread can be started for tasks")]
    Thread(#[source] std::io::Error),
}
