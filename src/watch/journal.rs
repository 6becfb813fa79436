//! What is said about watched directories on the log.

use super::project::Project;
use super::settings::{Poll, WatchSettings};
use super::source::WatchError;
use crate::clock::Clock;
use crate::logs::{Level, LogRecord};
use crate::model::Time;
use crate::runner::Observer;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The log, with what does not need to be said again.
pub(super) struct Journal {
    clock: Clock,
    observer: Arc<dyn Observer>,
    said: BTreeSet<String>,
}

impl Journal {
    pub(super) fn new(clock: Clock, observer: Arc<dyn Observer>) -> Self {
        Self { clock, observer, said: BTreeSet::new() }
    }

    pub(super) fn now(&self) -> Time {
        self.clock.now()
    }

    pub(super) fn log(&self, level: Level, message: &str) {
        self.observer.log(&LogRecord { time: self.now(), level, task: None, message });
    }

    pub(super) fn say_once(&mut self, level: Level, line: String) {
        if !self.said.contains(&line) {
            self.log(level, &line);
            self.said.insert(line);
        }
    }

    /// Another server would start the same sessions.
    pub(super) fn say_twice(&mut self, directory: &Path, pid: u32) {
        let line = format!(
            "Another server, process {pid}, watches {}, too, with another database: each of its schedules runs twice. End \
             one of the two, or start one with --disable-scheduler",
            directory.display()
        );
        self.say_once(Level::Warn, line);
    }

    /// A link beside its target is a project as well. That is no mistake in itself, but easily made.
    pub(super) fn say_other_names(&mut self, directory: &Path, projects: &BTreeMap<PathBuf, Project>) {
        let Some(project) = projects.get(directory) else { return };
        for other in projects.values().filter(|other| other.directory != directory) {
            if project.is_same_directory(other) {
                let is_first = project.directory < other.directory;
                let (a, b) = if is_first { (project, other) } else { (other, project) };
                let line = format!(
                    "{} and {} are one directory: it runs as project {} and as project {}, so each of its schedules \
                     runs twice. Unless that is meant, watch only one of them",
                    a.directory.display(),
                    b.directory.display(),
                    a.name,
                    b.name
                );
                self.say_once(Level::Warn, line);
            }
        }
    }

    /// The system does not tell of changes: in the directory of a project, or in any when there is none.
    pub(super) fn cannot_watch(
        &mut self,
        directory: Option<&Path>,
        error: &WatchError,
        settings: WatchSettings,
    ) {
        let instead = match settings.poll {
            Poll::Never => "their changes are not noticed (watch.poll = never)".to_owned(),
            Poll::Auto | Poll::Always => {
                format!("they are looked at every {} s instead", settings.poll_interval.as_secs_f64())
            }
        };
        let line = match (error, directory) {
            (WatchError::Limit, Some(_)) => format!(
                "The system watches no more directories: {instead}. Raise its limit with \
                 `sysctl fs.inotify.max_user_watches=524288`"
            ),
            (WatchError::Limit, None) => format!(
                "The system watches no directories for this user: {instead}. Raise its limit with \
                 `sysctl fs.inotify.max_user_instances=1024`"
            ),
            (error, Some(directory)) => format!("Cannot watch {} ({error}): {instead}", directory.display()),
            (error, None) => format!("Cannot watch directories ({error}): {instead}"),
        };
        self.say_once(Level::Warn, line);
    }
}
