//! `dibble scheduler` and `server --project`: how they begin, and begin again.

use super::{daily, error, revision, schedules, wait_for_revision, wait_for_schedules, write};
use crate::support::{Project, Server, wait_until};
use std::path::Path;

#[test]
fn the_scheduler_runs_the_project_of_its_directory() {
    let mut server = Server::scheduler().args(&["-p", "who=world"]).file("wf.dig", &daily(7)).start();
    assert_eq!(schedules(&server), ["default/wf 07:00"]);
    server.process().wait_for("[INFO] (main): Added new revision 1 of project default\n");
    let dig = "timezone: UTC\n+a:\n  sh>: echo ${who} > said\n";
    write(&server, "hello.dig", dig);
    wait_for_revision(&server, "default", "2");
    let id = server.start_attempt(&server.workflow("default", "hello"), "2026-01-02T00:00:00Z");
    assert_eq!(server.finished(&id)["success"], true);
    assert_eq!(server.project.read("said"), "world\n");
    wait_until("the directory of the task is gone", || !server.project.has(".digdag"));
    let archive = server.get("/api/projects/1/archive");
    assert_eq!((archive.status, archive.message().as_str()), (404, "Archive is not stored"));

    // The same files and parameters are the same revision, also for the next server; others are the next one.
    let _ = server.stop().success();
    server.run();
    assert_eq!(revision(&server, "default"), "2");
    let _ = server.stop().success();
    let mut server = server.without_args();
    server.run();
    assert_eq!(revision(&server, "default"), "3");
}

#[test]
fn the_scheduler_keeps_its_history_in_the_project() {
    let project = Project::new().moving_clock().file("jobs/wf.dig", daily(7));
    let program = project.start(&["sched", "--project", "jobs", "-n", "0"]);
    program.wait_for("(api)");
    assert!(project.has("jobs/.dibble.db"));
    program.signal(nix::sys::signal::Signal::SIGTERM);
    let _ = program.end().success();
}

/// What `dibble run` has registered is not scheduled before the scheduler has it.
#[test]
fn what_was_run_before_is_scheduled() {
    let project = Project::new().moving_clock().file("wf.dig", daily(7));
    let _ = project.dibble(&["run", "wf.dig"]).success();
    let program = project.start(&["scheduler", "-n", "0"]);
    program.wait_for("is at revision 1\n");
    program.signal(nix::sys::signal::Signal::SIGTERM);
    let _ = program.end().success();
    assert!(crate::support::dump(&project.path(".dibble.db")).contains("schedules\n"));
}

#[test]
fn a_scheduler_without_any_good_revision_does_not_start() {
    let mut server = Server::scheduler().file("wf.dig", "+a:\n  echo>: [\n");
    let out = server.spawn().end().fails(1);
    let _ = out.says(&["error: Validating project failed\nworkflow ", "--> wf.dig:"]);
    let _ = Server::scheduler()
        .args(&["--project", "none"])
        .spawn()
        .end()
        .fails(1)
        .says(&["none does not exist"]);
    let _ = Server::new().args(&["--project", "none"]).spawn().end().fails(1).says(&["none does not exist"]);

    // With one it does, and says so.
    write(&server, "wf.dig", &daily(7));
    server.run();
    let _ = server.stop().success();
    write(&server, "wf.dig", "+a:\n  echo>: [\n");
    server.run();
    assert_eq!(schedules(&server), ["default/wf 07:00"]);
    assert!(error(&server, "default").is_some());
    server.process().wait_for("Failed to reload ");
}

#[test]
fn a_directory_without_workflows_waits_for_the_first_one() {
    let server = Server::scheduler().start();
    server.process().wait_for("has no workflows (.dig files)");
    write(&server, "wf.dig", &daily(7));
    wait_for_schedules(&server, &["default/wf 07:00"]);
}

#[test]
fn a_reload_of_the_configuration_does_not_end_the_watching() {
    let server = super::watching();
    server.signal(nix::sys::signal::Signal::SIGHUP);
    server.process().wait_for("The configuration was read again");
    write(&server, "p/wf.dig", &daily(8));
    wait_for_schedules(&server, &["p/wf 08:00"]);
}

#[test]
fn a_project_is_not_taken_for_a_directory_of_projects() {
    let project = Project::new().moving_clock().file("jobs/wf.dig", daily(7));
    let arguments = ["server", "-m", "-n", "0", "--projects-dir", "jobs"];
    let out = project.dibble(&arguments).fails(1);
    let mistake = "jobs has workflows itself, which do not run: --projects-dir runs those in its sub-directories. Did \
                   you mean --project ";
    let _ = out.says(&[mistake]);

    // There may be both, one of them by mistake.
    let project = project.file("jobs/sales/wf.dig", daily(7));
    let program = project.start(&arguments);
    program.wait_for(mistake);
    program.wait_for("(api)");
    program.signal(nix::sys::signal::Signal::SIGTERM);
    let _ = program.end().success();
}

#[test]
fn a_project_that_can_only_be_read_runs() {
    let script = "+a:\n  sh>: echo \"$0\" >../seen && ! touch x\n+b:\n  py>: tasks.f\n";
    let mut server = Server::new().args(&["--project", "p"]).file("p/wf.dig", script);
    server = server.file("p/tasks.py", "def f():\n    print('from python')\n");
    server.project = server.project.unprivileged();
    server.project.chmod("p", 0o555);
    let server = server.start();
    let id = server.start_attempt(&server.workflow("p", "wf"), "2026-01-02T00:00:00Z");
    assert_eq!(server.finished(&id)["success"], true, "{}", server.process().printed());
    let runner = server.project.read("seen");
    assert!(runner.starts_with('/') && !Path::new(runner.trim()).parent().unwrap().exists(), "{runner}");
    assert!(!server.project.has("p/.digdag"));
    server.project.chmod("p", 0o755);
}
