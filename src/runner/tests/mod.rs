//! A service on a store of its own, and what its attempts come to.

mod alerts;
mod backfill;
mod free_disk;
mod service;
mod slots;

use super::{Observer, RunOptions, SecretFailure, SecretSource, Service, ServiceConfig, SlotSettings};
use crate::actions::read_log::{LogReader, LogSelection};
use crate::actions::start::{StartRequest, Started};
use crate::archive::{PackOptions, pack};
use crate::clock::Clock;
use crate::confinement::LimitSettings;
use crate::dig::load_workflow;
use crate::dig::yaml::IncludeError;
use crate::engine::Limits;
use crate::logs::{Level, LogRecord, MachineZone};
use crate::model::time::parse_iso;
use crate::model::{AttemptId, Params, ProjectId, SessionTime, Settings, Task, Time, WorkflowId};
use crate::store::attempts::{self, AttemptRow};
use crate::store::revisions::{self, NewRevision};
use crate::store::{Durability, Store, archives, projects, tasks, workflows};
use chrono::TimeDelta;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use tempfile::TempDir;

const NOW: &str = "2026-11-22T03:10:39Z";

/// A directory with a database, and the services that use it one after another.
struct Machine {
    directory: Arc<TempDir>,
    clock: Clock,
    options: RunOptions,
    max_attempts: u32,
}

/// A service, and what its log says.
struct Running {
    service: Service,
    heard: Arc<Heard>,
    /// It stays as long as this runs.
    _directory: Arc<TempDir>,
}

#[derive(Default)]
struct Heard {
    lines: Mutex<Vec<String>>,
    changed: Condvar,
}

/// How attempts are run in tests, of the server's kind.
pub(crate) fn test_options() -> RunOptions {
    RunOptions {
        dry_run: false,
        runs_tasks: true,
        show_params: false,
        max_task_threads: 4,
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
    }
}

struct NoSecrets;

impl Machine {
    fn new() -> Self {
        let options = test_options();
        let clock = Clock::stepped(at(NOW));
        Self { directory: Arc::new(TempDir::new().unwrap()), clock, options, max_attempts: 100 }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn start_up(&self) -> Running {
        let heard = Arc::new(Heard::default());
        let service = Service::start_up(ServiceConfig {
            store: Arc::new(Store::open(&self.path("dibble.db")).unwrap()),
            clock: self.clock.clone(),
            zone: MachineZone::utc(),
            settings: Settings::default(),
            options: self.options.clone(),
            raised: Arc::new(|| {}),
            observer: Arc::clone(&heard) as Arc<dyn Observer>,
            secrets: Arc::new(NoSecrets),
            default_params: Params::new(),
            limits: Limits::default(),
            max_attempts: self.max_attempts,
            max_scheduled_attempts: self.max_attempts,
            workspaces: self.path("workspaces"),
            on_end: Box::new(|| {}),
        });
        Running { service: service.unwrap(), heard, _directory: Arc::clone(&self.directory) }
    }
}

impl Running {
    /// Uploads a project with one workflow, `wf`.
    fn push(&self, project: &str, dig: &str) -> WorkflowId {
        self.push_all(project, &[("wf", dig)])[0]
    }

    fn push_all(&self, project: &str, texts: &[(&str, &str)]) -> Vec<WorkflowId> {
        let files = TempDir::new().unwrap();
        for (name, text) in texts {
            fs::write(files.path().join(format!("{name}.dig")), text).unwrap();
        }
        let mut gzip = vec![];
        let options = PackOptions { copy_outgoing_symlinks: false, except: None };
        pack(files.path(), &options, &mut gzip, &mut |_| {}).unwrap();
        let now = self.service.clock().now();
        let pushed = self.service.store().write(Durability::Full, |w| {
            let project = projects::find_or_insert(w, project, now)?.id;
            let name = revisions::latest(w, project)?.map_or(1, |revision| revision.id.0 + 1).to_string();
            let default_params = &Params::new();
            let revision = NewRevision { project, name: &name, default_params, digest: "", directory: None };
            let revision = revisions::insert(w, &revision, now)?;
            archives::insert(w, revision, [0; 16], &gzip)?;
            let insert = |(name, text): &(&str, &str)| {
                let text = text.as_bytes().to_vec();
                let loaded = load_workflow(name, name, text, &|_| Err(IncludeError::NotFound), &[]).unwrap();
                let definition = loaded.definition;
                workflows::insert(w, revision, name, &definition.timezone, &definition.config)
            };
            texts.iter().map(insert).collect()
        });
        pushed.unwrap()
    }

    fn start(&self, workflow: WorkflowId, time: &str) -> AttemptRow {
        match self.service.start(&request(workflow, time)).unwrap() {
            Started::New(row) => row,
            Started::Exists(row) => panic!("attempt {} is there already", row.id),
        }
    }

    fn row(&self, id: AttemptId) -> AttemptRow {
        self.find(id).unwrap()
    }

    fn find(&self, id: AttemptId) -> Option<AttemptRow> {
        self.service.store().read(|r| attempts::by_id(r, id)).unwrap()
    }

    fn tasks(&self, id: AttemptId) -> Vec<Task> {
        self.service.store().read(|r| tasks::list(r, id)).unwrap()
    }

    /// What its tasks have written.
    fn log(&self, attempt: AttemptId) -> String {
        let mut text = vec![];
        let mut log = LogReader::new(LogSelection { attempt, prefix: "", least: None });
        let mut sink = |piece: &[u8]| {
            text.extend_from_slice(piece);
            ControlFlow::Continue(())
        };
        assert!(log.read(self.service.store(), true, &mut sink).unwrap().is_continue());
        String::from_utf8(text).unwrap()
    }

    /// Waits until an attempt has ended, and tells how: `success`, `error` or `killed`, and the states of its tasks.
    fn outcome(&self, id: AttemptId) -> String {
        self.heard.wait_until(|_| self.find(id).is_some_and(|row| row.done));
        let row = self.row(id);
        let status = match (row.success, row.cancel_requested) {
            (true, _) => "success",
            (false, true) => "killed",
            (false, false) => "error",
        };
        let shown = |task: &Task| format!("{} {}", task.full_name, task.state);
        let tasks: Vec<String> = self.tasks(id).iter().map(shown).collect();
        format!("{status}: {}", tasks.join(", "))
    }
}

impl Heard {
    /// Waits for something that changes with the state of a task or a line of the log.
    fn wait_until(&self, mut condition: impl FnMut(&[String]) -> bool) {
        let mut lines = self.lines.lock().unwrap();
        while !condition(&lines) {
            let (guard, waited) =
                self.changed.wait_timeout(lines, std::time::Duration::from_secs(60)).unwrap();
            assert!(!waited.timed_out(), "{guard:?}");
            lines = guard;
        }
    }
}

impl Observer for Heard {
    fn log(&self, record: &LogRecord<'_>) {
        self.lines.lock().unwrap().push(record.message.to_owned());
        self.changed.notify_all();
    }

    fn output(&self, _: &str, _: &[u8]) {}

    fn started(&self, _: &Task) {}

    fn changed(&self, _: &Task) {
        let _lines = self.lines.lock().unwrap();
        self.changed.notify_all();
    }
}

impl SecretSource for NoSecrets {
    fn secret(&self, _: ProjectId, _: &str) -> Result<Option<String>, SecretFailure> {
        Ok(None)
    }

    fn values(&self, _: ProjectId) -> Vec<String> {
        Vec::new()
    }
}

fn at(text: &str) -> Time {
    parse_iso(text).unwrap()
}

fn request(workflow: WorkflowId, time: &str) -> StartRequest {
    let session_time = SessionTime::new(at(time));
    StartRequest { workflow, session_time, name: String::new(), resume: None, params: Params::new() }
}

/// Shell that waits until a file is there.
fn wait_for(file: &Path) -> String {
    format!("while [ ! -e {} ]; do sleep 0.01; done", file.display())
}

fn seconds(count: i64) -> Option<TimeDelta> {
    Some(TimeDelta::seconds(count))
}
