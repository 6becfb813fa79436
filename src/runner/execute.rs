//! Runs the operator of one task and says how it ended. This is what a worker thread does.

use super::host::TaskHost;
use super::job::{Job, Replay};
use super::message::Message;
use super::shared::Shared;
use crate::dig::evaluate::evaluate_config;
use crate::dig::expression::Evaluator;
use crate::engine::{Event, RetryPolicy};
use crate::logs::Level;
use crate::model::{Config, Params, TaskResult, merge, similar, yaml_text};
use crate::operators::{self, Context, Host, Operator, OperatorError, builtin_params};
use serde_json::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// Options of the task itself that are no options of its operator.
const COMMON_OPTIONS: [&str; 2] = ["_env", "_secrets"];
/// A task that polls for long says so again at every tenth run after this time.
const LONG_POLLING: chrono::TimeDelta = chrono::TimeDelta::minutes(30);

/// Does a job, and says what is to be told of it.
pub(super) fn work_off(shared: &Shared, job: Job, thread: usize) -> Message {
    let _running = shared.load.begins();
    let event = execute(shared, &job, thread);
    Message::Happened { attempt: job.identity.attempt_id, event, log: job.log, slots: job.slots }
}

/// Runs a task to its end. A panic of its operator fails the task, not the program.
fn execute(shared: &Shared, job: &Job, thread: usize) -> Event {
    let host = TaskHost::new(shared, job, thread);
    let task = job.identity.task_id;
    if let Some(replay) = &job.replay {
        host.log(Level::Warn, "Skipped");
        return match replay.clone() {
            Replay::Earlier(result) => Event::Succeeded { task, result: *result },
            Replay::LeftOut => Event::LeftOut { task },
        };
    }
    shared.observer.started(&job.task);
    let outcome = catch_unwind(AssertUnwindSafe(|| run(shared, job, &host)));
    host.finish_output();
    let stop = match outcome.unwrap_or_else(|panic| Err(Stop::error(panicked(panic.as_ref())))) {
        Ok(result) => return Event::Succeeded { task, result },
        Err(stop) => *stop,
    };
    match stop {
        Stop { error: OperatorError::Poll { after, state }, .. } => {
            Event::Postponed { task, after, state_params: state }
        }
        Stop { error, retry: Some((after, state_params)) } => {
            host.log(Level::Error, &format!("Task failed, retrying: {error}"));
            Event::Postponed { task, after, state_params }
        }
        Stop { error, retry: None } => {
            report_failure(&host, job, &error);
            Event::Failed { task, error: error_params(&host, error) }
        }
    }
}

/// Why a task did not succeed, and what comes next when its `_retry` allows it.
struct Stop {
    error: OperatorError,
    retry: Option<(Duration, Params)>,
}

impl Stop {
    fn error(error: OperatorError) -> Box<Self> {
        Box::new(Self { error, retry: None })
    }
}

fn run(shared: &Shared, job: &Job, host: &TaskHost<'_>) -> Result<TaskResult, Box<Stop>> {
    let config = evaluate(shared, job).map_err(Stop::error)?;
    let Some((kind, config)) = choose_operator(job, host, config, shared) else {
        return Ok(TaskResult::default());
    };
    if shared.options.show_params {
        host.log(Level::Warn, &format!("\n{}\n", yaml_text(config.peek(), "  ")));
    }
    if shared.options.dry_run {
        return Ok(TaskResult::default());
    }
    let operator = operators::find(&kind)
        .ok_or_else(|| Stop::error(OperatorError::Config(format!("Unknown task type: {kind}"))))?;
    call(shared, job, host, operator, &config)
}

/// Merges the task's own keys over what it sees and evaluates everything.
fn evaluate(shared: &Shared, job: &Job) -> Result<Params, OperatorError> {
    let mut scope = job.params.clone();
    scope.shift_remove("_check");
    scope.shift_remove("_error");
    let built_in = builtin_params(&job.identity, &scope);
    merge(&mut scope, &built_in);
    let mut all = scope.clone();
    merge(&mut all, &own_keys(job));
    evaluate_config(&Evaluator::new(), &scope, &all, &job.identity.timezone, shared.clock.now())
        .map_err(|error| OperatorError::Config(error.to_string()))
}

/// Finds the operator's name, sets `_type` and `_command`, and says in the log what is run.
fn choose_operator(
    job: &Job,
    host: &TaskHost<'_>,
    mut params: Params,
    shared: &Shared,
) -> Option<(String, Config)> {
    let (kind, said) = if let Some(kind) = params.get("_type").filter(|kind| !kind.is_null()) {
        let kind = text_of(kind);
        (kind.clone(), format!("type: {kind}"))
    } else {
        let key = params.keys().find(|key| key.ends_with('>'))?.clone();
        let kind = key[..key.len() - 1].to_owned();
        let command = params.get(&key).cloned().unwrap_or_default();
        let said = format!("{key}: {}", text_of(&command));
        params.insert("_type".to_owned(), Value::from(kind.clone()));
        if !command.is_null() {
            params.insert("_command".to_owned(), command);
        }
        (kind, said)
    };
    let retries = job.identity.retry_count;
    let long = job.task.started_at.is_some_and(|start| shared.clock.now() - start > LONG_POLLING);
    let loud = retries == 0 || (long && retries.is_multiple_of(10));
    host.log(if loud { Level::Info } else { Level::Debug }, &said);
    Some((kind, Config::new(params)))
}

fn call(
    shared: &Shared,
    job: &Job,
    host: &TaskHost<'_>,
    operator: &Operator,
    config: &Config,
) -> Result<TaskResult, Box<Stop>> {
    let config_error = |error| Stop::error(OperatorError::from(error));
    let retry = if operator.retries {
        config.get("_retry");
        RetryPolicy::read(config.peek()).map_err(config_error)?.next(&job.task.state_params)
    } else {
        None
    };
    let local = local_values(job, config);
    let project_dir =
        if operator.reads_files { job.workspace.open().map_err(Stop::error)? } else { job.workspace.place() };
    let context = Context {
        task: &job.identity,
        config,
        local: &local,
        state: &job.task.state_params,
        project_dir,
        now: shared.clock.now(),
        host,
    };
    match (operator.run)(&context) {
        Ok(result) => {
            report_unused_options(job, host, config);
            Ok(result)
        }
        Err(error @ (OperatorError::Poll { .. } | OperatorError::Canceled)) => Err(Stop::error(error)),
        Err(error) => Err(Box::new(Stop { error, retry })),
    }
}

/// The task's own keys, not evaluated, without those that only the engine reads.
fn own_keys(job: &Job) -> Params {
    let mut keys = job.task.config.local.clone();
    keys.shift_remove("_check");
    keys.shift_remove("_error");
    keys
}

/// The task's own keys with their evaluated values.
fn local_values(job: &Job, config: &Config) -> Params {
    let evaluated = config.peek();
    own_keys(job)
        .into_iter()
        .map(|(key, _)| (key.clone(), evaluated.get(&key).cloned().unwrap_or_default()))
        .collect()
}

/// Says which of the task's own options nobody read: they may be misspelt.
fn report_unused_options(job: &Job, host: &TaskHost<'_>, config: &Config) {
    let is_operator = |key: &str| key == "_type" || key.ends_with('>');
    for key in own_keys(job).keys().filter(|key| !config.is_used(key) && !is_operator(key)) {
        if COMMON_OPTIONS.contains(&key.as_str()) {
            continue;
        }
        host.log(Level::Error, &format!("Parameter '{key}' is not used at task {}.", job.identity.full_name));
        let used = config.used_keys();
        let similar = similar(key, used.iter().map(String::as_str));
        if !similar.is_empty() {
            host.log(Level::Error, &format!("  > Did you mean [{}]?", similar.join(", ")));
        }
    }
}

fn report_failure(host: &TaskHost<'_>, job: &Job, error: &OperatorError) {
    let name = &job.identity.full_name;
    match error {
        OperatorError::Canceled => host.log(Level::Warn, &job.canceled()),
        OperatorError::Config(_) => {
            host.log(Level::Error, &format!("Configuration error at task {name}: {error}"));
        }
        OperatorError::Unexpected { message, .. } => {
            host.log(Level::Error, &format!("Task failed with unexpected error: {message}"));
        }
        OperatorError::Failed { .. } | OperatorError::Poll { .. } => {
            host.log(Level::Error, &format!("Task {name} failed.\n{error}"));
        }
    }
}

fn error_params(host: &TaskHost<'_>, error: OperatorError) -> Params {
    let message = host.masked(error.to_string());
    let stacktrace = match error {
        OperatorError::Failed { stacktrace, .. } => stacktrace.map(|text| host.masked(text)),
        OperatorError::Unexpected { .. } => Some(message.clone()),
        _ => None,
    };
    let mut params = Params::from_iter([("message".to_owned(), Value::from(message))]);
    if let Some(stacktrace) = stacktrace {
        params.insert("stacktrace".to_owned(), Value::from(stacktrace));
    }
    params
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> OperatorError {
    let said = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
    let message = said.unwrap_or_else(|| "unknown cause".to_owned());
    OperatorError::Unexpected { message: format!("The operator crashed: {message}"), kind: "panic" }
}

/// A command as Digdag writes it to its log: text as it is, nothing for null, `{key=value, ...}`, `[item, ...]`.
fn text_of(value: &Value) -> String {
    let joined = |items: Vec<String>| items.join(", ");
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Object(map) => {
            let entries = map.iter().map(|(key, value)| format!("{key}={}", text_of(value)));
            format!("{{{}}}", joined(entries.collect()))
        }
        Value::Array(items) => format!("[{}]", joined(items.iter().map(text_of).collect())),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}
