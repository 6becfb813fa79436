//! A server without sockets: requests go to the router as a listener would hand them over.

use super::app::ApiSettings;
use super::{App, Body, Method, Request, Response, Router, Target, User, api};
use crate::clock::Clock;
use crate::confinement::LimitSettings;
use crate::crypto::Vault;
use crate::engine::Limits;
use crate::logs::{Level, LogRecord, MachineZone};
use crate::model::{Params, ProjectId, Settings, Task, WorkflowId, Zone};
use crate::runner::{
    Observer, RunOptions, SecretFailure, SecretSource, Service, ServiceConfig, SlotSettings,
};
use crate::store::revisions::NewRevision;
use crate::store::testing::{at, object};
use crate::store::{Durability, Store, projects, revisions, workflows};
use serde_json::Value;
use std::borrow::Cow;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tempfile::TempDir;

/// The resources on an empty database in memory. It is 1970-01-01T01:00:00Z.
pub(crate) struct TestServer {
    app: App,
    router: Router<App>,
    schedule_changes: Arc<AtomicU32>,
    _workspaces: TempDir,
}

struct Deaf;

struct NoSecrets;

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(Cow<'static, str>, String)>,
    pub(crate) body: Vec<u8>,
    /// As it is told before the body is sent.
    pub(crate) length: Option<u64>,
}

impl TestServer {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// A server whose settings are changed.
    pub(crate) fn with(change: impl FnOnce(&mut ApiSettings)) -> Self {
        let mut settings = ApiSettings::default();
        change(&mut settings);
        let workspaces = TempDir::new().unwrap();
        let service = Service::start_up(ServiceConfig {
            store: Arc::new(Store::memory().unwrap()),
            clock: Clock::stepped(at(3600)),
            zone: MachineZone::utc(),
            settings: Settings::default(),
            options: RunOptions {
                dry_run: false,
                runs_tasks: true,
                show_params: false,
                max_task_threads: 2,
                slots: SlotSettings::default(),
                attempt_limits: LimitSettings::default(),
                free_disk: 0,
                log_level: Level::Info,
                task_log_dir: None,
                agent: "7@host".to_owned(),
                retries_have_names: true,
                log_command: Some("dibble log".to_owned()),
                max_log_size: u64::MAX,
                attempt_ttl: None,
                task_ttl: None,
                own_variables: &[],
                overlong_factor: None,
            },
            raised: Arc::new(|| {}),
            observer: Arc::new(Deaf),
            secrets: Arc::new(NoSecrets),
            default_params: Params::new(),
            limits: Limits::default(),
            max_attempts: 100,
            max_scheduled_attempts: 1000,
            workspaces: workspaces.path().to_owned(),
            on_end: Box::new(|| {}),
        });
        let vault = Vault::new(&Settings::default(), None).unwrap();
        let schedule_changes = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&schedule_changes);
        let app = App::new(Arc::new(service.unwrap()), Arc::new(vault), settings);
        let app = app.with_listener(move || {
            count.fetch_add(1, Relaxed);
        });
        Self { app, router: api::router(), schedule_changes, _workspaces: workspaces }
    }

    pub(crate) fn store(&self) -> &Store {
        self.app.store()
    }

    /// How often schedules were said to have changed.
    pub(crate) fn schedule_changes(&self) -> u32 {
        self.schedule_changes.load(Relaxed)
    }

    /// Registers a workflow in a revision of its own.
    pub(crate) fn define(&self, project: &str, name: &str, zone: &str, config: Value) -> WorkflowId {
        let write = self.store().write(Durability::Normal, |w| {
            let project = projects::find_or_insert(w, project, at(1))?.id;
            let number = revisions::latest(w, project)?.map_or(1, |revision| revision.id.0 + 1).to_string();
            let default_params = &Params::new();
            let revision =
                NewRevision { project, name: &number, default_params, digest: "d", directory: None };
            let revision = revisions::insert(w, &revision, at(2))?;
            workflows::insert(w, revision, name, &Zone::parse(zone).unwrap(), &object(config))
        });
        write.unwrap()
    }

    /// Status and body of what is at a path.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        self.send("GET", path, None).text()
    }

    /// Status and body of an answer to a document; to none when it is null.
    pub(crate) fn send_json(&self, method: &str, path: &str, document: &Value) -> (u16, String) {
        let body = if document.is_null() { String::new() } else { document.to_string() };
        self.send(method, path, Some(("application/json", body.as_bytes()))).text()
    }

    /// Sends a request, with a body of some type or without any.
    pub(crate) fn send(&self, method: &str, path: &str, body: Option<(&str, &[u8])>) -> Answer {
        let mut request = Request::new(Method::parse(method), Target::parse(path).unwrap());
        if let Some((content_type, body)) = body {
            request.headers.push("Content-Type", content_type);
            request.content_length = Some(body.len() as u64);
            request.body = body.to_vec();
        }
        self.answer(&request)
    }

    /// Status and body of what an admin finds at a path of the admin listener.
    pub(crate) fn get_as_admin(&self, path: &str) -> (u16, String) {
        let mut request = Request::new(Method::Get, Target::parse(path).unwrap());
        request.is_admin_listener = true;
        request.user = User { name: None, is_admin: true };
        self.answer(&request).text()
    }

    pub(crate) fn answer(&self, request: &Request) -> Answer {
        let response = Response::from(self.router.answer(&self.app, request));
        let length = response.length();
        let body = match response.body {
            Body::Empty => vec![],
            Body::Bytes(bytes) => bytes,
            Body::Stream(mut stream, _) => {
                let mut bytes = vec![];
                stream.read_to_end(&mut bytes).unwrap();
                bytes
            }
        };
        Answer { status: response.status, headers: response.headers, body, length }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.app.service().drain(Duration::from_secs(10));
    }
}

impl Observer for Deaf {
    fn log(&self, _: &LogRecord<'_>) {}

    fn output(&self, _: &str, _: &[u8]) {}

    fn started(&self, _: &Task) {}

    fn changed(&self, _: &Task) {}
}

impl SecretSource for NoSecrets {
    fn secret(&self, _: ProjectId, _: &str) -> Result<Option<String>, SecretFailure> {
        Ok(None)
    }

    fn values(&self, _: ProjectId) -> Vec<String> {
        Vec::new()
    }
}

impl Answer {
    /// The header of a name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Status and body.
    pub(crate) fn text(self) -> (u16, String) {
        (self.status, String::from_utf8(self.body).unwrap())
    }
}

/// Status and body of an error.
pub(crate) fn error(status: u16, message: &str) -> (u16, String) {
    (status, serde_json::json!({ "message": message, "status": status }).to_string())
}
