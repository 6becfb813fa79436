//! Two programs on one file.

use crate::support::{Project, dump, wait_until};

const DIG: &str =
    "+a: {sh>: 'echo $NAME >> ran; while [ ! -e go ]; do sleep 0.01; done'}\n+b: {sh>: 'echo $NAME >> end'}";

#[test]
fn different_sessions_run_beside_each_other() {
    let project = Project::new().dig(DIG).env("NAME", "x");
    let first = project.start(&["run", "wf.dig", "--session", "2026-01-02"]);
    let second = project.start(&["run", "wf.dig", "--session", "2026-01-03"]);
    wait_until("both run", || project.has("ran") && project.read("ran").lines().count() == 2);
    let project = project.file("go", "");
    let _ = first.end().success();
    let _ = second.end().success();
    assert_eq!(project.read("end"), "x\nx\n");
    let _ = dump(&project.path(".dibble.db"));
}

/// The second one says so, or waits; but no task runs in both and nothing is lost.
#[test]
fn the_same_session_is_run_by_one_of_them() {
    let project = Project::new().dig(DIG).env("NAME", "first");
    let first = project.start(&["run", "wf.dig", "--session", "2026-01-02"]);
    wait_until("the first one runs", || project.has("ran"));
    let project = project.env("NAME", "second");
    let second = project.start(&["run", "wf.dig", "--session", "2026-01-02"]).end().fails(1);
    assert!(second.stderr.contains("error: "), "{second}");
    assert_eq!(second.operators(), [""; 0]);
    let project = project.file("go", "");
    let _ = first.end().success();
    assert_eq!((project.read("ran"), project.read("end")), ("first\n".to_owned(), "first\n".to_owned()));
}

#[test]
fn many_at_once_lose_nothing() {
    let tasks: String = (0..10).map(|n| format!("+t{n}: {{sh>: 'true'}}\n")).collect();
    let project = Project::new().file("wf.dig", tasks);
    let days: Vec<String> = (1..=6).map(|day| format!("2026-01-0{day}")).collect();
    let programs: Vec<_> =
        days.iter().map(|day| project.start(&["run", "wf.dig", "--session", day])).collect();
    for program in programs {
        assert_eq!(program.end().success().ran().len(), 10);
    }
    let rows = dump(&project.path(".dibble.db"));
    assert_eq!(rows.matches("full_name=+wf+t").count(), 60);
}
