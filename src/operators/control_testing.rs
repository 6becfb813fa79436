//! What unit tests of the control operators run them in: a task whose surroundings a test sets, and a host that remembers.

use crate::confinement::Confinement;
use crate::logs::Level;
use crate::model::{
    AttemptId, Config, Params, ProjectId, SessionId, SessionTime, Settings, TaskId, TaskResult, Time,
    WorkflowId, Zone,
};
use crate::notifications::{Delivery, Details};
use crate::operators::context::{Context, Host, OperatorError, RequireRequest, Required, TaskIdentity};
use crate::operators::{Cancellation, find};
use chrono::{TimeZone, Utc};
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::Mutex;

/// One task and its host.
pub(crate) struct Fixture {
    pub config: Config,
    pub local: Params,
    pub state: Params,
    pub now: Time,
    pub host: FakeHost,
}

/// Answers from what the test put in and remembers what was asked.
#[derive(Default)]
pub(crate) struct FakeHost {
    pub settings: Settings,
    pub cancellation: Cancellation,
    pub output: Mutex<Vec<u8>>,
    pub logs: Mutex<Vec<(Level, String)>>,
    /// What `require` answers, first to last.
    pub required: Mutex<VecDeque<Required>>,
    pub requests: Mutex<Vec<RequireRequest>>,
    pub stored: Mutex<BTreeMap<String, (String, Time)>>,
    /// Messages, with what has become of them.
    pub notifications: Mutex<Vec<(String, Delivery)>>,
}

impl Fixture {
    /// A task with these evaluated parameters.
    pub(crate) fn new(config: Value) -> Self {
        Self {
            config: Config::new(object(config)),
            local: Params::new(),
            state: Params::new(),
            now: at(0),
            host: FakeHost::default(),
        }
    }

    /// A task with these keys of its own.
    pub(crate) fn local(local: Value) -> Self {
        Self { local: object(local.clone()), ..Self::new(local) }
    }

    pub(crate) fn setting(mut self, key: &str, value: &str) -> Self {
        self.host.settings.set(key, value);
        self
    }

    /// Runs the operator that the registry has under this name.
    pub(crate) fn run(&self, operator: &str) -> Result<TaskResult, OperatorError> {
        let task = TaskIdentity {
            full_name: "+wf+a".to_owned(),
            task_id: TaskId(2),
            attempt_id: AttemptId(7),
            session_id: SessionId(5),
            session_uuid: "0e7a4a3c-5a3f-4a8e-9a5e-0c6f3f1d2b11".to_owned(),
            session_time: session_time(),
            project_id: ProjectId(1),
            project_name: "shop".to_owned(),
            workflow_name: "wf".to_owned(),
            workflow_id: Some(WorkflowId(3)),
            revision: "r1".to_owned(),
            timezone: Zone::parse("Asia/Tokyo").unwrap(),
            retry_attempt_name: None,
            retry_count: 0,
        };
        let context = Context {
            task: &task,
            config: &self.config,
            local: &self.local,
            state: &self.state,
            project_dir: Path::new("/nowhere"),
            now: self.now,
            host: &self.host,
        };
        (find(operator).unwrap().run)(&context)
    }

    /// The text of the failure in which the operator must end.
    pub(crate) fn failure(&self, operator: &str) -> String {
        self.run(operator).unwrap_err().to_string()
    }

    /// The tasks that the operator generates, as JSON text.
    pub(crate) fn subtasks(&self, operator: &str) -> String {
        Value::Object(self.run(operator).unwrap().subtask_config).to_string()
    }

    /// Seconds until the operator wants to be run again, and what it wants to remember, as JSON text.
    pub(crate) fn poll(&self, operator: &str) -> (u64, String) {
        match self.run(operator) {
            Err(OperatorError::Poll { after, state }) => (after.as_secs(), Value::Object(state).to_string()),
            other => panic!("does not poll: {other:?}"),
        }
    }
}

impl Host for FakeHost {
    fn output(&self, bytes: &[u8]) {
        self.output.lock().unwrap().extend_from_slice(bytes);
    }

    fn log(&self, level: Level, message: &str) {
        self.logs.lock().unwrap().push((level, message.to_owned()));
    }

    fn secret(&self, _key: &str) -> Option<String> {
        None
    }

    fn template(&self, text: &str, _params: &Params) -> Result<String, OperatorError> {
        Ok(text.to_owned())
    }

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn cancellation(&self) -> &Cancellation {
        &self.cancellation
    }

    fn confinement(&self) -> Option<&Confinement> {
        None
    }

    fn require(&self, request: &RequireRequest) -> Result<Required, OperatorError> {
        self.requests.lock().unwrap().push(request.clone());
        Ok(self.required.lock().unwrap().pop_front().unwrap())
    }

    fn stored_params(&self, keys: &[String]) -> Result<Vec<Option<String>>, OperatorError> {
        let stored = self.stored.lock().unwrap();
        Ok(keys.iter().map(|key| stored.get(key).map(|(value, _)| value.clone())).collect())
    }

    fn store_params(&self, params: &[(String, String)], expires_at: Time) -> Result<(), OperatorError> {
        let entries = params.iter().map(|(key, value)| (key.clone(), (value.clone(), expires_at)));
        self.stored.lock().unwrap().extend(entries);
        Ok(())
    }

    fn log_command(&self) -> Option<String> {
        Some("dibble log 7".to_owned())
    }

    fn details(&self) -> Details {
        Details::default()
    }

    fn record_notification(&self, message: &str, _: &Params, delivery: &Delivery) {
        self.notifications.lock().unwrap().push((message.to_owned(), delivery.clone()));
    }
}

/// Milliseconds after the moment at which tests begin.
pub(crate) fn at(millis: i64) -> Time {
    Utc.with_ymd_and_hms(2024, 1, 2, 3, 4, 5).unwrap() + chrono::Duration::milliseconds(millis)
}

pub(crate) fn session_time() -> SessionTime {
    SessionTime::new(Utc.with_ymd_and_hms(2024, 1, 1, 15, 0, 0).unwrap())
}

pub(crate) fn object(value: Value) -> Params {
    match value {
        Value::Object(map) => map,
        other => panic!("not an object: {other}"),
    }
}
