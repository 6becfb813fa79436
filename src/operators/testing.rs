//! A task for tests of operators: parameters, secrets, a project directory, and a record of what the operator did.

use super::context::{RequireRequest, Required};
use super::{Cancellation, Context, Host, OperatorError, TaskIdentity};
use crate::confinement::Confinement;
use crate::logs::Level;
use crate::model::{
    AttemptId, Config, Params, ProjectId, SessionId, SessionTime, Settings, TaskId, Time, Zone,
};
use crate::notifications::{Delivery, Details};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Condvar, Mutex};
use tempfile::TempDir;

/// A task that can be given to an operator.
pub(crate) struct Task {
    config: Mutex<Config>,
    local: Params,
    dir: TempDir,
    identity: TaskIdentity,
    host: FakeHost,
}

#[derive(Default)]
struct FakeHost {
    secrets: BTreeMap<String, String>,
    settings: Settings,
    cancellation: Cancellation,
    confinement: Option<Confinement>,
    record: Mutex<Record>,
    more_output: Condvar,
    keep_output: bool,
}

#[derive(Default)]
struct Record {
    output: Vec<u8>,
    total: usize,
    largest_piece: usize,
    log: Vec<String>,
}

impl Task {
    /// A task with these merged parameters and no keys of its own.
    pub(crate) fn new(params: Value) -> Self {
        Self {
            config: Mutex::new(Config::new(object(params))),
            local: Params::new(),
            dir: tempfile::Builder::new().prefix("project").tempdir().unwrap(),
            identity: identity(),
            host: FakeHost { keep_output: true, ..FakeHost::default() },
        }
    }

    /// Gives the task keys of its own (only `local` knows of them).
    pub(crate) fn local(mut self, local: Value) -> Self {
        self.local = object(local);
        self
    }

    pub(crate) fn secret(mut self, key: &str, value: &str) -> Self {
        self.host.secrets.insert(key.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn confined(mut self, confinement: Confinement) -> Self {
        self.host.confinement = Some(confinement);
        self
    }

    /// Writes a file of the project.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        let path = self.dir().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// Writes a program into the project. Another process copies it into place: while this one had it open for writing, a
    /// command that another test starts at that moment would inherit it, and running it would fail as busy.
    pub(crate) fn program(self, name: &str, text: &str) -> Self {
        let draft = format!("{name}.draft");
        let task = self.file(&draft, text);
        let (from, to) = (task.dir().join(draft), task.dir().join(name));
        fs::set_permissions(&from, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(Command::new("cp").arg(&from).arg(&to).status().unwrap().success());
        fs::remove_file(from).unwrap();
        task
    }

    /// Counts output instead of keeping it.
    pub(crate) fn forget_output(mut self) -> Self {
        self.host.keep_output = false;
        self
    }

    /// The project's directory, without links on the way.
    pub(crate) fn dir(&self) -> PathBuf {
        self.dir.path().canonicalize().unwrap()
    }

    /// Every file and directory of the project, by name, as they are once the run has ended.
    pub(crate) fn files(&self) -> Vec<String> {
        super::remove_unused_dirs(&self.dir());
        let mut names = Vec::new();
        collect_files(self.dir.path(), "", &mut names);
        names.sort();
        names
    }

    pub(crate) fn with<T>(&self, f: impl FnOnce(&Context<'_>) -> T) -> T {
        f(&Context {
            task: &self.identity,
            config: &self.config.lock().unwrap(),
            local: &self.local,
            state: &Params::new(),
            project_dir: &self.dir(),
            now: Time::UNIX_EPOCH,
            host: &self.host,
        })
    }

    /// Whether an operator has read the parameter.
    pub(crate) fn is_used(&self, key: &str) -> bool {
        self.config.lock().unwrap().is_used(key)
    }

    pub(crate) fn cancellation(&self) -> &Cancellation {
        &self.host.cancellation
    }

    /// The output so far. What is not UTF-8 is replaced.
    pub(crate) fn output(&self) -> String {
        String::from_utf8_lossy(&self.output_bytes()).into_owned()
    }

    pub(crate) fn output_bytes(&self) -> Vec<u8> {
        self.host.record.lock().unwrap().output.clone()
    }

    /// How many bytes were put out, and how many in the largest piece.
    pub(crate) fn output_sizes(&self) -> (usize, usize) {
        let record = self.host.record.lock().unwrap();
        (record.total, record.largest_piece)
    }

    /// Waits until the output contains a text.
    pub(crate) fn wait_for_output(&self, text: &str) {
        let record = self.host.record.lock().unwrap();
        let missing = |record: &mut Record| !String::from_utf8_lossy(&record.output).contains(text);
        drop(self.host.more_output.wait_while(record, missing).unwrap());
    }

    /// The log: `Info message`.
    pub(crate) fn log(&self) -> Vec<String> {
        self.host.record.lock().unwrap().log.clone()
    }
}

impl Host for FakeHost {
    fn output(&self, bytes: &[u8]) {
        let mut record = self.record.lock().unwrap();
        record.total += bytes.len();
        record.largest_piece = record.largest_piece.max(bytes.len());
        if self.keep_output {
            record.output.extend_from_slice(bytes);
        }
        self.more_output.notify_all();
    }

    fn log(&self, level: Level, message: &str) {
        self.record.lock().unwrap().log.push(format!("{level:?} {message}"));
    }

    fn secret(&self, key: &str) -> Option<String> {
        self.secrets.get(key).cloned()
    }

    /// Knows top-level names only.
    fn template(&self, text: &str, params: &Params) -> Result<String, OperatorError> {
        let mut text = text.to_owned();
        for (name, value) in params {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            text = text.replace(&format!("${{{name}}}"), &value);
        }
        Ok(text)
    }

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn cancellation(&self) -> &Cancellation {
        &self.cancellation
    }

    fn confinement(&self) -> Option<&Confinement> {
        self.confinement.as_ref()
    }

    fn require(&self, _: &RequireRequest) -> Result<Required, OperatorError> {
        Ok(Required::NotFound)
    }

    fn stored_params(&self, keys: &[String]) -> Result<Vec<Option<String>>, OperatorError> {
        Ok(vec![None; keys.len()])
    }

    fn store_params(&self, _: &[(String, String)], _: Time) -> Result<(), OperatorError> {
        Ok(())
    }

    fn log_command(&self) -> Option<String> {
        None
    }

    fn details(&self) -> Details {
        unreachable!("only `notify>` tells them");
    }

    fn record_notification(&self, _: &str, _: &Params, _: &Delivery) {
        unreachable!("only `notify>` sends notifications");
    }
}

fn object(value: Value) -> Params {
    match value {
        Value::Object(map) => map,
        other => panic!("not an object: {other}"),
    }
}

fn identity() -> TaskIdentity {
    TaskIdentity {
        full_name: "+wf+a".to_owned(),
        task_id: TaskId(4),
        attempt_id: AttemptId(3),
        session_id: SessionId(2),
        session_uuid: "b4c6ba3d-8b8b-4a5e-8c9e-0c5e8d3bb1f1".to_owned(),
        session_time: SessionTime::new(Time::UNIX_EPOCH),
        project_id: ProjectId(1),
        project_name: "default".to_owned(),
        workflow_id: None,
        workflow_name: "wf".to_owned(),
        revision: "r1".to_owned(),
        timezone: Zone::utc(),
        retry_attempt_name: None,
        retry_count: 0,
    }
}

fn collect_files(dir: &Path, prefix: &str, names: &mut Vec<String>) {
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type().unwrap().is_dir() {
            collect_files(&entry.path(), &format!("{name}/"), names);
        }
        names.push(name);
    }
}
