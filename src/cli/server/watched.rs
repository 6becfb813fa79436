//! The directories that a server watches: which ones, and what keeps it from starting with them.

use super::server_log::ServerLog;
use crate::cli::history::failed;
use crate::cli::{CliError, Context};
use crate::project_files::normalized;
use crate::runner::Observer;
use crate::store::{Store, projects};
use crate::watch::{Directories, NamedDirectory, Roster, WatchSettings};
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;

/// Which directories are projects.
#[derive(Debug, Clone, Default, Args)]
pub struct WatchedArgs {
    /// Watch the project in this directory, which is named as the directory: what changes there is scheduled at once; may
    /// be given several times
    #[arg(long, value_name = "DIR")]
    pub project: Vec<PathBuf>,

    /// Watch all projects in this directory: its sub-directories with .dig files, also those that come later
    #[arg(long, value_name = "DIR")]
    pub projects_dir: Option<PathBuf>,
}

impl WatchedArgs {
    /// The directories, each once.
    ///
    /// # Errors
    ///
    /// Two have the same name, as a usage error.
    pub(super) fn directories(&self, context: &Context) -> Result<Directories, CliError> {
        let mut named: Vec<NamedDirectory> = vec![];
        for given in &self.project {
            let directory = normalized(&context.dir.join(given));
            let name = directory.file_name().map(|name| name.to_string_lossy().into_owned());
            let name = name.ok_or_else(|| CliError::usage(format!("{} has no name", directory.display())))?;
            match named.iter().find(|other| other.name == name) {
                Some(other) if other.directory == directory => {}
                Some(other) => {
                    let (one, other) = (other.directory.display(), directory.display());
                    let message = format!("Two directories would be project {name}: {one} and {other}");
                    return Err(CliError::usage(message));
                }
                None => named.push(NamedDirectory { name, directory }),
            }
        }
        let folder = self.projects_dir.as_ref().map(|folder| normalized(&context.dir.join(folder)));
        if let Some(folder) = folder.as_ref().filter(|folder| !folder.is_dir()) {
            let problem = if folder.exists() { "is no directory" } else { "does not exist" };
            return Err(CliError::user(format!("--projects-dir: {} {problem}", folder.display())));
        }
        Ok(Directories { named, folder, ..Directories::default() })
    }

    /// A service is installed for directories that are there; a server waits for them.
    ///
    /// # Errors
    ///
    /// As [`Self::directories`], or one does not exist.
    pub(crate) fn must_exist(&self, context: &Context) -> Result<(), CliError> {
        for named in self.directories(context)?.named {
            if !named.directory.is_dir() {
                let directory = named.directory.display();
                let problem = if named.directory.exists() { "is no directory" } else { "does not exist" };
                return Err(CliError::user(format!("--project: {directory} {problem}")));
            }
        }
        Ok(())
    }
}

/// Registers what is in the directories.
///
/// # Errors
///
/// The store fails; the directory of projects is a project itself, without any in it; or there is nothing to do, for what was
/// named has never been good. A server with other projects, or
/// with any place for them, starts all the same.
pub(super) fn open(
    directories: Directories,
    settings: WatchSettings,
    is_for_one_project: bool,
    store: &Arc<Store>,
    log: &ServerLog,
    context: &Context,
) -> Result<Roster, CliError> {
    let has_folder = directories.folder.is_some();
    let observer = Arc::new(log.clone()) as Arc<dyn Observer>;
    let roster = Roster::open(Arc::clone(store), context.clock.clone(), observer, directories, settings)
        .map_err(failed)?;
    if let Some(mistake) = roster.mistaken_folder() {
        return Err(CliError::user(mistake));
    }
    let unusable = roster.unusable().map_err(failed)?;
    let has_others =
        has_folder || !store.read(|reader| projects::list(reader, None, 1)).map_err(failed)?.is_empty();
    if unusable.is_empty() || (has_others && !is_for_one_project) {
        return Ok(roster);
    }
    let errors: Vec<String> = unusable.into_iter().map(|unusable| unusable.error).collect();
    Err(CliError::user(errors.join("\n\n")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::context::tests::in_dir;
    use std::path::Path;

    fn named(projects: &[&str]) -> Result<Vec<String>, String> {
        let (context, _) = in_dir(Path::new("/w"));
        let project = projects.iter().map(PathBuf::from).collect();
        let found = WatchedArgs { project, projects_dir: None }.directories(&context);
        let shown = |named: &NamedDirectory| format!("{} {}", named.name, named.directory.display());
        found.map(|found| found.named.iter().map(shown).collect()).map_err(|error| error.message)
    }

    #[test]
    fn a_project_is_named_as_its_directory() {
        assert_eq!(named(&["a", "./b/../b/", "/c/d", "."]).unwrap(), ["a /w/a", "b /w/b", "d /c/d", "w /w"]);
        assert_eq!(named(&["a", "/w/a"]).unwrap(), ["a /w/a"]);
        let twice = "Two directories would be project a: /w/a and /w/b/a";
        assert_eq!(named(&["a", "b/a"]), Err(twice.to_owned()));
        assert_eq!(named(&["/"]), Err("/ has no name".to_owned()));
    }
}
