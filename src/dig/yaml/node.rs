//! The tree that a file becomes: JSON with the place of every key and value.

use crate::dig::source::Span;
use crate::model::Params;
use serde_json::Value;
use std::collections::HashMap;

/// A value and where it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub span: Span,
    pub content: Content,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Null, a boolean, a number or a string.
    Scalar(Value),
    Sequence(Vec<Node>),
    Mapping(Mapping),
}

/// Keys and values in the order of the text. Keys are unique.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mapping {
    entries: Vec<Entry>,
    /// Where each key is among the entries; empty while there are few of them.
    places: HashMap<String, usize>,
}

/// From so many entries on it pays to have a table of their places.
const MANY: usize = 16;

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub key: String,
    pub key_span: Span,
    pub value: Node,
}

/// The key or the value of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Key,
    Value,
}

impl Node {
    /// The same without places.
    pub fn to_json(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::Sequence(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Content::Mapping(mapping) => Value::Object(mapping.to_params()),
        }
    }

    fn find(&self, path: &[String], part: Part) -> Option<Span> {
        match &self.content {
            Content::Scalar(_) => None,
            Content::Mapping(mapping) => mapping.find(path, part),
            // In a task that is written as a list, the last key counts.
            Content::Sequence(items) => items.iter().rev().find_map(|item| item.find(path, part)),
        }
    }
}

impl Entry {
    fn find(&self, rest: &[String], part: Part) -> Span {
        match (rest, part) {
            ([], Part::Key) => self.key_span,
            ([], Part::Value) => self.value.span,
            _ => self.value.find(rest, part).unwrap_or(self.key_span),
        }
    }
}

impl Mapping {
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.place(key).map(|at| &self.entries[at])
    }

    fn place(&self, key: &str) -> Option<usize> {
        if self.places.is_empty() {
            self.entries.iter().position(|entry| entry.key == key)
        } else {
            self.places.get(key).copied()
        }
    }

    /// Where the key or the value at a path of keys is written, or the last part of the path that is written.
    pub(super) fn find(&self, path: &[String], part: Part) -> Option<Span> {
        let (key, rest) = path.split_first()?;
        Some(self.get(key)?.find(rest, part))
    }

    /// The same without places.
    pub fn to_params(&self) -> Params {
        self.entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect()
    }

    /// None yet, with room for as many as will come.
    pub(super) fn with_capacity(entries: usize) -> Self {
        Self { entries: Vec::with_capacity(entries), places: HashMap::new() }
    }

    /// Puts an entry at the end, or in the place of the one with the same key.
    pub(super) fn put(&mut self, entry: Entry) {
        if let Some(at) = self.place(&entry.key) {
            self.entries[at] = entry;
            return;
        }
        self.entries.push(entry);
        let count = self.entries.len();
        if count == MANY {
            let keys = self.entries.iter().map(|entry| entry.key.clone());
            self.places = keys.enumerate().map(|(at, key)| (key, at)).collect();
        } else if count > MANY {
            self.places.insert(self.entries[count - 1].key.clone(), count - 1);
        }
    }

    /// Lays another mapping over this one: mappings merge key by key, everything else replaces.
    pub(super) fn merge(&mut self, upper: Self) {
        for entry in upper.entries {
            let below = self.place(&entry.key).map(|at| &mut self.entries[at].value.content);
            match (below, entry.value.content) {
                (Some(Content::Mapping(below)), Content::Mapping(above)) => below.merge(above),
                (_, content) => self.put(Entry { value: Node { content, ..entry.value }, ..entry }),
            }
        }
    }
}
