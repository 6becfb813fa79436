//! Parser events to a tree: types, tags, anchors, duplicate keys. Includes are only noted here.

use crate::dig::error::{DigError, DigErrors};
use crate::dig::source::{SourceId, Sources, Span};
use crate::dig::yaml::merge;
use crate::dig::yaml::padding::Padded;
use crate::dig::yaml::raw::{RawContent, RawEntry, RawKey, RawNode};
use crate::dig::yaml::scalar::{self, BadNumber, Plain};
use crate::dig::yaml::syntax;
use crate::dig::yaml::tag::{self, TagProblem};
use crate::dig::yaml::{MAX_DEPTH, YamlError};
use granit_parser::{Event, Parser, ScalarStyle, StrInput, Tag, options};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// How many nodes aliases may add to a text. Real ones add hundreds; a few nested aliases can add billions.
const MAX_REPEATED: usize = 100_000;

/// Composes the one document of a text; null if it has none.
///
/// # Errors
///
/// Syntax errors alone, because nothing after them is sure; of other problems all there are.
pub(super) fn compose(sources: &Sources, source: SourceId) -> Result<RawNode, DigErrors> {
    let mut padded = Padded::new(&sources.get(source).text);
    loop {
        let mut composer = Composer::new(&padded, sources, source);
        match composer.document() {
            Ok(root) => return DigErrors::check(composer.errors).map(|()| root),
            Err(stop) => {
                let errors = composer.errors;
                if !stop.continuation.is_some_and(|offset| padded.pad(offset)) {
                    return Err(DigErrors::ending(errors, *stop.error));
                }
            }
        }
    }
}

struct Composer<'a> {
    events: Parser<'a, StrInput<'a>>,
    sources: &'a Sources,
    source: SourceId,
    padded: &'a Padded<'a>,
    /// Finished nodes by anchor id. An alias inside its own anchor finds nothing here.
    anchors: HashMap<usize, RawNode>,
    repeated: usize,
    errors: Vec<DigError>,
}

/// A problem after which composing cannot go on.
struct Fatal {
    error: Box<DigError>,
    /// Where a line of quoted text stands too far to the left.
    continuation: Option<usize>,
}

impl<'a> Composer<'a> {
    fn new(padded: &'a Padded<'a>, sources: &'a Sources, source: SourceId) -> Self {
        let settings = options! {
            emit_comments: false,
            emit_unresolved_aliases: true,
            flow_nesting_limit: MAX_DEPTH,
            block_nesting_limit: MAX_DEPTH
        };
        let events = Parser::new_from_str_with_options(padded.text(), settings);
        Self { events, sources, source, padded, anchors: HashMap::new(), repeated: 0, errors: Vec::new() }
    }

    fn document(&mut self) -> Result<RawNode, Fatal> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::StreamStart | Event::DocumentEnd => {}
                Event::DocumentStart(..) if root.is_none() => {
                    let (event, span) = self.next()?;
                    root = Some(self.node(event, span, 0)?);
                }
                Event::DocumentStart(..) => return Err(self.fatal(YamlError::SeveralDocuments, span)),
                _ => return Err(self.fatal(YamlError::Syntax("unexpected content".to_owned()), span)),
            }
        }
        let nothing = Span { source: self.source, start: 0, end: 0 };
        Ok(root.unwrap_or_else(|| RawNode::scalar(nothing, Value::Null)))
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Fatal> {
        match self.events.next() {
            Some(Ok((event, span))) => Ok((event, self.span(&span))),
            Some(Err(error)) => {
                let offset = error.marker().byte_offset().unwrap_or(0);
                let place = self.sources.place(self.span_from(offset, offset));
                let continuation = syntax::is_quoted_continuation(&error).then_some(offset);
                Err(Fatal { error: Box::new(syntax::explain(&error, &place)), continuation })
            }
            None => {
                let end = self.padded.text().len();
                Err(self.fatal(YamlError::Syntax("unexpected end".to_owned()), self.span_from(end, end)))
            }
        }
    }

    fn span(&self, span: &granit_parser::Span) -> Span {
        let start = span.start.byte_offset().unwrap_or(0);
        self.span_from(start, span.end.byte_offset().unwrap_or(start))
    }

    fn span_from(&self, start: usize, end: usize) -> Span {
        let (start, end) = (self.padded.original(start), self.padded.original(end));
        Span { source: self.source, start, end: end.max(start) }
    }

    fn error(&self, kind: YamlError, span: Span) -> DigError {
        DigError::new(kind, Some(self.sources.place(span)))
    }

    fn fatal(&self, kind: YamlError, span: Span) -> Fatal {
        Fatal { error: Box::new(self.error(kind, span)), continuation: None }
    }

    /// The node that begins with this event; `depth` is the number of collections around it.
    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<RawNode, Fatal> {
        let is_collection = matches!(event, Event::SequenceStart(..) | Event::MappingStart(..));
        if is_collection && depth >= MAX_DEPTH {
            return Err(self.fatal(YamlError::TooDeep, span));
        }
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = self.scalar(&text, style, tag.as_deref(), span);
                (RawNode::scalar(span, value), anchor)
            }
            Event::SequenceStart(_, anchor, tag) => (self.sequence(span, tag, depth)?, anchor),
            Event::MappingStart(_, anchor, tag) => (self.mapping(span, tag, depth)?, anchor),
            Event::Alias(id) => return self.alias(id, span),
            Event::UnresolvedAlias(name) => {
                return Err(self.fatal(YamlError::UnknownAlias(name.into_owned()), span));
            }
            _ => return Err(self.fatal(YamlError::Syntax("expected a value".to_owned()), span)),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<RawNode, Fatal> {
        let Some(node) = self.anchors.get(&id) else {
            return Err(self.fatal(YamlError::RecursiveAlias, span));
        };
        self.repeated = self.repeated.saturating_add(node.size);
        if self.repeated > MAX_REPEATED {
            return Err(self.fatal(YamlError::TooManyAliases, span));
        }
        Ok(node.clone())
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Value {
        let result = match tag {
            Some(tag) if tag::is_include(tag) => {
                self.errors
                    .push(self.error(YamlError::IncludeAsValue, span).with_hint(Some(include_hint(text))));
                return Value::Null;
            }
            Some(tag) if !tag::is_non_specific(tag) => {
                tag::scalar(tag, text).map_err(|problem| match problem {
                    TagProblem::Unknown(tag) => YamlError::UnknownTag(tag),
                    TagProblem::Unfit(tag, expected) => YamlError::UnfitTag { tag, expected },
                })
            }
            None if style != ScalarStyle::Plain => Ok(Value::String(text.to_owned())),
            _ => match scalar::resolve(text) {
                Ok(Plain::Value(value)) => Ok(value),
                Ok(Plain::Merge) => Err(YamlError::UnknownTag("tag:yaml.org,2002:merge".to_owned())),
                Err(BadNumber) => Err(YamlError::BadNumber(abbreviate(text))),
            },
        };
        result.unwrap_or_else(|problem| {
            let hint = match &problem {
                YamlError::UnknownTag(tag) => tag_hint(tag),
                _ => None,
            };
            self.errors.push(self.error(problem, span).with_hint(hint));
            Value::Null
        })
    }

    fn sequence(&mut self, start: Span, tag: Option<Cow<'a, Tag>>, depth: usize) -> Result<RawNode, Fatal> {
        let mut items = Vec::new();
        let mut size: usize = 1;
        let end = loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                break span;
            }
            let item = self.node(event, span, depth + 1)?;
            size = size.saturating_add(item.size);
            items.push(item);
        };
        let span = Span { end: end.end, ..start };
        let content = match tag {
            Some(tag) => tag::sequence(&tag, items).unwrap_or_else(|problem| self.unfit(problem, start)),
            None => RawContent::Sequence(Arc::new(items)),
        };
        Ok(RawNode { span, size, content })
    }

    fn mapping(&mut self, start: Span, tag: Option<Cow<'a, Tag>>, depth: usize) -> Result<RawNode, Fatal> {
        let mut entries = Vec::new();
        let mut seen = SeenKeys::default();
        let mut size: usize = 1;
        let end = loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break span;
            }
            let key = self.key(event, span, depth, &mut seen)?;
            let (event, value_span) = self.next()?;
            let value = self.node(event, value_span, depth + 1)?;
            size = size.saturating_add(value.size).saturating_add(1);
            if let Some(key) = key {
                entries.push(RawEntry { key, key_span: span, value });
            }
        };
        self.report_duplicates(seen);
        let span = Span { end: end.end, ..start };
        let entries = merge::flatten(entries, |kind, span| self.errors.push(self.error(kind, span)));
        let content = match tag {
            Some(tag) => tag::mapping(&tag, entries).unwrap_or_else(|problem| self.unfit(problem, start)),
            None => RawContent::Mapping(Arc::new(entries)),
        };
        Ok(RawNode { span, size, content })
    }

    /// Composes a key and notes how it was written. `None` if it was reported instead.
    fn key(
        &mut self,
        event: Event<'a>,
        span: Span,
        depth: usize,
        seen: &mut SeenKeys,
    ) -> Result<Option<RawKey>, Fatal> {
        if let Event::Scalar(text, style, anchor, tag) = &event {
            if tag.as_deref().is_some_and(tag::is_include) {
                return Ok(Some(RawKey::Include));
            }
            seen.note(text, span);
            if *anchor == 0 && tag.is_none() && *style == ScalarStyle::Plain && text == "<<" {
                return Ok(Some(RawKey::Merge));
            }
        }
        let reported = self.errors.len();
        let node = self.node(event, span, depth + 1)?;
        let key = node.key_text().map(RawKey::Name);
        if key.is_none() && self.errors.len() == reported {
            self.errors.push(self.error(YamlError::NullKey, span));
        }
        Ok(key)
    }

    fn report_duplicates(&mut self, seen: SeenKeys) {
        let Some((_, first, again)) = seen.repeated.first() else { return };
        let (first, again) = (*first, *again);
        let mut names: Vec<String> = Vec::new();
        for (name, ..) in seen.repeated {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let mut error = self.error(YamlError::DuplicateKeys(names), again);
        error.related.push((self.sources.place(first), "first here".to_owned()));
        self.errors.push(error);
    }

    fn unfit(&mut self, problem: TagProblem, span: Span) -> RawContent {
        let kind = match problem {
            TagProblem::Unknown(tag) => YamlError::UnknownTag(tag),
            TagProblem::Unfit(tag, expected) => YamlError::UnfitTag { tag, expected },
        };
        self.errors.push(self.error(kind, span));
        RawContent::Scalar(Value::Null)
    }
}

/// The keys of one mapping as they are written, quotes aside: `1` and `'1'` are the same, `1` and `0x1` are not.
#[derive(Default)]
struct SeenKeys {
    first: HashMap<String, Span>,
    /// Key, where it was first, where it is again.
    repeated: Vec<(String, Span, Span)>,
}

impl SeenKeys {
    fn note(&mut self, text: &str, span: Span) {
        match self.first.get(text) {
            Some(first) => self.repeated.push((text.to_owned(), *first, span)),
            None => {
                self.first.insert(text.to_owned(), span);
            }
        }
    }
}

fn include_hint(path: &str) -> String {
    format!(
        "give it a key of its own in the mapping that takes the file: `!include : '{}'`",
        abbreviate(path)
    )
}

/// `!include: x` is a tag that ends with a colon.
fn tag_hint(tag: &str) -> Option<String> {
    (tag == "!include:").then(|| "the colon needs a space before it: `!include : 'path.dig'`".to_owned())
}

fn abbreviate(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
