//! Lets quoted text that goes on in the next line begin there in any column, as in Digdag's YAML reader.
//!
//! The parser wants such a line indented deeper than the mapping around it. Spaces at its start mean nothing, so it
//! gets some, and places are counted without them.

use crate::dig::source::{line_end, line_start};
use std::borrow::Cow;

const PADDING: usize = 256;
/// Every line or group of lines that is padded costs another parse of the text.
const MAX_PARSED: usize = 32 << 20;

/// A text with spaces put before some of its lines.
pub(super) struct Padded<'a> {
    text: Cow<'a, str>,
    /// Where padding begins, in order.
    pads: Vec<usize>,
    parsed: usize,
}

impl<'a> Padded<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text: Cow::Borrowed(text), pads: Vec::new(), parsed: 0 }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The offset in the text without padding.
    pub(super) fn original(&self, offset: usize) -> usize {
        let before = self.pads.partition_point(|&pad| pad < offset);
        match self.pads[..before].split_last() {
            None => offset,
            Some((last, others)) => offset - others.len() * PADDING - PADDING.min(offset - last),
        }
    }

    /// Pads the line at an offset, which goes on with a quoted text, and those after it that surely do too because
    /// there is no quote between. False if that is no use or was done too often.
    pub(super) fn pad(&mut self, offset: usize) -> bool {
        let mut start = line_start(&self.text, offset.min(self.text.len()));
        self.parsed = self.parsed.saturating_add(self.text.len());
        let was_padded = self.pads.last().is_some_and(|&pad| pad >= start);
        if was_padded || start == self.text.len() || self.parsed > MAX_PARSED {
            return false;
        }
        let mut padded = String::with_capacity(self.text.len() + PADDING);
        padded.push_str(&self.text[..start]);
        while start < self.text.len() {
            let end = line_end(&self.text, start);
            let next =
                end + self.text[end..].find(|c| !matches!(c, '\n' | '\r')).unwrap_or(self.text.len() - end);
            self.pads.push(padded.len());
            padded.push_str(&" ".repeat(PADDING));
            padded.push_str(&self.text[start..next]);
            let has_quote = self.text[start..end].contains(['\'', '"']);
            start = next;
            if has_quote {
                break;
            }
        }
        padded.push_str(&self.text[start..]);
        self.text = Cow::Owned(padded);
        true
    }
}
