//! The limits of one attempt, from its first command to its end.

use super::AttemptLimits;
use super::cgroup::{Cgroup, Cgroups, Controller};
use super::entering::Entering;
use crate::model::show_size;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the commands of an attempt may use. Dropping it ends what they have left running under it.
#[derive(Debug)]
pub struct Confinement {
    limits: AttemptLimits,
    groups: Option<Arc<Cgroups>>,
    name: String,
    /// Made for the first command.
    group: Mutex<Option<Cgroup>>,
}

/// What had happened to the attempt before a command began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Before {
    memory_kills: u64,
    refused_processes: u64,
}

/// Of shells and containers for a process that was ended by SIGABRT, SIGKILL or SIGSEGV.
const TYPICAL_EXIT_CODES: [i32; 3] = [128 + 6, 128 + 9, 128 + 11];

impl Confinement {
    pub(super) fn new(limits: AttemptLimits, groups: Option<Arc<Cgroups>>, name: String) -> Self {
        Self { limits, groups, name, group: Mutex::new(None) }
    }

    /// The limits of a workflow that has none of its own, as they hold without control groups.
    #[cfg(test)]
    pub(crate) fn of_each_process(settings: &super::LimitSettings) -> Self {
        Self::new(settings.of("", ""), None, String::new())
    }

    pub fn limits(&self) -> &AttemptLimits {
        &self.limits
    }

    /// The words of the command to be run instead, so that a command is under the limits from its first moment, and
    /// what had happened so far.
    ///
    /// # Errors
    ///
    /// The limits cannot be set; the command must not run then.
    pub fn around(&self, program: &Path, arguments: &[String]) -> io::Result<(Vec<OsString>, Before)> {
        let (mut entering, mut before) = (Entering::default(), Before::default());
        if let Some(groups) = &self.groups {
            let mut group = self.lock();
            let group = match &mut *group {
                Some(group) => group,
                none => none.insert(groups.attempt(&self.name, &self.limits)?),
            };
            entering.group = Some(group.entrance());
            before = counts(group);
        }
        entering.memory = self.memory_of_each_process();
        Ok((entering.words(program, arguments), before))
    }

    /// Kills every process of the attempt, wherever it has gone.
    pub fn kill(&self) {
        if let Some(group) = &*self.lock() {
            group.kill();
        }
    }

    /// Why a command has failed, if that was a limit: all commands of the attempt are killed when they use too much memory
    /// together.
    pub fn memory_excess(&self, before: Before) -> Option<String> {
        let kills = self.lock().as_ref().map_or(0, Cgroup::memory_kills);
        let memory = self.limits.memory.filter(|_| kills > before.memory_kills)?;
        Some(format!("killed: used more than limits.memory = {}", show_size(memory)))
    }

    /// The limit that may be the reason why a command has ended with this exit code. Without a control group nobody is told
    /// when a process asks for too much memory: most such processes crash or give up, and so do others.
    pub fn memory_suspicion(&self, exit_code: i32) -> Option<String> {
        let memory = self.memory_of_each_process()?;
        let is_typical = TYPICAL_EXIT_CODES.contains(&exit_code);
        is_typical.then(|| format!("perhaps because of limits.memory = {}", show_size(memory)))
    }

    /// The limit of memory, if no control group holds it.
    fn memory_of_each_process(&self) -> Option<u64> {
        let has_group = self.groups.as_ref().is_some_and(|groups| groups.has(Controller::Memory));
        self.limits.memory.filter(|_| !has_group)
    }

    /// What is to be said when processes could not be started.
    pub fn process_excess(&self, before: Before) -> Option<String> {
        let refused = self.lock().as_ref().map_or(0, Cgroup::refused_processes);
        let count = self.limits.processes.filter(|_| refused > before.refused_processes)?;
        Some(format!("Processes could not be started: limits.processes = {count}"))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Cgroup>> {
        self.group.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn counts(group: &Cgroup) -> Before {
    Before { memory_kills: group.memory_kills(), refused_processes: group.refused_processes() }
}
