//! The life of a server: it says what it does, drains, hands over what it has not ended, and is alone on its file.

use crate::support::{Server, wait_until};
use nix::sys::signal::Signal;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

const TIME: &str = "2026-01-02T00:00:00Z";
const WAITS: &str = "+a:\n  sh>: echo a >> $OUT/ran; while [ ! -e $OUT/go ]; do sleep 0.01; done\n\
                     +b:\n  sh>: echo b >> $OUT/ran\n";

/// A server on which `+wf+a` of attempt 1 runs until there is a file `go`.
fn busy(server: Server) -> Server {
    let server = server.start();
    let dig = WAITS.replace("$OUT", &server.project.dir().display().to_string());
    let _ = server.push("p", "r1", &[("wf.dig", &dig)]);
    assert_eq!(server.start_attempt(&server.workflow("p", "wf"), TIME), "1");
    wait_until("+wf+a runs", || server.project.has("ran"));
    server
}

#[test]
fn it_says_what_it_does() {
    // Whoever the tests are, somebody has to sign in: it says nothing about that.
    let user = "server.authenticator.basic.username = ada\nserver.authenticator.basic.password = lace";
    let mut server = Server::new().config(user).start();
    let address = server.address().to_owned();
    let printed = server.stop().success().stdout;
    let messages: Vec<&str> =
        printed.lines().filter_map(|line| Some(line.split_once("(main): ")?.1)).collect();
    let database = format!("Using the database {}", server.project.path("data.db").display());
    let bound = format!("Bound on {address} (api)");
    assert_eq!(
        messages,
        [
            database.as_str(),
            "secret encryption engine: xchacha20poly1305",
            "Starting server on 127.0.0.1:0",
            &bound,
            "Started shutdown process",
            "Shutting down workflow executor loop",
            "Waiting for completion of 0 running tasks...",
            "Closing HTTP listening sockets",
            "Waiting for completion of running HTTP requests...",
            "Shutting down HTTP worker threads",
            "Shutting down system",
            "Shutdown completed",
        ]
    );
}

#[test]
fn running_tasks_end_while_requests_are_answered_and_the_next_server_goes_on() {
    let mut server = busy(Server::new());
    server.signal(Signal::SIGTERM);
    server.process().wait_for("Waiting for completion of 1 running tasks...");
    assert_eq!(server.attempt("1")["status"], "running");
    std::fs::write(server.project.path("go"), "").unwrap();
    let out = server.end().success();
    assert!(out.stdout.contains("Shutdown completed"), "{out}");
    assert_eq!(server.project.read("ran"), "a\n");
    server.run();
    assert_eq!(server.finished("1")["success"], true);
    assert_eq!(server.project.read("ran"), "a\nb\n");
}

#[test]
fn tasks_that_take_too_long_are_ended_and_run_again() {
    let mut server = busy(Server::new().config("server.shutdown.timeout = 1s"));
    let out = server.stop();
    assert_eq!(out.exit(), "1", "{out}");
    assert!(out.stdout.contains("Tasks did not end within 1 s (server.shutdown.timeout)"), "{out}");
    std::fs::write(server.project.path("go"), "").unwrap();
    server.run();
    assert_eq!(server.finished("1")["success"], true);
    assert_eq!(server.project.read("ran"), "a\na\nb\n");
}

#[test]
fn a_second_signal_ends_at_once() {
    let mut server = busy(Server::new());
    server.signal(Signal::SIGTERM);
    server.process().wait_for("Waiting for completion");
    server.signal(Signal::SIGINT);
    assert_eq!(server.end().exit(), "130");
}

#[test]
fn a_file_has_one_server() {
    let first = Server::new().start();
    let pid = first.process().pid();
    let out = first.spawn().end().fails(1);
    let _ = out.says(&[&format!("Another server, process {pid}, works with"), "name another file with -o"]);
    // It did not disturb the first one.
    assert_eq!(first.get("/healthz").status, 200);
}

#[test]
fn the_runs_of_the_command_line_are_in_the_same_history() {
    let server = Server::new().file("wf.dig", "+a: {echo>: hi}").start();
    let _ = server.project.run(&["-o", "data.db"]).success();
    let attempts = server.get("/api/attempts").json();
    assert_eq!(attempts["attempts"][0]["project"]["name"], "default");
}

#[test]
fn a_server_without_an_agent_leaves_tasks_to_the_next() {
    let mut server = Server::new().args(&["--disable-local-agent"]).start();
    let _ = server.push("p", "r1", &[("wf.dig", "+a:\n  echo>: hi\n")]);
    let id = server.start_attempt(&server.workflow("p", "wf"), TIME);
    let _ = server.stop().success();
    let next = server.without_args().start();
    assert_eq!(next.finished(&id)["success"], true);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let first = Server::new().start();
    let port = first.address().rsplit_once(':').unwrap().1.to_owned();
    let out = first.project.dibble(&["server", "--memory", "-n", &port]).fails(1);
    let _ = out.says(&[&format!("Cannot listen on 127.0.0.1:{port}")]);
}

#[test]
fn a_service_manager_is_told() {
    let server = Server::new();
    let path = server.project.path("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut server =
        server.env("NOTIFY_SOCKET", &path.display().to_string()).env("WATCHDOG_USEC", "200000").start();
    let told = || {
        let mut bytes = [0; 256];
        let size = manager.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..size]).into_owned()
    };
    assert_eq!(told(), "READY=1\n");
    assert_eq!(told(), "WATCHDOG=1\n");
    // What tasks start has nothing to tell.
    let task = "+a:\n  sh>: 'echo \"<$NOTIFY_SOCKET$WATCHDOG_USEC>\"'\n";
    let _ = server.push("p", "1", &[("wf.dig", task)]);
    let id = server.start_attempt(&server.workflow("p", "wf"), "2026-01-02T00:00:00Z");
    assert_eq!(server.finished(&id)["success"], true);
    let log = server.dibble(&["log", &id]).success();
    assert!(log.stdout.contains("<>"), "{log}");
    server.signal(Signal::SIGTERM);
    while told() != "STOPPING=1\n" {}
    let _ = server.end().success();
}
