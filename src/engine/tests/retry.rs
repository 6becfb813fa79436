//! `_retry` of operators.

use crate::engine::testing::{World, fails, polls};
use insta::assert_snapshot;

#[test]
fn an_operator_is_run_again() {
    let world = World::new("+a: {sh>: x, _retry: 2}\n").on("+a", vec![fails("no"); 2]).run();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+a new -> running
    0s +wf+a running -> running
    0s +wf+a running -> running
    0s +wf planned -> success
    0s +wf+a running -> success
    0s finished: success
    ");
}

#[test]
fn an_operator_fails_when_no_retry_is_left() {
    let world =
        World::new("+a: {sh>: x, _retry: {limit: 1, interval: 10}}\n").on("+a", vec![fails("no"); 9]).run();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+a new -> running
    0s +wf+a running -> retry_waiting until 10s
    10s +wf+a retry_waiting -> running
    10s +wf planned -> planned after failed children
    10s +wf+a running -> error: no
    10s +wf^failure-alert new -> running
    10s +wf planned -> group_error
    10s +wf^failure-alert running -> success
    10s finished: failure
    ");
}

#[test]
fn polling_takes_no_retries() {
    let world =
        World::new("+a: {sh>: x, _retry: 1}\n").on("+a", [polls(1), polls(1), fails("no"), polls(1)]).run();
    assert_snapshot!(world.trace(), @"
    0s +wf new -> planned
    0s +wf+a new -> running
    0s +wf+a running -> retry_waiting until 1s
    1s +wf+a retry_waiting -> running
    1s +wf+a running -> retry_waiting until 2s
    2s +wf+a retry_waiting -> running
    2s +wf+a running -> running
    2s +wf+a running -> retry_waiting until 3s
    3s +wf+a retry_waiting -> running
    3s +wf planned -> success
    3s +wf+a running -> success
    3s finished: success
    ");
}
