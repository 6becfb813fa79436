//! Texts and places in them: which file, which bytes, which line and column. Files are known by their label only.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// One text that was read, with the name that its reader knows it by (`workflow.dig`, `inc/tasks.dig`).
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    pub label: String,
    pub text: String,
}

/// Which of the `Sources` a span lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceId(usize);

/// A range of bytes in one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub source: SourceId,
    pub start: usize,
    pub end: usize,
}

/// The texts of a workflow: its file and what that file includes.
#[derive(Debug, Clone, Default)]
pub struct Sources(Vec<Arc<Source>>);

impl Sources {
    pub(crate) fn add(&mut self, label: &str, text: String) -> SourceId {
        self.0.push(Arc::new(Source { label: label.to_owned(), text }));
        SourceId(self.0.len() - 1)
    }

    pub(crate) fn get(&self, id: SourceId) -> &Source {
        &self.0[id.0]
    }

    /// The place of a span, which can be shown without these sources.
    pub fn place(&self, span: Span) -> Place {
        Place::new(Arc::clone(&self.0[span.source.0]), span.start..span.end)
    }
}

/// A range of bytes together with the text it lies in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    source: Arc<Source>,
    range: Range<usize>,
}

impl Place {
    /// The range is moved into the text and onto character boundaries.
    pub fn new(source: Arc<Source>, range: Range<usize>) -> Self {
        let text = &source.text;
        let start = text.floor_char_boundary(range.start.min(text.len()));
        let end = text.ceil_char_boundary(range.end.clamp(start, text.len()));
        Self { source, range: start..end }
    }

    pub fn label(&self) -> &str {
        &self.source.label
    }

    pub fn text(&self) -> &str {
        &self.source.text
    }

    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// Line and column of the first character, both from 1; a column is a character, not a byte.
    pub fn line_column(&self) -> (usize, usize) {
        let before = &self.source.text[..self.range.start];
        let line_start = line_start(before, before.len());
        (1 + count_breaks(&before[..line_start]), 1 + before[line_start..].chars().count())
    }

    /// The line of the byte at an offset of the text.
    pub(crate) fn line_of(&self, offset: usize) -> usize {
        1 + count_breaks(&self.source.text[..offset])
    }

    pub(crate) fn is_in_same_text(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.source, &other.source)
    }
}

/// `workflow.dig:7:3`
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.line_column();
        write!(f, "{}:{line}:{column}", self.source.label)
    }
}

/// Where the line begins that holds the byte at `offset`. Lines end with LF, CRLF or a CR alone.
pub(crate) fn line_start(text: &str, offset: usize) -> usize {
    let bytes = text.as_bytes();
    let mut start = offset;
    while start > 0 {
        let previous = bytes[start - 1];
        let inside_crlf = previous == b'\r' && bytes.get(start) == Some(&b'\n');
        if previous == b'\n' || (previous == b'\r' && !inside_crlf) {
            break;
        }
        start -= 1;
    }
    start
}

/// Where the line ends that holds the byte at `offset`, its line break not included.
pub(crate) fn line_end(text: &str, offset: usize) -> usize {
    let rest = &text.as_bytes()[offset..];
    offset + rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len())
}

fn count_breaks(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_break = |&(at, byte): &(usize, &u8)| match byte {
        b'\n' => true,
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    };
    bytes.iter().enumerate().filter(is_break).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str, at: usize) -> String {
        let source = Arc::new(Source { label: "w.dig".to_owned(), text: text.to_owned() });
        Place::new(source, at..at + 1).to_string()
    }

    #[test]
    fn columns_are_characters_and_lines_end_in_three_ways() {
        assert_eq!(place("", 9), "w.dig:1:1");
        assert_eq!(place("a\nb", 2), "w.dig:2:1");
        assert_eq!(place("a\r\nbc", 4), "w.dig:2:2");
        assert_eq!(place("a\rb\r\rc", 5), "w.dig:4:1");
        assert_eq!(place("日本: x", 8), "w.dig:1:5");
        assert_eq!(place("日本: x", 1), "w.dig:1:1");
    }
}
