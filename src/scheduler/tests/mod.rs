//! Schedules in a store, attended to at the times that the tests choose, across restarts.

mod clock_set;
mod late;
mod overlap;
mod simulation;
mod thread;

use super::agenda::{Agenda, Health};
use super::catch_up::CatchUpSettings;
use super::known::KnownWorkflows;
use super::settings::SchedulerSettings;
use super::starter::SessionStarter;
use super::thread::Scheduler;
use super::unbroken::Unbroken;
use super::waiting::Waiting;
use crate::actions::accept::Start;
use crate::actions::schedules::disable;
use crate::actions::start::{StartError, Started};
use crate::clock::Clock;
use crate::dig::schedule::{Schedule, ScheduleTime};
use crate::engine::GenerateError;
use crate::logs::LogRecord;
use crate::model::time::{iso, parse_iso};
use crate::model::{AttemptId, Params, ScheduleId, SessionTime, Settings, Task, Time, WorkflowId, Zone};
use crate::runner::Observer;
use crate::store::attempts::{AttemptRow, Inserted, NewAttempt, Scope};
use crate::store::revisions::{self, NewRevision};
use crate::store::{
    Durability, Page, Store, StoreError, Writer, attempts, dump, projects, schedules, sessions,
    skipped_sessions, testing, workflows,
};
use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How long something may take on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts attempts that have no tasks.
struct FakeStarter {
    store: Arc<Store>,
    clock: Clock,
    /// Attempts end as soon as they have begun.
    instantly: bool,
    /// How many attempts may run.
    limit: Mutex<usize>,
    /// Instead of starting.
    failures: Mutex<Vec<StartError>>,
    /// Instead of telling that it was started.
    lost: Mutex<Option<StoreError>>,
    /// Whose start is a mistake of the program.
    panics: Mutex<Option<WorkflowId>>,
    /// What somebody else does just before.
    before: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    /// How many transactions there were.
    batches: Mutex<Vec<usize>>,
    /// Started ones whose tasks have not been let begin.
    held: AtomicUsize,
    started: Sender<AttemptId>,
}

impl SessionStarter for FakeStarter {
    fn room(&self) -> Result<usize, StoreError> {
        let unfinished = self.store.read(attempts::count_unfinished)?;
        Ok(self.limit.lock().unwrap().saturating_sub(unfinished as usize))
    }

    fn start_all(&self, starts: &[Start<'_>]) -> Result<Vec<Result<Started, StartError>>, StoreError> {
        if let Some(before) = self.before.lock().unwrap().take() {
            before();
        }
        let panics = *self.panics.lock().unwrap();
        self.batches.lock().unwrap().push(starts.len());
        let insert = |w: &Writer, start: &Start<'_>| {
            assert!(panics != Some(start.request.workflow), "as expected");
            if let Some(failure) = self.failures.lock().unwrap().pop() {
                return Err(failure);
            }
            let new = NewAttempt {
                workflow: start.request.workflow,
                session_time: start.request.session_time,
                session_uuid: Uuid::nil(),
                name: &start.request.name,
                timezone: &Zone::utc(),
                params: &start.request.params,
                owner: None,
                waits_for: None,
                resume: None,
                tasks: &[],
            };
            let inserted = attempts::insert(w, &new, self.clock.now())?;
            (start.also)(w)?;
            Ok(inserted)
        };
        let results = self.store.write(Durability::Normal, |w| {
            let part = |start| match w.part(|w| insert(w, start))? {
                Err(StartError::Store(error)) if !error.leaves_others() => Err(error),
                result => Ok(result),
            };
            starts.iter().map(part).collect::<Result<Vec<_>, StoreError>>()
        })?;
        if let Some(lost) = self.lost.lock().unwrap().take() {
            return Err(lost);
        }
        self.held.fetch_add(starts.len(), Ordering::Relaxed);
        let started = |inserted| match inserted {
            Inserted::Exists(row) => Started::Exists(row),
            Inserted::New(row) => {
                if self.instantly {
                    testing::finish(&self.store, row.id, true);
                }
                self.started.send(row.id).unwrap();
                Started::New(row)
            }
        };
        Ok(results.into_iter().map(|result| result.map(started)).collect())
    }

    fn begin(&self) {
        self.held.store(0, Ordering::Relaxed);
    }
}

#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Observer for Log {
    fn log(&self, record: &LogRecord<'_>) {
        self.0.lock().unwrap().push(format!("{:?} {}", record.level, record.message));
    }

    fn output(&self, _: &str, _: &[u8]) {}

    fn started(&self, _: &Task) {}

    fn changed(&self, _: &Task) {}
}

/// A store with schedules, at some time.
struct World {
    store: Arc<Store>,
    clock: Clock,
    starter: Arc<FakeStarter>,
    started: Receiver<AttemptId>,
    log: Arc<Log>,
    settings: SchedulerSettings,
    notified: Arc<AtomicUsize>,
    agenda: Agenda,
}

impl World {
    fn new(now: &str, instantly: bool, settings: &[(&str, &str)]) -> Self {
        let store = Arc::new(Store::memory().unwrap());
        let clock = Clock::stepped(at(now));
        let (sender, started) = channel();
        let starter = Arc::new(FakeStarter {
            store: Arc::clone(&store),
            clock: clock.clone(),
            instantly,
            limit: Mutex::new(usize::MAX),
            failures: Mutex::default(),
            lost: Mutex::default(),
            panics: Mutex::default(),
            before: Mutex::default(),
            batches: Mutex::default(),
            held: AtomicUsize::new(0),
            started: sender,
        });
        let mut given = Settings::default();
        settings.iter().for_each(|(key, value)| given.set(*key, *value));
        let late_after = given.get("schedule.late_after").map(SchedulerSettings::parse_late_after);
        let settings = SchedulerSettings {
            catch_up: CatchUpSettings::from_settings(&given).unwrap(),
            late_after: late_after.map_or(SchedulerSettings::default().late_after, Option::unwrap),
        };
        let (log, notified) = (Arc::new(Log::default()), Arc::new(AtomicUsize::new(0)));
        let agenda = agenda(&store, &clock, &starter, &log, &notified, &settings);
        Self { store, clock, starter, started, log, settings, notified, agenda }
    }

    /// Another process goes on with the same store.
    fn restart(&mut self) {
        let Self { store, clock, starter, log, notified, settings, .. } = &*self;
        self.agenda = agenda(store, clock, starter, log, notified, settings);
    }

    /// A workflow of project p whose schedule begins now.
    fn schedule(&self, workflow: &str, section: &Value, zone: &str) -> ScheduleId {
        let zone = Zone::parse(zone).unwrap();
        let (schedule, _) = Schedule::parse(section.as_object().unwrap(), &zone).unwrap();
        let first = schedule.first(self.clock.now()).unwrap_or(ScheduleTime::NEVER);
        let config = testing::object(json!({"schedule": section, "+a": {"echo>": "a"}}));
        let now = self.clock.now();
        let insert = |w: &_| {
            let project = projects::find_or_insert(w, "p", now)?.id;
            let new = NewRevision {
                project,
                name: workflow,
                default_params: &Params::new(),
                digest: "d",
                directory: None,
            };
            let revision = revisions::insert(w, &new, now)?;
            let workflow = workflows::insert(w, revision, workflow, &zone, &config)?;
            schedules::insert(w, workflow, first, now)
        };
        self.store.write(Durability::Normal, insert).unwrap()
    }

    /// A new revision of a workflow with another section.
    fn redefine(&self, id: ScheduleId, section: &Value) {
        let now = self.clock.now();
        let config = testing::object(json!({"schedule": section, "+a": {"echo>": "b"}}));
        let redefine = |w: &Writer| {
            let row = schedules::by_id(w, id)?.unwrap();
            let name = Uuid::new_v4().to_string();
            let new = NewRevision {
                project: row.project_id,
                name: &name,
                default_params: &Params::new(),
                digest: "d",
                directory: None,
            };
            let revision = revisions::insert(w, &new, now)?;
            let workflow = workflows::insert(w, revision, &row.workflow_name, &row.timezone, &config)?;
            schedules::redefine(w, id, workflow, row.position())
        };
        self.store.write(Durability::Normal, redefine).unwrap();
    }

    fn run(&self, now: Time) -> Option<Time> {
        self.clock.step_to(now);
        self.none_held(self.agenda.run_once(now)).unwrap()
    }

    fn run_at(&self, now: &str) -> String {
        self.run(at(now)).map_or_else(|| "never".to_owned(), |next| iso(next.into()))
    }

    /// Ends an attempt and attends to what has waited for it.
    fn finish(&self, attempt: AttemptId) {
        testing::finish(&self.store, attempt, true);
        self.agenda.waiting.ended(attempt);
        self.run_ready();
    }

    fn run_ready(&self) -> Option<Time> {
        let ready = self.agenda.waiting.take_ready();
        self.none_held(self.agenda.run_ready(&ready, self.clock.now())).unwrap()
    }

    /// Whatever comes of a run, the tasks of what was started begin.
    fn none_held<T>(&self, result: T) -> T {
        assert_eq!(self.starter.held.load(Ordering::Relaxed), 0);
        result
    }

    /// All attempts, oldest first.
    fn attempts(&self) -> Vec<AttemptRow> {
        let page = Page::first(u32::MAX);
        let mut rows = self.store.read(|r| attempts::list(r, Scope::All, page)).unwrap();
        rows.reverse();
        rows
    }

    fn session_times(&self) -> Vec<String> {
        self.attempts().iter().map(|row| row.session_time.time().format("%d %H:%M").to_string()).collect()
    }

    /// The session that is late.
    fn late(&self, id: ScheduleId) -> Option<String> {
        let row = self.store.read(|r| schedules::by_id(r, id)).unwrap().unwrap();
        row.late_session_time.map(|session| session.time().format("%d %H:%M").to_string())
    }

    fn log(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.0.lock().unwrap())
    }

    fn next(&self, id: ScheduleId) -> (String, String) {
        let row = self.store.read(|r| schedules::by_id(r, id)).unwrap().unwrap();
        let shown = |time: Time| time.format("%d %H:%M:%S").to_string();
        (shown(row.next.session), shown(row.next.run))
    }
}

fn agenda(
    store: &Arc<Store>,
    clock: &Clock,
    starter: &Arc<FakeStarter>,
    log: &Arc<Log>,
    notified: &Arc<AtomicUsize>,
    settings: &SchedulerSettings,
) -> Agenda {
    let notified = Arc::clone(notified);
    Agenda {
        store: Arc::clone(store),
        clock: clock.clone(),
        starter: Arc::clone(starter) as Arc<dyn SessionStarter>,
        observer: Arc::clone(log) as Arc<dyn Observer>,
        notified: Arc::new(move || {
            notified.fetch_add(1, Ordering::SeqCst);
        }),
        settings: settings.clone(),
        unbroken: Unbroken::begin(clock.now(), Instant::now()),
        waiting: Arc::new(Waiting::default()),
        crowded: AtomicBool::new(false),
        known: KnownWorkflows::default(),
        ready_for: Mutex::default(),
        health: Mutex::default(),
    }
}

fn at(text: &str) -> Time {
    parse_iso(text).unwrap()
}

#[test]
fn sessions_start_when_they_are_due() {
    let world = World::new("2024-01-01T00:00:01Z", true, &[]);
    world.schedule("wf", &json!({"hourly>": "30:00"}), "UTC");
    assert_eq!(world.run_at("2024-01-01T00:10:00Z"), "2024-01-01T00:30:00+00:00");
    assert_eq!(world.session_times(), [""; 0]);
    assert_eq!(world.run_at("2024-01-01T00:30:00.2Z"), "2024-01-01T01:30:00+00:00");
    assert_eq!(world.run_at("2024-01-01T00:30:00.2Z"), "2024-01-01T01:30:00+00:00");
    assert_eq!(world.session_times(), ["01 00:00"]);
    let health = world.agenda.health().clone();
    let expected = Health {
        started: 1,
        lateness: Some(TimeDelta::milliseconds(200)),
        next_due: Some(at("2024-01-01T01:30:00Z")),
        ..Health::default()
    };
    assert_eq!(health, expected);
    world.run_at("2024-01-01T01:30:00Z");
    let params: Vec<_> = world.attempts().into_iter().map(|row| Value::Object(row.params)).collect();
    assert_eq!(params, [json!({}), json!({"last_executed_session_time": "2024-01-01T00:00:00+00:00"})]);
    assert_eq!(world.log(), [""; 0]);
}

#[test]
fn an_hour_down_does_not_storm() {
    let mut world = World::new("2024-01-01T00:00:30Z", false, &[]);
    let id = world.schedule("wf", &json!({"cron>": "* * * * *"}), "UTC");
    world.run_at("2024-01-01T00:01:00Z");
    // The attempt of 00:01 is taken up again.
    world.clock.step_to(at("2024-01-01T01:01:30Z"));
    world.restart();
    world.run_at("2024-01-01T01:01:30Z");
    assert_eq!(world.session_times(), ["01 00:01"]);
    let news = "p/wf: session 2024-01-01T00:02:00+00:00 did not start at 2024-01-01T00:02:00+00:00, 59m 30s ago, and is \
                not run: more than schedule.catch_up_limit = 24 were missed";
    assert_eq!(
        world.log(),
        [
            "Warn p/wf: 36 sessions from 2024-01-01T00:02:00+00:00 to 2024-01-01T00:37:00+00:00 not run: more than \
          schedule.catch_up_limit = 24 were missed. To run: dibble backfill 1 --from '2024-01-01 00:02:00' --count 36",
            &format!("Warn {news}"),
        ]
    );
    assert_eq!(world.late(id).as_deref(), Some("01 00:02"));
    let row = world.store.read(|r| schedules::by_id(r, id)).unwrap().unwrap();
    let skipped =
        world.store.read(|r| skipped_sessions::newest_of_workflow(r, row.project_id, "wf", 9)).unwrap();
    let count: Vec<(u64, &str)> = skipped.iter().map(|row| (row.count, row.reason.as_str())).collect();
    assert_eq!(count, [(36, "more than schedule.catch_up_limit = 24 were missed")]);
    let dump = world.store.read(dump::dump).unwrap();
    assert_eq!((dump.matches("\nnotifications\n").count(), dump.contains(news)), (1, true), "{dump}");
    assert_eq!(world.next(id).0, "01 00:38:00");
    assert_eq!(world.agenda.health().waiting, 1);
    for run in 1..=24 {
        let running: Vec<_> = world.attempts().into_iter().filter(|row| !row.done).collect();
        assert_eq!(running.len(), 1, "{run}");
        world.finish(running[0].id);
    }
    let times = world.session_times();
    assert_eq!((times.len(), times[1].as_str(), times[24].as_str()), (25, "01 00:38", "01 01:01"));
    // The one on time waits for the missed one before it, and then all is as ever.
    world.run_at("2024-01-01T01:02:00Z");
    assert_eq!(world.session_times().len(), 25);
    world.finish(world.attempts()[24].id);
    assert_eq!(world.session_times()[25], "01 01:02");
    world.finish(world.attempts()[25].id);
    world.run_at("2024-01-01T01:03:00Z");
    world.run_at("2024-01-01T01:04:00Z");
    assert_eq!(world.session_times()[26..], ["01 01:03", "01 01:04"]);
    assert_eq!(world.log(), [""; 0]);
    // Somebody was told once.
    assert_eq!((world.notified.load(Ordering::SeqCst), world.late(id)), (1, None));
}

#[test]
fn workflows_are_caught_up_as_their_settings_say() {
    let settings = [("schedule.catch_up", "last"), ("schedule.catch_up.p.none", "none")];
    let world = World::new("2024-01-01T00:00:01Z", true, &settings);
    world.schedule("last", &json!({"hourly>": "00:00"}), "UTC");
    world.schedule("none", &json!({"hourly>": "10:00"}), "UTC");
    assert_eq!(world.run_at("2024-01-01T05:20:00Z"), "2024-01-01T06:00:00+00:00");
    assert_eq!(world.session_times(), ["01 05:00"]);
    assert_eq!(world.agenda.health().skipped, 4 + 6);
}

#[test]
fn a_disabled_schedule_starts_nothing_until_it_is_enabled() {
    let world = World::new("2024-01-01T00:00:01Z", true, &[]);
    let id = world.schedule("wf", &json!({"hourly>": "00:00"}), "UTC");
    disable(&world.store, id, world.clock.now()).unwrap();
    assert_eq!(world.run_at("2024-01-01T05:00:00Z"), "never");
    assert_eq!(world.session_times(), [""; 0]);
    world.store.write(Durability::Normal, |w| schedules::enable(w, id, world.clock.now())).unwrap();
    assert_eq!(world.run_at("2024-01-01T05:00:00Z"), "2024-01-01T06:00:00+00:00");
    assert_eq!(world.session_times().len(), 5);
}

#[test]
fn a_session_that_was_started_by_hand_counts_as_done() {
    let world = World::new("2024-01-01T00:00:01Z", true, &[]);
    let id = world.schedule("wf", &json!({"hourly>": "00:00"}), "UTC");
    let row = world.store.read(|r| schedules::by_id(r, id)).unwrap().unwrap();
    testing::insert(&world.store, row.workflow_id, at("2024-01-01T01:00:00Z").timestamp(), "", None, &[]);
    world.run_at("2024-01-01T01:00:00Z");
    assert_eq!(world.session_times(), ["01 01:00"]);
    let row = world.store.read(|r| schedules::by_id(r, id)).unwrap().unwrap();
    assert_eq!(row.last_session_time, Some(SessionTime::new(at("2024-01-01T01:00:00Z"))));
    assert_eq!(world.next(id).0, "01 02:00:00");
}

#[test]
fn a_schedule_that_is_changed_meanwhile_starts_nothing() {
    let world = World::new("2024-01-01T00:00:01Z", true, &[]);
    let id = world.schedule("wf", &json!({"hourly>": "00:00"}), "UTC");
    let (store, now) = (Arc::clone(&world.store), world.clock.now());
    let disables = move || drop(disable(&store, id, now).unwrap());
    *world.starter.before.lock().unwrap() = Some(Box::new(disables));
    world.run_at("2024-01-01T01:00:00Z");
    assert_eq!(world.session_times(), [""; 0]);
    assert_eq!(world.next(id).0, "01 01:00:00");
}

#[test]
fn sessions_that_cannot_start_are_tried_again() {
    for (failure, run, message) in [
        (
            StartError::Tasks(GenerateError::TooManyTasks { limit: 9, current: 0, adding: 10 }),
            "2024-01-01T02:10:00+00:00",
            "Warn p/wf: session 2024-01-01T02:00:00+00:00 is tried again in 10 minutes: \
             Too many tasks. Limit: 9, Current: 0, Adding: 10 (task limit exceeded)",
        ),
        (
            StartError::Invalid("no plan".to_owned()),
            "2024-01-01T03:00:00+00:00",
            "Error p/wf: session 2024-01-01T02:00:00+00:00 is tried again in 60 minutes: no plan",
        ),
    ] {
        let world = World::new("2024-01-01T00:00:01Z", true, &[("schedule.late_after", "none")]);
        let id = world.schedule("wf", &json!({"cron>": "0 2 * * *"}), "UTC");
        world.starter.failures.lock().unwrap().push(failure);
        assert_eq!(world.run_at("2024-01-01T02:00:00Z"), run);
        assert_eq!(world.log(), [message]);
        // It is looked at, and nothing is done yet.
        assert_eq!(world.run_at("2024-01-01T02:09:00Z"), run);
        assert_eq!(world.session_times(), [""; 0]);
        assert_eq!(world.run_at(run), "2024-01-02T02:00:00+00:00");
        assert_eq!(world.session_times(), ["01 02:00"]);
        assert_eq!(world.next(id).0, "02 02:00:00");
    }
}

#[test]
fn a_session_that_was_put_off_is_tried_at_once_when_its_workflow_is_mended() {
    let world = World::new("2024-01-01T00:00:01Z", true, &[]);
    let id = world.schedule("wf", &json!({"cron>": "0 2 * * *"}), "UTC");
    world.starter.failures.lock().unwrap().push(StartError::Invalid("no plan".to_owned()));
    world.run_at("2024-01-01T02:00:00Z");
    world.run_at("2024-01-01T02:01:00Z");
    assert_eq!(world.session_times(), [""; 0]);
    world.redefine(id, &json!({"cron>": "0 2 * * *"}));
    world.run_at("2024-01-01T02:02:00Z");
    assert_eq!(world.session_times(), ["01 02:00"]);
}

#[test]
fn those_beyond_the_limit_start_as_soon_as_others_end() {
    let world = World::new("2024-01-01T00:00:01Z", false, &[]);
    for number in 0..5 {
        world.schedule(&format!("wf{number}"), &json!({"hourly>": "00:00"}), "UTC");
    }
    *world.starter.limit.lock().unwrap() = 2;
    // Nobody wakes up before something ends, but to tell of those that are late.
    assert_eq!(world.run_at("2024-01-01T01:00:00Z"), "2024-01-01T01:05:00+00:00");
    let running = || world.attempts().into_iter().filter(|row| !row.done).collect::<Vec<_>>();
    let names = || running().into_iter().map(|row| row.workflow_name).collect::<Vec<_>>();
    assert_eq!(names(), ["wf0", "wf1"]);
    assert_eq!(
        world.log(),
        ["Warn 3 sessions wait for room: as many attempts run as may, or the disk is full"]
    );
    assert_eq!(world.agenda.health().waiting, 3);
    world.finish(running()[1].id);
    assert_eq!(names(), ["wf0", "wf2"]);
    // Two that end at once make room for two.
    running().iter().for_each(|row| testing::finish(&world.store, row.id, true));
    assert!(world.agenda.waiting.ended(AttemptId(1)));
    world.run_ready();
    assert_eq!(names(), ["wf3", "wf4"]);
    assert_eq!(world.agenda.health().waiting, 0);
    assert_eq!(*world.starter.batches.lock().unwrap(), [2, 1, 2]);
}

#[test]
fn sessions_of_a_full_hour_are_started_together() {
    let world = World::new("2024-01-01T00:00:01Z", true, &[]);
    let ids: Vec<ScheduleId> = (0..120)
        .map(|number| world.schedule(&format!("wf{number}"), &json!({"hourly>": "00:00"}), "UTC"))
        .collect();
    // One of them cannot start.
    world.starter.failures.lock().unwrap().push(StartError::Invalid("no plan".to_owned()));
    world.run_at("2024-01-01T01:00:00Z");
    assert_eq!(*world.starter.batches.lock().unwrap(), [100, 20]);
    let attempts = world.attempts();
    assert_eq!((attempts.len(), attempts[0].workflow_name.as_str()), (119, "wf1"));
    assert_eq!(world.next(ids[0]).0, "01 01:00:00");
    assert!(ids[1..].iter().all(|id| world.next(*id).0 == "01 02:00:00"));
}

#[test]
fn a_schedule_that_cannot_be_read_keeps_no_other_from_running() {
    let world = World::new("2024-01-01T00:00:01Z", true, &[]);
    let bad = world.schedule("bad", &json!({"hourly>": "00:00"}), "UTC");
    world.schedule("good", &json!({"hourly>": "00:00"}), "UTC");
    // Schedules are looked at in the order of their ids when their times are the same.
    world.redefine(bad, &json!({}));
    assert_eq!(world.run_at("2024-01-01T01:00:00Z"), "2024-01-01T01:05:00+00:00");
    assert_eq!(world.session_times(), ["01 01:00"]);
    assert_eq!(world.next(bad), ("01 01:00:00".to_owned(), "01 01:00:00".to_owned()));
    assert_eq!(
        world.log(),
        ["Error p/bad: session 2024-01-01T01:00:00+00:00 is tried again in 60 minutes: \
          The schedule of workflow 'bad' cannot be read"]
    );
}

#[test]
fn a_mistake_of_the_program_keeps_no_other_schedule_from_running() {
    let world = World::new("2024-01-01T00:00:01Z", true, &[]);
    let bad = world.schedule("bad", &json!({"hourly>": "00:00"}), "UTC");
    world.schedule("good", &json!({"hourly>": "00:00"}), "UTC");
    let row = world.store.read(|r| schedules::by_id(r, bad)).unwrap().unwrap();
    *world.starter.panics.lock().unwrap() = Some(row.workflow_id);
    world.run_at("2024-01-01T01:00:00Z");
    assert_eq!(world.attempts().iter().map(|row| &*row.workflow_name).collect::<Vec<_>>(), ["good"]);
    assert_eq!(
        world.log(),
        ["Error p/bad: session 2024-01-01T01:00:00+00:00 is tried again in 60 minutes: \
          the scheduler panicked; please report this"]
    );
}

#[test]
fn nothing_moves_while_the_store_fails() {
    let world = World::new("2024-01-01T00:00:01Z", true, &[]);
    let id = world.schedule("wf", &json!({"hourly>": "00:00"}), "UTC");
    let file = std::path::PathBuf::from("test.db");
    let failure = StoreError::ReadOnly { file };
    world.starter.failures.lock().unwrap().push(failure.into());
    world.clock.step_to(at("2024-01-01T01:00:00Z"));
    assert!(world.none_held(world.agenda.run_once(world.clock.now())).is_err());
    assert_eq!(world.next(id).1, "01 01:00:00");
    world.run_at("2024-01-01T01:00:10Z");
    assert_eq!(world.session_times(), ["01 01:00"]);
}
