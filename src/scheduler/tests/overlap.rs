//! Sessions of a schedule beside each other: those that were missed never are, unless the workflow always takes longer
//! than its sessions are apart.

use super::*;

/// The time of a day that all of it happens on.
fn today(time: &str) -> Time {
    at(&format!("2024-01-10T{time}Z"))
}

impl World {
    fn every_minute(now: &str) -> Self {
        let world = Self::new(&format!("2024-01-10T{now}Z"), false, &[]);
        world.schedule("wf", &json!({"cron>": "* * * * *"}), "UTC");
        world
    }

    /// Attends to the schedule at a time of the day, and tells which sessions run then.
    fn running_at(&self, time: &str) -> Vec<String> {
        self.run(today(time));
        self.running()
    }

    /// Ends the attempt of a session at a time of the day, and tells which sessions run then.
    fn end(&self, session: &str, time: &str) -> Vec<String> {
        self.clock.step_to(today(time));
        let session = SessionTime::new(today(session));
        let attempt = self.attempts().into_iter().find(|row| row.session_time == session).unwrap().id;
        testing::finish_at(&self.store, attempt, true, today(time).timestamp());
        self.agenda.waiting.ended(attempt);
        self.run_ready();
        self.running()
    }

    fn running(&self) -> Vec<String> {
        let running = self.attempts().into_iter().filter(|row| !row.done);
        running.map(|row| row.session_time.time().format("%H:%M").to_string()).collect()
    }
}

#[test]
fn an_attempt_that_was_interrupted_is_not_taken_for_a_long_one() {
    let mut world = World::every_minute("20:36:30");
    assert_eq!(world.running_at("20:37:00"), ["20:37"]);
    // The machine was off. The attempt goes on, and has taken minutes when it ends.
    world.clock.step_to(today("20:40:03"));
    world.restart();
    assert_eq!(world.running_at("20:40:03"), ["20:37"]);
    assert_eq!(world.end("20:37:00", "20:40:43"), ["20:38"]);
    assert_eq!(world.running_at("20:41:13"), ["20:38"]);
    assert_eq!(world.end("20:38:00", "20:41:23"), ["20:39"]);
    assert_eq!(world.running_at("20:41:53"), ["20:39"]);
    assert_eq!(world.end("20:39:00", "20:42:03"), ["20:40"]);
}

#[test]
fn a_workflow_that_always_takes_too_long_does_not_stay_late() {
    let mut world = World::every_minute("19:59:30");
    for (session, next, end) in [("20:00:00", "20:01:00", "20:01:10"), ("20:01:00", "20:02:00", "20:02:10")] {
        world.running_at(session);
        world.running_at(next);
        assert_eq!(world.end(session, end), [&next[..5]]);
    }
    assert_eq!(world.end("20:02:00", "20:02:59"), [""; 0], "once it was quick");
    world.running_at("20:03:00");
    assert_eq!(world.running_at("20:04:00"), ["20:03", "20:04"]);
    world.end("20:03:00", "20:04:10");

    world.clock.step_to(today("20:07:10"));
    world.restart();
    assert_eq!(world.running_at("20:07:10"), ["20:04"]);
    assert_eq!(world.end("20:04:00", "20:08:10"), ["20:05"]);
    // Not all of the last three took longer than a minute.
    assert_eq!(world.running_at("20:08:45"), ["20:05"]);
    assert_eq!(world.running_at("20:09:10"), ["20:05", "20:06"]);
    assert_eq!(world.end("20:05:00", "20:09:20"), ["20:06"]);
    // Now they did.
    assert_eq!(world.running_at("20:09:40"), ["20:06", "20:07"]);
}
