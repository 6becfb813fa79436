//! `!include : 'path'`: the keys of another file, merged where the directive stands.
//!
//! Nothing here opens a file; whoever calls gives a function that does.

use crate::dig::error::DigError;
use crate::dig::source::{Sources, Span};
use crate::dig::yaml::node::{Content, Entry, Mapping, Node};
use crate::dig::yaml::raw::{RawContent, RawEntry, RawKey, RawNode};
use crate::dig::yaml::{MAX_DEPTH, YamlError, parse};
use serde_json::Value;
use std::fmt;

/// Includes of one file, nested or not, and their bytes.
const MAX_INCLUDES: usize = 10_000;
const MAX_INCLUDED_BYTES: usize = 64 << 20;
/// Files that include each other in a chain.
const MAX_CHAIN: usize = 50;

/// Reads included files.
pub type Include<'a> = &'a dyn Fn(&IncludePath) -> Result<Vec<u8>, IncludeError>;

/// A file below the directory of the file that is being read: `inc/tasks.dig`; slashes, no `..`, not absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncludePath(String);

impl IncludePath {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IncludePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why an included file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IncludeError {
    #[error("no such file")]
    NotFound,
    #[error("{0}")]
    Unreadable(String),
}

/// Turns the tree of one text into a tree without includes.
pub(super) struct Expander<'a> {
    pub include: Include<'a>,
    pub sources: Sources,
    pub errors: Vec<DigError>,
    /// Directory of the outermost file, to make labels of included files: `sub/` or nothing.
    base: String,
    /// The current file and those that include it, outermost first.
    chain: Vec<String>,
    count: usize,
    bytes: usize,
}

impl<'a> Expander<'a> {
    pub(super) fn new(label: &str, include: Include<'a>) -> Self {
        let (base, name) = label.split_at(label.rfind('/').map_or(0, |slash| slash + 1));
        let (base, chain) = (base.to_owned(), vec![name.to_owned()]);
        Self { include, sources: Sources::default(), errors: Vec::new(), base, chain, count: 0, bytes: 0 }
    }

    /// `depth` is the number of collections around the mapping, those of including files counted too.
    pub(super) fn mapping(&mut self, entries: &[RawEntry], depth: usize) -> Mapping {
        let mut mapping = Mapping::with_capacity(entries.len());
        for entry in entries {
            match &entry.key {
                RawKey::Name(key) => {
                    let value = self.node(&entry.value, depth + 1);
                    mapping.put(Entry { key: key.clone(), key_span: entry.key_span, value });
                }
                RawKey::Include => {
                    if let Some(included) = self.included(&entry.value, depth) {
                        mapping.merge(included);
                    }
                }
                RawKey::Merge => {}
            }
        }
        mapping
    }

    fn node(&mut self, raw: &RawNode, depth: usize) -> Node {
        let content = match &raw.content {
            RawContent::Scalar(value) => Content::Scalar(value.clone()),
            _ if depth >= MAX_DEPTH => {
                self.report(YamlError::TooDeep, raw.span);
                Content::Scalar(Value::Null)
            }
            RawContent::Sequence(items) => {
                Content::Sequence(items.iter().map(|item| self.node(item, depth + 1)).collect())
            }
            RawContent::Mapping(entries) => Content::Mapping(self.mapping(entries, depth)),
        };
        Node { span: raw.span, content }
    }

    /// The mapping of the file that a directive names. `None` if it was reported instead.
    fn included(&mut self, name: &RawNode, depth: usize) -> Option<Mapping> {
        let opened = self.open(name).map_err(|problem| self.report(problem, name.span));
        let (path, label, bytes) = opened.ok()?;
        match parse(&label, bytes, &mut self.sources) {
            Ok(root) => {
                self.chain.push(path.0);
                let mapping = self.mapping(&root.entries, depth);
                self.chain.pop();
                Some(mapping)
            }
            Err(errors) => {
                self.errors.extend(errors);
                None
            }
        }
    }

    fn open(&mut self, name: &RawNode) -> Result<(IncludePath, String, Vec<u8>), YamlError> {
        let path = self.resolve(name)?;
        if self.chain.contains(&path.0) {
            return Err(YamlError::IncludeCycle(self.chain.iter().chain([&path.0]).cloned().collect()));
        }
        self.count += 1;
        if self.count > MAX_INCLUDES || self.chain.len() >= MAX_CHAIN {
            return Err(YamlError::TooManyIncludes);
        }
        let label = format!("{}{path}", self.base);
        let bytes = match (self.include)(&path) {
            Ok(bytes) => bytes,
            Err(error) => return Err(YamlError::Include { label, error }),
        };
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.bytes > MAX_INCLUDED_BYTES {
            return Err(YamlError::TooManyIncludes);
        }
        Ok((path, label, bytes))
    }

    /// The path that a directive means, from the directory of the outermost file.
    fn resolve(&self, name: &RawNode) -> Result<IncludePath, YamlError> {
        let name = match &name.content {
            RawContent::Scalar(Value::String(name)) => name.clone(),
            RawContent::Scalar(Value::Null) => return Err(YamlError::IncludeWithoutPath),
            RawContent::Scalar(value) => value.to_string(),
            _ => return Err(YamlError::IncludeWithoutPath),
        };
        let escapes = || YamlError::IncludeEscapes(name.clone());
        if name.starts_with('/') || name.contains('\0') {
            return Err(escapes());
        }
        let mut below: Vec<&str> = Vec::new();
        for part in name.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    below.pop().ok_or_else(escapes)?;
                }
                part => below.push(part),
            }
        }
        if below.is_empty() {
            return Err(YamlError::IncludeWithoutPath);
        }
        let including = self.chain.last().and_then(|path| path.rsplit_once('/'));
        let directory = including.map_or(String::new(), |(directory, _)| format!("{directory}/"));
        Ok(IncludePath(format!("{directory}{}", below.join("/"))))
    }

    fn report(&mut self, problem: YamlError, span: Span) {
        self.errors.push(DigError::new(problem, Some(self.sources.place(span))));
    }
}
