//! A week in simulated time: schedules every hour, some of which fail, a push every day, and limits that are
//! reached on the first day. From then on neither the file nor the rows in it grow.

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
use crate::store::{Page, Store, dump, last_results, sessions, space};
use chrono::TimeDelta;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

const WORKFLOWS: usize = 4;
const HOURS: u32 = 24;
const DAYS: u32 = 7;

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
    for number in 0..WORKFLOWS {
        let fails = if number % 2 == 0 { "+b:\n  fail>: not today\n" } else { "+b:\n  echo>: done\n" };
        let dig = format!(
            "# {day}\ntimezone: UTC\nschedule:\n  cron>: '0 * * * *'\n+a:\n  echo>: ${{session_time}} {}\n{fails}",
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

#[test]
fn a_week_leaves_the_file_as_large_as_its_second_day() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(&directory.path().join("dibble.db")).unwrap());
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
    // A day's worth by age; less than that by count.
    let limits =
        RetentionLimits { max_age: Some(TimeDelta::days(1)), max_attempts: Some(20), max_size: None };
    let mut pages = vec![];
    let mut rows = vec![];
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
        for hour in 1..=HOURS {
            let now = begin + TimeDelta::days(day.into()) + TimeDelta::hours(hour.into());
            clock.step_to(now);
            scheduler.wake();
            ended.wait_for(WORKFLOWS * (day * HOURS + hour) as usize);
            if hour % 3 == 0 {
                let pruned = tidy_up(&store, limits, now, &mut Pace::without_pauses()).unwrap();
                assert_eq!(pruned.still_over, None);
            }
        }
        pages.push(store.read(space::measure).unwrap().pages);
        rows.push(store.read(dump::dump).unwrap().lines().count());
    }
    scheduler.stop();
    assert!(service.drain(Duration::from_secs(60)));
    // From the second day on; a tenth for what happens to be free.
    let most = pages[1] + pages[1] / 10;
    assert!(pages[2..].iter().all(|count| *count <= most), "{pages:?}");
    assert!(rows[2..].iter().all(|count| *count <= rows[1] + rows[1] / 10), "{rows:?}");
    store
        .read(|r| {
            let all = attempts::list(r, Scope::All, Page::first(u32::MAX))?;
            assert_eq!(all.len(), 20 * WORKFLOWS);
            assert_eq!(sessions::list(r, Scope::All, Page::first(u32::MAX))?.len(), all.len());
            assert_eq!(last_results::list(r)?.len(), WORKFLOWS);
            assert_eq!((damages(r, Depth::Full)?, dangling_references(r)?), (vec![], 0));
            Ok(())
        })
        .unwrap();
}
