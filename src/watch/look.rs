//! Reading the project in a directory as it is now.

use crate::actions::inspect::operator_names;
use crate::actions::project::{ProjectError, load_project_noting};
use crate::actions::publish::{ScheduledWorkflow, with_schedules};
use crate::dig::{DigError, DigErrors};
use crate::model::names::check_project_name;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What is in a directory.
#[derive(Debug)]
pub(super) enum Finding {
    Good(Vec<ScheduledWorkflow>),
    /// What is wrong with it, with lines and marks.
    Broken(String),
    /// There is no workflow; why.
    Gone(String),
}

/// Reads the workflows of a directory and notes the files that they include.
pub(super) fn look(name: &str, directory: &Path, included: &mut BTreeSet<PathBuf>) -> Finding {
    let shown = directory.display();
    match fs::metadata(directory) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => return Finding::Broken(format!("{shown} is no directory")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Finding::Gone(format!("{shown} does not exist"));
        }
        Err(error) => return Finding::Broken(format!("cannot read {shown}: {error}")),
    }
    let workflows = match load_project_noting(directory, &operator_names(), included) {
        Ok(loaded) if loaded.workflows.is_empty() => {
            return Finding::Gone(format!("{shown} has no workflows (.dig files)"));
        }
        Ok(loaded) => with_schedules(loaded.workflows).map_err(|errors| wrong_schedules(directory, errors)),
        Err(ProjectError::Unreadable { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            return Finding::Gone(format!("{shown} does not exist"));
        }
        Err(error) => Err(error.render(false)),
    };
    let checked = workflows.and_then(|workflows| {
        check_project_name(name).map_err(|errors| {
            let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
            format!("{shown} cannot be a project of this name\n{}", errors.join("\n"))
        })?;
        if directory.to_str().is_none() {
            return Err(format!("the path {shown} is no UTF-8"));
        }
        Ok(workflows)
    });
    checked.map_or_else(Finding::Broken, Finding::Good)
}

fn wrong_schedules(directory: &Path, errors: Vec<DigError>) -> String {
    let mut text = String::from("Validating project failed");
    for error in errors {
        let label = error.place.as_ref().map(|place| place.label().to_owned()).unwrap_or_default();
        let path = directory.join(label);
        text += &format!("\nworkflow {}\n{}", path.display(), DigErrors::from(error).render(false));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn found(name: &str, files: &[(&str, &str)]) -> String {
        let root = TempDir::new().unwrap();
        for (path, text) in files {
            fs::write(root.path().join(path), text).unwrap();
        }
        let text = match look(name, root.path(), &mut BTreeSet::new()) {
            Finding::Good(workflows) => format!("good: {}", workflows.len()),
            Finding::Broken(text) => format!("broken: {text}"),
            Finding::Gone(text) => format!("gone: {text}"),
        };
        text.replace(&root.path().display().to_string(), "$DIR")
    }

    #[test]
    fn directories_are_good_broken_or_gone() {
        let good = ("a.dig", "timezone: UTC\n+a: {echo>: x}\n");
        assert_eq!(found("p", &[good, ("b.txt", "")]), "good: 1");
        assert_eq!(found("p", &[("b.txt", "")]), "gone: $DIR has no workflows (.dig files)");
        let broken = found("p", &[good, ("b.dig", "timezone: UTC\n+a:\n  eco>: x\n  foo: [\n")]);
        let begin = "broken: Validating project failed\nworkflow $DIR/b.dig\nerror: ";
        assert!(broken.starts_with(begin) && broken.contains("--> b.dig:"), "{broken}");
        let path = Path::new("/nonexistent/p");
        assert!(
            matches!(look("p", path, &mut BTreeSet::new()), Finding::Gone(text) if text == "/nonexistent/p does not exist")
        );
        let path = Path::new("/dev/null");
        assert!(
            matches!(look("p", path, &mut BTreeSet::new()), Finding::Broken(text) if text == "/dev/null is no directory")
        );
    }

    #[test]
    fn schedules_and_names_are_checked() {
        let text = "timezone: UTC\nschedule:\n  cron>: 0 0 31 2 *\n+a: {echo>: x}\n";
        let broken = found("p", &[("a.dig", text)]);
        let begin = "broken: Validating project failed\nworkflow $DIR/a.dig\nerror: ";
        assert!(broken.starts_with(begin) && broken.contains("a.dig:3:10"), "{broken}");
        let named = found("1p", &[("a.dig", "timezone: UTC\n+a: {echo>: x}\n")]);
        assert_eq!(
            named,
            "broken: $DIR cannot be a project of this name\n\
             name must not start with a numeric digit (0-9): \"1p\""
        );
    }
}
