//! The output of tasks, line by line: the last lines of every running task, and lines that are not complete yet.

use std::collections::{HashMap, VecDeque};

/// How many lines of a task are remembered.
const TAIL: usize = 10;

/// An unfinished line longer than this is taken for a whole one.
const LONGEST_LINE: usize = 8 * 1024;

/// The output of the running tasks, by their full names.
#[derive(Debug, Default)]
pub(crate) struct TaskOutput {
    running: HashMap<String, Lines>,
    /// The last lines of the tasks that failed.
    failed: HashMap<String, Vec<String>>,
}

#[derive(Debug, Default)]
struct Lines {
    tail: VecDeque<String>,
    unfinished: Vec<u8>,
}

impl TaskOutput {
    /// Takes output as it came. Returns the lines that it completes, with their newlines.
    pub(crate) fn take(&mut self, task: &str, bytes: &[u8]) -> Vec<u8> {
        if !self.running.contains_key(task) {
            self.running.insert(task.to_owned(), Lines::default());
        }
        self.running.get_mut(task).map(|lines| lines.take(bytes)).unwrap_or_default()
    }

    /// The task ended or waits. Returns its unfinished line, completed; its last lines are kept if it failed.
    pub(crate) fn end(&mut self, task: &str, failed: bool) -> Vec<u8> {
        self.failed.remove(task);
        let Some(mut lines) = self.running.remove(task) else { return Vec::new() };
        let rest = lines.complete();
        if failed {
            self.failed.insert(task.to_owned(), lines.tail.into());
        }
        rest
    }

    /// The unfinished lines of all tasks, completed.
    pub(crate) fn end_all(&mut self) -> Vec<u8> {
        self.running.values_mut().flat_map(Lines::complete).collect()
    }

    /// The last lines of a task that failed.
    pub(crate) fn last_lines(&self, task: &str) -> &[String] {
        self.failed.get(task).map_or(&[], Vec::as_slice)
    }
}

impl Lines {
    fn take(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.unfinished.extend_from_slice(bytes);
        let Some(end) = self.unfinished.iter().rposition(|&byte| byte == b'\n') else {
            return if self.unfinished.len() > LONGEST_LINE { self.complete() } else { Vec::new() };
        };
        let rest = self.unfinished.split_off(end + 1);
        let complete = std::mem::replace(&mut self.unfinished, rest);
        complete.split_inclusive(|&byte| byte == b'\n').for_each(|line| self.remember(line));
        complete
    }

    fn complete(&mut self) -> Vec<u8> {
        let mut rest = std::mem::take(&mut self.unfinished);
        if !rest.is_empty() {
            self.remember(&rest);
            rest.push(b'\n');
        }
        rest
    }

    fn remember(&mut self, line: &[u8]) {
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end_matches(['\r', '\n']);
        // What a progress bar overwrote is of no interest.
        let text = text.rsplit('\r').next().unwrap_or_default();
        self.tail.push_back(text.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_passed_on_when_they_are_complete() {
        let mut output = TaskOutput::default();
        assert_eq!(output.take("+a", b"one\ntw"), b"one\n");
        assert_eq!(output.take("+b", b"other"), b"");
        assert_eq!(output.take("+a", b"o\r\n\nthree"), b"two\r\n\n");
        assert_eq!(output.end("+a", true), b"three\n");
        assert_eq!(output.last_lines("+a"), ["one", "two", "", "three"]);
        assert_eq!(output.end_all(), b"other\n");
        assert_eq!(output.last_lines("+b"), Vec::<String>::new());
    }

    #[test]
    fn only_the_last_lines_are_kept() {
        let mut output = TaskOutput::default();
        let text: String = (0..25).map(|number| format!("{number}\n")).collect();
        output.take("+a", text.as_bytes());
        output.take("+a", b"10%\r50%\r100%\n");
        output.end("+a", true);
        assert_eq!(output.last_lines("+a"), ["16", "17", "18", "19", "20", "21", "22", "23", "24", "100%"]);
    }

    #[test]
    fn success_is_forgotten() {
        let mut output = TaskOutput::default();
        output.take("+a", b"x\n");
        output.end("+a", true);
        output.take("+a", b"y\n");
        assert_eq!(output.end("+a", false), b"");
        assert_eq!(output.last_lines("+a"), Vec::<String>::new());
        assert_eq!(output.end("+nothing", false), b"");
    }

    #[test]
    fn endless_lines_are_broken() {
        let mut output = TaskOutput::default();
        let long = vec![b'x'; LONGEST_LINE + 1];
        assert_eq!(output.take("+a", &long).len(), LONGEST_LINE + 2);
    }
}
