//! Which attempt a task waits for: `require>` looks again when it has ended.

use crate::model::{AttemptId, Task, TaskState};

/// The attempt that a waiting `require>` was told to wait for.
pub(super) fn awaited_attempt(task: &Task) -> Option<AttemptId> {
    if task.state != TaskState::RetryWaiting {
        return None;
    }
    let local = &task.config.local;
    let requires = match local.get("_type") {
        Some(kind) => kind == "require",
        None => local.contains_key("require>"),
    };
    let target = task.state_params.get("target_attempt_id").filter(|_| requires)?;
    target.as_i64().map(AttemptId)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TaskConfig;
    use crate::model::TaskKind;
    use crate::store::testing::{object, task};
    use serde_json::json;
    use std::sync::Arc;

    #[test]
    fn tasks_that_require_an_attempt_wait_for_it() {
        let target = json!({"target_attempt_id": 7});
        let waiting = TaskState::RetryWaiting;
        for (local, state, state_params, expected) in [
            (json!({"require>": "w"}), waiting, target.clone(), Some(AttemptId(7))),
            (json!({"_type": "require", "_command": "w"}), waiting, target.clone(), Some(AttemptId(7))),
            (json!({"_type": "sh", "require>": "w"}), waiting, target.clone(), None),
            (json!({"sh>": "w"}), waiting, target.clone(), None),
            (json!({"require>": "w"}), TaskState::Running, target, None),
            (json!({"require>": "w"}), waiting, json!({}), None),
        ] {
            let mut task = task(2, "+wf+a", TaskKind::Operator, state);
            task.config = Arc::new(TaskConfig { local: object(local.clone()), ..TaskConfig::default() });
            task.state_params = object(state_params);
            assert_eq!(awaited_attempt(&task), expected, "{local} {state}");
        }
    }
}
