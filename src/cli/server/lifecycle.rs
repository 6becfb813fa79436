//! From the start of a server to its end: it waits for what it is told, and ends in order.

use super::events::{Event, Events};
use super::running::Running;
use super::systemd;
use crate::cli::{CliError, Exit};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// How long requests that have begun may take when the server ends.
const LAST_REQUESTS: Duration = Duration::from_secs(10);
/// How long the notification that is being sent may take when the server ends. The next server sends it otherwise.
const LAST_NOTIFICATION: Duration = Duration::from_secs(3);
/// How long commands that were killed may take to go.
const AFTER_KILL: Duration = Duration::from_secs(3);

/// Serves until somebody wants the server to end, or it cannot go on.
///
/// # Errors
///
/// It cannot go on.
pub(super) fn serve(
    mut running: Running,
    events: &Events,
    mut reload: impl FnMut(&mut Running),
) -> Result<Exit, CliError> {
    systemd::ready();
    loop {
        match events.next() {
            Event::Quiet => systemd::alive(),
            Event::Drained(_) => {}
            Event::Reload => {
                systemd::reloading();
                reload(&mut running);
                systemd::ready();
            }
            Event::End(_) => return Ok(shut_down(running, events)),
            Event::RunnerEnded => return Err(stopped_by_itself(running)),
        }
    }
}

/// Ends in the order in which nobody who is told something is told wrong: tasks, requests, the rest.
fn shut_down(running: Running, events: &Events) -> Exit {
    let log = running.parts.log.clone();
    log.info("Started shutdown process");
    systemd::stopping();
    if let Some(watcher) = &running.parts.watcher {
        watcher.stop();
    }
    log.info("Shutting down workflow executor loop");
    running.parts.schedules.stop();
    running.housekeeping.stop();
    let tasks = running.parts.service.load().running_tasks();
    log.info(&format!("Waiting for completion of {tasks} running tasks..."));
    let in_time = match drain(&running, events) {
        Ok(in_time) => in_time,
        Err(signal) => {
            log.warn("Ended at once: the next server runs the tasks again that were running");
            return Exit::Interrupted(signal);
        }
    };
    if !in_time {
        let limit = running.config.shutdown_timeout.as_secs();
        log.warn(&format!(
            "Tasks did not end within {limit} s (server.shutdown.timeout): they were ended, and the next server runs them \
             again"
        ));
    }
    running.outbox.stop(LAST_NOTIFICATION);
    log.info("Closing HTTP listening sockets");
    log.info("Waiting for completion of running HTTP requests...");
    running.tidy_up();
    if !running.http.stop(LAST_REQUESTS) {
        log.warn(&format!("Requests were not answered within {} s", LAST_REQUESTS.as_secs()));
    }
    log.info("Shutting down HTTP worker threads");
    log.info("Shutting down system");
    log.info("Shutdown completed");
    if in_time { Exit::Success } else { Exit::Failure }
}

/// Waits for running tasks, while requests are still answered. Tells whether they ended by themselves.
///
/// # Errors
///
/// The signal of somebody who does not want to wait.
fn drain(running: &Running, events: &Events) -> Result<bool, i32> {
    let (service, limit, done) =
        (Arc::clone(&running.parts.service), running.config.shutdown_timeout, events.sender());
    let wait = move || {
        let in_time = service.drain(limit);
        // Nobody listens any more after a second signal.
        let _ = done.send(Event::Drained(in_time));
    };
    if thread::Builder::new().name("drain".to_owned()).spawn(wait).is_err() {
        return Ok(running.parts.service.drain(limit));
    }
    loop {
        match events.next() {
            Event::Drained(in_time) => return Ok(in_time),
            Event::Quiet => systemd::alive(),
            Event::Reload | Event::RunnerEnded => {}
            Event::End(signal) => {
                running.parts.service.abort(true);
                while events.next_within(AFTER_KILL).is_some_and(|event| !matches!(event, Event::Drained(_)))
                {
                }
                return Err(signal);
            }
        }
    }
}

/// Nothing is run any more, so that there is no use in answering.
fn stopped_by_itself(running: Running) -> CliError {
    let reason = running.parts.service.failure().unwrap_or_else(|| "the runner has stopped".to_owned());
    running.parts.schedules.stop();
    running.parts.log.error(&format!("Nothing can be run any more: {reason}"));
    systemd::stopping();
    running.http.stop(LAST_REQUESTS);
    CliError::user(format!("The server cannot go on: {reason}"))
}
