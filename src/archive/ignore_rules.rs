//! `.digdagignore`: which files of a directory do not belong to the project, in the syntax of `.gitignore`. Names that
//! begin with a dot never do. `.gitignore` itself is not read.

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const IGNORE_FILE: &str = ".digdagignore";

/// What does not belong to a project.
#[derive(Debug, Default)]
pub struct IgnoreRules(Option<Gitignore>);

/// The rules of a project cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct IgnoreError {
    pub path: PathBuf,
    pub source: ignore::Error,
}

impl IgnoreRules {
    /// The rules of the project in a directory; none if it has no file of them.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is wrong.
    pub fn of(dir: &Path) -> Result<Self, IgnoreError> {
        let path = dir.join(IGNORE_FILE);
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text).map_err(|source| IgnoreError { path, source }),
            Err(error) if is_missing(&error) => Ok(Self::default()),
            Err(error) => Err(IgnoreError { path, source: error.into() }),
        }
    }

    /// The rules of the text.
    ///
    /// # Errors
    ///
    /// A pattern is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, ignore::Error> {
        let mut rules = GitignoreBuilder::new("");
        for line in text.trim_start_matches('\u{FEFF}').lines() {
            rules.add_line(None, line)?;
        }
        rules.build().map(|rules| Self(Some(rules)))
    }

    pub(super) fn is_ignore_file(name: &Path) -> bool {
        name == Path::new(IGNORE_FILE)
    }

    /// Whether a name, relative to the project's directory, does not belong to it. Directories above it are not looked
    /// at: nothing below an ignored one belongs to the project either.
    pub fn ignore(&self, name: &Path, is_dir: bool) -> bool {
        let is_hidden = name.file_name().is_some_and(|last| last.as_encoded_bytes().starts_with(b"."));
        is_hidden || self.0.as_ref().is_some_and(|rules| rules.matched(name, is_dir).is_ignore())
    }
}

/// No file of that name; a directory of that name holds no rules either.
fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_those_of_git() {
        let rules = IgnoreRules::parse("# data\n*.csv\n!keep.csv\n/build/\ndocs/**/*.md\n").unwrap();
        for (name, is_dir, expected) in [
            ("a.csv", false, true),
            ("sub/a.csv", false, true),
            ("keep.csv", false, false),
            ("build", true, true),
            ("build", false, false),
            ("sub/build", true, false),
            ("docs/a/b.md", false, true),
            ("a.dig", false, false),
            (".env", false, true),
            ("sub/.git", true, true),
        ] {
            assert_eq!(rules.ignore(Path::new(name), is_dir), expected, "{name}");
        }
        assert!(!IgnoreRules::default().ignore(Path::new("a.csv"), false));
    }

    #[test]
    fn only_the_file_of_the_project_counts() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(".gitignore"), "*.csv\n").unwrap();
        assert!(!IgnoreRules::of(dir.path()).unwrap().ignore(Path::new("a.csv"), false));
        fs::write(dir.path().join(IGNORE_FILE), "*.csv\n").unwrap();
        assert!(IgnoreRules::of(dir.path()).unwrap().ignore(Path::new("a.csv"), false));
        fs::write(dir.path().join(IGNORE_FILE), "a{b\n").unwrap();
        assert!(IgnoreRules::of(dir.path()).unwrap_err().to_string().contains(IGNORE_FILE));
    }
}
