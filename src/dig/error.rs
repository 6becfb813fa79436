//! What is wrong with a text: the message, the place, and how to mend it. How that looks is in `error/render.rs`.

mod render;

use crate::dig::compile::TaskError;
use crate::dig::document::DocumentError;
use crate::dig::lint::Lint;
use crate::dig::source::Place;
use crate::dig::yaml::YamlError;
use crate::model::names::NameError;
use std::fmt;

/// One problem in a `.dig` file or a parameter file.
#[derive(Debug, Clone, PartialEq)]
pub struct DigError {
    pub kind: DigErrorKind,
    pub severity: Severity,
    pub place: Option<Place>,
    /// Other places that belong to it, each with a few words: where a key was first written.
    pub related: Vec<(Place, String)>,
    /// How to mend it: `did you mean ...`.
    pub hint: Option<String>,
}

/// Whether a text can be used in spite of the problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    Error,
    Warning,
}

/// The part of the language that a problem belongs to.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DigErrorKind {
    #[error(transparent)]
    Yaml(#[from] YamlError),
    #[error(transparent)]
    Name(#[from] NameError),
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error(transparent)]
    Task(#[from] TaskError),
    #[error(transparent)]
    Lint(#[from] Lint),
    /// Found by somebody else who can point at the place, as with the times of a schedule.
    #[error("{0}")]
    Other(String),
}

impl DigError {
    pub fn new(kind: impl Into<DigErrorKind>, place: Option<Place>) -> Self {
        Self { kind: kind.into(), severity: Severity::Error, place, related: Vec::new(), hint: None }
    }

    pub fn with_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    pub fn into_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// The message alone, which can have several lines.
    pub fn message(&self) -> String {
        self.kind.to_string()
    }

    /// `workflow.dig:7:3: message`
    pub fn one_line(&self) -> String {
        match &self.place {
            Some(place) => format!("{place}: {}", self.kind),
            None => self.message(),
        }
    }

    /// The message, the place, the line with a caret, and the hint; several lines without a break at the end.
    pub fn render(&self, colour: bool) -> String {
        render::render(self, colour)
    }
}

impl fmt::Display for DigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl std::error::Error for DigError {}

/// All problems that were found in a text, in its order; never empty.
#[derive(Debug, Clone, PartialEq)]
pub struct DigErrors(Vec<DigError>);

impl DigErrors {
    /// `Ok` if there is nothing to report.
    pub(crate) fn check(errors: Vec<DigError>) -> Result<(), Self> {
        if errors.is_empty() { Ok(()) } else { Err(Self(errors)) }
    }

    /// The problems before, and the one after which reading ended.
    pub(crate) fn ending(mut errors: Vec<DigError>, last: DigError) -> Self {
        errors.push(last);
        Self(errors)
    }

    /// Sorted by file and place. There must be at least one.
    pub(crate) fn in_order(mut errors: Vec<DigError>) -> Self {
        debug_assert!(!errors.is_empty());
        errors.sort_by(|left, right| {
            let key = |error: &DigError| error.place.as_ref().map(|place| place.range().start);
            let label = |error: &DigError| error.place.as_ref().map(|place| place.label().to_owned());
            label(left).cmp(&label(right)).then_with(|| key(left).cmp(&key(right)))
        });
        Self(errors)
    }

    pub fn iter(&self) -> std::slice::Iter<'_, DigError> {
        self.0.iter()
    }

    /// All renderings with an empty line between them.
    pub fn render(&self, colour: bool) -> String {
        self.0.iter().map(|error| error.render(colour)).collect::<Vec<_>>().join("\n\n")
    }
}

impl From<DigError> for DigErrors {
    fn from(error: DigError) -> Self {
        Self(vec![error])
    }
}

impl IntoIterator for DigErrors {
    type Item = DigError;
    type IntoIter = std::vec::IntoIter<DigError>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// The messages, one below the other.
impl fmt::Display for DigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.0.iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for DigErrors {}

#[cfg(test)]
mod tests;
