//! A week in simulated time: schedules every ten minutes and every hour, some of which fail, a push every day, and limits
//! that are reached on the first day. From then on neither the file nor the rows in it nor the memory grow.
//!
//! Memory is that of a process, so the week has one of its own.

use crate::actions::prune::RetentionLimits;
use crate::actions::publish::ClearSchedules;
use crate::actions::push::{PushRequest, push};
use crate::archive::{self, PackOptions, pack};
use crate::clock::Clock;
use crate::engine;
use crate::housekeeping::{Pace, tidy_up};
use crate::logs::{LogRecord, MachineZone};
use crate::model::time::parse_iso;
use crate::model::{Params, ProjectId, Settings, Task};
use crate::runner::tests::test_options;
use crate::runner::{Observer, SecretFailure, SecretSource, Service, ServiceConfig};
use crate::scheduler::{Scheduler, SchedulerSettings, SessionStarter};
use crate::store::attempts::{self, Scope};
use crate::store::check::{Depth, damages, dangling_references};
use crate::store::{Page, Store, last_results, sessions, space};
use chrono::TimeDelta;
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// Of those that run every ten minutes; one more runs every hour.
const FREQUENT: usize = 4;
const STEPS_OF_A_DAY: u32 = 24 * 6;
const DAYS: u32 = 7;
const WEEK: &str = "housekeeping::tests::soak::week";

struct Silent;

impl Observer for Silent {
    fn log(&self, _: &LogRecord<'_>) {}

    fn output(&self, _: &str, _: &[u8]) {}

    fn started(&self, _: &Task) {}

    fn changed(&self, _: &Task) {}
}

impl SecretSource for Silent {
    fn secret(&self, _: ProjectId, _: &str) -> Result<Option<String>, SecretFailure> {
        Ok(None)
    }

    fn values(&self, _: ProjectId) -> Vec<String> {
        vec![]
    }
}

/// Counts attempts that have ended.
#[derive(Default)]
struct Ended {
    count: Mutex<usize>,
    changed: Condvar,
}

impl Ended {
    fn add(&self) {
        *self.count.lock().unwrap() += 1;
        self.changed.notify_all();
    }

    fn wait_for(&self, wanted: usize) {
        let count = self.count.lock().unwrap();
        let limit = Duration::from_secs(60);
        let (count, waited) = self.changed.wait_timeout_while(count, limit, |count| *count < wanted).unwrap();
        assert!(!waited.timed_out(), "{count} of {wanted} attempts have ended");
    }
}

/// The workflows of a day; every second one fails at its second task.
fn pack_project(day: u32) -> Vec<u8> {
    let files = tempfile::tempdir().unwrap();
    for number in 0..=FREQUENT {
        let cron = if number == FREQUENT { "0 * * * *" } else { "*/10 * * * *" };
        let second = if number % 2 == 0 { "fail>: not today" } else { "sh>: 'true'" };
        let dig = format!(
            "# {day}\ntimezone: UTC\nschedule:\n  cron>: '{cron}'\n+a:\n  echo>: ${{session_time}} {}\n+b:\n  {second}\n",
            "x".repeat(500)
        );
        fs::write(files.path().join(format!("wf{number}.dig")), dig).unwrap();
    }
    let mut gzip = vec![];
    pack(files.path(), &PackOptions { copy_outgoing_symlinks: false, except: None }, &mut gzip, &mut |_| {})
        .unwrap();
    gzip
}

fn start_service(store: &Arc<Store>, clock: &Clock, directory: &Path) -> Service {
    Service::start_up(ServiceConfig {
        store: Arc::clone(store),
        clock: clock.clone(),
        zone: MachineZone::utc(),
        settings: Settings::default(),
        options: test_options(),
        observer: Arc::new(Silent),
        raised: Arc::new(|| {}),
        secrets: Arc::new(Silent),
        default_params: Params::new(),
        limits: engine::Limits::default(),
        max_attempts: 100,
        max_scheduled_attempts: 1000,
        workspaces: directory.join("workspaces"),
        on_end: Box::new(|| {}),
    })
    .unwrap()
}

/// What a day leaves.
#[derive(Debug)]
struct Figures {
    /// Of the database and its WAL, in bytes.
    file: u64,
    /// Pages in use.
    pages: u64,
    /// Resident, in KiB.
    memory: u64,
}

impl Figures {
    fn take(store: &Store, file: &Path) -> Self {
        let space = store.read(space::measure).unwrap();
        let wal = file.with_extension("db-wal");
        let size = |path: &Path| fs::metadata(path).unwrap().len();
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        Self {
            file: size(file) + size(&wal),
            pages: space.pages - space.free_pages,
            memory: resident.trim().trim_end_matches(" kB").parse().unwrap(),
        }
    }
}

#[test]
fn a_week_leaves_file_and_memory_as_large_as_its_second_day() {
    let test = env::current_exe().unwrap();
    let week = Command::new(test).args(["--exact", WEEK, "--ignored", "--nocapture"]).output().unwrap();
    let said = [week.stdout, week.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(week.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
#[ignore = "runs in a process of its own"]
fn week() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("dibble.db");
    let store = Arc::new(Store::open(&file).unwrap());
    let begin = parse_iso("2026-11-02T00:00:00Z").unwrap();
    let clock = Clock::stepped(begin);
    let service = Arc::new(start_service(&store, &clock, directory.path()));
    let scheduler = Scheduler::start(
        Arc::clone(&store),
        clock.clone(),
        Arc::clone(&service) as Arc<dyn SessionStarter>,
        Arc::new(Silent),
        Arc::new(|| {}),
        SchedulerSettings { late_after: None, ..SchedulerSettings::default() },
    );
    let scheduler = Arc::new(scheduler.unwrap());
    let ended = Arc::new(Ended::default());
    let (listener, waiting) = (Arc::clone(&ended), Arc::clone(&scheduler));
    service.on_attempt_end(move |attempt| {
        waiting.attempt_ended(attempt);
        listener.add();
    });
    // Those of every ten minutes have too many a day, that of every hour has too old ones.
    let limits =
        RetentionLimits { max_age: Some(TimeDelta::days(1)), max_attempts: Some(100), max_size: None };
    let mut days = vec![];
    let mut expected = 0;
    for day in 0..DAYS {
        let request = PushRequest {
            project: "p",
            revision: &day.to_string(),
            archive: &pack_project(day),
            limits: archive::Limits::all(1 << 20),
            schedule_from: clock.now(),
            clear_schedules: &ClearSchedules::none(),
        };
        push(&store, &request, clock.now()).unwrap();
        scheduler.wake();
        // The first sessions are those of the first midnight.
        for step in u32::from(day > 0)..=STEPS_OF_A_DAY {
            let now = begin + TimeDelta::days(day.into()) + TimeDelta::minutes(i64::from(step) * 10);
            clock.step_to(now);
            scheduler.wake();
            let is_full_hour = step % 6 == 0;
            expected += FREQUENT + usize::from(is_full_hour);
            ended.wait_for(expected);
            if is_full_hour {
                let pruned = tidy_up(&store, limits, now, &mut Pace::without_pauses()).unwrap();
                assert_eq!(pruned.still_over, None);
            }
        }
        days.push(Figures::take(&store, &file));
    }
    scheduler.stop();
    assert!(service.drain(Duration::from_secs(60)));
    let second = &days[1];
    for day in &days[2..] {
        assert!(day.file <= second.file + second.file / 20, "{days:#?}");
        assert!(day.pages <= second.pages + second.pages / 20, "{days:#?}");
        assert!(day.memory <= second.memory + second.memory / 20, "{days:#?}");
    }
    store
        .read(|r| {
            let all = attempts::list(r, Scope::All, Page::first(u32::MAX))?;
            // Of the hourly one those of the last day, both midnights included.
            assert_eq!(all.len(), 100 * FREQUENT + 25);
            assert_eq!(sessions::list(r, Scope::All, Page::first(u32::MAX))?.len(), all.len());
            assert_eq!(last_results::list(r)?.len(), FREQUENT + 1);
            assert_eq!((damages(r, Depth::Full)?, dangling_references(r)?), (vec![], 0));
            Ok(())
        })
        .unwrap();
}
