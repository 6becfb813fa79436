//! Control groups of this process: one for it and one for each attempt, below the one in which it was started.
//!
//! ```text
//! dibble.service             the group that was given to us
//!   dibble-4711              of process 4711; what a process that is gone has left is removed
//!     server                 this process itself: a group that hands out controllers must have none in it
//!     attempt-15             the commands of an attempt
//! ```

use super::settings::AttemptLimits;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// What limits a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Controller {
    Memory,
    Cpu,
    Pids,
}

/// The groups of this process.
#[derive(Debug)]
pub(super) struct Cgroups {
    dir: PathBuf,
    controllers: Vec<Controller>,
}

/// The group of an attempt.
#[derive(Debug)]
pub(super) struct Cgroup {
    dir: PathBuf,
}

/// How often it is tried to remove a group whose processes were killed, and the time between two tries.
const REMOVALS: u32 = 50;
const REMOVAL_PAUSE: Duration = Duration::from_millis(4);
/// Of the share of a processor, in microseconds.
const CPU_PERIOD: u64 = 100_000;
const PREFIX: &str = "dibble-";

impl Controller {
    const ALL: [Self; 3] = [Self::Memory, Self::Cpu, Self::Pids];

    fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Cpu => "cpu",
            Self::Pids => "pids",
        }
    }
}

impl Cgroups {
    /// Makes the groups of process `pid`, this one, which is in group `own`. When that fails, everything is as before.
    ///
    /// # Errors
    ///
    /// Why there can be none, for a person.
    pub(super) fn set_up(own: &Path, pid: u32) -> Result<Self, String> {
        let offered = fs::read_to_string(own.join("cgroup.controllers"))
            .map_err(|error| format!("{} cannot be read: {error}", own.display()))?;
        let is_offered = |it: &Controller| offered.split_ascii_whitespace().any(|name| name == it.name());
        let wanted: Vec<_> = Controller::ALL.into_iter().filter(is_offered).collect();
        if wanted.is_empty() {
            return Err(format!("{} has none of the controllers memory, cpu and pids", own.display()));
        }
        remove_leftovers(own);
        let dir = own.join(format!("{PREFIX}{pid}"));
        let not_writable = |error: io::Error| format!("{} cannot be written: {error}", own.display());
        make(&dir).map_err(not_writable)?;
        let set_up = Self::hand_out(own, &dir, pid, &wanted);
        if set_up.is_err() {
            // Back to where it came from; a group with a process in it cannot be removed.
            let _ = fs::write(own.join("cgroup.procs"), pid.to_string());
            let _ = fs::remove_dir(dir.join("server"));
            let _ = fs::remove_dir(&dir);
        }
        set_up.map(|controllers| Self { dir, controllers })
    }

    /// Moves this process aside, unless its group is the root of all, and enables controllers for the attempts' groups.
    fn hand_out(own: &Path, dir: &Path, pid: u32, wanted: &[Controller]) -> Result<Vec<Controller>, String> {
        let failed = |what: &str, error: io::Error| match error.raw_os_error() {
            Some(number) if number == nix::errno::Errno::EBUSY as i32 => {
                format!("other processes are in {}, too", own.display())
            }
            _ => format!("{what} in {} failed: {error}", own.display()),
        };
        if own.join("cgroup.type").exists() {
            let server = dir.join("server");
            make(&server).map_err(|error| failed("making a group", error))?;
            fs::write(server.join("cgroup.procs"), pid.to_string())
                .map_err(|error| failed("moving this process", error))?;
        }
        let mut reason = None;
        let mut enabled = vec![];
        for controller in wanted {
            let enable = |group: &Path| {
                fs::write(group.join("cgroup.subtree_control"), format!("+{}", controller.name()))
            };
            match enable(own).and_then(|()| enable(dir)) {
                Ok(()) => enabled.push(*controller),
                Err(error) => reason = Some(failed("enabling a controller", error)),
            }
        }
        match reason {
            Some(reason) if enabled.is_empty() => Err(reason),
            _ => Ok(enabled),
        }
    }

    /// Where they are.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn has(&self, controller: Controller) -> bool {
        self.controllers.contains(&controller)
    }

    /// Makes the group of an attempt, with its limits as far as there are controllers.
    ///
    /// # Errors
    ///
    /// The system does not let it.
    pub(super) fn attempt(&self, name: &str, limits: &AttemptLimits) -> io::Result<Cgroup> {
        let group = Cgroup { dir: self.dir.join(name) };
        make(&group.dir)?;
        let set = |file: &str, value: String| fs::write(group.dir.join(file), value);
        if let Some(bytes) = limits.memory.filter(|_| self.has(Controller::Memory)) {
            set("memory.max", bytes.to_string())?;
            // Otherwise what is too much would go to the disk. There may be no swap to be counted.
            let _ = set("memory.swap.max", "0".to_owned());
            // Half of what an attempt runs is of no use.
            let _ = set("memory.oom.group", "1".to_owned());
        }
        if let Some(thousandths) = limits.cpu.filter(|_| self.has(Controller::Cpu)) {
            set("cpu.max", format!("{} {CPU_PERIOD}", thousandths * CPU_PERIOD / 1000))?;
        }
        if let Some(count) = limits.processes.filter(|_| self.has(Controller::Pids)) {
            set("pids.max", count.to_string())?;
        }
        Ok(group)
    }
}

impl Drop for Cgroups {
    fn drop(&mut self) {
        // When this process is in it, it stays until the next one, or systemd, removes it.
        let _ = fs::remove_dir(&self.dir);
    }
}

impl Cgroup {
    /// What a process writes a 0 to that wants to be in the group.
    pub(super) fn entrance(&self) -> PathBuf {
        self.dir.join("cgroup.procs")
    }

    /// Kills all that is in the group, also what has left its process group.
    pub(super) fn kill(&self) {
        kill_all(&self.dir);
    }

    /// How many processes were killed because the group used too much memory.
    pub(super) fn memory_kills(&self) -> u64 {
        self.count("memory.events", "oom_kill")
    }

    /// How often a process could not be started because the group had too many.
    pub(super) fn refused_processes(&self) -> u64 {
        self.count("pids.events", "max")
    }

    fn count(&self, file: &str, name: &str) -> u64 {
        let text = fs::read_to_string(self.dir.join(file)).unwrap_or_default();
        let value = |line: &str| line.strip_prefix(name)?.trim().parse().ok();
        text.lines().find_map(value).unwrap_or_default()
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        remove(&self.dir);
    }
}

/// A group of this name may be left of a process that had the same number.
fn make(dir: &Path) -> io::Result<()> {
    match fs::create_dir(dir) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// Ends what is in a group and removes it. What cannot be removed now is removed by the next process.
fn remove(dir: &Path) {
    for _ in 0..REMOVALS {
        match fs::remove_dir(dir) {
            Err(error) if error.kind() == ErrorKind::ResourceBusy => {}
            _ => return,
        }
        kill_all(dir);
        thread::sleep(REMOVAL_PAUSE);
    }
}

fn kill_all(dir: &Path) {
    let switch = dir.join("cgroup.kill");
    if switch.exists() && fs::write(switch, "1").is_ok() {
        return;
    }
    // Linux before 5.14 has no such switch.
    let listed = fs::read_to_string(dir.join("cgroup.procs")).unwrap_or_default();
    for pid in listed.lines().filter_map(|line| line.parse().ok()).filter(|pid| *pid > 1) {
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
}

/// Removes the groups of processes that are gone, with the commands that they left behind: those are run again.
fn remove_leftovers(own: &Path) {
    for group in fs::read_dir(own).into_iter().flatten().flatten() {
        let name = group.file_name().to_string_lossy().into_owned();
        let pid = name.strip_prefix(PREFIX).and_then(|pid| pid.parse().ok());
        let is_gone = |pid: i32| kill(Pid::from_raw(pid), None) == Err(nix::errno::Errno::ESRCH);
        if pid.is_some_and(is_gone) {
            for inner in fs::read_dir(group.path()).into_iter().flatten().flatten() {
                if inner.file_type().is_ok_and(|kind| kind.is_dir()) {
                    remove(&inner.path());
                }
            }
            remove(&group.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    /// A directory that looks like a control group. Nobody moves in it, of course.
    fn group(controllers: &str, is_root: bool) -> TempDir {
        let own = TempDir::new().unwrap();
        fs::write(own.path().join("cgroup.controllers"), controllers).unwrap();
        if !is_root {
            fs::write(own.path().join("cgroup.type"), "domain\n").unwrap();
        }
        own
    }

    fn read(dir: &Path, file: &str) -> String {
        fs::read_to_string(dir.join(file)).unwrap_or_else(|error| error.kind().to_string())
    }

    #[test]
    fn this_process_moves_aside_and_attempts_get_their_limits() {
        let own = group("cpuset cpu io memory pids\n", false);
        let groups = Cgroups::set_up(own.path(), 4711).unwrap();
        let dir = own.path().join("dibble-4711");
        assert_eq!(groups.dir(), dir);
        assert_eq!(read(&dir, "server/cgroup.procs"), "4711");
        // Each is enabled by a write of its own; a file keeps the last one.
        assert_eq!([own.path(), &dir].map(|it| read(it, "cgroup.subtree_control")), ["+pids", "+pids"]);

        let limits = AttemptLimits { memory: Some(2 << 30), cpu: Some(1500), processes: Some(200) };
        let group = groups.attempt("attempt-15", &limits).unwrap();
        let attempt = dir.join("attempt-15");
        assert_eq!(group.entrance(), attempt.join("cgroup.procs"));
        for (file, content) in [
            ("memory.max", "2147483648"),
            ("memory.swap.max", "0"),
            ("memory.oom.group", "1"),
            ("cpu.max", "150000 100000"),
            ("pids.max", "200"),
        ] {
            assert_eq!(read(&attempt, file), content, "{file}");
        }
        assert_eq!((group.memory_kills(), group.refused_processes()), (0, 0));
        let events = "low 0\nhigh 0\nmax 7\noom 3\noom_kill 2\noom_group_kill 1\n";
        fs::write(attempt.join("memory.events"), events).unwrap();
        fs::write(attempt.join("pids.events"), "max 5\n").unwrap();
        assert_eq!((group.memory_kills(), group.refused_processes()), (2, 5));
        fs::write(attempt.join("cgroup.kill"), "").unwrap();
        group.kill();
        assert_eq!(read(&attempt, "cgroup.kill"), "1");
    }

    #[test]
    fn only_what_the_group_offers_is_limited() {
        let own = group("memory hugetlb", true);
        let groups = Cgroups::set_up(own.path(), 4711).unwrap();
        assert!(
            groups.has(Controller::Memory) && !groups.has(Controller::Cpu) && !groups.has(Controller::Pids)
        );
        // In the root of all groups processes are in nobody's way.
        assert!(!groups.dir().join("server").exists());
        let limits = AttemptLimits { memory: None, cpu: Some(1000), processes: Some(1) };
        let _group = groups.attempt("attempt-1", &limits).unwrap();
        assert_eq!(fs::read_dir(groups.dir().join("attempt-1")).unwrap().count(), 0);
    }

    #[test]
    fn why_there_can_be_none_is_told() {
        let reason =
            |own: &Path| Cgroups::set_up(own, 4711).unwrap_err().replace(own.to_str().unwrap(), "OWN");
        let own = group("hugetlb\n", true);
        assert_eq!(reason(own.path()), "OWN has none of the controllers memory, cpu and pids");
        assert_eq!(
            reason(&own.path().join("x")),
            "OWN cannot be read: No such file or directory (os error 2)"
        );
        let own = group("memory", false);
        fs::create_dir(own.path().join("cgroup.subtree_control")).unwrap();
        assert_eq!(reason(own.path()), "enabling a controller in OWN failed: Is a directory (os error 21)");
        assert_eq!(read(own.path(), "cgroup.procs"), "4711", "it has moved back");
    }

    #[test]
    fn what_a_process_that_is_gone_has_left_is_removed() {
        let own = group("memory", true);
        // No process can have such a number.
        let gone = own.path().join("dibble-2000000000");
        let here = own.path().join(format!("dibble-{}", std::process::id()));
        for dir in [gone.join("server"), gone.join("attempt-1"), here.join("attempt-2")] {
            fs::create_dir_all(dir).unwrap();
        }
        fs::create_dir(own.path().join("dibble-x")).unwrap();
        Cgroups::set_up(own.path(), 4711).unwrap();
        assert!(!gone.exists() && here.join("attempt-2").exists() && own.path().join("dibble-x").exists());
    }

    /// Where version 2 is mounted and this process may write to it, whatever controllers it has.
    #[test]
    fn a_group_ends_with_everything_in_it() {
        let mountinfo = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let cgroup = fs::read_to_string("/proc/self/cgroup").unwrap();
        let own = crate::confinement::own_group::own_group(&cgroup, &mountinfo);
        let Some(dir) = own.map(|own| own.join(format!("dibble-test-{}", std::process::id()))) else {
            return;
        };
        if fs::create_dir(&dir).is_err() {
            return;
        }
        let groups = Cgroups { dir, controllers: vec![] };
        let group = groups.attempt("attempt-1", &AttemptLimits::default()).unwrap();
        let script = format!("echo 0 >{}; setsid sleep 600 & wait", group.entrance().display());
        let mut shell = std::process::Command::new("sh").args(["-c", &script]).spawn().unwrap();
        while fs::read_to_string(group.entrance()).unwrap().lines().count() < 2 {
            thread::yield_now();
        }
        let place = group.dir.clone();
        drop(group);
        assert!(!shell.wait().unwrap().success() && !place.exists());
        let dir = groups.dir.clone();
        drop(groups);
        assert!(!dir.exists());
    }
}
