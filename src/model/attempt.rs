//! An attempt: one execution of a session, with its tasks.

use super::id::{AttemptId, TaskId};
use super::task::Task;
use super::{Params, Time, Zone};

/// One execution of a session and all its tasks.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    pub id: AttemptId,
    pub timezone: Zone,
    /// Parameters of this attempt, laid over the revision's.
    pub params: Params,
    pub cancel_requested: bool,
    /// How it ended; none while it runs.
    pub outcome: Option<Outcome>,
    tasks: Vec<Task>,
    /// Of each task, in the order of `tasks`.
    children: Vec<Vec<TaskId>>,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    pub success: bool,
    pub finished_at: Time,
}

impl Attempt {
    /// Puts an attempt together. Task ids must be 1, 2, 3 … in order.
    pub fn new(id: AttemptId, timezone: Zone, params: Params, tasks: Vec<Task>) -> Self {
        let mut attempt = Self {
            id,
            timezone,
            params,
            cancel_requested: false,
            outcome: None,
            tasks: Vec::with_capacity(tasks.len()),
            children: Vec::with_capacity(tasks.len()),
        };
        for task in tasks {
            attempt.put(task);
        }
        attempt
    }

    /// The tasks in order of their ids, old generations of group retries included.
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    pub fn root(&self) -> Option<&Task> {
        self.tasks.first()
    }

    pub fn task(&self, id: TaskId) -> Option<&Task> {
        place(id).and_then(|place| self.tasks.get(place))
    }

    /// The children of a task, oldest first.
    pub fn children(&self, id: TaskId) -> &[TaskId] {
        place(id).and_then(|place| self.children.get(place)).map_or(&[], Vec::as_slice)
    }

    /// The id that the next task gets.
    pub fn next_task_id(&self) -> TaskId {
        TaskId(self.tasks.len() as i64 + 1)
    }

    /// Puts a new task at the end, or a changed one in its place.
    pub fn put(&mut self, task: Task) {
        if task.id == self.next_task_id() {
            let parent = task.parent.and_then(place);
            if let Some(siblings) = parent.and_then(|parent| self.children.get_mut(parent)) {
                siblings.push(task.id);
            }
            self.tasks.push(task);
            self.children.push(vec![]);
        } else if let Some(old) = place(task.id).and_then(|place| self.tasks.get_mut(place)) {
            *old = task;
        }
    }
}

/// Where a task stands in the list of tasks.
fn place(id: TaskId) -> Option<usize> {
    id.0.checked_sub(1).and_then(|place| usize::try_from(place).ok())
}
