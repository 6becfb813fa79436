//! The configuration of a server: what it follows, what it warns of, what it refuses.

use crate::support::Server;
use std::fs;

#[test]
fn keys_without_effect_are_named_once_with_the_reason() {
    let mut server =
        Server::new().config("server.jmx.port = 9010\nserver.prot = 1\narchive.type = s3").start();
    let printed = server.stop().success().stdout;
    for line in [
        "[WARN] (main): server.jmx.port has no effect: there is no JVM\n",
        "[WARN] (main): server.prot is no key of the configuration; did you mean server.port?\n",
        "[WARN] (main): archive.type has no effect: archives are kept in the database file\n",
    ] {
        assert_eq!(printed.matches(line).count(), 1, "{printed}");
    }
}

#[test]
fn all_that_is_wrong_is_told() {
    let server = Server::new().config("executor.task_ttl = 1 month\nagent.max-task-threads = many");
    let out = server.spawn().end().fails(1);
    let _ = out.says(&[
        "agent.max-task-threads = many: expected a whole number from 0 to 100000",
        "executor.task_ttl = 1 month: expected a duration such as 90s, 2h 30m or 7d",
    ]);
}

#[test]
fn there_is_no_database_server() {
    let project =
        crate::support::Project::new().file("c", "database.type = postgresql\ndatabase.host = db\n");
    let out = project.dibble(&["server", "-c", "c"]).fails(1);
    let _ =
        out.says(&["database.type = postgresql: expected sqlite, h2 or memory", "hint: remove database.*"]);
}

#[test]
fn memory_and_a_file_exclude_each_other() {
    let out = Server::new().args(&["--memory"]).spawn().end().fails(2);
    let _ = out.says(&["error: Setting both --database and --memory is invalid"]);
}

#[test]
fn the_access_log_has_a_line_for_every_request() {
    let server = Server::new().args(&["-A", "access"]).start();
    let _ = server.get("/api/projects?count=1");
    let line = || fs::read_to_string(server.project.path("access/access.log")).unwrap_or_default();
    crate::support::wait_until("the line is there", || line().ends_with('\n'));
    let line: serde_json::Value = serde_json::from_str(line().trim_end()).unwrap();
    assert_eq!((&line["uri"], &line["status"]), (&"/api/projects?count=1".into(), &"200".into()));
}

#[test]
fn parameters_of_the_server_are_below_all_others() {
    let server = Server::new().config("params.x = conf\nparams.y = conf").args(&["-p", "x=option"]).start();
    let dig = "_export:\n  z: own\n+a:\n  sh>: echo ${x} ${y} ${z} > $OUT\n";
    let dig = dig.replace("$OUT", &server.project.path("seen").display().to_string());
    let _ = server.push("p", "r1", &[("wf.dig", &dig)]);
    let id = server.start_attempt(&server.workflow("p", "wf"), "2026-01-02T00:00:00Z");
    assert_eq!(server.finished(&id)["success"], true);
    assert_eq!(server.project.read("seen"), "option conf own\n");
}
