//! `--max-task-threads`: how many tasks run at a time at all.

use crate::support::{Project, Server, wait_until};

/// Four tasks side by side; each writes that it begins and that it ends.
fn dig(log: &str) -> String {
    let task = format!("    sh>: echo begin >> {log}; sleep 0.1; echo end >> {log}\n");
    let tasks: String = (1..5).map(|n| format!("  +t{n}:\n{task}")).collect();
    format!("timezone: UTC\n+all:\n  _parallel: true\n{tasks}")
}

/// How many tasks ran at a time at the most.
fn most(log: &str) -> i32 {
    let step = |line| if line == "begin" { 1 } else { -1 };
    let counts = log.lines().scan(0, |running, line| {
        *running += step(line);
        Some(*running)
    });
    counts.max().unwrap_or_default()
}

#[test]
fn a_run_keeps_to_them() {
    let project = Project::new().dig(&dig("log"));
    let _ = project.run(&["--max-task-threads", "1"]).success();
    assert_eq!(most(&project.read("log")), 1);
    std::fs::write(project.path("log"), "").unwrap();
    let _ = project.run(&["--rerun", "--max-task-threads", "2"]).success();
    assert!(most(&project.read("log")) <= 2);
}

#[test]
fn a_server_keeps_to_them_by_option_and_configuration() {
    for (config, args) in [("agent.max-task-threads = 1", &[][..]), ("", &["--max-task-threads", "1"])] {
        let mut server = Server::new().config(config).args(args).start();
        let log = server.project.path("log");
        server.push("p", "r1", &[("wf.dig", &dig(log.to_str().unwrap()))]);
        let id = server.start_attempt(&server.workflow("p", "wf"), "2026-11-01T00:00:00Z");
        wait_until("others wait for a thread", || {
            server.get("/metrics").text().contains("\ndibble_tasks_queued 3\n")
        });
        assert_eq!(server.finished(&id)["success"], true);
        assert_eq!(most(&server.project.read("log")), 1);
        let _ = server.stop().success();
    }
}
