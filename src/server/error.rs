//! The error of a handler: a status, and the message that its JSON body carries.

use super::response::Response;

/// Why a request was not done. [`Response::from`] makes the answer of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status} {}", message.as_deref().unwrap_or("(no message)"))]
pub struct ApiError {
    pub status: u16,
    /// None is an empty body, as Digdag has it for paths and scalars that lead nowhere.
    pub message: Option<String>,
}

impl ApiError {
    /// An error whose body is `{"message":...,"status":...}`.
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: Some(message.into()) }
    }

    /// 400: the request cannot be done as it is.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, message)
    }

    /// 403: the user, or the listener, may not do this.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(403, message)
    }

    /// 404 with a message: the resource does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, message)
    }

    /// 404 without a body: no such path, or a path or query scalar that cannot be converted.
    pub fn no_such_path() -> Self {
        Self { status: 404, message: None }
    }

    /// 409: the state of the resource does not allow this.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, message)
    }

    /// 500: the server could not do what it should.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(500, message)
    }
}

impl From<ApiError> for Response {
    fn from(error: ApiError) -> Self {
        match error.message {
            Some(message) => Self::error(error.status, &message),
            None => Self::empty(error.status),
        }
    }
}
