//! Which lines of a task's log are shown: whole lines, from a level on. Colours and formats are not changed here.

use super::line::parse_level;
use super::record::Level;
use std::ops::ControlFlow;

/// Takes the lines that are to be shown; says when there is no use in going on.
pub type Sink<'a> = dyn FnMut(&[u8]) -> ControlFlow<()> + 'a;

/// A line that is longer is shown as it comes, so that it need not be kept.
const LONGEST: usize = 64 * 1024;

/// Passes on the lines of one log file, which comes in pieces.
#[derive(Debug)]
pub(crate) struct LineFilter {
    /// Lines of less importance are left out; none for all lines.
    least: Option<Level>,
    /// Whether the present line, or the last one, is left out.
    hidden: bool,
    /// A line whose end has not come.
    rest: Vec<u8>,
    /// The beginning of the present line has been passed on.
    begun: bool,
}

impl LineFilter {
    pub(crate) fn new(least: Option<Level>) -> Self {
        Self { least, hidden: false, rest: Vec::new(), begun: false }
    }

    /// Takes the next piece.
    pub(crate) fn push(&mut self, piece: &[u8], sink: &mut Sink<'_>) -> ControlFlow<()> {
        let end = piece.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
        let (whole, rest) = piece.split_at(end);
        if self.rest.is_empty() {
            self.lines(whole, sink)?;
            self.rest.extend_from_slice(rest);
        } else {
            self.rest.extend_from_slice(whole);
            if end > 0 {
                let lines = std::mem::take(&mut self.rest);
                self.lines(&lines, sink)?;
            }
            self.rest.extend_from_slice(rest);
        }
        if self.rest.len() > LONGEST {
            let line = std::mem::take(&mut self.rest);
            self.lines(&line, sink)?;
            self.begun = true;
        }
        ControlFlow::Continue(())
    }

    /// Ends the last line if nothing else did.
    pub(crate) fn end(&mut self, sink: &mut Sink<'_>) -> ControlFlow<()> {
        if self.rest.is_empty() && !self.begun {
            return ControlFlow::Continue(());
        }
        let mut line = std::mem::take(&mut self.rest);
        line.push(b'\n');
        self.lines(&line, sink)
    }

    /// Passes on what is shown of some lines, in pieces as large as possible.
    fn lines(&mut self, lines: &[u8], sink: &mut Sink<'_>) -> ControlFlow<()> {
        let (mut from, mut at) = (0, 0);
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let hidden = if self.begun { self.hidden } else { self.is_hidden(line) };
            self.begun = false;
            if hidden != self.hidden {
                if hidden && from < at {
                    sink(&lines[from..at])?;
                }
                from = at;
                self.hidden = hidden;
            }
            at += line.len();
        }
        if self.hidden || from == at { ControlFlow::Continue(()) } else { sink(&lines[from..at]) }
    }

    /// A line without a level is part of what came before it.
    fn is_hidden(&self, line: &[u8]) -> bool {
        match self.least {
            None => false,
            Some(least) => level_of(line).map_or(self.hidden, |level| level > least),
        }
    }
}

/// The level of `2016-04-06 17:07:16 -0700 [INFO] …`: a known one, in upper or in lower case.
fn level_of(line: &[u8]) -> Option<Level> {
    let is_time = |byte: &u8| byte.is_ascii_digit() || b": -+.".contains(byte);
    let open = line.iter().position(|byte| !is_time(byte))?;
    let name = line[open..].strip_prefix(b"[")?;
    let name = name.split(|byte| *byte == b']').next().filter(|name| name.len() < line.len() - open - 1)?;
    let name = std::str::from_utf8(name).ok()?;
    let is_upper = name.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_upper { parse_level(&name.to_ascii_lowercase()) } else { parse_level(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(least: Option<Level>, pieces: &[&str]) -> Vec<String> {
        let mut shown = vec![];
        let mut sink = |text: &[u8]| {
            shown.push(String::from_utf8(text.to_vec()).unwrap());
            ControlFlow::Continue(())
        };
        let mut filter = LineFilter::new(least);
        for piece in pieces {
            assert!(filter.push(piece.as_bytes(), &mut sink).is_continue());
        }
        assert!(filter.end(&mut sink).is_continue());
        shown
    }

    #[test]
    fn lines_without_a_level_follow_the_last_one() {
        let log = "before\n\
                   2026-11-22 03:10:39.250 +0000 [DEBUG] (main): a\n  b\n\
                   2026-11-22 03:10:39.250 +0000 [INFO] (main): c\nd\n\
                   [trace] e\n[TODO] f\n[warn] g\n[Debug] h\nx [DEBUG] i\n[DEBUG j\n[] k\n";
        let expected = [
            "before\n",
            "2026-11-22 03:10:39.250 +0000 [INFO] (main): c\nd\n",
            "[warn] g\n[Debug] h\nx [DEBUG] i\n[DEBUG j\n[] k\n",
        ];
        assert_eq!(shown(Some(Level::Info), &[log]), expected);
        assert_eq!(shown(None, &[log]), [log]);
    }

    #[test]
    fn levels_are_ordered() {
        let log = "[ERROR] a\n[WARN] b\n[INFO] c\n[DEBUG] d\n[TRACE] e\n";
        assert_eq!(shown(Some(Level::Warn), &[log]).concat(), "[ERROR] a\n[WARN] b\n");
        assert_eq!(shown(Some(Level::Debug), &[log]).concat(), log.replace("[TRACE] e\n", ""));
    }

    #[test]
    fn pieces_may_end_anywhere() {
        let log = "[INFO] a\n\n[DEBUG] b\nc\n[INFO] d";
        let whole = "[INFO] a\n\n[INFO] d\n";
        assert_eq!(shown(Some(Level::Info), &[log]).concat(), whole);
        for cut in 0..log.len() {
            let (first, second) = log.split_at(cut);
            assert_eq!(shown(Some(Level::Info), &[first, "", second]).concat(), whole, "cut at {cut}");
        }
        let bytes: Vec<String> = log.chars().map(String::from).collect();
        let bytes: Vec<&str> = bytes.iter().map(String::as_str).collect();
        assert_eq!(shown(Some(Level::Info), &bytes).concat(), whole);
    }

    #[test]
    fn endless_lines_are_not_kept() {
        let long = "x".repeat(LONGEST);
        let pieces = ["[INFO] ", &long, &long, " [DEBUG]\n[DEBUG] ", &long, &long, "y\nz"];
        assert_eq!(
            shown(Some(Level::Info), &pieces),
            [format!("[INFO] {long}"), format!("{long} [DEBUG]\n")]
        );
        assert_eq!(shown(None, &[&long, "x"]), [format!("{long}x"), "\n".to_owned()]);
    }

    #[test]
    fn a_sink_that_is_full_ends_it() {
        let mut filter = LineFilter::new(None);
        assert!(filter.push(b"a\n", &mut |_| ControlFlow::Break(())).is_break());
    }
}
