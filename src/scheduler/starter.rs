//! What the scheduler needs of whoever runs attempts.

use crate::actions::start::{StartError, StartRequest, Started};
use crate::runner::Service;
use crate::store::Writer;

/// Starts the sessions of schedules.
pub trait SessionStarter: Send + Sync {
    /// Starts an attempt and does something else in the same transaction, also when the attempt exists already.
    ///
    /// # Errors
    ///
    /// It cannot be accepted, or `also` fails; nothing was written.
    fn start(&self, request: &StartRequest, also: Also<'_>) -> Result<Started, StartError>;
}

/// What is done together with starting an attempt.
pub type Also<'a> = &'a dyn Fn(&Writer) -> Result<(), StartError>;

impl SessionStarter for Service {
    fn start(&self, request: &StartRequest, also: Also<'_>) -> Result<Started, StartError> {
        self.start_and(request, also)
    }
}
