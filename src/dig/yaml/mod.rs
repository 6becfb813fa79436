//! The YAML of `.dig` files and parameter files: YAML 1.1 with Digdag's own typing, places, and `!include`.
//!
//! The grammar is the parser's. Everything a text can mean beyond it is decided here, and every text has an answer
//! in time and space that grow with its length: nesting, aliases and includes are limited.

mod composer;
mod include;
mod merge;
mod node;
mod padding;
mod raw;
mod scalar;
mod syntax;
mod tag;
mod text;

pub use include::{Include, IncludeError, IncludePath};
pub use node::{Content, Entry, Mapping, Node, Part};

use crate::dig::error::{DigError, DigErrors};
use crate::dig::source::{Place, Source, Sources, Span};
use crate::dig::yaml::include::Expander;
use crate::dig::yaml::raw::{RawContent, RawEntry};
use std::sync::Arc;

/// How deep lists and mappings may nest, included files counted in. Definitions are stored as JSON, often inside other
/// objects, and JSON readers stop at 128.
pub(crate) const MAX_DEPTH: usize = 100;

/// The longest value that an error message quotes, in characters.
const MAX_QUOTED: usize = 400;

/// A file as a tree, with the texts that its places lie in.
#[derive(Debug, Clone)]
pub struct Tree {
    pub root: Mapping,
    pub span: Span,
    pub sources: Sources,
}

/// What can be wrong with a text before anybody asks what it is for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum YamlError {
    #[error("the file is not UTF-8 text")]
    NotUtf8,
    #[error("the file is UTF-16 text, it must be UTF-8")]
    Utf16,
    #[error("unacceptable character '{}' (0x{:x}) special characters are not allowed", .0.escape_default(), u32::from(*.0))]
    SpecialCharacter(char),
    #[error("{0}")]
    Syntax(String),
    #[error("expected a single document in the stream but found another document")]
    SeveralDocuments,
    #[error("Expected object to load Config but got {0}")]
    NotAnObject(String),
    #[error("lists and mappings are nested more than {MAX_DEPTH} deep")]
    TooDeep,
    #[error("aliases repeat too much of the text")]
    TooManyAliases,
    #[error("found undefined alias {0}")]
    UnknownAlias(String),
    #[error("an alias stands inside the value that it repeats")]
    RecursiveAlias,
    #[error("Duplicated keys: [{}]", .0.join(", "))]
    DuplicateKeys(Vec<String>),
    #[error("Null key for a Map not allowed")]
    NullKey,
    #[error("could not determine a constructor for the tag {0}")]
    UnknownTag(String),
    #[error("a value with the tag {tag} must be {expected}")]
    UnfitTag { tag: String, expected: &'static str },
    #[error("not a number: {0}")]
    BadNumber(String),
    #[error("expected a mapping or list of mappings for merging, but found {0}")]
    Unmergeable(&'static str),
    #[error("!include works only as a key of a mapping, not as a value")]
    IncludeAsValue,
    #[error("!include needs the path of a file")]
    IncludeWithoutPath,
    #[error("File name must not include ..: {0}")]
    IncludeEscapes(String),
    #[error("{label} ({error})")]
    Include { label: String, error: IncludeError },
    #[error("files include each other: {}", .0.join(" -> "))]
    IncludeCycle(Vec<String>),
    #[error("too many or too large included files")]
    TooManyIncludes,
}

/// Reads a file whose root is a mapping.
///
/// `label` is the file's name in messages; included files get labels beside it.
///
/// # Errors
///
/// One syntax error, or all other problems there are.
pub fn read(label: &str, bytes: Vec<u8>, include: Include<'_>) -> Result<Tree, DigErrors> {
    let mut expander = Expander::new(label, include);
    let raw = parse(label, bytes, &mut expander.sources)?;
    let root = expander.mapping(&raw.entries, 0);
    DigErrors::check(expander.errors)?;
    Ok(Tree { root, span: raw.span, sources: expander.sources })
}

impl Tree {
    /// Where the key or the value at a path of keys is written: its last part that is written, for no part the start.
    pub fn find(&self, path: &[String], part: Part) -> Place {
        let start = Span { end: self.span.start, ..self.span };
        self.sources.place(self.root.find(path, part).unwrap_or(start))
    }
}

/// The mapping that a text holds.
struct Root {
    span: Span,
    entries: Arc<Vec<RawEntry>>,
}

/// Parses one text, whose root must be a mapping.
fn parse(label: &str, bytes: Vec<u8>, sources: &mut Sources) -> Result<Root, DigErrors> {
    let text = text::decode(bytes).map_err(|bad| {
        let source = Arc::new(Source { label: label.to_owned(), text: bad.shown });
        DigError::new(bad.problem, Some(Place::new(source, bad.range)))
    })?;
    let id = sources.add(label, text);
    let root = composer::compose(sources, id)?;
    match root.content {
        RawContent::Mapping(entries) => Ok(Root { span: root.span, entries }),
        _ => {
            let mut found = root.to_json().to_string();
            if let Some((end, _)) = found.char_indices().nth(MAX_QUOTED) {
                found.truncate(end);
                found.push_str("...");
            }
            let hint = sources.get(id).text.trim().is_empty().then(|| "the file is empty".to_owned());
            let place = Some(sources.place(root.span));
            Err(DigError::new(YamlError::NotAnObject(found), place).with_hint(hint).into())
        }
    }
}

#[cfg(test)]
mod tests;
