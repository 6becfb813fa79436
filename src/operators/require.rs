//! `require>`: has another workflow run for the same session time, or waits for its attempt that is there already.
//!
//! Canceling the attempt does not cancel the one that it started.

use crate::model::config::{as_int, as_string, mismatch};
use crate::model::time::parse_iso;
use crate::model::{AttemptId, Config, ConfigError, Params, ProjectId, SessionId, SessionTime, TaskResult};
use crate::operators::context::{Context, OperatorError, RequireRequest, Required, RequiredProject};
use serde_json::Value;
use std::time::Duration;
use uuid::Uuid;

/// No more seconds than this between two looks at the other attempt.
const LONGEST_INTERVAL: u64 = 10;

// State parameters. They are what Digdag remembers, and the API shows them.
const KICKED: &str = "require_kicked";
const SESSION: &str = "target_session_id";
const ATTEMPT: &str = "target_attempt_id";
const FINISHED: &str = "task_finish_success";
const RERUN_NAME: &str = "rerun_on_retry_attempt_name";
const RETRY: &str = "retry";

pub(crate) fn run(ctx: &Context<'_>) -> Result<TaskResult, OperatorError> {
    let options = Options::read(ctx)?;
    let state = Config::new(ctx.state.clone());
    // Read in the last run, too: an option that nobody reads is reported as a mistake.
    let request = options.request(ctx, state.string(RERUN_NAME)?)?;
    if let Some(success) = state.bool(FINISHED)? {
        return finish(&state, success);
    }
    match ctx.host.require(&request)? {
        Required::Started { session, attempt } => {
            let mut state = ctx.state.clone();
            state.insert(KICKED.to_owned(), true.into());
            Err(poll(with_target(state, session, attempt), None))
        }
        Required::Exists { session, attempt, done: false, .. } => {
            Err(poll(with_target(ctx.state.clone(), session, attempt), None))
        }
        Required::Exists { session, attempt, done: true, success } => {
            let ours = state.bool_or(KICKED, false)?;
            if !ours && options.rerun_on.applies(success) {
                // A name that nobody has used makes the next run start a new attempt.
                let mut state = ctx.state.clone();
                state.insert(RERUN_NAME.to_owned(), Uuid::new_v4().to_string().into());
                return Err(poll(state, None));
            }
            let mut state = with_target(ctx.state.clone(), session, attempt);
            state.insert(FINISHED.to_owned(), (success || options.ignore_failure).into());
            Err(poll(state, Some(1)))
        }
        Required::NotNow => Err(poll(ctx.state.clone(), None)),
        Required::NotFound => Err(OperatorError::failed(format!(
            "Dependent workflow does not exist. {}, workflowName:{}",
            describe(&request.project),
            request.workflow
        ))),
    }
}

struct Options {
    workflow: String,
    session_time: SessionTime,
    ignore_failure: bool,
    rerun_on: RerunOn,
    retry_attempt_name: Option<String>,
    params: Params,
}

impl Options {
    fn read(ctx: &Context<'_>) -> Result<Self, ConfigError> {
        let config = ctx.config;
        Ok(Self {
            workflow: config.required_string("_command")?,
            session_time: read_session_time(ctx)?,
            ignore_failure: config.bool_or("ignore_failure", false)?,
            rerun_on: RerunOn::read(config)?,
            retry_attempt_name: read_local(ctx, "retry_attempt_name", as_string)?,
            params: config.object("params")?,
        })
    }

    fn request(&self, ctx: &Context<'_>, rerun_name: Option<String>) -> Result<RequireRequest, ConfigError> {
        let name = rerun_name.or_else(|| self.retry_attempt_name.clone());
        Ok(RequireRequest {
            project: read_project(ctx)?,
            workflow: self.workflow.clone(),
            session_time: self.session_time,
            attempt_name: name.unwrap_or_default(),
            params: self.params.clone(),
        })
    }
}

/// Which ended attempts of others are not good enough.
#[derive(Clone, Copy)]
enum RerunOn {
    None,
    Failed,
    All,
}

impl RerunOn {
    fn read(config: &Config) -> Result<Self, ConfigError> {
        match config.string("rerun_on")?.as_deref() {
            None | Some("none") => Ok(Self::None),
            Some("failed") => Ok(Self::Failed),
            Some("all") => Ok(Self::All),
            Some(other) => Err(ConfigError::Invalid(format!("invalid rerun_on option:{other}"))),
        }
    }

    fn applies(self, success: bool) -> bool {
        match self {
            Self::None => false,
            Self::Failed => !success,
            Self::All => true,
        }
    }
}

/// The option, or the session time of this attempt, which is among the parameters; that of the task is the last resort.
fn read_session_time(ctx: &Context<'_>) -> Result<SessionTime, ConfigError> {
    let key = "session_time";
    let Some(value) = ctx.config.get(key) else { return Ok(ctx.task.session_time) };
    let time = value.as_str().and_then(parse_iso);
    time.map(SessionTime::new).ok_or_else(|| mismatch(key, "time with zone (2016-01-30T00:00:00Z)", value))
}

fn read_project(ctx: &Context<'_>) -> Result<RequiredProject, ConfigError> {
    let id = read_local(ctx, "project_id", as_int)?;
    let name = read_local(ctx, "project_name", as_string)?;
    match (id, name) {
        (Some(_), Some(_)) => {
            Err(ConfigError::Invalid("Both project_id and project_name can't be set".to_owned()))
        }
        (_, Some(name)) => Ok(RequiredProject::Name(name)),
        (Some(id), None) => Ok(RequiredProject::Id(ProjectId(id))),
        (None, None) => Ok(RequiredProject::Id(ctx.task.project_id)),
    }
}

/// An option that counts only as a key of the task itself: parameters of the same name are about this attempt.
fn read_local<T>(
    ctx: &Context<'_>,
    key: &str,
    read: fn(&str, &Value) -> Result<T, ConfigError>,
) -> Result<Option<T>, ConfigError> {
    ctx.config.has(key); // counts it as read
    ctx.local.get(key).filter(|value| !value.is_null()).map(|value| read(key, value)).transpose()
}

/// Ends the task as an earlier run found out.
fn finish(state: &Config, success: bool) -> Result<TaskResult, OperatorError> {
    if success {
        return Ok(TaskResult::default());
    }
    let (session, attempt) = (state.int(SESSION)?.unwrap_or(0), state.int(ATTEMPT)?.unwrap_or(0));
    Err(OperatorError::failed(format!(
        "Dependent workflow failed. Session id: {session}, attempt id: {attempt}"
    )))
}

fn with_target(mut state: Params, session: SessionId, attempt: AttemptId) -> Params {
    state.insert(SESSION.to_owned(), session.0.into());
    state.insert(ATTEMPT.to_owned(), attempt.0.into());
    state
}

/// Comes back after `seconds`, or after 1, 2, 4, 8, 10, 10 … of them.
fn poll(mut state: Params, seconds: Option<u64>) -> OperatorError {
    let round = state.get(RETRY).and_then(Value::as_u64).unwrap_or(0);
    state.insert(RETRY.to_owned(), round.saturating_add(1).into());
    let seconds = seconds.unwrap_or_else(|| (1 << round.min(4)).min(LONGEST_INTERVAL));
    OperatorError::Poll { after: Duration::from_secs(seconds), state }
}

fn describe(project: &RequiredProject) -> String {
    match project {
        RequiredProject::Id(id) => format!("projectId: {id}"),
        RequiredProject::Name(name) => format!("projectName: {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operators::control_testing::{Fixture, object, session_time};
    use serde_json::json;

    const STARTED: Required = Required::Started { session: SessionId(8), attempt: AttemptId(13) };
    const RUNNING: Required = ended_or_not(false, false);
    const SUCCEEDED: Required = ended_or_not(true, true);
    const FAILED: Required = ended_or_not(true, false);

    const fn ended_or_not(done: bool, success: bool) -> Required {
        Required::Exists { session: SessionId(8), attempt: AttemptId(13), done, success }
    }

    /// A task with these options, whose host answers once.
    fn task(options: Value, answer: Required) -> Fixture {
        let mut config = object(json!({"_command": "child", "project_id": 1}));
        config.extend(object(options.clone()));
        let task = Fixture { local: object(options), ..Fixture::new(Value::Object(config)) };
        task.host.required.lock().unwrap().push_back(answer);
        task
    }

    fn with_state(task: Fixture, state: &str) -> Fixture {
        Fixture { state: serde_json::from_str(state).unwrap(), ..task }
    }

    fn request_of(task: &Fixture) -> RequireRequest {
        task.run("require").unwrap_err();
        task.host.requests.lock().unwrap()[0].clone()
    }

    #[test]
    fn the_same_session_of_the_same_project_is_the_default() {
        let expected = RequireRequest {
            project: RequiredProject::Id(ProjectId(1)),
            workflow: "child".to_owned(),
            session_time: session_time(),
            attempt_name: String::new(),
            params: Params::new(),
        };
        assert_eq!(request_of(&task(json!({}), STARTED)), expected);
    }

    #[test]
    fn options_choose_another_one() {
        let options = json!({
            "session_time": "2024-05-05T00:00:00+09:00",
            "project_id": "4",
            "retry_attempt_name": "again",
            "params": {"p": 1},
        });
        let expected = RequireRequest {
            project: RequiredProject::Id(ProjectId(4)),
            workflow: "child".to_owned(),
            session_time: SessionTime::new(parse_iso("2024-05-04T15:00:00Z").unwrap()),
            attempt_name: "again".to_owned(),
            params: object(json!({"p": 1})),
        };
        let first = task(options, STARTED);
        assert_eq!(request_of(&first), expected);
        assert!(first.config.is_used("retry_attempt_name") && first.config.is_used("project_name"));
        let named = request_of(&task(json!({"project_name": "p2"}), STARTED));
        assert_eq!(named.project, RequiredProject::Name("p2".to_owned()));
    }

    #[test]
    fn inherited_parameters_do_not_choose_another_one() {
        let inherited = json!({"_command": "child", "project_name": "p2", "retry_attempt_name": "again"});
        let task = Fixture::new(inherited);
        task.host.required.lock().unwrap().push_back(STARTED);
        let request = request_of(&task);
        assert_eq!(request.project, RequiredProject::Id(ProjectId(1)));
        assert_eq!(request.attempt_name, "");
    }

    #[test]
    fn looks_get_rarer() {
        let polls = |state: &str, answer| with_state(task(json!({}), answer), state).poll("require");
        assert_eq!(
            polls("{}", STARTED),
            (
                1,
                r#"{"require_kicked":true,"target_session_id":8,"target_attempt_id":13,"retry":1}"#
                    .to_owned()
            )
        );
        for (round, seconds) in [(1, 2), (2, 4), (3, 8), (4, 10), (5, 10), (1_000_000, 10)] {
            let (after, state) = polls(&format!("{{\"retry\":{round}}}"), RUNNING);
            assert_eq!(after, seconds);
            let next = round + 1;
            assert_eq!(state, format!(r#"{{"retry":{next},"target_session_id":8,"target_attempt_id":13}}"#));
        }
    }

    #[test]
    fn an_ended_attempt_decides_in_the_next_run() {
        let kicked = r#"{"require_kicked":true,"retry":2}"#;
        for (options, answer, state, success) in [
            (json!({}), SUCCEEDED, "{}", true),
            (json!({}), FAILED, "{}", false),
            (json!({"ignore_failure": true}), FAILED, "{}", true),
            (json!({"rerun_on": "none"}), FAILED, "{}", false),
            (json!({"rerun_on": "failed"}), SUCCEEDED, "{}", true),
            (json!({"rerun_on": "failed"}), FAILED, kicked, false),
            (json!({"rerun_on": "all"}), SUCCEEDED, kicked, true),
        ] {
            let (after, state) = with_state(task(options, answer), state).poll("require");
            assert_eq!(after, 1);
            let last = with_state(task(json!({}), STARTED), &state);
            if success {
                assert_eq!(last.run("require").unwrap(), TaskResult::default());
            } else {
                let message = "Dependent workflow failed. Session id: 8, attempt id: 13";
                assert_eq!(last.failure("require"), message);
            }
            assert!(last.host.requests.lock().unwrap().is_empty());
        }
    }

    #[test]
    fn the_last_run_reads_all_options() {
        let options = json!({"project_name": "p2", "retry_attempt_name": "again", "rerun_on": "all"});
        let last = with_state(task(options, STARTED), r#"{"task_finish_success":true}"#);
        assert_eq!(last.run("require").unwrap(), TaskResult::default());
        for key in ["project_name", "project_id", "retry_attempt_name", "rerun_on"] {
            assert!(last.config.is_used(key), "{key}");
        }
        assert!(last.host.requests.lock().unwrap().is_empty());
    }

    #[test]
    fn attempts_of_others_are_run_again_on_request() {
        for (rerun_on, answer) in [("failed", FAILED), ("all", FAILED), ("all", SUCCEEDED)] {
            let options = json!({"rerun_on": rerun_on, "retry_attempt_name": "named"});
            let (after, state) = task(options.clone(), answer).poll("require");
            assert_eq!(after, 1);
            let state: Params = serde_json::from_str(&state).unwrap();
            let name = state["rerun_on_retry_attempt_name"].as_str().unwrap().to_owned();
            assert!(Uuid::parse_str(&name).is_ok());
            assert_eq!(state.keys().collect::<Vec<_>>(), ["rerun_on_retry_attempt_name", "retry"]);
            let again = Fixture { state, ..task(options, STARTED) };
            assert_eq!(request_of(&again).attempt_name, name);
        }
    }

    #[test]
    fn missing_workflows_are_named() {
        for (options, project) in [
            (json!({}), "projectId: 1"),
            (json!({"project_id": 9}), "projectId: 9"),
            (json!({"project_name": "p2"}), "projectName: p2"),
        ] {
            assert_eq!(
                task(options, Required::NotFound).failure("require"),
                format!("Dependent workflow does not exist. {project}, workflowName:child")
            );
        }
    }

    #[test]
    fn options_are_checked() {
        for (options, message) in [
            (json!({"_command": null}), "Parameter '_command' is required but null"),
            (json!({"rerun_on": "some"}), "invalid rerun_on option:some"),
            (json!({"project_id": 2, "project_name": "p2"}), "Both project_id and project_name can't be set"),
            (json!({"params": [1]}), "Parameter 'params' must be an object"),
            (
                json!({"session_time": "2024-05-05"}),
                "Expected time with zone (2016-01-30T00:00:00Z) for key 'session_time' but got \"2024-05-05\" (string)",
            ),
            (
                json!({"ignore_failure": "yes"}),
                "Expected 'true' or 'false' for key 'ignore_failure' but got \"yes\" (string)",
            ),
            (
                json!({"project_id": "x"}),
                "Expected integer (long) type for key 'project_id' but got \"x\" (string)",
            ),
        ] {
            assert_eq!(task(options, STARTED).failure("require"), format!("{message} (config)"));
        }
    }
}
