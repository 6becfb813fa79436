//! What the scheduler needs of whoever runs attempts.

use crate::actions::accept::Start;
use crate::actions::start::{StartError, Started};
use crate::runner::Service;
use crate::store::StoreError;

/// Starts the sessions of schedules.
pub trait SessionStarter: Send + Sync {
    /// How many more attempts may begin at present.
    ///
    /// # Errors
    ///
    /// Those of the store.
    fn room(&self) -> Result<usize, StoreError>;

    /// Starts attempts, all in one transaction. What is wrong with one of them keeps no other from starting. Their tasks
    /// need not begin before [`begin`](Self::begin).
    ///
    /// # Errors
    ///
    /// Those of the store: none was started.
    fn start_all(&self, starts: &[Start<'_>]) -> Result<Vec<Result<Started, StartError>>, StoreError>;

    /// Lets the tasks begin of all attempts that were started.
    fn begin(&self);
}

impl SessionStarter for Service {
    fn room(&self) -> Result<usize, StoreError> {
        self.room()
    }

    fn start_all(&self, starts: &[Start<'_>]) -> Result<Vec<Result<Started, StartError>>, StoreError> {
        self.start_all(starts)
    }

    fn begin(&self) {
        self.begin();
    }
}
