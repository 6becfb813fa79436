//! The one table of task states: which cause leads from which state to which.
//!
//! Live runs, recovery and simulation all go through `next_state`. A pair that is not in the table is a mistake of
//! the caller and changes nothing.

use crate::model::TaskState;

/// Why a task moves on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Parent and upstream tasks let an operator start.
    Unblocked,
    /// Parent and upstream tasks let a group start.
    GroupUnblocked,
    /// The operator is handed to a worker.
    Dispatched,
    /// The operator succeeded and nothing is to run below it.
    Succeeded,
    /// The operator succeeded and its subtasks or its `_check` are to run, or it failed and its `_error` is to run.
    ChildrenAdded,
    /// The operator failed.
    Failed,
    /// The operator is to be run again later.
    Postponed,
    /// The process that ran the operator is gone.
    Lost,
    /// The waiting time is over.
    Due,
    /// What the operator polls for may be there before the waiting time is over.
    Woken,
    /// The children of a group were made anew.
    ChildrenRenewed,
    /// All children ended well.
    ChildrenSucceeded,
    /// A child failed and nothing is left to do about it.
    ChildrenFailed,
    /// A child failed and the task is to be run again later.
    ChildrenPostponed,
    /// The `_error` task of a failed operator ended.
    ErrorHandled,
    /// The attempt is being canceled and the task has nothing running.
    Canceled,
}

impl Cause {
    pub const ALL: [Self; 16] = [
        Self::Unblocked,
        Self::GroupUnblocked,
        Self::Dispatched,
        Self::Succeeded,
        Self::ChildrenAdded,
        Self::Failed,
        Self::Postponed,
        Self::Lost,
        Self::Due,
        Self::Woken,
        Self::ChildrenRenewed,
        Self::ChildrenSucceeded,
        Self::ChildrenFailed,
        Self::ChildrenPostponed,
        Self::ErrorHandled,
        Self::Canceled,
    ];
}

/// A cause that a state does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a {state} task cannot be moved on by {cause:?}")]
pub struct IllegalTransition {
    pub state: TaskState,
    pub cause: Cause,
}

/// The state that follows.
///
/// # Errors
///
/// The state does not know the cause.
pub fn next_state(state: TaskState, cause: Cause) -> Result<TaskState, IllegalTransition> {
    use Cause as C;
    use TaskState as S;
    let illegal = Err(IllegalTransition { state, cause });
    match state {
        S::Blocked => match cause {
            C::Unblocked => Ok(S::Ready),
            C::GroupUnblocked => Ok(S::Planned),
            _ => illegal,
        },
        S::Ready => match cause {
            C::Dispatched => Ok(S::Running),
            C::ChildrenRenewed => Ok(S::Planned),
            C::Canceled => Ok(S::Canceled),
            _ => illegal,
        },
        S::RetryWaiting => match cause {
            C::Due | C::Woken => Ok(S::Ready),
            C::Canceled => Ok(S::Canceled),
            _ => illegal,
        },
        S::GroupRetryWaiting => match cause {
            C::Due => Ok(S::Ready),
            C::Canceled => Ok(S::Canceled),
            _ => illegal,
        },
        S::Running => match cause {
            C::Succeeded => Ok(S::Success),
            C::ChildrenAdded => Ok(S::Planned),
            C::Failed => Ok(S::Error),
            C::Postponed => Ok(S::RetryWaiting),
            C::Lost => Ok(S::Ready),
            C::Canceled => Ok(S::Canceled),
            _ => illegal,
        },
        S::Planned => match cause {
            C::ChildrenSucceeded => Ok(S::Success),
            C::ChildrenFailed => Ok(S::GroupError),
            C::ChildrenPostponed => Ok(S::GroupRetryWaiting),
            C::ErrorHandled => Ok(S::Error),
            C::Canceled => Ok(S::Canceled),
            _ => illegal,
        },
        S::GroupError | S::Success | S::Error | S::Canceled => illegal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The arrows of the diagram in the module's documentation: from, to, and why.
    fn diagram() -> Vec<(String, String, String)> {
        let lines = include_str!("mod.rs").lines().filter_map(|line| line.strip_prefix("//!     "));
        lines
            .map(|line| {
                let (from, rest) = line.split_once(" --> ").expect(line);
                let (to, cause) = rest.split_once(": ").unwrap_or((rest, ""));
                (from.to_owned(), to.to_owned(), cause.to_owned())
            })
            .collect()
    }

    #[test]
    fn the_diagram_shows_the_whole_table() {
        let mut expected = vec![("[*]".to_owned(), TaskState::Blocked.to_string(), String::new())];
        for state in TaskState::ALL {
            for cause in Cause::ALL {
                if let Ok(next) = next_state(state, cause) {
                    expected.push((state.to_string(), next.to_string(), format!("{cause:?}")));
                }
            }
            if state.is_done() {
                expected.push((state.to_string(), "[*]".to_owned(), String::new()));
            }
        }
        let mut shown = diagram();
        shown.sort();
        expected.sort();
        assert_eq!(shown, expected);
    }

    #[test]
    fn every_state_is_reached_and_every_cause_is_used() {
        let arrows = diagram();
        for state in TaskState::ALL {
            assert!(arrows.iter().any(|(_, to, _)| to == state.as_str()), "{state}");
        }
        for cause in Cause::ALL {
            assert!(arrows.iter().any(|(_, _, why)| *why == format!("{cause:?}")), "{cause:?}");
        }
    }

    #[test]
    fn final_states_never_change() {
        for state in TaskState::ALL.into_iter().filter(|state| state.is_done()) {
            for cause in Cause::ALL {
                assert_eq!(next_state(state, cause), Err(IllegalTransition { state, cause }));
            }
        }
    }
}
