//! Who may use the server: the user of the configuration, whoever has a token, and on the own machine everybody.

use crate::support::Server;

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
fn admins_have_a_listener_of_their_own() {
    let server = Server::new().args(&["--admin-port", "0"]).start();
    let info: serde_json::Value = serde_json::from_slice(&std::fs::read(server.info()).unwrap()).unwrap();
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
