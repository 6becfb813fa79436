//! Applies what the engine decided: one step of one attempt.

use super::{OwnerId, Result, Writer, attempts, tasks};
use crate::engine::Change;
use crate::model::AttemptId;

/// Whether a step was applied.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    Yes,
    /// The attempt has ended, has another owner, or a task is not where the step found it. The whole transaction is
    /// rolled back at its end: load the attempt anew and think again.
    Conflict,
}

/// Applies all changes of a step, or none. `Dispatch` is no change and left to the caller, after the commit.
pub fn apply(w: &Writer, attempt: AttemptId, owner: OwnerId, changes: &[Change]) -> Result<Applied> {
    if !attempts::is_owned(w, attempt, owner)? {
        return Ok(conflict(w));
    }
    for change in changes {
        let applied = match change {
            Change::Added(task) => tasks::insert(w, attempt, task)?,
            Change::Changed { before, task } => tasks::update(w, attempt, *before, task)?,
            Change::CancelRequested => attempts::request_cancel(w, attempt)?,
            Change::Finished { success, at } => attempts::finish(w, attempt, *success, *at)?,
            Change::Dispatch(_) => true,
        };
        if !applied {
            return Ok(conflict(w));
        }
    }
    Ok(Applied::Yes)
}

fn conflict(w: &Writer) -> Applied {
    w.abandon();
    Applied::Conflict
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TaskConfig;
    use crate::model::attempt::Outcome;
    use crate::model::{Attempt, Task, TaskFlags, TaskId, TaskKind, TaskResult, TaskState, Time};
    use crate::store::testing::{self, at, object};
    use crate::store::{Durability, Store, dump};
    use serde_json::json;
    use std::sync::Arc;

    /// An attempt with a group and a task that is ready, and its owner.
    fn started(store: &Store) -> (AttemptId, OwnerId) {
        let owner = testing::owner(store);
        let workflow = testing::workflow(store, "p", "wf");
        (testing::insert(store, workflow, 0, "", Some(owner), &testing::tasks()), owner)
    }

    fn apply_to(store: &Store, (attempt, owner): (AttemptId, OwnerId), changes: &[Change]) -> Applied {
        store.write(Durability::Normal, |w| apply(w, attempt, owner, changes)).unwrap()
    }

    fn load(store: &Store, id: AttemptId) -> Attempt {
        store.read(|r| attempts::load(r, id)).unwrap().unwrap()
    }

    fn in_state(task: &Task, state: TaskState, now: Time) -> Task {
        Task { state, updated_at: now, ..task.clone() }
    }

    /// A change of every mutable column.
    fn retried(task: &Task) -> Task {
        Task {
            state: TaskState::RetryWaiting,
            flags: TaskFlags {
                cancel_requested: true,
                delayed_error: true,
                delayed_group_error: true,
                initial: true,
            },
            state_params: object(serde_json::from_str(r#"{"y": 1e400, "x": "\u0000é"}"#).unwrap()),
            retry_count: 3,
            retry_at: Some(at(90)),
            started_at: Some(at(50)),
            updated_at: at(60),
            result: TaskResult {
                subtask_config: object(json!({"+s": {"echo>": "x"}})),
                export_params: object(json!({"e": u64::MAX})),
                reset_store_params: vec!["a.b".to_owned()],
                store_params: object(json!({"s": [1, null, 2.50]})),
            },
            error: object(json!({"message": "no", "stacktrace": "…"})),
            ..task.clone()
        }
    }

    #[test]
    fn a_step_is_stored_as_it_was_decided() {
        let (store, _directory) = testing::store();
        let (id, owner) = started(&store);
        let mut expected = load(&store, id);
        assert_eq!(expected.tasks(), testing::tasks());
        let mut added = testing::task(3, "+wf+a^sub", TaskKind::Group, TaskState::Blocked);
        added.parent = Some(TaskId(2));
        added.upstreams = vec![TaskId(1), TaskId(2)];
        added.config = Arc::new(TaskConfig {
            local: object(json!({"z": 1, "a": 1.0})),
            export: object(json!({"k": "v"})),
        });
        added.flags = TaskFlags::default();
        let waiting = retried(&testing::tasks()[1]);
        let ready = Task { retry_at: None, ..in_state(&waiting, TaskState::Ready, at(91)) };
        let changes = [
            Change::Changed { before: TaskState::Ready, task: waiting.clone() },
            Change::Added(added.clone()),
            Change::CancelRequested,
            Change::Changed { before: TaskState::RetryWaiting, task: ready.clone() },
            Change::Dispatch(TaskId(2)),
        ];
        assert_eq!(apply_to(&store, (id, owner), &changes), Applied::Yes);
        expected.put(ready.clone());
        expected.put(added);
        expected.cancel_requested = true;
        assert_eq!(load(&store, id), expected);

        let again = [Change::Changed { before: TaskState::Ready, task: waiting.clone() }];
        assert_eq!(apply_to(&store, (id, owner), &again), Applied::Yes);
        expected.put(waiting);
        assert_eq!(load(&store, id), expected);

        assert_eq!(
            apply_to(&store, (id, owner), &[Change::Finished { success: true, at: at(99) }]),
            Applied::Yes
        );
        expected.outcome = Some(Outcome { success: true, finished_at: at(99) });
        assert_eq!(load(&store, id), expected);
        assert_eq!(store.read(attempts::unfinished).unwrap(), []);
    }

    #[test]
    fn conflicts_roll_the_whole_transaction_back() {
        let (store, _directory) = testing::store();
        let (id, owner) = started(&store);
        let stranger = testing::owner(&store);
        let [group, ready] = testing::tasks();
        let possible =
            Change::Changed { before: TaskState::Planned, task: in_state(&group, TaskState::Success, at(9)) };
        let moved = Change::Changed {
            before: TaskState::Blocked,
            task: in_state(&ready, TaskState::Canceled, at(9)),
        };
        let unknown = Task { id: TaskId(7), ..ready.clone() };
        let before = store.read(dump::dump).unwrap();
        for (what, attempt, owner, change) in [
            ("another state", id, owner, moved),
            ("no such task", id, owner, Change::Changed { before: TaskState::Ready, task: unknown }),
            ("a task that is there", id, owner, Change::Added(ready.clone())),
            ("another owner", id, stranger, Change::CancelRequested),
            ("no such attempt", AttemptId(99), owner, Change::CancelRequested),
        ] {
            let changes = [possible.clone(), change];
            assert_eq!(apply_to(&store, (attempt, owner), &changes), Applied::Conflict, "{what}");
            assert_eq!(store.read(dump::dump).unwrap(), before, "{what}");
        }
        let refused = store.write(Durability::Normal, |w| {
            let step = std::slice::from_ref(&possible);
            apply(w, id, owner, step).and(apply(w, id, stranger, step))
        });
        assert_eq!(refused.unwrap(), Applied::Conflict);
        assert_eq!(store.read(dump::dump).unwrap(), before, "earlier writes of the transaction");

        let end = Change::Finished { success: false, at: at(9) };
        assert_eq!(apply_to(&store, (id, owner), &[possible.clone(), end.clone()]), Applied::Yes);
        for late in [possible, end, Change::CancelRequested] {
            assert_eq!(apply_to(&store, (id, owner), &[late]), Applied::Conflict, "it has ended");
        }
    }

    #[test]
    fn nothing_is_lost_when_the_file_is_opened_again() {
        let (store, _directory) = testing::store();
        let (id, owner) = started(&store);
        let running =
            Task { started_at: Some(at(9)), ..in_state(&testing::tasks()[1], TaskState::Running, at(9)) };
        let change = Change::Changed { before: TaskState::Ready, task: running };
        assert_eq!(apply_to(&store, (id, owner), &[change]), Applied::Yes);
        let (expected, text) = (load(&store, id), store.read(dump::dump).unwrap());
        // Opened beside the one that is still open, as after a crash, and again once that one is closed.
        let beside = Store::open(store.file()).unwrap();
        assert_eq!(load(&beside, id), expected);
        let file = store.file().to_owned();
        drop((store, beside));
        let reopened = Store::open(&file).unwrap();
        assert_eq!(load(&reopened, id), expected);
        assert_eq!(reopened.read(dump::dump).unwrap(), text);
    }
}
