//! `slots.NAME`: how many tasks of a kind run at a time, across workflows.

use crate::support::{Project, Server, wait_until};
use nix::sys::signal::Signal;

const DAY: &str = "2026-11-01T00:00:00Z";

/// Waits in the server's directory until `go` is there.
fn load(server: &Server) -> String {
    format!("+load:\n  sh>: while [ ! -e {} ]; do sleep 0.01; done\n", server.project.path("go").display())
}

fn shows(server: &Server, line: &str) -> bool {
    server.get("/metrics").text().contains(&format!("\n{line}\n"))
}

#[test]
fn workflows_share_a_slot_and_its_size_changes_while_they_wait() {
    let mut server =
        Server::new().config("slots.db = 1\nslots.db.tasks = sales/+etl+load*, *+report").start();
    let load = load(&server);
    server.push("sales", "r1", &[("etl.dig", &load)]);
    server.push("other", "r1", &[("etl.dig", &load)]);
    let (sales, other) = (server.workflow("sales", "etl"), server.workflow("other", "etl"));
    let first = server.start_attempt(&sales, DAY);
    wait_until("the first one runs", || shows(&server, "dibble_slot_used{slot=\"db\"} 1"));
    let waiting =
        ["2026-11-02T00:00:00Z", "2026-11-03T00:00:00Z"].map(|day| server.start_attempt(&sales, day));
    wait_until("two wait", || shows(&server, "dibble_slot_waiting{slot=\"db\"} 2"));
    assert!(shows(&server, "dibble_tasks_queued 2"));
    server.process().wait_for("+etl+load): Waiting for slot db (1 of 1 in use)");
    let log = || server.dibble(&["log", &waiting[0]]).stdout;
    wait_until("the task's log says so", || log().contains("Waiting for slot db (1 of 1 in use)"));
    // The slot is for one project only.
    let unconcerned = server.start_attempt(&other, DAY);
    wait_until("two run", || shows(&server, "dibble_tasks_running 2"));

    server.configure("slots.db = 2");
    server.signal(Signal::SIGHUP);
    wait_until("one more runs", || shows(&server, "dibble_slot_used{slot=\"db\"} 2"));
    assert!(shows(&server, "dibble_slot_waiting{slot=\"db\"} 1"));
    let _ = server.dibble(&["kill", &waiting[1]]).success();
    assert_eq!(server.finished(&waiting[1])["success"], false);
    assert_eq!(server.tasks(&waiting[1]), ["+etl canceled", "+etl+load canceled"]);
    std::fs::write(server.project.path("go"), "").unwrap();
    for id in [&first, &waiting[0], &unconcerned] {
        assert_eq!(server.finished(id)["success"], true);
    }
    let _ = server.stop().success();
}

#[test]
fn who_waits_keeps_no_server_from_ending_and_is_run_by_the_next() {
    let mut server = Server::new().config("slots.db = 1\nslots.db.tasks = *").start();
    let load = load(&server);
    server.push("p", "r1", &[("etl.dig", &load)]);
    let workflow = server.workflow("p", "etl");
    let ids = [DAY, "2026-11-02T00:00:00Z"].map(|day| server.start_attempt(&workflow, day));
    wait_until("one waits", || shows(&server, "dibble_slot_waiting{slot=\"db\"} 1"));
    server.signal(Signal::SIGTERM);
    wait_until("nobody waits", || shows(&server, "dibble_slot_waiting{slot=\"db\"} 0"));
    std::fs::write(server.project.path("go"), "").unwrap();
    let _ = server.end().success();
    server.run();
    for id in &ids {
        assert_eq!(server.finished(id)["success"], true);
    }
    let _ = server.stop().success();
}

#[test]
fn a_run_keeps_to_the_slots_of_its_configuration() {
    let task = "    sh>: echo begin >> log; sleep 0.1; echo end >> log\n";
    let tasks: String = (1..5).map(|n| format!("  +t{n}:\n{task}")).collect();
    let project = Project::new()
        .dig(&format!("timezone: UTC\n+load:\n  _parallel: true\n{tasks}"))
        .file("c", "slots.db = 1\nslots.db.tasks = +*+load*\n");
    let _ = project.run(&["-c", "c"]).success();
    assert_eq!(project.read("log"), "begin\nend\n".repeat(4));
    let project = project.file("c", "slots.db = none\n");
    let out = project.run(&["-c", "c"]).fails(1);
    let out = out.says(&["slots.db = none: expected a whole number from 1 to 100000"]);
    let _ = out.says(&["there is no slots.db.tasks: expected full names of tasks"]);
}
