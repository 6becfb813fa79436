//! The only place that prints: standard output for results, logs and task output, standard error for what is said to
//! a person. A reader that goes away is no error: what is left to print is dropped.

use serde::Serialize;
use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The two streams of the program; usable from several threads.
pub struct Output {
    out: Stream,
    err: Stream,
}

struct Stream {
    state: Mutex<State>,
    terminal: bool,
    colours: bool,
}

struct State {
    sink: Box<dyn Write + Send>,
    /// Why nothing more can be written.
    end: Option<io::Error>,
}

impl Output {
    /// The streams of the process. Colours need a terminal and no `NO_COLOR`; `TERM=dumb` counts as no terminal.
    pub fn standard(variable: impl Fn(&str) -> Option<String>) -> Self {
        let dumb = variable("TERM").is_some_and(|term| term == "dumb");
        let colours = variable("NO_COLOR").is_none_or(|text| text.is_empty());
        let out = Stream::new(Box::new(io::stdout()), io::stdout().is_terminal() && !dumb, colours);
        let err = Stream::new(Box::new(io::stderr()), io::stderr().is_terminal() && !dumb, colours);
        Self { out, err }
    }

    /// Prints a line of the result.
    pub fn line(&self, line: &str) {
        self.out.write(&[self.out.shown(line).as_bytes(), b"\n"]);
    }

    /// Prints bytes of the result as they are, at once.
    pub fn bytes(&self, bytes: &[u8]) {
        self.out.write(&[bytes]);
    }

    /// Prints a result for programs: indented JSON and a newline.
    ///
    /// # Errors
    ///
    /// The value has no form in JSON.
    pub fn json<T: Serialize + ?Sized>(&self, value: &T) -> Result<(), serde_json::Error> {
        let text = serde_json::to_string_pretty(value)?;
        self.line(&text);
        Ok(())
    }

    /// Says something to the person at the terminal, on standard error.
    pub fn note(&self, line: &str) {
        self.err.write(&[self.err.shown(line).as_bytes(), b"\n"]);
    }

    /// Asks the person at the terminal something: like `note`, without a newline.
    pub fn prompt(&self, text: &str) {
        self.err.write(&[text.as_bytes()]);
    }

    pub fn out_is_terminal(&self) -> bool {
        self.out.terminal
    }

    pub fn err_is_terminal(&self) -> bool {
        self.err.terminal
    }

    pub fn out_has_colours(&self) -> bool {
        self.out.colours
    }

    pub fn err_has_colours(&self) -> bool {
        self.err.colours
    }

    /// Nobody reads the result any more, so that an endless one may stop.
    pub fn is_closed(&self) -> bool {
        self.out.state().end.is_some()
    }

    /// Tells at the end whether the result was written in full.
    ///
    /// # Errors
    ///
    /// What the operating system said when writing failed, unless the reader had gone away.
    pub fn finish(&self) -> io::Result<()> {
        match self.out.state().end.take() {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        }
    }
}

impl Stream {
    fn new(sink: Box<dyn Write + Send>, terminal: bool, colours: bool) -> Self {
        Self { state: Mutex::new(State { sink, end: None }), terminal, colours: terminal && colours }
    }

    /// A text without what would have the terminal do something else than show it: names and messages come from
    /// elsewhere. Colours stay, and so does everything where no terminal is.
    fn shown<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if !self.terminal || !text.contains(is_command) {
            return Cow::Borrowed(text);
        }
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(place) = rest.find(is_command) {
            shown.push_str(&rest[..place]);
            rest = &rest[place..];
            let colour = colour(rest);
            if colour.is_empty() {
                let mut chars = rest.chars();
                shown.extend(chars.next().into_iter().flat_map(char::escape_default));
                rest = chars.as_str();
            } else {
                shown.push_str(colour);
                rest = &rest[colour.len()..];
            }
        }
        Cow::Owned(shown + rest)
    }

    fn write(&self, parts: &[&[u8]]) {
        let mut state = self.state();
        if state.end.is_some() {
            return;
        }
        let text = parts.concat();
        let written = state.sink.write_all(&text).and_then(|()| state.sink.flush());
        state.end = written.err();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_command(c: char) -> bool {
    c.is_control() && c != '\n' && c != '\t'
}

/// The sequence for a colour with which a text begins, or nothing.
fn colour(text: &str) -> &str {
    let Some(rest) = text.strip_prefix("\u{1b}[") else { return "" };
    match rest.find(|c: char| !c.is_ascii_digit() && c != ';') {
        Some(end) if rest[end..].starts_with('m') => &text[..end + 3],
        _ => "",
    }
}

/// Catches what is printed, for tests.
#[cfg(test)]
pub(crate) mod captured {
    use super::{Output, Stream};
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    pub(crate) struct Captured {
        out: Arc<Mutex<Vec<u8>>>,
        err: Arc<Mutex<Vec<u8>>>,
    }

    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Captured {
        /// An output without terminals, and what it printed.
        pub(crate) fn new() -> (Output, Self) {
            Self::with_terminal(false)
        }

        pub(crate) fn with_terminal(terminal: bool) -> (Output, Self) {
            let captured = Self::default();
            let stream =
                |bytes: &Arc<Mutex<Vec<u8>>>| Stream::new(Box::new(Sink(Arc::clone(bytes))), terminal, false);
            (Output { out: stream(&captured.out), err: stream(&captured.err) }, captured)
        }

        pub(crate) fn out(&self) -> String {
            String::from_utf8(self.out.lock().unwrap().clone()).unwrap()
        }

        pub(crate) fn err(&self) -> String {
            String::from_utf8(self.err.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::captured::Captured;
    use super::*;

    struct Refuses(io::ErrorKind);

    impl Write for Refuses {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn refusing(kind: io::ErrorKind) -> Output {
        let stream = || Stream::new(Box::new(Refuses(kind)), false, false);
        Output { out: stream(), err: stream() }
    }

    #[test]
    fn results_and_notes_go_to_their_streams() {
        let (output, captured) = Captured::new();
        output.line("a");
        output.note("b");
        output.bytes(b"c");
        output.json(&serde_json::json!({"k": [1]})).unwrap();
        assert_eq!(
            (captured.out().as_str(), captured.err().as_str()),
            ("a\nc{\n  \"k\": [\n    1\n  ]\n}\n", "b\n")
        );
    }

    #[test]
    fn what_comes_from_elsewhere_does_nothing_to_a_terminal() {
        let text = "a\u{1b}]0;t\u{7}\tb\u{9b}2J\u{1b}[31mred\u{1b}[0m\u{1b}[2J\u{1b}[1;3";
        let shown = "a\\u{1b}]0;t\\u{7}\tb\\u{9b}2J\u{1b}[31mred\u{1b}[0m\\u{1b}[2J\\u{1b}[1;3";
        for (terminal, expected) in [(true, shown), (false, text)] {
            let (output, captured) = Captured::with_terminal(terminal);
            output.line(text);
            output.note(text);
            assert_eq!(captured.out(), format!("{expected}\n"));
            assert_eq!(captured.err(), format!("{expected}\n"));
        }
    }

    #[test]
    fn a_reader_that_went_away_is_no_error() {
        let output = refusing(io::ErrorKind::BrokenPipe);
        assert!(!output.is_closed());
        output.line("a");
        assert!(output.is_closed());
        output.line("b");
        assert!(output.finish().is_ok());
    }

    #[test]
    fn a_full_disk_is_an_error() {
        let output = refusing(io::ErrorKind::StorageFull);
        output.line("a");
        assert_eq!(output.finish().unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
