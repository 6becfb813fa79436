//! No room left.

use crate::support::{Output, Project, Server, dump, tasks, wait_until};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

/// Limits how large files may become to so many KiB, for a call of the program.
fn with_room(project: &Project, kib: u32) -> Output {
    project.shell(&format!("trap '' XFSZ; ulimit -f {kib}; exec $DIBBLE run wf.dig --session 2026-01-02"))
}

#[test]
fn there_is_no_room_for_a_new_file() {
    let project = Project::new().dig("+a: {echo>: ran}");
    let out = with_room(&project, 8).fails(1).says(&[".dibble.db"]);
    assert_eq!(out.operators(), [""; 0]);
    // With room again it works as if nothing had been.
    assert_eq!(project.run(&[]).success().skipped(), [""; 0]);
}

#[test]
fn room_runs_out_in_the_middle() {
    let tasks_text: String = (0..900).map(|n| format!("+t{n}: {{echo>: {n}}}\n")).collect();
    let project = Project::new().file("wf.dig", "+first: {echo>: first}\n");
    let _ = project.run(&[]).success();
    let size = fs::metadata(project.path(".dibble.db")).unwrap().len() / 1024;
    let project = project.file("big.dig", tasks_text);
    let script =
        format!("trap '' XFSZ; ulimit -f {}; exec $DIBBLE run big.dig --session 2026-01-02", size + 64);
    let out = project.shell(&script).fails(1).says(&[".dibble.db"]);
    drop(out);
    // What was there before is still there, and the run can be made later.
    assert!(dump(&project.path(".dibble.db")).contains("+wf+first"));
    assert_eq!(project.run(&[]).success().skipped(), ["+wf+first"]);
    let _ = project.dibble(&["run", "big.dig", "--session", "2026-01-02"]).success();
    assert_eq!(tasks(&project.path(".dibble.db")).len(), 901);
}

/// The same on a real file system, where only root can make one.
#[test]
fn a_file_system_that_is_full() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let project = Project::new().dig("+a: {echo>: ran}").file("disk/readme", "");
    let script = "mount -t tmpfs -o size=64k none disk || exit 99
        cp wf.dig disk/ && cd disk
        $DIBBLE run wf.dig --session 2026-01-02
        echo \"exit $?\"
        umount -l ../disk";
    let out = project.shell(&format!("unshare -m bash -c '{script}'"));
    if out.exit() == "99" {
        // A container without the right to mount; the tests above limit the size of files instead.
        return;
    }
    let out = out.says(&["error", ".dibble.db"]);
    assert!(out.stdout.contains("exit 1") && !out.stdout.contains("ran"), "{out}");
}

/// Starts a server that has been stopped with its database on a small file system of its own; none where that cannot be
/// made.
fn on_small_disk(mut server: Server) -> Option<Server> {
    let can_mount = "unshare -m mount -t tmpfs -o size=64k none disk";
    if !nix::unistd::geteuid().is_root() || server.project.shell(can_mount).exit() != "0" {
        return None;
    }
    let script = "#!/bin/bash
        mount='mount -t tmpfs -o size=4m none disk && cp -p data.db* disk/ && exec \"$DIBBLE\" \"$@\"'
        exec unshare -m bash -c \"$mount\" - \"$@\"";
    server.project = server.project.executable("small", script).through("small");
    Some(server.database("disk/data.db").start())
}

/// A file on that file system, which nobody but the server sees.
fn seen_by(server: &Server, name: &str) -> PathBuf {
    let disk = server.project.path("disk").canonicalize().unwrap();
    PathBuf::from(format!("/proc/{}/root", server.process().pid()))
        .join(disk.strip_prefix("/").unwrap())
        .join(name)
}

fn fill(server: &Server) {
    let mut file = File::create(seen_by(server, "fill")).unwrap();
    while file.write_all(&[b'x'; 1024]).is_ok() {}
}

fn make_room(server: &Server) {
    fs::remove_file(seen_by(server, "fill")).unwrap();
}

/// The days whose sessions have run, in the order in which they did.
fn ran(server: &Server) -> Vec<String> {
    let text = fs::read_to_string(server.project.path("ran")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_server_goes_on_by_itself_when_there_is_room_again() {
    let mut server = Server::new().config("limits.free_disk = 0").file("disk/readme", "").start();
    let dir = server.project.dir().display().to_string();
    let text = format!(
        "timezone: UTC\nschedule:\n  daily>: 00:00:00\n\
         +wait:\n  sh>: while [ -e {dir}/busy ]; do sleep 0.01; done\n\
         +a:\n  sh>: echo ${{session_date}} >> {dir}/ran\n"
    );
    server.push("p", "r1", &[("wf.dig", &text)]);
    let schedule = server.get("/api/schedules").json()["schedules"][0].clone();
    let next = schedule["nextScheduleTime"].as_str().unwrap()[..10].to_owned();
    let _ = server.stop().success();
    // The session of the coming night is due in a moment, when the disk is full.
    let database = Connection::open(server.project.path("data.db")).unwrap();
    database.execute("UPDATE schedules SET next_run_time = unixepoch() + 5", []).unwrap();
    drop(database);
    let Some(server) = on_small_disk(server) else { return };
    fs::write(server.project.path("busy"), "").unwrap();
    let running = server.start_attempt(&server.workflow("p", "wf"), "2025-12-31T00:00:00Z");
    wait_until("it runs", || server.tasks(&running).contains(&"+wf+wait running".to_owned()));
    fill(&server);
    fs::remove_file(server.project.path("busy")).unwrap();
    server.process().wait_for("[ERROR] (main): No session can be started: no space left for ");

    let backfill = |from: &str| {
        let path = format!("/api/schedules/{}/backfill", schedule["id"].as_str().unwrap());
        let from = format!("{from}T00:00:00+00:00");
        let body = json!({"fromTime": from, "attemptName": "again", "dryRun": false, "count": 2});
        server.send("POST", &path, &body)
    };
    let answer = backfill("2026-01-01");
    assert_eq!(answer.status, 503, "{answer:?}");
    let message = answer.message();
    assert!(
        message.starts_with("no space left for ") && message.contains("; make room on its disk"),
        "{message}"
    );
    let workflow = server.workflow("p", "wf");
    let body = json!({"workflowId": workflow, "sessionTime": "2026-02-01T00:00:00Z", "params": {}});
    assert_eq!(server.send("PUT", "/api/attempts", &body).status, 503);
    let health = server.get("/healthz");
    let status = |part: &str| health.json()[part]["status"].as_str().unwrap_or_default().to_owned();
    assert_eq!((health.status, status("scheduler").as_str()), (503, "failed"), "{health:?}");

    make_room(&server);
    assert_eq!(server.finished(&running)["success"], true);
    server.process().wait_for("[INFO] (main): Sessions are started again");
    wait_until("all is well", || server.get("/healthz").status == 200);
    let done = || {
        let list = server.get("/api/attempts?include_retried=true").json();
        let all = list["attempts"].as_array().unwrap().clone();
        all.iter().filter(|attempt: &&Value| attempt["success"] == true).count()
    };
    wait_until("the night's session has run", || done() == 2);
    assert_eq!(ran(&server), ["2025-12-31", next.as_str()], "nothing is lost or run twice");
    assert_eq!(backfill("2026-01-01").status, 200);
    wait_until("the backfill has run", || done() == 4);
    assert_eq!(ran(&server)[2..], ["2026-01-01", "2026-01-02"]);
    let sessions = server.get("/api/sessions").json();
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 4);
}

/// A history has to be in the write-ahead log before it is gone: very little room must do.
#[test]
fn a_full_disk_can_be_pruned_with_little_room() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let text = "+a:\n  loop>: 40\n  _do:\n    echo>: some text that takes a little room, ${i}\n";
    let project = Project::new().file("disk/readme", "").file("wf.dig", text);
    let script = "mount -t tmpfs -o size=4m none disk || exit 99
        cp wf.dig disk/ && cd disk
        for day in 1 2 3 4 5 6 7 8; do $DIBBLE run wf.dig --session 2026-01-0$day > log 2>&1; done
        rm log
        fill() { dd if=/dev/zero of=fill bs=1k count=$(($(df --output=avail . | tail -1) - $1)) 2> none; rm none; }
        fill 0
        $DIBBLE prune --max-attempts 1
        echo \"exit $?\"
        rm fill && fill 192
        $DIBBLE prune --max-attempts 1
        echo \"exit $?\"";
    let out = project.shell(&format!("unshare -m bash -c '{script}'"));
    if out.exit() == "99" {
        return;
    }
    let out = out.says(&["no space left for ", "hint: removing history takes about 1 MiB of room at first"]);
    assert!(out.stdout.starts_with("exit 1\n") && out.stdout.ends_with("exit 0\n"), "{out}");
    assert!(out.stdout.contains("\nRemoved 7 attempts, 7 sessions; "), "{out}");
}
