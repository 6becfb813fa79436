//! Where attempts come from while others run: what `require>` asks for, and what waited for another one to end.

use super::active::Active;
use super::shared::Shared;
use crate::logs::{AttemptPlace, LogTree};
use crate::model::{AttemptId, SessionId, TaskId};
use crate::operators::OperatorError;
use crate::operators::context::{RequireRequest, Required};
use crate::store::attempts::AttemptRow;
use std::path::PathBuf;
use std::time::Instant;

/// Starts attempts for the runner: `dibble run` and a server know different ones.
pub(super) trait Starter: Send + Sync {
    /// Starts the attempt that `require>` asks for, or finds it.
    fn require(
        &self,
        shared: &Shared,
        by: AttemptId,
        request: &RequireRequest,
    ) -> Result<Required, OperatorError>;

    /// Hears that an attempt has ended. Returns those that waited for that, and the tasks to start.
    fn ended(
        &self,
        shared: &Shared,
        attempt: AttemptId,
        session: SessionId,
        success: bool,
    ) -> Vec<(Active, Vec<TaskId>)>;

    /// When it is tried again to begin what could not begin, if something could not.
    fn again_at(&self) -> Option<Instant> {
        None
    }

    /// Tries that again, if it is time. Returns what has begun, and the tasks to start.
    fn again(&self, _: &Shared) -> Vec<(Active, Vec<TaskId>)> {
        vec![]
    }
}

/// Where the tree has the log files of an attempt.
pub(super) fn attempt_dir(tree: &LogTree, row: &AttemptRow) -> PathBuf {
    tree.attempt_dir(&AttemptPlace {
        created_at: row.created_at,
        project: row.project_id,
        workflow: &row.workflow_name,
        session_time: row.session_time,
        timezone: &row.timezone,
        name: &row.name,
    })
}
