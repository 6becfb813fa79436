//! How errors of the layers below are answered.

use super::ApiError;
use crate::actions::delete_project::ProjectGone;
use crate::actions::error_kind::ErrorKind;
use crate::actions::kill::KillError;
use crate::actions::push::PushError;
use crate::actions::schedules::ScheduleActionError;
use crate::actions::secrets::SecretError;
use crate::actions::start::StartError;
use crate::store::StoreError;

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::new(status(ErrorKind::of(&error)), error.to_string())
    }
}

/// Errors of actions know what kind they are, and speak as Digdag does.
macro_rules! answered_by_kind {
    ($($error:ty),+ $(,)?) => {$(
        impl From<$error> for ApiError {
            fn from(error: $error) -> Self {
                Self::new(status(error.kind()), error.to_string())
            }
        }
    )+};
}

answered_by_kind!(KillError, ProjectGone, PushError, ScheduleActionError, SecretError, StartError);

fn status(kind: ErrorKind) -> u16 {
    match kind {
        ErrorKind::NotFound => 404,
        ErrorKind::Invalid => 400,
        ErrorKind::Conflict => 409,
        ErrorKind::Store => 500,
        ErrorKind::Unavailable => 503,
    }
}
