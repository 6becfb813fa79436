//! A disk that is too full for anything new.

use super::{Machine, request, wait_for};
use crate::actions::start::StartError;
use crate::model::AttemptId;
use crate::store::notifications;
use std::fs;

const DAY: &str = "2026-11-01T00:00:00Z";
const NEXT_DAY: &str = "2026-11-02T00:00:00Z";

#[test]
fn nothing_new_begins_and_that_is_told_once() {
    let machine = Machine::new();
    let running = machine.start_up();
    let dig = format!("+a:\n  sh>: {}\n+b:\n  echo>: b\n", wait_for(&machine.path("go")));
    let workflow = running.push("p", &dig);
    let first = running.start(workflow, DAY).id;
    running.service.set_free_disk(1 << 60);
    for _ in 0..2 {
        let error = running.service.start(&request(workflow, NEXT_DAY)).unwrap_err();
        assert!(matches!(error, StartError::DiskFull(_)));
        let said = error.to_string();
        assert!(
            said.starts_with("Too little room on the disk: ") && said.contains(" MiB are free on"),
            "{said}"
        );
    }
    assert_eq!(running.service.room().unwrap(), 0);
    assert!(running.service.disk_shortage().is_some() && running.find(AttemptId(2)).is_none());
    // What exists is found, and what runs goes on.
    assert!(running.service.start(&request(workflow, DAY)).is_ok());
    fs::write(machine.path("go"), "").unwrap();
    assert_eq!(running.outcome(first), "success: +wf success, +wf+a success, +wf+b success");
    assert_eq!(running.service.store().read(notifications::count_pending).unwrap(), 1);
    let said =
        |text: &str| running.heard.lines.lock().unwrap().iter().filter(|it| it.starts_with(text)).count();
    assert_eq!((said("No attempt begins: "), said("There is room")), (1, 0));

    running.service.set_free_disk(1);
    let second = running.start(workflow, NEXT_DAY).id;
    assert_eq!(running.outcome(second), "success: +wf success, +wf+a success, +wf+b success");
    assert_eq!(
        (said("No attempt begins: "), said("There is room on the disk again: attempts begin")),
        (1, 1)
    );
    assert!(running.service.room().unwrap() > 0 && running.service.disk_shortage().is_none());
}
