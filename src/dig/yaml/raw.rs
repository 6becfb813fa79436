//! The tree of one text, before its includes are read. What an alias repeats is shared, not copied.

use crate::dig::source::Span;
use crate::dig::yaml::scalar::float_text;
use serde_json::Value;
use std::sync::Arc;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct RawNode {
    pub span: Span,
    /// How many nodes this one stands for when every alias in it is written out.
    pub size: usize,
    pub content: RawContent,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum RawContent {
    Scalar(Value),
    Sequence(Arc<Vec<RawNode>>),
    Mapping(Arc<Vec<RawEntry>>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct RawEntry {
    pub key: RawKey,
    pub key_span: Span,
    pub value: RawNode,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum RawKey {
    Name(String),
    /// `<<`; gone once the mapping is composed.
    Merge,
    /// `!include`
    Include,
}

impl RawNode {
    pub(super) fn scalar(span: Span, value: Value) -> Self {
        Self { span, size: 1, content: RawContent::Scalar(value) }
    }

    /// The text that this node is as a key; `None` for null. Collections are written as Java writes them.
    pub(super) fn key_text(&self) -> Option<String> {
        match &self.content {
            RawContent::Scalar(Value::Null) => None,
            _ => Some(self.java_text()),
        }
    }

    /// The value, to quote it; includes are shown as keys.
    pub(super) fn to_json(&self) -> Value {
        match &self.content {
            RawContent::Scalar(value) => value.clone(),
            RawContent::Sequence(items) => items.iter().map(Self::to_json).collect(),
            RawContent::Mapping(entries) => {
                entries.iter().map(|entry| (entry.key_name().to_owned(), entry.value.to_json())).collect()
            }
        }
    }

    fn java_text(&self) -> String {
        match &self.content {
            RawContent::Scalar(Value::String(text)) => text.clone(),
            RawContent::Scalar(Value::Number(number)) if number.is_f64() => {
                number.as_f64().map_or_else(|| number.to_string(), float_text)
            }
            RawContent::Scalar(value) => value.to_string(),
            RawContent::Sequence(items) => {
                let items: Vec<_> = items.iter().map(Self::java_text).collect();
                format!("[{}]", items.join(", "))
            }
            RawContent::Mapping(entries) => {
                let entries: Vec<_> = entries.iter().map(RawEntry::java_text).collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }
}

impl RawEntry {
    /// The key as a value of its own, as in a set.
    pub(super) fn key_node(&self) -> RawNode {
        RawNode::scalar(self.key_span, Value::String(self.key_name().to_owned()))
    }

    fn key_name(&self) -> &str {
        match &self.key {
            RawKey::Name(name) => name,
            RawKey::Merge => "<<",
            RawKey::Include => "!include",
        }
    }

    fn java_text(&self) -> String {
        format!("{}={}", self.key_name(), self.value.java_text())
    }
}
