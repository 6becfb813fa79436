//! How punctual `dibble server` is with 10,000 schedules, 500 of which are due at a full minute with an `echo>` task each,
//! and what it needs meanwhile: `cargo bench --bench schedules`. It waits for full minutes, so it takes some of them.
//!
//! `DIBBLE_BENCH_SHORT=1` measures fewer minutes, `DIBBLE_BENCH_STRICT=1` ends with 1 when a target is missed.

#![expect(clippy::expect_used, reason = "what cannot be measured ends the benchmark")]
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

mod support;

use chrono::{TimeDelta, Timelike};
use dibble::clock::Clock;
use dibble::dig::schedule::{Schedule, ScheduleTime};
use dibble::housekeeping::Housekeeping;
use dibble::model::{Params, Time, Zone};
use dibble::store::attempts::{self, AttemptRow, Scope};
use dibble::store::revisions::NewRevision;
use dibble::store::{Durability, Page, Store, projects, revisions, schedules, workflows};
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;
use support::server::Server;
use support::{Row, Table, Target, is_short, print};
use tempfile::TempDir;

const SCHEDULES: usize = 10_000;
const DUE: usize = 500;
const MIB: u64 = 1 << 20;

fn main() -> ExitCode {
    let clock = Clock::system();
    let (minutes, idle) = if is_short() { (1, 10) } else { (5, 60) };
    let directory = TempDir::new().expect("a directory");
    let file = directory.path().join("dibble.db");
    // A server looks through its history soon after its start, and once an hour.
    let settled = Housekeeping::DELAY + Duration::from_secs(5);
    // What is due comes after what is idle, and both after all schedules are in the file.
    let first = clock.now() + TimeDelta::seconds(idle + settled.as_secs().cast_signed() + 70);
    let first = first.with_second(0).and_then(|time| time.with_nanosecond(0)).expect("a full minute");
    fill(&file, clock.now(), first, minutes);

    let server = Server::start(directory.path(), "");
    thread::sleep(settled);
    let (sleeps, cpu) = (server.sleeps(), server.cpu());
    thread::sleep(Duration::from_secs(idle.unsigned_abs()));
    let (sleeps, cpu) = (server.sleeps() - sleeps, server.cpu() - cpu);
    let memory = server.memory();

    let end = first + TimeDelta::minutes(minutes - 1) + TimeDelta::seconds(10);
    thread::sleep((end - clock.now()).to_std().unwrap_or_default());
    let peak = server.peak();
    drop(server);

    let store = Store::open(&file).expect("the database");
    let attempts = store.read(|r| attempts::list(r, Scope::All, Page::first(u32::MAX))).expect("attempts");
    let expected = DUE * usize::try_from(minutes).expect("a number");
    assert_eq!(attempts.iter().filter(|row| row.success).count(), expected, "attempts that succeeded");
    let started = delays(&attempts, |row| row.created_at);
    let ended = delays(&attempts, |row| row.finished_at.unwrap_or(row.created_at));
    let target = Target::AtMost(Duration::from_millis(50));
    let rows = vec![
        Row::time("full minute to start, median", percentile(&started, 50), Target::None),
        Row::time("full minute to start, p99", percentile(&started, 99), target),
        Row::time("full minute to end of echo>, median", percentile(&ended, 50), Target::None),
        Row::time("full minute to end of echo>, p99", percentile(&ended, 99), Target::None),
        Row::count("wake-ups while none is due", sleeps, 0),
        Row::time("CPU meanwhile", cpu, Target::AtMost(Duration::ZERO)),
        Row::memory("memory while none is due", memory, 40 * MIB),
        Row::memory("highest memory", peak, 40 * MIB),
    ];
    println!("{SCHEDULES} schedules, {DUE} due at a time, {minutes} full minutes; {idle} s with none due");
    print(&Table { rows })
}

/// Sorted.
fn delays(attempts: &[AttemptRow], time: impl Fn(&AttemptRow) -> Time) -> Vec<Duration> {
    let delay = |row: &AttemptRow| (time(row) - row.session_time.time()).to_std().unwrap_or_default();
    let mut delays: Vec<Duration> = attempts.iter().map(delay).collect();
    delays.sort();
    delays
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() - 1) * percent / 100]
}

/// Makes a file with all schedules in a hundred projects.
fn fill(file: &Path, now: Time, first: Time, minutes: i64) {
    let store = Store::open(file).expect("a database");
    let due: Vec<String> =
        (0..minutes).map(|minute| (first + TimeDelta::minutes(minute)).minute().to_string()).collect();
    let often = json!({"cron>": format!("{} * * * *", due.join(","))});
    let seldom = json!({"cron>": "0 0 1 1 *"});
    for project in 0..100 {
        let insert = |w: &dibble::store::Writer| {
            let id = projects::find_or_insert(w, &format!("p{project}"), now)?.id;
            let default_params = &Params::new();
            let new = NewRevision { project: id, name: "1", default_params, digest: "", directory: None };
            let revision = revisions::insert(w, &new, now)?;
            for number in 0..SCHEDULES / 100 {
                let section = if number < DUE / 100 { &often } else { &seldom };
                let (config, next) = scheduled(section, now);
                let name = format!("wf{number}");
                let workflow = workflows::insert(w, revision, &name, &Zone::utc(), &config)?;
                schedules::insert(w, workflow, next, now)?;
            }
            Ok(())
        };
        store.write(Durability::Normal, insert).expect("schedules");
    }
}

fn scheduled(section: &Value, now: Time) -> (Params, ScheduleTime) {
    let config = json!({"schedule": section, "+a": {"echo>": "hello"}});
    let Value::Object(config) = config else { unreachable!("an object") };
    let section = section.as_object().expect("a section");
    let (schedule, _) = Schedule::parse(section, &Zone::utc()).expect("a schedule");
    (config, schedule.first(now).expect("a time"))
}
