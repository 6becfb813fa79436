//! SIGHUP: the configuration is read again while the server runs.

use crate::support::{Server, wait_until};
use nix::sys::signal::Signal;

#[test]
fn what_can_change_changes_and_the_rest_is_named() {
    let mut server = Server::new().start();
    assert_eq!(server.get("/api/projects").status, 200);
    server.configure(
        "server.authenticator.basic.username = ada\nserver.authenticator.basic.password = pw\n\
         server.http.headers.X-Team = data\nserver.log-level = warn\nagent.max-task-threads = 3",
    );
    server.signal(Signal::SIGHUP);
    wait_until("a password is asked for", || server.get("/api/projects").status == 401);
    assert_eq!(server.get("/api/version").header("x-team"), Some("data"));
    server
        .process()
        .wait_for("agent.max-task-threads has changed; the server follows it when it is started again");
    let printed = server.stop().success().stdout;
    assert!(!printed.contains("Shutdown completed"), "{printed}");
}

#[test]
fn that_everybody_is_root_is_told_until_somebody_has_to_sign_in() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let warning = "[WARN] (main): Every user of this machine can run commands as root: make a token with `dibble token create";
    let mut server = Server::new().start();
    server.process().wait_for(warning);
    let count = |server: &Server| server.process().printed().matches(warning).count();
    let reloaded = "The configuration was read again";
    server.signal(Signal::SIGHUP);
    wait_until("it is told again", || count(&server) == 2);
    let _ = server.project.dibble(&["token", "create", "ci", "-o", "data.db"]).success();
    server.signal(Signal::SIGHUP);
    wait_until("it is read again", || server.process().printed().matches(reloaded).count() == 2);
    let printed = server.stop().success().stdout;
    assert_eq!(printed.matches(warning).count(), 2, "{printed}");
}

#[test]
fn a_broken_configuration_changes_nothing() {
    let mut server = Server::new().config("server.http.headers.X-Team = data").start();
    server.configure("server.http.headers.X-Team = other\napi.max_sessions_page_size = 0");
    server.signal(Signal::SIGHUP);
    server
        .process()
        .wait_for("[ERROR] (main): The configuration stays as it is: error: api.max_sessions_page_size = 0");
    assert_eq!(server.get("/api/version").header("x-team"), Some("data"));
    let _ = server.stop().success();
}
