//! All watched directories, and which of them are to be looked at when. It has no thread: it is told what has changed and
//! asked when something is due.

use super::claims::Claims;
use super::folder::{candidates, has_workflows, mistaken};
use super::health::{Refused, WatchHealth};
use super::interests::Interests;
use super::journal::Journal;
use super::network::is_remote;
use super::places::{Place, places_of_folder, places_of_project};
use super::project::{Project, Registry};
use super::quiet::Quiet;
use super::settings::{Directories, NamedDirectory, Poll, WatchSettings};
use super::source::{Change, News, Source, WatchError};
use super::system::System;
use crate::actions::watched::withdraw_directory;
use crate::clock::Clock;
use crate::logs::Level;
use crate::model::Params;
use crate::runner::Observer;
use crate::store::{Store, StoreError, projects, watched_projects};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How much later it is tried again when the store has failed.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// Places are looked for again while they change.
const MAX_WALKS: usize = 8;

/// Watched directories with what is in them.
pub struct Roster {
    store: Arc<Store>,
    journal: Journal,
    params: Params,
    settings: WatchSettings,
    /// None when everything is polled.
    pub(super) source: Option<Box<dyn Source>>,
    /// For the thread that attends to it, with what the source tells it.
    pub(super) news: (Sender<News>, Receiver<News>),
    interests: Interests<Subject>,
    projects: BTreeMap<PathBuf, Project>,
    folder: Option<PathBuf>,
    /// Whether the folder could be read.
    is_folder_readable: bool,
    claims: Claims,
    /// What was found in the folder under the name of another project.
    refused: BTreeMap<PathBuf, Refused>,
    /// For whoever asks while the thread has this.
    pub(super) health: Arc<Mutex<WatchHealth>>,
    /// What has changed.
    quiet: Quiet<Subject>,
    /// What is looked at then, whether it has changed or not.
    later: BTreeMap<Subject, Instant>,
}

/// A directory that was named and whose project cannot run: there is no good revision, not even an old one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    pub directory: PathBuf,
    /// For a person.
    pub error: String,
}

/// What is looked at as a whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    /// The directory whose sub-directories are projects.
    Folder,
    Project(PathBuf),
}

impl Roster {
    /// Watches directories and registers the projects in them. Schedules of directories that were watched before and are
    /// no longer are withdrawn.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn open(
        store: Arc<Store>,
        clock: Clock,
        observer: Arc<dyn Observer>,
        directories: Directories,
        settings: WatchSettings,
    ) -> Result<Self, StoreError> {
        let is_empty = directories.named.is_empty() && directories.folder.is_none();
        let mut roster = Self::new(store, clock, observer, settings);
        if !is_empty && settings.poll != Poll::Always {
            match System::new(roster.news.0.clone()) {
                Ok(system) => roster.source = Some(Box::new(system)),
                Err(error) => roster.journal.cannot_watch(None, &error, settings),
            }
        }
        roster.begin(directories, Instant::now())?;
        Ok(roster)
    }

    pub(super) fn new(
        store: Arc<Store>,
        clock: Clock,
        observer: Arc<dyn Observer>,
        settings: WatchSettings,
    ) -> Self {
        Self {
            store,
            journal: Journal::new(clock, observer),
            params: Params::new(),
            settings,
            source: None,
            news: channel(),
            interests: Interests::default(),
            projects: BTreeMap::new(),
            folder: None,
            is_folder_readable: true,
            claims: Claims::default(),
            refused: BTreeMap::new(),
            health: Arc::default(),
            quiet: Quiet::default(),
            later: BTreeMap::new(),
        }
    }

    /// Looks at all directories for the first time.
    pub(super) fn begin(&mut self, directories: Directories, moment: Instant) -> Result<(), StoreError> {
        self.params = directories.params;
        self.folder = directories.folder;
        for NamedDirectory { name, directory } in directories.named {
            self.projects.insert(directory.clone(), Project::new(name, directory.clone(), true));
            self.look_at(&directory, moment, false)?;
        }
        if self.folder.is_some() {
            self.scan_folder(moment, false)?;
        }
        self.forget_others()?;
        self.tell_health(None);
        Ok(())
    }

    /// Directories that were named and have never been good.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn unusable(&self) -> Result<Vec<Unusable>, StoreError> {
        // One that is empty waits for its first workflow.
        let is_waiting = |project: &&Project| project.is_gone() && project.directory.is_dir();
        let failing = self.projects.values().filter(|project| project.is_named && !is_waiting(project));
        let failing = failing.filter_map(|project| Some((project, project.error()?)));
        self.store.read(|reader| {
            let mut unusable = vec![];
            for (project, error) in failing {
                if projects::by_name(reader, &project.name)?.is_none() {
                    let directory = project.directory.clone();
                    unusable.push(Unusable { directory, error: error.to_owned() });
                }
            }
            Ok(unusable)
        })
    }

    /// What is wrong with the directory of projects when it is one project itself, and has none in it: nothing of it would
    /// ever run.
    pub fn mistaken_folder(&self) -> Option<String> {
        let folder = self.folder.as_deref().filter(|folder| has_workflows(folder))?;
        let has_projects = candidates(folder).is_ok_and(|found| found.iter().any(|it| has_workflows(it)));
        (!has_projects).then(|| mistaken(folder))
    }

    /// Whether there is anything to watch.
    pub fn is_empty(&self) -> bool {
        self.projects.is_empty() && self.folder.is_none()
    }

    /// When something is to be done, unless something changes before.
    pub(super) fn next(&self) -> Option<Instant> {
        self.quiet.next().into_iter().chain(self.later.values().copied()).min()
    }

    /// Takes in what has changed.
    pub(super) fn take_change(&mut self, change: &Change, moment: Instant) {
        let Some(source) = &mut self.source else { return };
        for subject in self.interests.take(change, source.as_mut()) {
            self.quiet.touch(&subject, moment);
        }
    }

    /// Lets everything be looked at.
    pub(super) fn touch_all(&mut self, moment: Instant) {
        let projects = self.projects.keys().cloned().map(Subject::Project);
        for subject in projects.chain(self.folder.iter().map(|_| Subject::Folder)) {
            self.quiet.touch(&subject, moment);
        }
    }

    /// The system tells nothing any more: from now on everything is polled.
    pub(super) fn fail(&mut self, error: &WatchError, moment: Instant) {
        self.journal.log(Level::Error, &format!("Changes of files are no longer told of: {error}"));
        self.source = None;
        self.touch_all(moment);
    }

    /// Looks at everything that is due. Tells whether schedules may have changed.
    pub(super) fn attend(&mut self, moment: Instant) -> bool {
        let mut due: BTreeSet<Subject> = self.quiet.take_due(moment).into_iter().collect();
        due.extend(self.later.extract_if(.., |_, at| *at <= moment).map(|(subject, _)| subject));
        if due.is_empty() {
            return false;
        }
        let (mut has_changed, mut failure) = (false, None);
        for subject in due {
            let done = match &subject {
                Subject::Folder => self.scan_folder(moment, true),
                Subject::Project(directory) => self.look_at(directory, moment, true),
            };
            match done {
                Ok(changed) => has_changed |= changed,
                Err(error) => {
                    self.journal.log(Level::Error, &format!("Nothing can be registered: {error}"));
                    self.later.insert(subject, moment + AFTER_FAILURE);
                    failure = Some(error.to_string());
                }
            }
        }
        self.tell_health(failure);
        has_changed
    }

    /// Looks at a project. Tells whether its schedules may have changed.
    fn look_at(&mut self, directory: &Path, moment: Instant, may_hold: bool) -> Result<bool, StoreError> {
        let subject = Subject::Project(directory.to_owned());
        let Some(mut project) = self.projects.remove(directory) else { return Ok(false) };
        let is_polled =
            self.watch(&subject, |included| places_of_project(directory, included), &project.included);
        let included = project.included.clone();
        let registry = Registry { store: &self.store, params: &self.params, now: self.journal.now() };
        let looked = project.attend(&registry, moment, may_hold);
        if project.included != included {
            self.watch(&subject, |included| places_of_project(directory, included), &project.included);
            // They may have changed between being read and being watched.
            self.quiet.touch(&subject, moment);
        }
        if looked.is_ok() && !project.is_gone() && self.settings.starts_sessions {
            let others = match project.is_named {
                true => self.claims.of_named(directory),
                false => self.claims.of_found(directory),
            };
            others.iter().for_each(|pid| self.journal.say_twice(directory, *pid));
        }
        let is_over = !project.is_named && project.is_gone() && !is_candidate(directory);
        self.projects.insert(directory.to_owned(), project);
        let looked = looked?;
        let poll = is_polled.then(|| moment + self.settings.poll_interval);
        if let Some(again) = looked.again.into_iter().chain(poll).min() {
            self.later.insert(subject.clone(), again);
        }
        if is_over {
            self.drop_project(directory, &subject);
        }
        looked.lines.iter().for_each(|(level, line)| self.journal.log(*level, line));
        self.journal.say_other_names(directory, &self.projects);
        Ok(looked.has_changed)
    }

    fn drop_project(&mut self, directory: &Path, subject: &Subject) {
        self.projects.remove(directory);
        self.later.remove(subject);
        if let Some(source) = &mut self.source {
            self.interests.remove(subject, source.as_mut());
        }
    }

    /// Looks for projects that have come or gone. Tells whether schedules may have changed.
    fn scan_folder(&mut self, moment: Instant, may_hold: bool) -> Result<bool, StoreError> {
        let Some(folder) = self.folder.clone() else { return Ok(false) };
        if self.watch(&Subject::Folder, |_| places_of_folder(&folder), &BTreeSet::new()) {
            self.later.insert(Subject::Folder, moment + self.settings.poll_interval);
        }
        let found = candidates(&folder);
        self.is_folder_readable = found.is_ok();
        let found = found.unwrap_or_else(|error| {
            self.journal.say_once(Level::Error, format!("Cannot read {}: {error}", folder.display()));
            vec![]
        });
        if self.settings.starts_sessions {
            self.claims.of_folder(&folder).iter().for_each(|pid| self.journal.say_twice(&folder, *pid));
        }
        self.refused.retain(|directory, _| found.contains(directory));
        if has_workflows(&folder) {
            self.journal.say_once(Level::Error, mistaken(&folder));
        }
        let mut has_changed = false;
        for directory in &found {
            if !self.projects.contains_key(directory) && self.add(directory) {
                has_changed |= self.look_at(directory, moment, may_hold)?;
            }
        }
        let gone: Vec<PathBuf> = self
            .projects
            .values()
            .filter(|project| !project.is_named && !found.contains(&project.directory))
            .map(|project| project.directory.clone())
            .collect();
        for directory in gone {
            has_changed |= self.look_at(&directory, moment, may_hold)?;
        }
        Ok(has_changed)
    }

    /// Adds a directory that was found, unless another one has its name.
    fn add(&mut self, directory: &Path) -> bool {
        let name = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Some(other) = self.projects.values().find(|project| project.name == name) {
            let (shown, other) = (directory.display(), other.directory.display());
            let error = format!("{shown} is not watched: {other} is project {name} already");
            self.journal.say_once(Level::Error, error.clone());
            let (directory, since) = (directory.to_owned(), self.journal.now());
            let refused = || Refused { name, directory: directory.clone(), error, since };
            self.refused.entry(directory.clone()).or_insert_with(refused);
            return false;
        }
        self.projects.insert(directory.to_owned(), Project::new(name, directory.to_owned(), false));
        true
    }

    /// Has the system tell of changes. Tells whether the subject has to be polled.
    fn watch(
        &mut self,
        subject: &Subject,
        places: impl Fn(&BTreeSet<PathBuf>) -> BTreeSet<Place>,
        included: &BTreeSet<PathBuf>,
    ) -> bool {
        let can_poll = self.settings.poll != Poll::Never;
        let Some(source) = &mut self.source else { return can_poll };
        let mut found = BTreeSet::new();
        for _ in 0..MAX_WALKS {
            found = places(included);
            match self.interests.replace(subject, &found, source.as_mut()) {
                Ok(false) => break,
                // The path may have led elsewhere before it was watched.
                Ok(true) => {}
                Err(error) => {
                    let of = match subject {
                        Subject::Project(directory) => Some(directory),
                        Subject::Folder => self.folder.as_ref(),
                    };
                    self.journal.cannot_watch(of.map(PathBuf::as_path), &error, self.settings);
                    return can_poll;
                }
            }
        }
        let remote = found.iter().find(|place| can_poll && is_remote(&place.directory));
        let Some(place) = remote else { return false };
        let (directory, interval) = (place.directory.display(), self.settings.poll_interval.as_secs_f64());
        let line = format!("{directory} is on a network file system: it is looked at every {interval} s");
        self.journal.say_once(Level::Info, line);
        true
    }

    /// Withdraws what was watched when the server ran before.
    fn forget_others(&mut self) -> Result<(), StoreError> {
        let names: BTreeSet<&str> = self.projects.values().map(|project| project.name.as_str()).collect();
        let rows = self.store.read(watched_projects::list)?;
        for row in rows.iter().filter(|row| !names.contains(row.name.as_str())) {
            let (name, directory) = (&row.name, &row.directory);
            let count = withdraw_directory(&self.store, name, directory, None, self.journal.now())?;
            if count > 0 {
                let directory = directory.display();
                let line = format!(
                    "{directory} is not watched any more: project {name} has lost its schedules ({count}) until it is; \
                     its history stays"
                );
                self.journal.log(Level::Warn, &line);
            }
        }
        Ok(())
    }

    /// Lets others know how it is.
    fn tell_health(&self, failure: Option<String>) {
        let wrong = self.projects.values().filter(|project| project.error().is_some()).count();
        let health = WatchHealth {
            directories: self.projects.len() + usize::from(self.folder.is_some()),
            failing: wrong + self.refused.len() + usize::from(!self.is_folder_readable),
            refused: self.refused.values().cloned().collect(),
            failure,
        };
        *self.health.lock().unwrap_or_else(PoisonError::into_inner) = health;
    }
}

fn is_candidate(directory: &Path) -> bool {
    directory.symlink_metadata().is_ok_and(|found| found.file_type().is_symlink() || found.is_dir())
}
