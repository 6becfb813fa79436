//! Carets: the line of a problem with what is wrong underlined.
//!
//! Long lines are cut around the caret and unprintable characters replaced, so that any file can be shown.

use crate::dig::error::{DigError, Severity};
use crate::dig::source::{Place, line_end, line_start};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{
    Annotation, AnnotationKind, Level, Padding, Renderer, Snippet, normalize_untrusted_str,
};
use std::ops::Range;

/// Longer lines are cut to about this many characters.
const WIDTH: usize = 120;
/// A related place that is further away than this many lines gets a line of words instead of a mark.
const NEARBY: usize = 30;
/// Longer messages are cut; a message can quote a whole task.
const MESSAGE: usize = 2000;

pub(super) fn render(error: &DigError, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(WIDTH + 40);
    let level = match error.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let (title, details) = split_message(&error.message());
    let title = level.primary_title(title);
    let details = details.map(|text| Level::NOTE.message(clean(&text)));
    let hint = error.hint.as_ref().map(|hint| Level::HELP.message(clean(hint)));
    let Some(place) = &error.place else {
        return renderer.render(&[title.elements(details).elements(hint)]);
    };
    let picture = Picture::new(place, &error.related);
    let has_notes = details.is_some() || hint.is_some() || !picture.elsewhere.is_empty();
    let group = title.element(picture.snippet).elements(has_notes.then_some(Padding));
    let elsewhere = picture.elsewhere.iter().map(|text| Level::NOTE.message(clean(text)));
    let text = renderer.render(&[group.elements(elsewhere).elements(details).elements(hint)]);
    // In a line that was cut the column that was computed is that of the excerpt.
    text.replacen(&format!("--> {}", picture.computed), &format!("--> {place}"), 1)
}

/// The first line is the title, the others are details below the text.
fn split_message(message: &str) -> (String, Option<String>) {
    let message = match message.char_indices().nth(MESSAGE) {
        Some((end, _)) => format!("{}...", &message[..end]),
        None => message.to_owned(),
    };
    match message.split_once('\n') {
        Some((title, details)) => (title.to_owned(), Some(details.trim_start_matches("> ").to_owned())),
        None => (message, None),
    }
}

fn clean(text: &str) -> String {
    text.split('\n').map(normalize_untrusted_str).collect::<Vec<_>>().join("\n")
}

fn is_nearby(place: &Place, other: &Place) -> bool {
    place.is_in_same_text(other) && place.line_column().0.abs_diff(other.line_column().0) <= NEARBY
}

/// The lines of a problem, marked.
struct Picture<'a> {
    snippet: Snippet<'a, Annotation<'a>>,
    /// Related places that are not in these lines, in words.
    elsewhere: Vec<String>,
    /// The place as the renderer computes it from these lines.
    computed: String,
}

impl<'a> Picture<'a> {
    fn new(place: &'a Place, related: &'a [(Place, String)]) -> Self {
        let places =
            || related.iter().map(|(other, _)| other).filter(|other| is_nearby(place, other)).chain([place]);
        let starts = || places().map(|place| place.range().start);
        let (first, last) = (starts().min().unwrap_or_default(), starts().max().unwrap_or_default());
        let text = place.text();
        let window = line_start(text, first)..line_end(text, last);
        let first_line = place.line_of(window.start);
        let excerpt = Excerpt::new(text, window, place.range().start);
        let mark = excerpt.map(place).unwrap_or_default();
        let column = 1 + excerpt.text[line_start(&excerpt.text, mark.start)..mark.start].chars().count();
        let computed = format!("{}:{}:{column}", place.label(), place.line_column().0);
        let mut elsewhere = Vec::new();
        let mut annotations = vec![AnnotationKind::Primary.span(mark)];
        for (other, words) in related {
            match excerpt.map(other).filter(|_| is_nearby(place, other)) {
                Some(mark) => annotations.push(AnnotationKind::Context.span(mark).label(words.as_str())),
                None => elsewhere.push(format!("{words}: {other}")),
            }
        }
        let snippet = Snippet::source(excerpt.text).path(place.label()).line_start(first_line);
        Self { snippet: snippet.annotations(annotations), elsewhere, computed }
    }
}

/// Some lines of a text, the long ones cut, with a way to find places of the text in them.
struct Excerpt {
    text: String,
    lines: Vec<Line>,
}

struct Line {
    /// Where the line was, and what of it is kept.
    whole: Range<usize>,
    kept: Range<usize>,
    /// Where it is now, and the length of what stands for its beginning.
    at: usize,
    lead: usize,
}

const CUT: &str = "...";

impl Excerpt {
    fn new(text: &str, window: Range<usize>, caret: usize) -> Self {
        let mut excerpt = Self { text: String::new(), lines: Vec::new() };
        let mut start = window.start;
        loop {
            let end = line_end(text, start).min(window.end);
            excerpt.push_line(text, start..end, caret);
            if end >= window.end {
                return excerpt;
            }
            excerpt.text.push('\n');
            start = if text[end..].starts_with("\r\n") { end + 2 } else { end + 1 };
        }
    }

    fn push_line(&mut self, text: &str, line: Range<usize>, caret: usize) {
        let kept = cut(text, line.clone(), caret);
        let at = self.text.len();
        let lead = if kept.start > line.start { CUT } else { "" };
        self.text.push_str(lead);
        self.text.push_str(&text[kept.clone()]);
        if kept.end < line.end {
            self.text.push_str(CUT);
        }
        self.lines.push(Line { whole: line, kept, at, lead: lead.len() });
    }

    /// Where a place is in the excerpt; of a place with several lines, the first. `None` if it was cut away.
    fn map(&self, place: &Place) -> Option<Range<usize>> {
        let range = place.range();
        let line = self.lines.iter().rev().find(|line| line.whole.start <= range.start)?;
        let within =
            |at: usize| line.at + line.lead + at.clamp(line.kept.start, line.kept.end) - line.kept.start;
        let is_kept = line.kept.start <= range.start && range.start <= line.kept.end;
        is_kept.then(|| within(range.start)..within(range.end))
    }
}

/// What is kept of a line: all of it, or the part around the caret.
fn cut(text: &str, line: Range<usize>, caret: usize) -> Range<usize> {
    if text[line.clone()].chars().nth(WIDTH).is_none() {
        return line;
    }
    let caret = if line.contains(&caret) || caret == line.end { caret } else { line.start };
    let back = text[line.start..caret].char_indices().rev().nth(WIDTH / 2 - 1);
    let start = back.map_or(line.start, |(at, _)| line.start + at);
    let end = text[start..line.end].char_indices().nth(WIDTH).map_or(line.end, |(at, _)| start + at);
    start..end
}
