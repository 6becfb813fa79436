//! The clock of the machine is set, or the machine was asleep: what was passed over is caught up, what was run is not run
//! again.

use super::*;

impl World {
    /// The thread wakes up to a clock that shows another time.
    fn set(&self, scheduler: &Scheduler, now: &str) {
        self.clock.set_to(at(now));
        scheduler.clock_was_set();
    }

    /// Waits for what the scheduler tells of itself.
    fn wait_until(scheduler: &Scheduler, condition: impl Fn(&Health) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !condition(&scheduler.health()) {
            assert!(Instant::now() < end, "{:?}", scheduler.health());
            std::thread::yield_now();
        }
    }

    /// The next attempt that is started.
    fn next_started(&self) -> AttemptId {
        self.started.recv_timeout(PATIENCE).unwrap()
    }
}

#[test]
fn sessions_that_the_clock_passed_over_are_caught_up() {
    for (how, expected) in [
        ("all", vec!["01 03:00", "01 04:00", "01 05:00"]),
        ("last", vec!["01 05:00"]),
        ("none", vec!["01 06:00"]),
    ] {
        let settings = [("schedule.catch_up", how), ("schedule.catch_up_limit", "3")];
        let world = World::new("2024-01-01T00:00:01Z", true, &settings);
        world.schedule("wf", &json!({"hourly>": "00:00"}), "UTC");
        let scheduler = world.scheduler();
        world.set(&scheduler, "2024-01-01T05:10:00Z");
        if how == "none" {
            World::wait_until(&scheduler, |health| health.skipped == 5);
            world.set(&scheduler, "2024-01-01T06:00:00Z");
        }
        for _ in &expected {
            world.next_started();
        }
        scheduler.stop();
        assert_eq!(world.session_times(), expected, "{how}");
    }
}

#[test]
fn what_ran_when_the_machine_fell_asleep_is_waited_for() {
    let world = World::new("2024-01-01T00:00:01Z", false, &[]);
    world.schedule("wf", &json!({"hourly>": "00:00"}), "UTC");
    let scheduler = world.scheduler();
    world.set(&scheduler, "2024-01-01T01:00:00Z");
    let first = world.next_started();
    World::wait_until(&scheduler, |health| health.next_due == Some(at("2024-01-01T02:00:00Z")));
    world.set(&scheduler, "2024-01-01T04:10:00Z");
    World::wait_until(&scheduler, |health| health.waiting == 1);
    assert_eq!(world.session_times(), ["01 01:00"]);
    testing::finish(&world.store, first, true);
    scheduler.attempt_ended(first);
    world.next_started();
    scheduler.stop();
    assert_eq!(world.session_times(), ["01 01:00", "01 02:00"]);
}

#[test]
fn what_was_run_before_the_clock_was_put_back_is_not_run_again() {
    let world = World::new("2024-01-01T00:00:01Z", true, &[]);
    let id = world.schedule("wf", &json!({"hourly>": "00:00"}), "UTC");
    let scheduler = world.scheduler();
    world.set(&scheduler, "2024-01-01T02:00:00Z");
    world.next_started();
    world.next_started();
    for now in
        ["2024-01-01T00:30:00Z", "2024-01-01T01:00:00Z", "2024-01-01T02:00:00Z", "2024-01-01T03:00:00Z"]
    {
        world.set(&scheduler, now);
    }
    world.next_started();
    scheduler.stop();
    assert_eq!(world.session_times(), ["01 01:00", "01 02:00", "01 03:00"]);
    assert_eq!(world.next(id).0, "01 04:00:00");
}

#[test]
fn what_waited_when_the_clock_was_put_back_still_starts() {
    let world = World::new("2024-01-01T00:00:01Z", false, &[]);
    world.schedule("wf", &json!({"hourly>": "00:00"}), "UTC");
    let scheduler = world.scheduler();
    // The second of two missed sessions waits for the first, which began at 05:10 by the wrong clock.
    world.set(&scheduler, "2024-01-01T05:10:00Z");
    let first = world.next_started();
    World::wait_until(&scheduler, |health| health.waiting == 1);
    world.set(&scheduler, "2024-01-01T00:30:00Z");
    World::wait_until(&scheduler, |health| health.next_due == Some(at("2024-01-01T02:00:00Z")));
    world.set(&scheduler, "2024-01-01T02:00:00Z");
    testing::finish(&world.store, first, true);
    scheduler.attempt_ended(first);
    world.next_started();
    scheduler.stop();
    assert_eq!(world.session_times(), ["01 01:00", "01 02:00"]);
}

#[test]
fn nobody_waits_for_an_attempt_longer_because_the_clock_was_put_back() {
    let world = World::new("2024-01-01T00:00:01Z", false, &[]);
    world.schedule("wf", &json!({"hourly>": "00:00"}), "UTC");
    world.run_at("2024-01-01T05:10:00Z");
    // The attempt has begun at 05:10, which now is to come.
    let now = at("2024-01-01T00:30:00Z");
    world.clock.set_to(now);
    assert!(world.agenda.unbroken.look(now, Instant::now()).is_some());
    world.run(now);
    world.run_at("2024-01-01T02:00:00Z");
    assert_eq!(world.session_times(), ["01 01:00", "01 02:00"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_session_starts_once_however_often_the_clock_is_set(
        minutes in proptest::collection::vec(-400..500_i64, 1..40),
        pattern in proptest::sample::select(vec!["*/10 * * * *", "7 * * * *", "0 1,3,5 * * *", "0 0 * * *"]),
        restarts in any::<u64>(),
    ) {
        let mut world = World::new("2024-03-30T20:00:01Z", true, &[("schedule.catch_up_limit", "100000")]);
        let section = json!({"cron>": pattern});
        world.schedule("wf", &section, "Europe/Berlin");
        let (begin, mut now) = (world.clock.now(), world.clock.now());
        let mut latest = now;
        for (at, minutes) in minutes.into_iter().enumerate() {
            now += TimeDelta::minutes(minutes);
            latest = latest.max(now);
            world.clock.set_to(now);
            if restarts >> at & 1 == 1 {
                world.restart();
            }
            world.run(now);
        }
        let (schedule, _) =
            Schedule::parse(section.as_object().unwrap(), &Zone::parse("Europe/Berlin").unwrap()).unwrap();
        let expected = std::iter::successors(schedule.first(begin), |time| schedule.next(time.session));
        let expected: Vec<Time> = expected.map(|time| time.session).take_while(|&time| time <= latest).collect();
        let found: Vec<Time> = world.attempts().iter().map(|row| row.session_time.time()).collect();
        prop_assert_eq!(found, expected);
    }
}
