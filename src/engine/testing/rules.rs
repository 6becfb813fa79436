//! The rules that hold for every step of every attempt.

use crate::engine::Change;
use crate::model::{Attempt, Task, TaskId, TaskState};

/// Fails when a step breaks one of them.
pub(super) fn check_step(before: &Attempt, changes: &[Change], after: &Attempt) {
    assert!(before.outcome.is_none() || changes.is_empty(), "an ended attempt changed: {changes:?}");
    for change in changes {
        match change {
            Change::Added(task) => assert!(before.task(task.id).is_none(), "added twice: {task:?}"),
            Change::Changed { before: state, task } => {
                let old = before.task(task.id).expect("only a task that is there can change");
                assert_eq!(old.state, *state, "{}", task.full_name);
                assert!(!old.state.is_done(), "{} changed after its end", task.full_name);
            }
            Change::Dispatch(id) => assert_eq!(after.task(*id).unwrap().state, TaskState::Running),
            Change::Finished { success, .. } => {
                let root = after.root().unwrap().state;
                assert_eq!((root.is_done(), root == TaskState::Success), (true, *success));
            }
            Change::CancelRequested => assert!(!before.cancel_requested),
        }
    }
    let was_blocked = |task: &Task| before.task(task.id).is_none_or(|old| old.state == TaskState::Blocked);
    let blocked = |task: &Task| matches!(task.state, TaskState::Blocked | TaskState::Canceled);
    for task in after.tasks().iter().filter(|task| was_blocked(task) && !blocked(task)) {
        let state = |id: TaskId| after.task(id).unwrap().state;
        // An empty group ends in the step in which it starts, and its parent may move on with it.
        let moved_on = |parent: TaskState| task.state.is_done() && parent != TaskState::Blocked;
        let allowed = |parent: TaskState| parent.can_run_children() || moved_on(parent);
        assert!(task.parent.is_none_or(|parent| allowed(state(parent))), "{}", task.full_name);
        assert!(task.upstreams.iter().all(|up| state(*up) == TaskState::Success), "{}", task.full_name);
    }
    let ended = after.root().is_some_and(|root| root.state.is_done());
    assert_eq!(ended, after.outcome.is_some(), "an attempt ends with its root");
    let moving = |task: &&Task| task.state == TaskState::Ready;
    assert_eq!(after.tasks().iter().find(moving), None, "a step ended before it was over");
}
