//! Who may use the server: the user of the configuration, whoever has a token, and on the own machine everybody.

use crate::support::{Project, Server};
use nix::sys::signal::Signal;
use std::{fs, thread};

const USER: &str = "server.authenticator.basic.username = ada\nserver.authenticator.basic.password = pw";
/// `ada:pw`
const BASIC: (&str, &str) = ("Authorization", "Basic YWRhOnB3");

#[test]
fn the_user_of_the_configuration_gets_in() {
    let server = Server::new().config(USER).start();
    let refused = server.get("/api/projects");
    assert_eq!(refused.status, 401);
    assert_eq!(refused.header("www-authenticate"), Some(r#"Basic realm="dibble", charset="UTF-8""#));
    assert_eq!(server.http("GET", "/api/projects", &[BASIC], b"").status, 200);
    assert_eq!(server.http("GET", "/api/projects", &[("Authorization", "Basic YWRhOm5v")], b"").status, 401);
    assert_eq!(server.get("/api/version").status, 200);
    let _ = server.dibble(&["projects"]).fails(1);
    let _ = server.dibble(&["projects", "--basic-auth", "ada:pw"]).success();
}

#[test]
fn what_passwd_prints_is_a_whole_user() {
    let server = Server::new();
    let made = Project::new().stdin("pw\n").dibble(&["passwd", "ada"]).success().stdout;
    server.configure(&made);
    let server = server.start();
    assert_eq!(server.get("/api/projects").status, 401);
    assert_eq!(server.http("GET", "/api/projects", &[BASIC], b"").status, 200);
}

#[test]
fn who_guesses_passwords_takes_no_memory() {
    let server = Server::new();
    let made = Project::new().stdin("pw\n").dibble(&["passwd", "ada"]).success().stdout;
    server.configure(&made);
    let server = server.start();
    let guess = || server.http("GET", "/api/projects", &[("Authorization", "Basic YWRhOm5v")], b"").status;
    thread::scope(|scope| {
        let guesses: Vec<_> = (0..8).map(|_| scope.spawn(|| (0..6).map(|_| guess()).max())).collect();
        for guess in guesses {
            assert_eq!(guess.join().unwrap(), Some(401));
        }
    });
    let [most, now] = ["VmHWM:", "VmRSS:"].map(|name| mebibytes(&server, name));
    assert!(most <= 64 && now <= 35, "{most} MiB, then {now} MiB");
}

fn mebibytes(server: &Server, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.process().pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

#[test]
fn half_a_user_is_refused() {
    for (lines, message) in [
        (
            "server.authenticator.basic.password = pw",
            "there is no server.authenticator.basic.username: expected",
        ),
        (
            "server.authenticator.basic.username = ada",
            "there is no server.authenticator.basic.password: expected",
        ),
        (
            "server.authenticator.basic.username = ada\nserver.authenticator.basic.password = $argon2id$v=19$m=19",
            "server.authenticator.basic.password = $argon2...: expected a whole hash",
        ),
    ] {
        let server = Server::new().config(lines);
        let _ = server.spawn().end().fails(1).says(&[message]);
        let mut running = Server::new().start();
        running.configure(lines);
        running.signal(Signal::SIGHUP);
        running.process().wait_for(&format!("The configuration stays as it is: error: {message}"));
        assert_eq!(running.get("/api/projects").status, 200);
        let _ = running.stop();
    }
}

#[test]
fn the_first_token_closes_the_server_and_the_last_one_opens_it() {
    let server = Server::new().start();
    assert_eq!(server.get("/api/projects").status, 200);
    let token = create_token(&server);
    let bearer = format!("Bearer {token}");
    let refused = server.get("/api/projects");
    assert_eq!(refused.status, 401);
    assert_eq!(refused.header("www-authenticate"), Some(r#"Bearer realm="dibble""#));
    assert_eq!(server.http("GET", "/api/projects", &[("Authorization", &bearer)], b"").status, 200);
    revoke_token(&server);
    assert_eq!(server.get("/api/projects").status, 200);
}

#[test]
fn beyond_this_machine_the_last_token_opens_nothing() {
    let server = Server::new().args(&["-b", "0.0.0.0"]);
    let token = create_token(&server);
    let mut server = server.start();
    let bearer = format!("Bearer {token}");
    let with_token =
        |server: &Server| server.http("GET", "/api/projects", &[("Authorization", &bearer)], b"").status;
    assert_eq!((server.get("/api/projects").status, with_token(&server)), (401, 200));
    revoke_token(&server);
    assert_eq!((server.get("/api/projects").status, with_token(&server)), (401, 401));
    server = server.args(&["--allow-anonymous"]);
    let _ = server.stop();
    server.run();
    assert_eq!(server.get("/api/projects").status, 200);
}

fn create_token(server: &Server) -> String {
    let out = server.project.dibble(&["token", "create", "ci", "-o", "data.db"]).success();
    let out = out.says(&["From now on the server asks for a token or its user."]);
    out.stdout.trim().to_owned()
}

fn revoke_token(server: &Server) {
    let out = server.project.dibble(&["token", "revoke", "ci", "-o", "data.db"]).success();
    let _ = out.says(&["No token is left: everybody on this machine can use the server again"]);
}

#[test]
fn admins_have_a_listener_of_their_own() {
    let server = Server::new().args(&["--admin-port", "0"]).start();
    let info: serde_json::Value = serde_json::from_slice(&fs::read(server.info()).unwrap()).unwrap();
    let admin = &info["local_admin_addresses"][0];
    assert_eq!(admin["host"], "127.0.0.1");
    assert_ne!(admin["port"], info["local_addresses"][0]["port"]);
}

#[test]
fn other_machines_are_not_served_without_a_password() {
    let server = Server::new().args(&["-b", "0.0.0.0"]);
    let out = server.spawn().end().fails(1);
    let _ = out.says(&["server.bind = 0.0.0.0 can be reached from other machines", "--allow-anonymous"]);
    assert!(!server.info().exists());
    let server = Server::new().args(&["-b", "0.0.0.0", "--allow-anonymous"]).start();
    assert_eq!(server.get("/api/projects").status, 200);
}

#[test]
fn pages_of_others_are_refused() {
    let server = Server::new().config("server.http.headers.X-Team = data").start();
    let foreign = server.http("GET", "/api/projects", &[("Host", "evil.example")], b"");
    assert_eq!((foreign.status, foreign.header("x-team")), (403, Some("data")));
    let origin = [("Origin", "http://evil.example"), ("Content-Type", "application/json")];
    assert_eq!(server.http("PUT", "/api/attempts", &origin, b"{}").status, 403);
    let server = Server::new().args(&["--enable-swagger"]).start();
    assert_eq!(server.get("/api/projects").header("access-control-allow-origin"), Some("*"));
}
