//! No room left.

use crate::support::{Output, Project, dump, tasks};

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
    let size = std::fs::metadata(project.path(".dibble.db")).unwrap().len() / 1024;
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
