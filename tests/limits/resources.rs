//! `limits.memory`, `limits.cpu`, `limits.processes`: what an attempt may use. What can be tried depends on the machine: the
//! server says in which way its limits hold.

use crate::support::{Project, Server};
use nix::sys::signal::Signal;
use serde_json::Value;

const DAY: &str = "2026-11-01T00:00:00Z";
/// Keeps 300 MB of zeros in memory, in one process.
const HUNGRY: &str = "+a:\n  sh>: head -c 300000000 /dev/zero | tail -n 1 >/dev/null\n";

/// The message of the error of a task.
fn error(server: &Server, attempt: &str, task: &str) -> String {
    let tasks = server.get(&format!("/api/attempts/{attempt}/tasks")).json();
    let is_it = |it: &&Value| it["fullName"] == task;
    let found = tasks["tasks"].as_array().unwrap().iter().find(is_it).unwrap();
    found["error"]["message"].as_str().unwrap().to_owned()
}

#[test]
fn an_attempt_gets_no_more_memory_than_its_limit() {
    let mut server = Server::new().config("limits.memory = 100M\nlimits.memory.p.rich = none").start();
    server.push("p", "r1", &[("poor.dig", HUNGRY), ("rich.dig", HUNGRY)]);
    let [poor, rich] = ["poor", "rich"].map(|name| server.start_attempt(&server.workflow("p", name), DAY));
    assert_eq!(server.finished(&poor)["success"], false);
    assert_eq!(server.finished(&rich)["success"], true);
    let message = error(&server, &poor, "+poor+a");
    if server.process().printed().contains("limits.memory hold for each attempt") {
        assert_eq!(message, "killed: used more than limits.memory = 100M");
    } else {
        server.process().wait_for("limits.memory holds for the address space of each process only");
        assert!(message.starts_with("Command failed with code"), "{message}");
    }
    let _ = server.stop().success();
}

/// Where there are no control groups, nobody knows why a process was killed.
#[test]
fn a_limit_that_may_be_the_reason_is_named() {
    let mut server = Server::new().config("limits.memory = 900M\nlimits.memory.p.rich = none").start();
    let crash = "+a:\n  sh>: kill -SEGV $$$$\n";
    let codes = "+a:\n  sh>: exit 134\n";
    let other = "+a:\n  sh>: exit 3\n";
    server.push(
        "p",
        "r1",
        &[("crash.dig", crash), ("codes.dig", codes), ("other.dig", other), ("rich.dig", crash)],
    );
    let error = |name: &str| {
        let id = server.start_attempt(&server.workflow("p", name), DAY);
        assert_eq!(server.finished(&id)["success"], false);
        error(&server, &id, &format!("+{name}+a"))
    };
    let may_be = if server.process().printed().contains("limits.memory hold for each attempt") {
        ""
    } else {
        ", perhaps because of limits.memory = 900M"
    };
    assert_eq!(error("crash"), format!("Command failed with code 139{may_be} (runtime)"));
    assert_eq!(error("codes"), format!("Command failed with code 134{may_be} (runtime)"));
    assert_eq!(
        [error("other"), error("rich")],
        ["Command failed with code 3 (runtime)", "Command failed with code 139 (runtime)"]
    );
    let _ = server.stop().success();
}

#[test]
fn limits_that_concern_no_workflow_are_named_at_the_start_and_by_doctor() {
    let config = "limits.memory = none\nlimits.memory.p.nosuch = 2G\nlimits.processes.p.etl = 900\n\
                  slots.db = 2\nslots.db.tasks = +etl+load*, p/+etl+laod, q/+etl+load, *+report";
    let mut server = Server::new().start();
    server.push("p", "r1", &[("etl.dig", "+load:\n  sh>: exit 0\n")]);
    let _ = server.stop().success();
    let server = server.config(config);
    let mut server = server.start();
    let expected = [
        "limits.memory.p.nosuch concerns no workflow that there is",
        "slots.db.tasks: p/+etl+laod concerns no task that there is",
        "slots.db.tasks: q/+etl+load concerns no task that there is",
    ];
    let printed = server.process().printed();
    let told = printed.lines().filter(|line| line.contains(" concerns no ")).count();
    assert_eq!(told, expected.len(), "{printed}");
    for message in expected {
        assert!(printed.contains(&format!("[WARN] (main): {message}")), "{message}: {printed}");
    }
    let doctor = || server.project.dibble(&["doctor", "-o", "data.db", "-c", "server.properties"]).stdout;
    let found = doctor();
    for message in expected {
        assert!(found.contains(&format!("warning  limits       {message}")), "{message}: {found}");
    }
    server.configure("limits.cpu.p.els = 1");
    server.signal(Signal::SIGHUP);
    server
        .process()
        .wait_for("limits.cpu.p.els concerns no workflow that there is; did you mean limits.cpu.p.etl?");
    let _ = server.stop().success();
}
#[test]
fn limits_that_do_not_hold_are_named_at_the_start() {
    let config = "limits.cpu = 0.5\nlimits.processes = 100";
    let mut server = Server::new().config(config).start();
    let printed = server.process().printed();
    for key in ["limits.cpu", "limits.processes"] {
        let held = printed.lines().any(|line| line.contains(key) && line.contains("hold for each attempt"));
        assert!(held || printed.contains(&format!("[WARN] (main): {key} has no effect; ")), "{printed}");
    }
    // Commands run all the same.
    server.push("p", "r1", &[("wf.dig", "+a:\n  sh>: exit 0\n")]);
    let id = server.start_attempt(&server.workflow("p", "wf"), DAY);
    assert_eq!(server.finished(&id)["success"], true);
    let _ = server.stop().success();
}

#[test]
fn a_run_keeps_to_the_limits_of_its_configuration() {
    let project = Project::new().dig(HUNGRY).file("c", "limits.memory = 100M\n");
    let _ = project.run(&["-c", "c"]).fails(1);
    let _ = project.run(&["--rerun"]).success();
    let project = project.file("c", "limits.memory = 5\n");
    let expected = "limits.memory = 5: expected a size such as 500M or 2G, 1M at least, or none";
    let _ = project.run(&["-c", "c"]).fails(1).says(&[expected]);
}
