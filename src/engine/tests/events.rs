//! Which events a task takes in which state.

use crate::engine::{Change, Event, Limits, advance, apply};
use crate::model::{Attempt, AttemptId, Params, TaskId, TaskKind, TaskResult, TaskState, Zone};
use crate::store::testing::{at, task};
use insta::assert_snapshot;
use serde_json::json;
use std::fmt::Write;
use std::time::Duration;

fn events() -> [(&'static str, Event); 6] {
    let task = TaskId(2);
    let after = Duration::from_secs(60);
    [
        ("Succeeded", Event::Succeeded { task, result: TaskResult::default() }),
        ("Failed", Event::Failed { task, error: Params::new() }),
        ("Postponed", Event::Postponed { task, after, state_params: Params::new() }),
        ("Lost", Event::Lost { task }),
        ("Wake", Event::Wake { task }),
        ("CancelRequested", Event::CancelRequested),
    ]
}

/// An attempt with a task in this state, below a root that another task keeps from ending.
fn attempt(kind: TaskKind, state: TaskState) -> Attempt {
    let mut tasks = vec![
        task(1, "+wf", TaskKind::Group, TaskState::Planned),
        task(2, "+wf+a", kind, state),
        task(3, "+wf+b", TaskKind::Operator, TaskState::Running),
    ];
    tasks[1].upstreams = vec![TaskId(3)];
    let waits = matches!(state, TaskState::RetryWaiting | TaskState::GroupRetryWaiting);
    tasks[1].retry_at = waits.then(|| at(100));
    Attempt::new(AttemptId(1), Zone::utc(), Params::new(), tasks)
}

#[test]
fn the_whole_matrix() {
    let mut matrix = String::new();
    for state in TaskState::ALL.into_iter().filter(|state| *state != TaskState::Ready) {
        let kind = if state == TaskState::GroupRetryWaiting { TaskKind::Group } else { TaskKind::Operator };
        for (name, event) in events() {
            let mut attempt = attempt(kind, state);
            let outcome = match advance(&attempt, event, at(10), Limits::default()) {
                Err(_) => "refused".to_owned(),
                Ok(changes) if changes.is_empty() => "ignored".to_owned(),
                Ok(changes) => {
                    apply(&mut attempt, &changes);
                    let dispatched = changes.contains(&Change::Dispatch(TaskId(2)));
                    let state = attempt.task(TaskId(2)).unwrap().state;
                    format!("{state}{}", if dispatched { ", dispatched" } else { "" })
                }
            };
            writeln!(matrix, "{state:<20}{name:<16}{outcome}").unwrap();
        }
    }
    assert_snapshot!(matrix, @"
    blocked             Succeeded       refused
    blocked             Failed          refused
    blocked             Postponed       refused
    blocked             Lost            refused
    blocked             Wake            ignored
    blocked             CancelRequested blocked
    retry_waiting       Succeeded       refused
    retry_waiting       Failed          refused
    retry_waiting       Postponed       refused
    retry_waiting       Lost            refused
    retry_waiting       Wake            running, dispatched
    retry_waiting       CancelRequested canceled
    group_retry_waiting Succeeded       refused
    group_retry_waiting Failed          refused
    group_retry_waiting Postponed       refused
    group_retry_waiting Lost            refused
    group_retry_waiting Wake            ignored
    group_retry_waiting CancelRequested canceled
    running             Succeeded       success
    running             Failed          error
    running             Postponed       retry_waiting
    running             Lost            running, dispatched
    running             Wake            ignored
    running             CancelRequested running
    planned             Succeeded       refused
    planned             Failed          refused
    planned             Postponed       refused
    planned             Lost            refused
    planned             Wake            ignored
    planned             CancelRequested canceled
    group_error         Succeeded       refused
    group_error         Failed          refused
    group_error         Postponed       refused
    group_error         Lost            refused
    group_error         Wake            ignored
    group_error         CancelRequested group_error
    success             Succeeded       refused
    success             Failed          refused
    success             Postponed       refused
    success             Lost            refused
    success             Wake            ignored
    success             CancelRequested success
    error               Succeeded       refused
    error               Failed          refused
    error               Postponed       refused
    error               Lost            refused
    error               Wake            ignored
    error               CancelRequested error
    canceled            Succeeded       refused
    canceled            Failed          refused
    canceled            Postponed       refused
    canceled            Lost            refused
    canceled            Wake            ignored
    canceled            CancelRequested canceled
    ");
}

#[test]
fn what_runs_when_a_limit_of_time_passes_keeps_the_reason() {
    let error = Params::from_iter([("message".to_owned(), json!("too long"))]);
    for (kind, state, ended) in [
        (TaskKind::Operator, TaskState::Running, Some(TaskState::Canceled)),
        (TaskKind::Operator, TaskState::RetryWaiting, Some(TaskState::Canceled)),
        (TaskKind::Group, TaskState::GroupRetryWaiting, Some(TaskState::Canceled)),
        (TaskKind::Operator, TaskState::Blocked, None),
        (TaskKind::Operator, TaskState::Success, None),
    ] {
        let mut attempt = attempt(kind, state);
        let mut tell = |event| {
            let changes = advance(&attempt, event, at(10), Limits::default()).unwrap();
            apply(&mut attempt, &changes);
        };
        tell(Event::TimedOut { error: error.clone() });
        if state == TaskState::Running {
            let error = Params::from_iter([("message".to_owned(), json!("ended by a signal"))]);
            tell(Event::Failed { task: TaskId(2), error });
        }
        let task = attempt.task(TaskId(2)).unwrap();
        let expected = if ended.is_some() { error.clone() } else { Params::new() };
        assert_eq!((task.state, &task.error), (ended.unwrap_or(state), &expected));
        assert!(attempt.cancel_requested);
    }
}
