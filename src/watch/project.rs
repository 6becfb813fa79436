//! One watched directory: what was found in it last, and what becomes of its project when that changes.

use super::look::{Finding, look};
use crate::actions::watched::{
    GoodDirectory, has_schedules, register_directory, reject_directory, schedules_to_go, withdraw_directory,
};
use crate::logs::Level;
use crate::model::{Params, Time};
use crate::store::{Store, StoreError, watched_projects};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Workflows that are gone take their schedules with them only when they stay away for so long: `git checkout` and
/// `rsync` remove files that they put back a moment later.
pub(super) const HOLD: Duration = Duration::from_secs(2);

/// A watched directory.
#[derive(Debug)]
pub(super) struct Project {
    /// Of its project.
    pub(super) name: String,
    pub(super) directory: PathBuf,
    /// Somebody named it, so that it is missed when it is not there.
    pub(super) is_named: bool,
    /// The files that its workflows include.
    pub(super) included: BTreeSet<PathBuf>,
    /// What was found last and is in the store; none before the first time, or when the store failed.
    seen: Option<Seen>,
    /// Which directory that was, whatever its names.
    identity: Option<(u64, u64)>,
    /// Until then schedules that would go are kept.
    held_until: Option<Instant>,
}

/// What was found, as far as it has to be told from what is found next.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Good { digest: String },
    Broken(String),
    Gone(String),
}

/// What looking at a directory has led to.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// For the log.
    pub(super) lines: Vec<(Level, String)>,
    /// Schedules may have changed.
    pub(super) has_changed: bool,
    /// It is to be looked at again then.
    pub(super) again: Option<Instant>,
}

/// What a directory is registered with.
pub(super) struct Registry<'a> {
    pub(super) store: &'a Store,
    pub(super) params: &'a Params,
    pub(super) now: Time,
}

impl Project {
    pub(super) fn new(name: String, directory: PathBuf, is_named: bool) -> Self {
        Self {
            name,
            directory,
            is_named,
            included: BTreeSet::new(),
            seen: None,
            identity: None,
            held_until: None,
        }
    }

    /// Why its project is not what its files are.
    pub(super) fn error(&self) -> Option<&str> {
        match &self.seen {
            Some(Seen::Broken(text)) => Some(text),
            Some(Seen::Gone(text)) if self.is_named => Some(text),
            _ => None,
        }
    }

    /// Whether there is nothing in it.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self.seen, Some(Seen::Gone(_)))
    }

    /// Whether both are one directory, with something in it.
    pub(super) fn is_same_directory(&self, other: &Self) -> bool {
        let is_candidate = self.identity.is_some() && self.identity == other.identity;
        // A directory that was removed may have left its number to another one before that is noticed.
        is_candidate
            && !(self.is_gone() || other.is_gone())
            && identity(&self.directory) == identity(&other.directory)
    }

    /// Reads the directory, and registers, rejects or withdraws what is in it when that has changed.
    ///
    /// # Errors
    ///
    /// Those of the store. What was found counts as unseen then.
    pub(super) fn attend(
        &mut self,
        registry: &Registry<'_>,
        moment: Instant,
        may_hold: bool,
    ) -> Result<Looked, StoreError> {
        self.identity = identity(&self.directory);
        let mut included = BTreeSet::new();
        let finding = look(&self.name, &self.directory, &mut included);
        // What a broken file includes may be what has to be mended, and what it included before, too.
        match finding {
            Finding::Broken(_) => self.included.append(&mut included),
            Finding::Good(_) | Finding::Gone(_) => self.included = included,
        }
        let seen = self.seen_of(&finding, registry);
        if self.seen.as_ref() == Some(&seen) {
            self.held_until = None;
            return Ok(Looked::default());
        }
        if may_hold && self.takes_schedules(&finding, registry)? {
            let until = *self.held_until.get_or_insert(moment + HOLD);
            if moment < until {
                return Ok(Looked { again: Some(until), ..Looked::default() });
            }
        }
        self.held_until = None;
        let before = self.seen.take();
        let looked = match &finding {
            Finding::Good(workflows) => {
                self.register(&self.good(workflows, registry), before.as_ref(), registry)?
            }
            Finding::Broken(text) => self.reject(text, registry)?,
            Finding::Gone(reason) => self.withdraw(reason, registry)?,
        };
        self.seen = Some(seen);
        Ok(looked)
    }

    fn good<'a>(
        &'a self,
        workflows: &'a [crate::actions::publish::ScheduledWorkflow],
        registry: &'a Registry<'_>,
    ) -> GoodDirectory<'a> {
        GoodDirectory { project: &self.name, directory: &self.directory, workflows, params: registry.params }
    }

    fn seen_of(&self, finding: &Finding, registry: &Registry<'_>) -> Seen {
        match finding {
            Finding::Good(workflows) => Seen::Good { digest: self.good(workflows, registry).digest() },
            Finding::Broken(text) => Seen::Broken(text.clone()),
            Finding::Gone(reason) => Seen::Gone(reason.clone()),
        }
    }

    /// Whether a schedule would go.
    fn takes_schedules(&self, finding: &Finding, registry: &Registry<'_>) -> Result<bool, StoreError> {
        registry.store.read(|reader| match finding {
            Finding::Good(workflows) => {
                Ok(!schedules_to_go(reader, &self.good(workflows, registry))?.is_empty())
            }
            Finding::Broken(_) => Ok(false),
            Finding::Gone(_) => has_schedules(reader, &self.name),
        })
    }

    fn register(
        &self,
        found: &GoodDirectory<'_>,
        before: Option<&Seen>,
        registry: &Registry<'_>,
    ) -> Result<Looked, StoreError> {
        let (name, directory) = (&self.name, self.directory.display());
        let standing = register_directory(registry.store, found, registry.now)?;
        let revision = &standing.revision;
        let mut lines = vec![];
        let mut info = |line: String| lines.push((Level::Info, line));
        match (standing.is_new, before) {
            (true, Some(_)) => info(format!("Reloading {directory}")),
            (false, None) => info(format!("Watching {directory}: project {name} is at revision {revision}")),
            (false, Some(_)) => {
                info(format!("{directory} is in order again: project {name} stays at revision {revision}"));
            }
            (true, None) => {}
        }
        if standing.is_new {
            info(format!("Added new revision {revision} of project {name}"));
        }
        if let Some(replaced) = standing.replaced {
            let message = format!(
                "Revision {replaced} of project {name} was pushed: what is in {directory} has taken its place"
            );
            lines.push((Level::Warn, message));
        }
        Ok(Looked { lines, has_changed: true, again: None })
    }

    fn reject(&self, text: &str, registry: &Registry<'_>) -> Result<Looked, StoreError> {
        let (name, directory) = (&self.name, self.directory.display());
        let last = reject_directory(registry.store, name, &self.directory, text, registry.now)?;
        let stays = last.map_or_else(
            || format!("there is no project {name} until it is mended"),
            |revision| format!("project {name} stays at revision {revision} until it is mended"),
        );
        let line = (Level::Error, format!("Failed to reload {directory}: {stays}\n{text}"));
        Ok(Looked { lines: vec![line], ..Looked::default() })
    }

    fn withdraw(&self, reason: &str, registry: &Registry<'_>) -> Result<Looked, StoreError> {
        let name = &self.name;
        let is_known = || registry.store.read(|reader| watched_projects::by_name(reader, name));
        // A directory that nobody named and in which nothing has ever been is none of our business.
        if !self.is_named && is_known()?.is_none() {
            return Ok(Looked::default());
        }
        let told = self.is_named.then_some(reason);
        let count = withdraw_directory(registry.store, name, &self.directory, told, registry.now)?;
        let line = match count {
            0 if self.is_named => Some(format!("{reason}: there is nothing to run in project {name}")),
            0 => None,
            _ => Some(format!(
                "{reason}: project {name} has lost its schedules ({count}) until the files come back; its history stays"
            )),
        };
        let lines = line.into_iter().map(|line| (Level::Warn, line)).collect();
        Ok(Looked { lines, has_changed: count > 0, again: None })
    }
}

/// The device of a directory and its number there.
fn identity(directory: &Path) -> Option<(u64, u64)> {
    fs::metadata(directory).ok().map(|found| (found.dev(), found.ino()))
}
