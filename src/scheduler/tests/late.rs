//! Sessions that have not started in time, and who is told.

use super::*;

#[test]
fn a_session_that_has_not_started_is_told_of_once() {
    let world = World::new("2024-01-01T00:00:01Z", false, &[]);
    let id = world.schedule("wf", &json!({"hourly>": "10:00"}), "UTC");
    world.starter.failures.lock().unwrap().push(StartError::Invalid("no plan".to_owned()));
    // It wakes up for that, although the next try comes later.
    assert_eq!(world.run_at("2024-01-01T00:10:00Z"), "2024-01-01T00:15:00+00:00");
    world.log();
    assert_eq!(world.run_at("2024-01-01T00:14:59Z"), "2024-01-01T00:15:00+00:00");
    assert_eq!((world.log(), world.late(id)), (vec![], None));
    assert_eq!(world.run_at("2024-01-01T00:15:00Z"), "2024-01-01T01:10:00+00:00");
    assert_eq!(
        world.log(),
        ["Warn p/wf: session 2024-01-01T00:00:00+00:00 has not started: it was to start at \
          2024-01-01T00:10:00+00:00, 5m 0s ago; no plan"]
    );
    assert_eq!(world.late(id).as_deref(), Some("01 00:00"));
    world.run_at("2024-01-01T00:30:00Z");
    // It starts late, and the next one waits for it; nothing is told of either.
    world.run_at("2024-01-01T01:10:00Z");
    assert_eq!(world.session_times(), ["01 00:00"]);
    assert_eq!(world.late(id).as_deref(), Some("01 00:00"));
    world.run_at("2024-01-01T01:20:00Z");
    assert_eq!(world.log(), [""; 0]);
    world.finish(world.attempts()[0].id);
    assert_eq!((world.session_times().len(), world.late(id).as_deref()), (2, Some("01 00:00")));
    // All is well again with one that starts in time.
    world.finish(world.attempts()[1].id);
    world.run_at("2024-01-01T02:10:01Z");
    assert_eq!((world.session_times().len(), world.late(id)), (3, None));
    assert_eq!(world.notified.load(Ordering::SeqCst), 1);
}

#[test]
fn whoever_waits_for_an_attempt_or_for_room_can_be_late() {
    let world = World::new("2024-01-01T00:00:01Z", false, &[("schedule.late_after", "10m")]);
    let slow = world.schedule("slow", &json!({"daily>": "01:00:00"}), "UTC");
    world.run_at("2024-01-01T03:00:00Z");
    assert_eq!(
        world.log(),
        ["Warn p/slow: session 2024-01-01T00:00:00+00:00 starts 2h 0m 0s late: it was to start at \
          2024-01-01T01:00:00+00:00"]
    );
    world.run_at("2024-01-02T01:00:00Z");
    assert_eq!(world.late(slow).as_deref(), Some("01 00:00"));
    world.finish(world.attempts()[0].id);
    assert_eq!(world.late(slow), None);
    *world.starter.limit.lock().unwrap() = 1;
    world.clock.step_to(at("2024-01-02T02:00:00Z"));
    let crowded = world.schedule("crowded", &json!({"daily>": "01:00:00"}), "UTC");
    world.run_at("2024-01-03T01:00:00Z");
    world.log();
    assert_eq!(world.run_at("2024-01-03T01:09:00Z"), "2024-01-03T01:10:00+00:00");
    world.log();
    world.run_at("2024-01-03T01:10:00Z");
    let log = world.log();
    let late = |name: &str| {
        format!(
            "Warn p/{name}: session 2024-01-03T00:00:00+00:00 has not started: it was to start at \
             2024-01-03T01:00:00+00:00, 10m 0s ago; as many attempts run as may"
        )
    };
    assert!(log.contains(&late("slow")) && log.contains(&late("crowded")), "{log:#?}");
    assert!(world.late(slow).is_some() && world.late(crowded).is_some());
}

#[test]
fn what_nobody_waits_for_is_not_late() {
    let world = World::new("2024-01-01T00:00:01Z", true, &[]);
    let id = world.schedule("wf", &json!({"hourly>": "00:00"}), "UTC");
    disable(&world.store, id, world.clock.now()).unwrap();
    world.run_at("2024-01-01T05:00:00Z");
    world.store.write(Durability::Normal, |w| schedules::enable(w, id, world.clock.now())).unwrap();
    world.run_at("2024-01-01T05:00:00Z");
    assert_eq!(world.session_times().len(), 5);
    // The schedule was put back on purpose.
    let row = world.store.read(|r| schedules::by_id(r, id)).unwrap().unwrap();
    let back = ScheduleTime { session: at("2024-01-01T00:30:00Z"), run: at("2024-01-01T00:30:00Z") };
    let late_session_time = Some(SessionTime::new(back.session));
    let position = schedules::Position { next: back, late_session_time, ..row.position() };
    world.store.write(Durability::Normal, |w| schedules::redefine(w, id, row.workflow_id, position)).unwrap();
    world.run_at("2024-01-01T05:30:00Z");
    let off = World::new("2024-01-01T00:00:01Z", true, &[("schedule.late_after", "0")]);
    off.schedule("wf", &json!({"hourly>": "00:00"}), "UTC");
    off.run_at("2024-01-01T05:00:00Z");
    for world in [world, off] {
        assert_eq!((world.log(), world.notified.load(Ordering::SeqCst)), (vec![], 0));
    }
}
