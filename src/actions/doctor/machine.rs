//! The machine: room on its disks, its file systems, its clock, how much it can watch and limit.

use super::Finding;
use crate::actions::free_space::free_space;
use crate::model::show_rounded_size;
use std::fs;
use std::path::{Path, PathBuf};

/// Less free room than this is a problem, less than ten times that a reason to look.
const LITTLE_ROOM: u64 = 100 << 20;
/// File systems whose locks or shared memory SQLite cannot rely on.
const NETWORK: [&str; 11] =
    ["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "afs", "lustre", "fuse.sshfs"];
/// Programs that keep the clock right.
const TIME_KEEPERS: [&str; 6] = ["chronyd", "ntpd", "systemd-timesyn", "openntpd", "ntpd-rs", "ntpdate"];
/// The least that the kernel should let a user watch.
const FEW_WATCHES: u64 = 8192;

/// How the machine is for a database in a file; `workspaces` is where copies of projects are put.
pub fn check_machine(file: &Path, workspaces: &Path, zone: &str) -> Vec<Finding> {
    let mut found = vec![disk("disk", file)];
    if mount_of(file).map(|mount| mount.point) != mount_of(workspaces).map(|mount| mount.point) {
        found.push(disk("workspaces", workspaces));
    }
    found.extend(mount_of(file).map(|mount| file_system(&mount)));
    found.push(time(zone));
    found.extend(read_number("/proc/sys/fs/inotify/max_user_watches").map(watches));
    found.extend(cfg!(target_os = "linux").then(cgroup));
    found
}

fn disk(check: &'static str, file: &Path) -> Finding {
    match free_space(file) {
        Some((free, there)) => of_room(check, free, there),
        None => Finding::warning(check, format!("no answer for {}", file.display()), "look at its disk"),
    }
}

fn of_room(check: &'static str, free: u64, place: &Path) -> Finding {
    let message = format!("{} free for {}", show_rounded_size(free), place.display());
    let fix = "make room on the disk, or call `dibble prune --max-size`";
    match free {
        _ if free < LITTLE_ROOM => Finding::problem(check, message, fix),
        _ if free < 10 * LITTLE_ROOM => Finding::warning(check, message, fix),
        _ => Finding::ok(check, message),
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Mount {
    point: PathBuf,
    kind: String,
}

fn mount_of(file: &Path) -> Option<Mount> {
    let there = file.ancestors().find_map(|path| fs::canonicalize(path).ok())?;
    find_mount(&fs::read_to_string("/proc/self/mountinfo").ok()?, &there)
}

/// The mount that a path is on: of those with the longest point the last one, which lies over the others.
fn find_mount(mountinfo: &str, path: &Path) -> Option<Mount> {
    let mounts = mountinfo.lines().filter_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        // Blanks and such are written as octal numbers.
        let point = mount.split(' ').nth(4)?.replace("\\040", " ");
        Some(Mount { point: point.into(), kind: kind.split(' ').next()?.to_owned() })
    });
    mounts.filter(|mount| path.starts_with(&mount.point)).max_by_key(|mount| mount.point.components().count())
}

fn file_system(mount: &Mount) -> Finding {
    let Mount { point, kind } = mount;
    if NETWORK.contains(&kind.as_str()) {
        return Finding::problem(
            "file_system",
            format!("{} is on a network ({kind}), where SQLite cannot rely on locks", point.display()),
            "keep the database on a disk of this machine; `dibble backup` puts copies on the network",
        );
    }
    Finding::ok("file_system", format!("{kind}, of this machine"))
}

fn time(zone: &str) -> Finding {
    let keeper = if Path::new("/run/systemd/timesync/synchronized").exists() {
        Some("systemd-timesyncd has set it".to_owned())
    } else {
        time_keeper().map(|name| format!("{name} keeps it right"))
    };
    match keeper {
        Some(keeper) => Finding::ok("clock", format!("{keeper}; the machine's zone is {zone}")),
        None => Finding::warning(
            "clock",
            format!("no program is seen that keeps it right; the machine's zone is {zone}"),
            "install chrony or switch systemd-timesyncd on; in a container the host does it",
        ),
    }
}

/// A process that runs and keeps the clock right.
fn time_keeper() -> Option<String> {
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let names = processes.filter_map(|process| fs::read_to_string(process.path().join("comm")).ok());
    names.map(|name| name.trim().to_owned()).find(|name| TIME_KEEPERS.contains(&name.as_str()))
}

fn watches(most: u64) -> Finding {
    let message = format!("{most} directories can be watched for changes");
    if most < FEW_WATCHES {
        return Finding::warning("watches", message, "sysctl fs.inotify.max_user_watches=65536");
    }
    Finding::ok("watches", message)
}

fn cgroup() -> Finding {
    match fs::read_to_string("/sys/fs/cgroup/cgroup.controllers") {
        Ok(controllers) => Finding::ok("cgroup", format!("version 2, with {}", controllers.trim())),
        Err(_) => Finding::warning(
            "cgroup",
            "version 2 is not there: limits of memory and processors hold for each command, not for all of an attempt",
            "mount cgroup2, as current distributions do",
        ),
    }
}

fn read_number(file: &str) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::doctor::State;

    #[test]
    fn the_mount_of_a_path_is_found() {
        let mountinfo = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
                         30 22 0:40 / /data rw shared:2 - nfs4 host:/x rw\n\
                         31 30 0:41 / /data/my\\040disk rw - xfs /dev/sdb rw\n\
                         32 22 0:42 / /tmp rw - ext4 /dev/sdc rw\n\
                         33 22 0:43 / /tmp rw - tmpfs tmpfs rw\n";
        for (path, kind) in [
            ("/home/x.db", "ext4"),
            ("/data/x.db", "nfs4"),
            ("/database/x.db", "ext4"),
            ("/data/my disk/x.db", "xfs"),
            ("/tmp/x.db", "tmpfs"),
        ] {
            assert_eq!(find_mount(mountinfo, Path::new(path)).unwrap().kind, kind, "{path}");
        }
        let state = |kind: &str| file_system(&Mount { point: "/data".into(), kind: kind.to_owned() }).state;
        assert_eq!((state("nfs4"), state("ext4")), (State::Problem, State::Ok));
    }

    #[test]
    fn little_room_is_told() {
        let found = |free| of_room("disk", free, Path::new("/data"));
        assert_eq!(found(2 << 30), Finding::ok("disk", "2.0 GiB free for /data"));
        assert_eq!(found(900 << 20).state, State::Warning);
        assert_eq!(found(99 << 20).state, State::Problem);
        assert_eq!((watches(8191).state, watches(8192).state), (State::Warning, State::Ok));
    }
}
