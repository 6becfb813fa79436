//! What people were told, which only our own server lists.

use super::models::Id;
use super::sessions::paged;
use super::{ApiPath, Client, ClientError, Page};
use serde::{Deserialize, Serialize};

/// A notification. Times are as the server writes them.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    pub id: Id,
    pub created_at: String,
    /// `task`, `time_limit`, `late`, `overlong` or `disk`.
    pub kind: String,
    pub project: Option<String>,
    pub workflow: Option<String>,
    pub attempt_id: Option<Id>,
    pub message: String,
    /// `pending`, `sent`, `failed` or `dropped`.
    pub state: String,
    pub tries: u64,
    pub retry_at: Option<String>,
    pub channel: Option<String>,
    pub answer: Option<String>,
    pub ended_at: Option<String>,
}

/// A list of notifications, newest first.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct Notifications {
    pub notifications: Vec<Notification>,
}

impl Client {
    /// Notifications, newest first.
    ///
    /// # Errors
    ///
    /// The server has no such list, which is so with Digdag's; or it cannot be asked, or refuses.
    pub fn notifications(&self, page: &Page) -> Result<Notifications, ClientError> {
        self.get(&paged(ApiPath::new(["notifications"]), page))
    }
}
