//! Ctrl-C, SIGTERM and a second Ctrl-C.

use crate::support::{Program, Project, tasks, wait_until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::time::{Duration, Instant};

/// A task that writes the pid of its shell and waits; `trap` is what it does on TERM.
fn started(trap: &str) -> (Project, Program, Pid) {
    let project = Project::new().moving_clock().executable(
        "wait.sh",
        &format!("#!/bin/sh\ntrap '{trap}' TERM\necho $$ > pid.new && mv pid.new pid\nwhile :; do sleep 0.05; done\n"),
    );
    let project = project.dig(
        "
        +a: {sh>: './wait.sh'}
        +b: {echo>: never}
        _error: {echo>: 'not run either'}
        ",
    );
    let program = project.start(&["run", "wf.dig", "--session", "2026-01-02"]);
    wait_until("the task has started", || project.has("pid"));
    let pid = Pid::from_raw(project.read("pid").trim().parse().unwrap());
    (project, program, pid)
}

fn is_alive(pid: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    kill(pid, None).is_ok() && !status.contains(") Z ")
}

#[test]
fn interrupt_and_terminate_cancel_the_task_and_its_processes() {
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let (project, program, pid) = started("echo term; exit 1");
        program.signal(signal);
        let out = program.end().fails(code).says(&["canceled"]);
        wait_until("its processes are gone", || !is_alive(pid));
        assert_eq!(out.ran(), ["+wf+a"], "{out}");
        let states = tasks(&project.path(".dibble.db"));
        assert_eq!(states[1], "+wf+a canceled", "{states:?}");
        assert!(!states.iter().any(|state| state.contains("^error")), "{states:?}");
    }
}

#[test]
fn the_next_run_runs_the_canceled_task_again() {
    let (project, program, _) = started("exit 1");
    program.signal(Signal::SIGINT);
    let _ = program.end();
    let project = project.executable("wait.sh", "#!/bin/sh\necho now\n");
    let out = project.run(&[]).success();
    assert_eq!(out.lines(), ["now", "never"]);
}

/// A command that does not listen to TERM is not waited for any longer.
#[test]
fn a_second_interrupt_kills_at_once() {
    let (_project, program, pid) = started("");
    program.signal(Signal::SIGINT);
    program.wait_for("+wf+a");
    std::thread::sleep(Duration::from_millis(100)); // Signals of one kind that come together are one.
    let start = Instant::now();
    program.signal(Signal::SIGINT);
    let out = program.end();
    assert!(start.elapsed() < Duration::from_secs(8), "it waited for the grace period\n{out}");
    assert_ne!(out.exit(), "0");
    wait_until("its processes are gone", || !is_alive(pid));
}

#[test]
fn a_command_that_ignores_term_is_killed_after_the_grace_period() {
    let (_project, program, pid) = started("");
    let start = Instant::now();
    program.signal(Signal::SIGTERM);
    let out = program.end();
    assert!(start.elapsed() >= Duration::from_secs(9), "it had no time to end\n{out}");
    wait_until("its processes are gone", || !is_alive(pid));
}

#[test]
fn tasks_that_wait_end_at_once() {
    for task in
        ["wait>: 1h", "wait>: 1h\n  blocking: true", "sh>: 'exit 1'\n  _retry: {limit: 1, interval: 3600}"]
    {
        let project = Project::new().moving_clock().dig(&format!("+a:\n  {task}"));
        let program = project.start(&["run", "wf.dig", "--session", "2026-01-02"]);
        program.wait_for("+wf+a");
        let start = Instant::now();
        program.signal(Signal::SIGINT);
        let _ = program.end().fails(130).says(&["canceled"]);
        assert!(start.elapsed() < Duration::from_secs(8), "{task}");
    }
}

/// The window was closed, the connection was lost.
#[test]
fn a_terminal_that_goes_away_ends_the_run_in_order() {
    let project = Project::new().moving_clock().dig("+a: {sh>: 'sleep 1000'}");
    assert_eq!(project.hang_up("sh>:"), Some(129));
    let states = tasks(&project.path(".dibble.db"));
    assert_eq!(states[1], "+wf+a canceled", "{states:?}");
    assert!(!project.path(".digdag").exists());
}
