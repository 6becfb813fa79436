//! Simulated years and random events: every session is started exactly once, whatever happens in between.

use super::*;

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

/// Every kind in many zones, the short ones for a few days round a change of the clocks.
fn every_kind_of_schedule() -> Vec<(Value, &'static str)> {
    const ZONES: [&str; 20] = [
        "UTC",
        "Europe/Berlin",
        "Europe/Dublin",
        "Europe/London",
        "America/Los_Angeles",
        "America/New_York",
        "America/St_Johns",
        "America/Santiago",
        "America/Havana",
        "America/Nuuk",
        "America/Sao_Paulo",
        "Australia/Lord_Howe",
        "Australia/Sydney",
        "Africa/Casablanca",
        "Africa/Cairo",
        "Asia/Tokyo",
        "Asia/Kathmandu",
        "Asia/Beirut",
        "Pacific/Chatham",
        "Antarctica/Troll",
    ];
    let kinds = [
        json!({"daily>": "02:30:00"}),
        json!({"daily>": "25:00:00", "start": "2024-02-20", "end": "2024-04-10"}),
        json!({"weekly>": "Sun,01:30:00"}),
        json!({"weekly>": "3,23:00:00"}),
        json!({"monthly>": "1,00:00:00"}),
        json!({"monthly>": "31,12:00:00"}),
        json!({"hourly>": "59:59", "start": "2024-10-26", "end": "2024-10-28"}),
        json!({"hourly>": "00:00", "start": "2024-03-30", "end": "2024-03-31"}),
        json!({"minutes_interval>": 20, "start": "2024-11-03", "end": "2024-11-03"}),
        json!({"seconds_interval>": 600_000}),
        json!({"cron>": "30 1,2 * * 0"}),
        json!({"cron>": "0 * L * *"}),
        json!({"cron>": "15 3 13 * 5"}),
        json!({"cron>": "*/10 0-3 31 3 *", "delay": 90}),
        json!({"cron>": "0 0 29 2 *"}),
    ];
    kinds.into_iter().flat_map(|kind| ZONES.map(|zone| (kind.clone(), zone))).collect()
}

/// A year with a restart at a random instant of each day, after up to an hour and a half without a server; every third one
/// is a crash after sessions were started and before anybody knew.
#[test]
fn three_hundred_schedules_fire_once_through_a_year_of_restarts() {
    let mut world = World::new("2024-01-01T00:00:01Z", true, &[("schedule.catch_up_limit", "100000")]);
    let (begin, end) = (world.clock.now(), at("2025-01-01T00:00:01Z"));
    let kinds = every_kind_of_schedule();
    assert_eq!(kinds.len(), 300);
    for (number, (section, zone)) in kinds.iter().enumerate() {
        world.schedule(&format!("wf{number}"), section, zone);
    }
    let mut seed: u64 = 20_240_101;
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((seed >> 33) % below).unwrap()
    };
    let mut now = begin;
    for day in 0..366 {
        let down = begin + TimeDelta::days(day) + TimeDelta::seconds(random(86_400));
        while let Some(next) = world.run(now).filter(|&next| next < down) {
            assert!(next > now, "it wakes up for something");
            now = next;
        }
        if day % 3 == 0 {
            let crash = StoreError::ReadOnly { file: "test.db".into() };
            *world.starter.lost.lock().unwrap() = Some(crash);
            world.clock.step_to(down);
            let _ = world.agenda.run_once(down);
            world.starter.lost.lock().unwrap().take();
            let left = world.store.read(attempts::unfinished).unwrap();
            left.iter().for_each(|row| testing::finish(&world.store, row.id, true));
        }
        now = (down + TimeDelta::seconds(random(5400))).max(now);
        world.clock.step_to(now);
        world.restart();
    }
    while let Some(next) = world.run(now).filter(|&next| next < end) {
        now = next;
    }
    let mut fired: HashMap<String, Vec<Time>> = HashMap::new();
    for row in world.attempts() {
        fired.entry(row.workflow_name).or_default().push(row.session_time.time());
    }
    let mut total = 0;
    for (number, (section, zone)) in kinds.iter().enumerate() {
        let (schedule, _) =
            Schedule::parse(section.as_object().unwrap(), &Zone::parse(zone).unwrap()).unwrap();
        let expected = std::iter::successors(schedule.first(begin), |time| schedule.next(time.session));
        let expected = expected.take_while(|time| time.run <= now.max(world.clock.now()));
        let expected: Vec<Time> = expected.map(|time| time.session).collect();
        total += expected.len();
        let own = fired.remove(&format!("wf{number}")).unwrap_or_default();
        assert_eq!(own, expected, "{section} {zone}");
    }
    assert!(total > 15_000, "{total}");
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
        for event in events {
            match event {
                Event::Wake(minutes) => now += TimeDelta::minutes(minutes),
                Event::Restart => world.restart(),
                Event::Crash => {
                    let failure = StoreError::ReadOnly { file: "test.db".into() };
                    *world.starter.lost.lock().unwrap() = Some(failure);
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
                    world.store.write(Durability::Normal, |w| schedules::enable(w, id, world.clock.now())).unwrap();
                }
                Event::Push => {
                    world.redefine(id, &section);
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
