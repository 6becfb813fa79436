//! As process 1 of a container: orphans of tasks are reaped.

use crate::support::Project;

#[test]
fn orphans_leave_no_zombies() {
    let count = "sleep 0.5; cat /proc/[0-9]*/stat | grep -c \") Z 1 \" || true";
    let project = Project::new().file(
        "wf.dig",
        format!("+orphan:\n  sh>: (sleep 0.1) > /dev/null 2>&1 & true\n+count:\n  sh>: '{count}'\n"),
    );
    // Only root may make a container of its own; elsewhere a user namespace will do, where the system allows it.
    let unshare = if nix::unistd::geteuid().is_root() { "unshare" } else { "unshare --map-root-user" };
    let container = format!("{unshare} --pid --fork --mount-proc");
    if project.shell(&format!("{container} true")).exit() != "0" {
        return;
    }
    let out = project.shell(&format!("{container} $DIBBLE run wf.dig --session 2026-01-02")).success();
    assert_eq!(out.lines(), ["0"]);
}
