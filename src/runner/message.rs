//! What the dispatcher is told.

use super::active::Active;
use super::slots::{Claim, SlotSettings};
use super::task_log::TaskLog;
use crate::engine::Event;
use crate::model::{AttemptId, TaskId};
use crate::operators::CancelStage;
use crate::store::StoreError;
use std::sync::Arc;
use std::sync::mpsc::Sender;

/// News.
pub(super) enum Message {
    /// A new attempt is in the store; its first tasks are to be started.
    Adopt(Box<Active>, Vec<TaskId>),
    /// Something happened to a task, which gives its slots back. Its log is written with the step that follows.
    Happened { attempt: AttemptId, event: Event, log: Arc<TaskLog>, slots: Claim },
    /// A log has text that is to be written within a second.
    LogPending(Arc<TaskLog>),
    /// Everything is to be canceled, or killed.
    Cancel(CancelStage),
    /// One attempt is to be canceled. Whoever asks hears when that is in the store, and whether the attempt was known.
    Kill(AttemptId, Sender<bool>),
    /// No more tasks are to be started: the next process takes the attempts up.
    Drain,
    /// Commands that still run while draining are to end. What becomes of their tasks is for the next process.
    Abort(CancelStage),
    /// Tasks that begin from now on need other slots.
    Slots(SlotSettings),
    /// The store failed somewhere else.
    StoreFailed(StoreError),
    /// Somebody has taken the file of the store away: nothing more that is done would be known later.
    StoreMoved(StoreError),
}
