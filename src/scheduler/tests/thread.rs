//! The thread that sleeps until the next session.

use super::*;

impl World {
    pub(super) fn scheduler(&self) -> Scheduler {
        let starter = Arc::clone(&self.starter) as Arc<dyn SessionStarter>;
        let observer = Arc::clone(&self.log) as Arc<dyn Observer>;
        let (store, clock) = (Arc::clone(&self.store), self.clock.clone());
        Scheduler::start(store, clock, starter, observer, Arc::new(|| {}), self.settings.clone()).unwrap()
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
