//! In which way limits hold on this machine, for all attempts of this process.

use super::cgroup::{Cgroups, Controller};
use super::own_group::own_group;
use super::{AttemptLimits, Confinement, LimitSettings};
use crate::logs::Level;
use crate::model::AttemptId;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The limits of all attempts.
#[derive(Debug)]
pub struct Confinements {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    settings: LimitSettings,
    groups: Option<Arc<Cgroups>>,
}

impl Confinements {
    /// No limits.
    pub fn none() -> Self {
        Self { state: Mutex::default() }
    }

    /// Follows these settings from now on; attempts that have begun keep their limits. Makes control groups when there is
    /// something to limit. Returns what is to be said about that.
    pub fn configure(&self, settings: LimitSettings) -> Vec<(Level, String)> {
        self.configure_in(settings, || own_dir(Path::new("/proc/self")), std::process::id())
    }

    fn configure_in(
        &self,
        settings: LimitSettings,
        own: impl FnOnce() -> Result<PathBuf, String>,
        pid: u32,
    ) -> Vec<(Level, String)> {
        let mut state = self.lock();
        if state.settings == settings {
            return vec![];
        }
        state.settings = settings;
        if state.settings.is_empty() {
            return vec![];
        }
        let mut reason = String::new();
        if state.groups.is_none() {
            match own().and_then(|own| Cgroups::set_up(&own, pid)) {
                Ok(groups) => state.groups = Some(Arc::new(groups)),
                Err(error) => reason = error,
            }
        }
        state.told(&reason)
    }

    /// The limits of an attempt that begins; none when it has none.
    pub fn of_attempt(&self, id: AttemptId, project: &str, workflow: &str) -> Option<Arc<Confinement>> {
        let state = self.lock();
        if state.settings.is_empty() {
            return None;
        }
        let limits = state.held(state.settings.of(project, workflow));
        if limits.is_empty() {
            return None;
        }
        Some(Arc::new(Confinement::new(limits, state.groups.clone(), format!("attempt-{id}"))))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has(&self, controller: Controller) -> bool {
        self.groups.as_ref().is_some_and(|groups| groups.has(controller))
    }

    /// What can be held of limits.
    fn held(&self, limits: AttemptLimits) -> AttemptLimits {
        AttemptLimits {
            memory: limits.memory,
            cpu: limits.cpu.filter(|_| self.has(Controller::Cpu)),
            processes: limits.processes.filter(|_| self.has(Controller::Pids)),
        }
    }

    /// In which way which limits hold; `reason` is why there are no control groups.
    fn told(&self, reason: &str) -> Vec<(Level, String)> {
        let limits = [
            ("limits.memory", self.settings.limits_memory(), Controller::Memory),
            ("limits.cpu", self.settings.limits_cpu(), Controller::Cpu),
            ("limits.processes", self.settings.limits_processes(), Controller::Pids),
        ];
        let set = limits.into_iter().filter(|(_, is_set, _)| *is_set);
        let (held, not): (Vec<_>, Vec<_>) = set.partition(|(_, _, controller)| self.has(*controller));
        let mut told = vec![];
        if let Some(groups) = self.groups.as_ref().filter(|_| !held.is_empty()) {
            let keys: Vec<_> = held.iter().map(|(key, ..)| *key).collect();
            let dir = groups.dir().display();
            told.push((
                Level::Info,
                format!("{} hold for each attempt, by control groups in {dir}", keys.join(", ")),
            ));
        }
        let because = if reason.is_empty() {
            "the control group of this process does not have the controller".to_owned()
        } else {
            format!("there are no control groups: {reason}")
        };
        for (key, _, controller) in not {
            told.push((Level::Warn, match controller {
                Controller::Memory => {
                    format!("{key} holds for the address space of each process only, not for the attempt; {because}")
                }
                Controller::Cpu | Controller::Pids => format!("{key} has no effect; {because}"),
            }));
        }
        told
    }
}

/// The directory of the control group that this process is in.
fn own_dir(proc: &Path) -> Result<PathBuf, String> {
    let read = |name: &str| fs::read_to_string(proc.join(name)).map_err(|error| format!("{name}: {error}"));
    own_group(&read("cgroup")?, &read("mountinfo")?).ok_or_else(|| "version 2 is not mounted here".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Settings;
    use tempfile::TempDir;

    fn settings(pairs: &[(&str, &str)]) -> LimitSettings {
        let mut settings = Settings::default();
        pairs.iter().for_each(|(key, value)| settings.set(*key, *value));
        LimitSettings::from_settings(&settings).unwrap()
    }

    fn all() -> LimitSettings {
        settings(&[("limits.memory", "2G"), ("limits.cpu.p.wf", "1"), ("limits.processes", "9")])
    }

    fn group(controllers: &str) -> TempDir {
        let own = TempDir::new().unwrap();
        fs::write(own.path().join("cgroup.controllers"), controllers).unwrap();
        own
    }

    #[test]
    fn it_is_told_in_which_way_limits_hold() {
        let own = group("memory");
        let confinements = Confinements::none();
        let configure = |settings| confinements.configure_in(settings, || Ok(own.path().to_owned()), 7);
        assert_eq!(configure(LimitSettings::default()), []);
        let dir = own.path().join("dibble-7");
        let because = "has no effect; the control group of this process does not have the controller";
        assert_eq!(
            configure(all()),
            [
                (
                    Level::Info,
                    format!("limits.memory hold for each attempt, by control groups in {}", dir.display())
                ),
                (Level::Warn, format!("limits.cpu {because}")),
                (Level::Warn, format!("limits.processes {because}")),
            ]
        );
        assert_eq!(configure(all()), [], "nothing is new");
        let limits = confinements.of_attempt(AttemptId(1), "p", "wf").unwrap();
        assert_eq!(*limits.limits(), AttemptLimits { memory: Some(2 << 30), cpu: None, processes: None });
        assert_eq!(configure(LimitSettings::default()), []);
        assert!(confinements.of_attempt(AttemptId(2), "p", "wf").is_none());
    }

    #[test]
    fn without_groups_only_memory_can_be_limited() {
        let confinements = Confinements::none();
        let told = confinements.configure_in(all(), || Err("why".to_owned()), 7);
        let told: Vec<_> = told.into_iter().map(|(level, message)| format!("{level:?} {message}")).collect();
        assert_eq!(
            told,
            [
                "Warn limits.memory holds for the address space of each process only, not for the attempt; there are no \
                 control groups: why",
                "Warn limits.cpu has no effect; there are no control groups: why",
                "Warn limits.processes has no effect; there are no control groups: why",
            ]
        );
        let told = confinements.configure_in(settings(&[("limits.cpu", "1")]), || Err("why".to_owned()), 7);
        assert_eq!(told.len(), 1);
        assert!(confinements.of_attempt(AttemptId(1), "p", "wf").is_none(), "nothing holds");
    }

    #[test]
    fn commands_enter_the_group_of_their_attempt() {
        let own = group("memory pids");
        let confinements = Confinements::none();
        confinements.configure_in(all(), || Ok(own.path().to_owned()), 7);
        let attempt = confinements.of_attempt(AttemptId(3), "p", "wf").unwrap();
        let dir = own.path().join("dibble-7/attempt-3");
        assert!(!dir.exists(), "it is made for the first command");
        let (words, before) = attempt.around(Path::new("/bin/true"), &["x".to_owned()]).unwrap();
        let script = "echo 0 >\"$1\" || exit 125; shift; exec \"$@\"";
        let entrance = dir.join("cgroup.procs");
        let expected = ["/bin/sh", "-c", script, "sh", entrance.to_str().unwrap(), "/bin/true", "x"];
        assert_eq!(words, expected);
        assert_eq!((attempt.memory_excess(before), attempt.process_excess(before)), (None, None));
        fs::write(dir.join("memory.events"), "oom_kill 1\n").unwrap();
        fs::write(dir.join("pids.events"), "max 1\n").unwrap();
        assert_eq!(attempt.memory_excess(before).unwrap(), "killed: used more than limits.memory = 2G");
        let refused = attempt.process_excess(before).unwrap();
        assert_eq!(refused, "Processes could not be started: limits.processes = 9");
        let (_, before) = attempt.around(Path::new("/bin/true"), &[]).unwrap();
        assert_eq!(
            (attempt.memory_excess(before), attempt.process_excess(before)),
            (None, None),
            "not its fault"
        );
    }
}
