//! Taking over an attempt whose process is gone.

use super::event::Event;
use crate::model::{Attempt, TaskState};

/// What happened to the running tasks of an attempt whose process is gone: nobody knows how far they came.
pub fn lost_tasks(attempt: &Attempt) -> Vec<Event> {
    let running = attempt.tasks().iter().filter(|task| task.state == TaskState::Running);
    running.map(|task| Event::Lost { task: task.id }).collect()
}
