//! `kill -9` of a server under load, at any moment, again and again: what it acknowledged is there when the next one has
//! started, what had finished is not run again, and everything comes to an end.

use crate::support::{Server, archive, succeeded, wait_until};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const KILLS: u64 = 200;
/// Tasks write their names, with the attempt's, before they do anything else.
const DIG: &str = "
+a:
  sh>: echo ${attempt_id} +wf+a >> $RAN
+p:
  _parallel: true
  +b:
    sh>: echo ${attempt_id} +wf+p+b >> $RAN; sleep 0.02
  +c:
    sh>: echo ${attempt_id} +wf+p+c >> $RAN
+d:
  sh>: echo ${attempt_id} +wf+d >> $RAN
";

/// What the server has said yes to.
#[derive(Default)]
struct Acknowledged {
    attempts: BTreeSet<String>,
    revisions: BTreeSet<String>,
    secrets: BTreeSet<String>,
    killed: BTreeSet<String>,
}

#[test]
fn kills_at_any_moment_take_nothing_back() {
    let mut server =
        Server::new().config("executor.attempt_max_run = 100000").args(&["--max-task-threads", "4"]);
    server.run();
    let ran = server.project.path("ran");
    let dig = DIG.replace("$RAN", &ran.display().to_string());
    let project = server.push("p", "r0", &[("wf.dig", &dig)]);
    let workflow = server.workflow("p", "wf");
    let acknowledged = Mutex::new(Acknowledged::default());
    let counter = AtomicU64::new(0);
    // How often a task had been started when it was first seen to have succeeded.
    let mut finished: BTreeMap<String, Option<u64>> = BTreeMap::new();
    // Times that look random and are the same in every run of the test.
    let mut moment = 7_u64;
    for _ in 0..KILLS {
        moment = moment.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let until = Instant::now() + Duration::from_micros((moment >> 33) % 120_000);
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            for client in 0..2 {
                let (server, over, acknowledged, counter) = (&server, &over, &acknowledged, &counter);
                let (project, workflow, dig) = (&project, &workflow, &dig);
                scope.spawn(move || {
                    while !over.load(Ordering::Relaxed) {
                        let number = counter.fetch_add(1, Ordering::Relaxed);
                        ask(server, number, client, (project, workflow, dig), acknowledged);
                    }
                });
            }
            wait_until("the moment has come", || Instant::now() >= until);
            server.process().signal(nix::sys::signal::Signal::SIGKILL);
            over.store(true, Ordering::Relaxed);
        });
        server.kill();
        let counts = counts(&server);
        for task in succeeded(&server.project.path("data.db")) {
            let count = counts.get(&task).copied();
            finished.entry(task).or_insert(count);
        }
        server.run();
    }
    let acknowledged = acknowledged.into_inner().unwrap();
    check(&server, &project, &acknowledged);
    assert!(finished.len() > 100, "{} tasks had finished before a kill", finished.len());
    let counts = counts(&server);
    for (task, count) in finished {
        assert_eq!(counts.get(&task).copied(), count, "{task} had finished and was started again");
    }
    let _ = server.stop().success();
}

/// Asks the server for something, and remembers what it has said yes to.
fn ask(
    server: &Server,
    number: u64,
    client: usize,
    (project, workflow, dig): (&str, &str, &str),
    acknowledged: &Mutex<Acknowledged>,
) {
    let json_type = [("Content-Type", "application/json")];
    let noted = |note: &dyn Fn(&mut Acknowledged) -> bool| note(&mut acknowledged.lock().unwrap());
    match (number % 8, client) {
        (6, _) => {
            let path = format!("/api/projects/{project}/secrets/k{number}");
            let body = json!({"value": "x"}).to_string();
            let answer = server.try_http("PUT", &path, &json_type, body.as_bytes());
            if answer.is_ok_and(|answer| answer.status == 200) {
                noted(&|all| all.secrets.insert(format!("k{number}")));
            }
        }
        (7, _) => {
            let path = format!("/api/projects?project=p{number}&revision=r{number}");
            let body = archive(&[("wf.dig", dig)]);
            let answer = server.try_http("PUT", &path, &[("Content-Type", "application/gzip")], &body);
            if answer.is_ok_and(|answer| answer.status == 200) {
                noted(&|all| all.revisions.insert(format!("p{number}")));
            }
        }
        _ => {
            let time = format!("2026-01-02T{:02}:{:02}:{:02}Z", number / 3600, number / 60 % 60, number % 60);
            let body = json!({"workflowId": workflow, "sessionTime": time, "params": {}}).to_string();
            let Ok(answer) = server.try_http("PUT", "/api/attempts", &json_type, body.as_bytes()) else {
                return;
            };
            assert_eq!(answer.status, 200, "{answer:?}");
            let id = answer.json()["id"].as_str().unwrap().to_owned();
            noted(&|all| all.attempts.insert(id.clone()));
            if number % 8 == 5 {
                let answer = server.try_http("POST", &format!("/api/attempts/{id}/kill"), &[], b"");
                if answer.is_ok_and(|answer| answer.status == 200) {
                    noted(&|all| all.killed.insert(id.clone()));
                }
            }
        }
    }
}

fn check(server: &Server, project: &str, acknowledged: &Acknowledged) {
    assert!(acknowledged.attempts.len() > 100, "{} attempts", acknowledged.attempts.len());
    for id in &acknowledged.attempts {
        let attempt = server.finished(id);
        assert!(attempt["success"] == true || attempt["cancelRequested"] == true, "{attempt}");
    }
    for id in &acknowledged.killed {
        assert_eq!(server.attempt(id)["cancelRequested"], true, "attempt {id}");
    }
    for name in &acknowledged.revisions {
        assert_eq!(server.get(&format!("/api/project?name={name}")).status, 200, "{name}");
    }
    let secrets = server.get(&format!("/api/projects/{project}/secrets")).text();
    for key in &acknowledged.secrets {
        assert!(secrets.contains(&format!("\"{key}\"")), "{key}: {secrets}");
    }
    let counts = counts(server);
    for id in &acknowledged.attempts {
        let states = server.tasks(id);
        let names: BTreeSet<&str> = states.iter().filter_map(|state| state.split(' ').next()).collect();
        assert_eq!(names.len(), states.len(), "attempt {id} has a task twice: {states:?}");
        if server.attempt(id)["success"] == true {
            assert!(states.iter().all(|state| state.ends_with(" success")), "{states:?}");
            for task in ["+wf+a", "+wf+p+b", "+wf+p+c", "+wf+d"] {
                assert!(counts.contains_key(&format!("{id} {task}")), "attempt {id} has not run {task}");
            }
        }
    }
}

/// How often each task has been started.
fn counts(server: &Server) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for line in fs::read_to_string(server.project.path("ran")).unwrap_or_default().lines() {
        *counts.entry(line.to_owned()).or_default() += 1;
    }
    counts
}
