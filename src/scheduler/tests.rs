//! Schedules in a store, attended to at the times that the tests choose, across restarts.

use super::agenda::{Agenda, Health};
use super::catch_up::CatchUpSettings;
use super::starter::{Also, SessionStarter};
use super::thread::Scheduler;
use super::waiting::Waiting;
use crate::actions::schedules::disable;
use crate::actions::start::{StartError, StartRequest, Started};
use crate::clock::Clock;
use crate::dig::schedule::{Schedule, ScheduleTime};
use crate::logs::LogRecord;
use crate::model::time::{iso, parse_iso};
use crate::model::{AttemptId, Params, ScheduleId, SessionTime, Settings, Task, Time, Zone};
use crate::runner::Observer;
use crate::store::attempts::{AttemptRow, Inserted, NewAttempt, Scope};
use crate::store::revisions::{self, NewRevision};
use crate::store::{
    Durability, Page, Store, StoreError, attempts, projects, schedules, sessions, testing, workflows,
};
use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use uuid::Uuid;

/// How long something may take on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts attempts that have no tasks.
struct FakeStarter {
    store: Arc<Store>,
    clock: Clock,
    /// Attempts end as soon as they have begun.
    instantly: bool,
    /// Instead of starting.
    failures: Mutex<Vec<StartError>>,
    /// Instead of telling that it was started.
    lost: Mutex<Option<StartError>>,
    /// What somebody else does just before.
    before: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    started: Sender<AttemptId>,
}

impl SessionStarter for FakeStarter {
    fn start(&self, request: &StartRequest, also: Also<'_>) -> Result<Started, StartError> {
        if let Some(before) = self.before.lock().unwrap().take() {
            before();
        }
        if let Some(failure) = self.failures.lock().unwrap().pop() {
            return Err(failure);
        }
        let new = NewAttempt {
            workflow: request.workflow,
            session_time: request.session_time,
            session_uuid: Uuid::nil(),
            name: &request.name,
            timezone: &Zone::utc(),
            params: &request.params,
            owner: None,
            waits_for: None,
            resume: None,
            tasks: &[],
        };
        let inserted = self.store.write(Durability::Normal, |writer| {
            let inserted = attempts::insert(writer, &new, self.clock.now())?;
            let done = also(writer);
            if done.is_err() {
                writer.abandon();
            }
            Ok(done.map(|()| inserted))
        })??;
        if let Some(lost) = self.lost.lock().unwrap().take() {
            return Err(lost);
        }
        Ok(match inserted {
            Inserted::Exists(row) => Started::Exists(row),
            Inserted::New(row) => {
                if self.instantly {
                    testing::finish(&self.store, row.id, true);
                }
                self.started.send(row.id).unwrap();
                Started::New(row)
            }
        })
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
    settings: CatchUpSettings,
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
            failures: Mutex::default(),
            lost: Mutex::default(),
            before: Mutex::default(),
            started: sender,
        });
        let mut given = Settings::default();
        settings.iter().for_each(|(key, value)| given.set(*key, *value));
        let settings = CatchUpSettings::from_settings(&given).unwrap();
        let log = Arc::new(Log::default());
        let agenda = agenda(&store, &clock, &starter, &log, &settings);
        Self { store, clock, starter, started, log, settings, agenda }
    }

    /// Another process goes on with the same store.
    fn restart(&mut self) {
        self.agenda = agenda(&self.store, &self.clock, &self.starter, &self.log, &self.settings);
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

    fn run(&self, now: Time) -> Option<Time> {
        self.clock.step_to(now);
        self.agenda.run_once(now).unwrap()
    }

    fn run_at(&self, now: &str) -> String {
        self.run(at(now)).map_or_else(|| "never".to_owned(), |next| iso(next.into()))
    }

    /// Ends an attempt and attends to what has waited for it.
    fn finish(&self, attempt: AttemptId) {
        testing::finish(&self.store, attempt, true);
        self.agenda.waiting.ended(attempt);
        let ready = self.agenda.waiting.take_ready();
        self.agenda.run_ready(&ready, self.clock.now()).unwrap();
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
    settings: &CatchUpSettings,
) -> Agenda {
    Agenda {
        store: Arc::clone(store),
        clock: clock.clone(),
        starter: Arc::clone(starter) as Arc<dyn SessionStarter>,
        observer: Arc::clone(log) as Arc<dyn Observer>,
        catch_up: settings.clone(),
        since: clock.now(),
        waiting: Arc::new(Waiting::default()),
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
    assert_eq!(
        world.log(),
        [
            "Warn p/wf: 36 sessions from 2024-01-01T00:02:00+00:00 to 2024-01-01T00:37:00+00:00 not run: more than \
          schedule.catch_up_limit = 24 were missed. To run: dibble backfill 1 --from '2024-01-01 00:02:00' --count 36"
        ]
    );
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
    world.store.write(Durability::Normal, |w| schedules::enable(w, id)).unwrap();
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
            StartError::TooManyAttempts { limit: 100, current: 100 },
            "01 02:10:00",
            "Warn p/wf: session 2024-01-01T02:00:00+00:00 is tried again in 10 minutes: Too many attempts running. \
             Limit: 100, Current: 100",
        ),
        (
            StartError::Invalid("no plan".to_owned()),
            "01 03:00:00",
            "Error p/wf: session 2024-01-01T02:00:00+00:00 is tried again in 60 minutes: no plan",
        ),
    ] {
        let world = World::new("2024-01-01T00:00:01Z", true, &[]);
        let id = world.schedule("wf", &json!({"cron>": "0 2 * * *"}), "UTC");
        world.starter.failures.lock().unwrap().push(failure);
        world.run_at("2024-01-01T02:00:00Z");
        assert_eq!(world.next(id), ("01 02:00:00".to_owned(), run.to_owned()));
        assert_eq!(world.log(), [message]);
        world.run_at(&format!("2024-01-{}Z", run.replace(' ', "T")));
        assert_eq!(world.next(id).0, "02 02:00:00");
    }
}

#[test]
fn a_schedule_that_cannot_be_read_keeps_no_other_from_running() {
    let world = World::new("2024-01-01T00:00:01Z", true, &[]);
    let bad = world.schedule("bad", &json!({"hourly>": "00:00"}), "UTC");
    world.schedule("good", &json!({"hourly>": "00:00"}), "UTC");
    // Schedules are looked at in the order of their ids when their times are the same.
    let moved = world.store.write(Durability::Normal, |w| {
        let project = projects::by_name(w, "p")?.unwrap().id;
        let new = NewRevision {
            project,
            name: "none",
            default_params: &Params::new(),
            digest: "d",
            directory: None,
        };
        let revision = revisions::insert(w, &new, world.clock.now())?;
        let workflow = workflows::insert(w, revision, "bad", &Zone::utc(), &Params::new())?;
        let row = schedules::by_id(w, bad)?.unwrap();
        schedules::redefine(w, bad, workflow, row.position())
    });
    moved.unwrap();
    assert_eq!(world.run_at("2024-01-01T01:00:00Z"), "2024-01-01T02:00:00+00:00");
    assert_eq!(world.session_times(), ["01 01:00"]);
    assert_eq!(world.next(bad), ("01 01:00:00".to_owned(), "01 02:00:00".to_owned()));
    assert_eq!(
        world.log(),
        ["Error p/bad: session 2024-01-01T01:00:00+00:00 is tried again in 60 minutes: \
          The schedule of workflow 'bad' cannot be read"]
    );
    // Nor does a mistake of the program.
    *world.starter.before.lock().unwrap() = Some(Box::new(|| panic!("as expected")));
    world.run_at("2024-01-01T02:00:00Z");
    assert!(world.log().iter().any(|line| line.contains("the scheduler panicked")));
}

#[test]
fn nothing_moves_while_the_store_fails() {
    let world = World::new("2024-01-01T00:00:01Z", true, &[]);
    let id = world.schedule("wf", &json!({"hourly>": "00:00"}), "UTC");
    let file = std::path::PathBuf::from("test.db");
    let failure = StoreError::ReadOnly { file };
    world.starter.failures.lock().unwrap().push(failure.into());
    world.clock.step_to(at("2024-01-01T01:00:00Z"));
    assert!(world.agenda.run_once(world.clock.now()).is_err());
    assert_eq!(world.next(id).1, "01 01:00:00");
    world.run_at("2024-01-01T01:00:10Z");
    assert_eq!(world.session_times(), ["01 01:00"]);
}

#[test]
fn a_simulated_year_runs_every_session_once() {
    const SCHEDULES: [(&str, &str); 6] = [
        // Clocks are put on and back on Sundays.
        ("0 * * * 0", "America/Los_Angeles"),
        ("30 1,2 * * *", "Europe/Berlin"),
        ("0 0 * * *", "America/Santiago"),
        ("*/30 0-3 * * 0", "Australia/Lord_Howe"),
        ("0 7 * * 1-5", "Asia/Tokyo"),
        ("0 0 13,L * *", "UTC"),
    ];
    let mut world = World::new("2024-01-01T00:00:01Z", true, &[]);
    let begin = world.clock.now();
    let end = at("2025-01-01T00:00:01Z");
    for (number, (pattern, zone)) in SCHEDULES.iter().enumerate() {
        world.schedule(&format!("wf{number}"), &json!({"cron>": pattern}), zone);
    }
    let mut now = begin;
    let mut days = 0;
    while let Some(next) = world.run(now).filter(|&next| next < end) {
        // Every wake-up has something to do, and a restart at midnight changes nothing.
        assert!(next > now);
        if (next - begin).num_days() > days {
            days = (next - begin).num_days();
            world.restart();
        }
        now = next;
    }
    let attempts = world.attempts();
    for (number, (pattern, zone)) in SCHEDULES.iter().enumerate() {
        let section = json!({"cron>": pattern});
        let (schedule, _) =
            Schedule::parse(section.as_object().unwrap(), &Zone::parse(zone).unwrap()).unwrap();
        let expected = std::iter::successors(schedule.first(begin), |time| schedule.next(time.session));
        let expected: Vec<Time> = expected.map(|time| time.session).take_while(|&time| time < end).collect();
        let own = attempts.iter().filter(|row| row.workflow_name == format!("wf{number}"));
        assert_eq!(own.map(|row| row.session_time.time()).collect::<Vec<_>>(), expected, "{pattern} {zone}");
    }
    // One Sunday had an hour less, another one more; and it was still Sunday there when the year began.
    let hourly = attempts.iter().filter(|row| row.workflow_name == "wf0").count();
    assert_eq!((hourly, days), (7 + 52 * 24, 366 - 1));
    assert_eq!(world.log(), [""; 0]);
}

/// What happens to a server while time passes.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// The scheduler wakes up after so many minutes, whether something is due or not.
    Wake(i64),
    Restart,
    /// The next attempt is accepted, but nothing that follows is done before another server takes over.
    Crash,
    Disable(i64),
    Push,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0..200_i64).prop_map(Event::Wake),
        1 => Just(Event::Restart),
        2 => Just(Event::Crash),
        1 => (0..600_i64).prop_map(Event::Disable),
        1 => Just(Event::Push),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_session_starts_once_whatever_happens(
        events in proptest::collection::vec(event(), 1..40),
        pattern in proptest::sample::select(vec!["*/10 * * * *", "7 * * * *", "0 1,3,5 * * *", "0 0 * * *"]),
        zone in proptest::sample::select(vec!["UTC", "Europe/Berlin", "America/Los_Angeles"]),
        start in proptest::sample::select(vec!["2024-03-30T20:00:01Z", "2024-03-09T20:00:01Z", "2024-11-02T20:00:01Z"]),
    ) {
        let mut world = World::new(start, true, &[("schedule.catch_up_limit", "100000")]);
        let section = json!({"cron>": pattern});
        let id = world.schedule("wf", &section, zone);
        let (begin, mut now) = (world.clock.now(), world.clock.now());
        for (number, event) in events.into_iter().enumerate() {
            match event {
                Event::Wake(minutes) => now += TimeDelta::minutes(minutes),
                Event::Restart => world.restart(),
                Event::Crash => {
                    let failure = StoreError::ReadOnly { file: "test.db".into() };
                    *world.starter.lost.lock().unwrap() = Some(failure.into());
                    now += TimeDelta::minutes(60);
                    world.clock.step_to(now);
                    let _ = world.agenda.run_once(now);
                    world.starter.lost.lock().unwrap().take();
                    // Its attempt goes on elsewhere.
                    for left in world.attempts().iter().filter(|row| !row.done) {
                        testing::finish(&world.store, left.id, true);
                    }
                    world.restart();
                }
                Event::Disable(minutes) => {
                    disable(&world.store, id, now).unwrap();
                    world.run(now);
                    now += TimeDelta::minutes(minutes);
                    world.run(now);
                    world.store.write(Durability::Normal, |w| schedules::enable(w, id)).unwrap();
                }
                Event::Push => {
                    let row = world.store.read(|r| schedules::by_id(r, id)).unwrap().unwrap();
                    let zone = Zone::parse(zone).unwrap();
                    let (schedule, _) = Schedule::parse(section.as_object().unwrap(), &zone).unwrap();
                    let next = row.last_session_time.and_then(|last| schedule.next(last.time()));
                    let position = schedules::Position { next: next.unwrap_or(row.next), ..row.position() };
                    let config = testing::object(json!({"schedule": section, "+a": {"echo>": "b"}}));
                    world.store.write(Durability::Normal, |w| {
                        let name = format!("again {number}");
                        let new = NewRevision { project: row.project_id, name: &name, default_params: &Params::new(), digest: "d", directory: None };
                        let revision = revisions::insert(w, &new, now)?;
                        let workflow = workflows::insert(w, revision, "wf", &zone, &config)?;
                        schedules::redefine(w, id, workflow, position)
                    }).unwrap();
                }
            }
            world.run(now);
        }
        let (schedule, _) = Schedule::parse(section.as_object().unwrap(), &Zone::parse(zone).unwrap()).unwrap();
        let expected = std::iter::successors(schedule.first(begin), |time| schedule.next(time.session));
        let expected: Vec<Time> = expected.map(|time| time.session).take_while(|&time| time <= now).collect();
        let found: Vec<Time> = world.attempts().iter().map(|row| row.session_time.time()).collect();
        prop_assert_eq!(found, expected);
        let sessions = world.store.read(|r| sessions::list(r, Scope::All, Page::first(u32::MAX))).unwrap();
        prop_assert_eq!(sessions.len(), world.attempts().len());
    }
}

impl World {
    fn scheduler(&self) -> Scheduler {
        let starter = Arc::clone(&self.starter) as Arc<dyn SessionStarter>;
        let observer = Arc::clone(&self.log) as Arc<dyn Observer>;
        let (store, clock) = (Arc::clone(&self.store), self.clock.clone());
        Scheduler::start(store, clock, starter, observer, self.settings.clone()).unwrap()
    }
}

#[test]
fn a_thread_attends_when_it_is_woken() {
    let world = World::new("2024-01-01T00:00:01Z", false, &[]);
    world.schedule("wf", &json!({"hourly>": "00:00"}), "UTC");
    let scheduler = world.scheduler();
    assert!(scheduler.is_alive());
    world.clock.step_to(at("2024-01-01T02:00:00Z"));
    scheduler.wake();
    let first = world.started.recv_timeout(PATIENCE).unwrap();
    // The second missed session begins when the first has ended.
    testing::finish(&world.store, first, true);
    scheduler.attempt_ended(first);
    scheduler.wake();
    world.started.recv_timeout(PATIENCE).unwrap();
    scheduler.stop();
    assert!(!scheduler.is_alive());
    assert_eq!(scheduler.health().started, 2);
    world.clock.step_to(at("2024-01-01T03:00:00Z"));
    scheduler.wake();
    assert_eq!(world.session_times(), ["01 01:00", "01 02:00"]);
}

#[test]
fn a_thread_wakes_up_by_itself() {
    let mut world = World::new("2024-01-01T00:00:01Z", true, &[]);
    world.clock = Clock::system();
    world.schedule("wf", &json!({"seconds_interval>": 1}), "UTC");
    let scheduler = world.scheduler();
    for _ in 0..2 {
        world.started.recv_timeout(PATIENCE).unwrap();
    }
    scheduler.stop();
    assert!(scheduler.health().started >= 2);
}
