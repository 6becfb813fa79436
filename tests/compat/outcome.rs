//! Reads what one command printed into the facts that a user or a script relies on, and compares two readings.

use crate::support::LogLine;
use std::collections::{BTreeMap, BTreeSet};

/// Operators that may log their start once per poll.
const POLLING: [&str; 2] = ["require>", "wait>"];
/// Operators whose failures print a traceback of the interpreter.
const SCRIPTS: [&str; 2] = ["py>", "rb>"];
/// A notification, not part of the workflow.
const ALERT: &str = "^failure-alert";

/// The facts of one command.
#[derive(Debug, Default)]
pub struct Outcome {
    exit: String,
    output: Vec<String>,
    operators: Vec<String>,
    skipped: Vec<String>,
    sessions: Vec<String>,
    failed: BTreeSet<String>,
    message: String,
    parallel: bool,
}

/// Something that is not the same, with what a deviation may say about it.
#[derive(Debug)]
pub struct Difference {
    pub aspect: &'static str,
    pub detail: String,
    pub exit: String,
    pub output: Vec<String>,
}

impl Difference {
    pub fn new(aspect: &'static str, detail: String, actual: &Outcome) -> Self {
        Self { aspect, detail, exit: actual.exit.clone(), output: actual.output.clone() }
    }
}

/// Knows the workflows of a case.
#[derive(Debug)]
pub struct Reader {
    sources: Vec<String>,
    parallel: bool,
}

impl Reader {
    pub fn new<'a>(files: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> Self {
        let workflows = files.filter(|(path, _)| path.ends_with(".dig"));
        let sources: Vec<String> = workflows.map(|(_, text)| text.unwrap_or_default().to_owned()).collect();
        let parallel = sources.iter().any(|text| text.contains("_parallel") || text.contains("_background"));
        Self { sources, parallel }
    }

    pub fn read(&self, command: &str, exit: String, stdout: &str, stderr: &str) -> Outcome {
        let mut outcome = Outcome { exit, parallel: self.parallel, ..Outcome::default() };
        read_errors(stderr, &mut outcome);
        let plain = self.read_log(stdout, stderr, &mut outcome);
        outcome.output = if command == "check" { read_check(&plain) } else { plain };
        outcome
    }

    /// Takes the log apart and returns the lines that are not part of it.
    fn read_log(&self, stdout: &str, stderr: &str, outcome: &mut Outcome) -> Vec<String> {
        let mut plain: Vec<String> = Vec::new();
        let mut mode = Mode::Output;
        let mut last: BTreeMap<String, (String, usize)> = BTreeMap::new();
        let mut repeated: Vec<String> = Vec::new();
        for line in stdout.lines() {
            let Some(log) = LogLine::parse(line) else {
                let told = line.trim().is_empty()
                    || ["> ", " at [Source"].iter().any(|start| line.starts_with(start))
                    || stderr.lines().any(|known| known.trim() == line.trim());
                match mode {
                    _ if line == "<STACKTRACE>" => {}
                    Mode::Blank if line.trim().is_empty() => {}
                    Mode::Trace if told || !self.parallel => {}
                    Mode::Parameters if line.starts_with("  ") || line.trim().is_empty() => {}
                    _ if repeated.first().is_some_and(|first| first == line.trim()) => {
                        repeated.remove(0);
                    }
                    _ => {
                        (mode, repeated) = (Mode::Output, Vec::new());
                        plain.push(line.trim_end().to_owned());
                    }
                }
                continue;
            };
            if !log.before.is_empty() {
                plain.push(log.before.trim_end().to_owned());
            }
            (mode, repeated) = (Mode::Output, Vec::new());
            if let Some((_, start)) = log.message.split_once("workflow name=") {
                outcome.sessions.push(start.to_owned());
            }
            let Some(task) = log.task else {
                mode = if log.level == "ERROR" { Mode::Blank } else { Mode::Output };
                continue;
            };
            match (log.level, log.message.trim()) {
                ("ERROR", _) => {
                    mode = Mode::Trace;
                    if let Some((operator, place)) = last.get(task)
                        && SCRIPTS.contains(&operator.as_str())
                    {
                        plain.truncate(*place);
                    }
                }
                ("WARN", "Skipped") if task.ends_with(ALERT) => {}
                ("WARN", "Skipped") => outcome.skipped.push(task.to_owned()),
                ("WARN", "") => mode = Mode::Parameters,
                ("WARN", _) => mode = Mode::Trace,
                ("INFO", message) if is_operator(message) => {
                    let (operator, command) = message.split_once(':').unwrap_or_default();
                    last.insert(task.to_owned(), (operator.to_owned(), plain.len()));
                    repeated = self.repeated(command.trim());
                    outcome.see(task, operator, command.trim());
                }
                _ => {}
            }
        }
        plain
    }

    /// The further lines of a block command, as its source has them: the log may repeat them.
    fn repeated(&self, first: &str) -> Vec<String> {
        let indent = |line: &str| line.len() - line.trim_start().len();
        for source in &self.sources {
            let mut lines = source.lines().skip_while(|line| first.is_empty() || line.trim() != first);
            if let Some(head) = lines.next() {
                let block = lines.take_while(|line| line.trim().is_empty() || indent(line) >= indent(head));
                let mut texts: Vec<String> =
                    block.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
                texts.push(String::new());
                return texts;
            }
        }
        Vec::new()
    }
}

/// `echo>: hi`, `type: notify`
fn is_operator(message: &str) -> bool {
    message.starts_with("type: ") || message.split(' ').next().is_some_and(|word| word.ends_with(">:"))
}

#[derive(Debug, Clone, Copy)]
enum Mode {
    Output,
    Trace,
    Parameters,
    /// An empty line belongs to the log line before it.
    Blank,
}

/// The failed tasks, or the one error that is about no task.
fn read_errors(stderr: &str, outcome: &mut Outcome) {
    let block = stderr.lines().skip_while(|line| !line.to_lowercase().starts_with("error:"));
    for line in block.take_while(|line| !line.starts_with("Task state is saved")) {
        match line.strip_prefix("  * ").and_then(|line| line.strip_suffix(':')) {
            Some(task) if !task.ends_with(ALERT) => {
                outcome.failed.insert(task.to_owned());
            }
            _ => outcome.message.push_str(line.get(6..).unwrap_or(line).trim()),
        }
    }
}

/// The workflows, parameters and schedules that `check` shows, in no order, without the time that is left and without the
/// times that only Dibble shows.
fn read_check(plain: &[String]) -> Vec<String> {
    let mut facts: Vec<String> = Vec::new();
    let mut section = "";
    for line in plain.iter().filter(|line| !line.is_empty()) {
        let headings = ["  Definitions", "  Parameters", "  Schedules", "  Next times"];
        if let Some(heading) = headings.into_iter().find(|heading| line.starts_with(heading)) {
            section = heading;
            continue;
        }
        let line = line.split(" (in ").next().unwrap_or(line).replace(['"', '\''], "");
        match (section, facts.last_mut()) {
            ("" | "  Next times", _) => {}
            ("  Definitions", _) if !line.contains(" task") => {}
            // A schedule begins with its name; what belongs to it stays with it.
            ("  Schedules", Some(schedule)) if line.starts_with("      ") => {
                schedule.push('\n');
                schedule.push_str(&line);
            }
            _ => facts.push(line),
        }
    }
    facts.sort();
    facts
}

impl Outcome {
    fn see(&mut self, task: &str, operator: &str, command: &str) {
        if task.ends_with(ALERT) {
            return;
        }
        // Maps in one notation: Java's and JSON.
        let command = match command.chars().next() {
            Some('{' | '[') => command.replace(['"', '\'', ' '], "").replace('=', ":"),
            _ => command.lines().next().unwrap_or_default().to_owned(),
        };
        let text = format!("{task} {operator}: {command}").trim_end().to_owned();
        if !(POLLING.contains(&operator) && self.operators.contains(&text)) {
            self.operators.push(text);
        }
    }

    /// All differences of `actual` from this recording, the most telling first.
    pub fn compare(&self, actual: &Self, command: &str) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut differ = |aspect, detail| found.push(Difference::new(aspect, detail, actual));
        if (self.exit == "0") != (actual.exit == "0") {
            differ("exit", format!("{} expected, got {} ({})", self.exit, actual.exit, actual.message));
        }
        if self.failed != actual.failed {
            differ("failed tasks", format!("{:?} expected, got {:?}", self.failed, actual.failed));
        }
        if !self.message.is_empty() && actual.message.is_empty() {
            differ("error message", format!("none, expected {:?}", self.message));
        }
        if command == "run" {
            let lists = [
                ("session", &self.sessions, &actual.sessions, true),
                ("operators", &self.operators, &actual.operators, self.parallel),
                ("skipped tasks", &self.skipped, &actual.skipped, true),
            ];
            for (aspect, wanted, got, any_order) in lists {
                compare_lists(wanted, got, any_order).into_iter().for_each(|detail| differ(aspect, detail));
            }
        }
        if ["run", "check", "secrets", "shell"].contains(&command) {
            let aspect = if command == "check" { "check" } else { "output" };
            compare_lists(&self.output, &actual.output, self.parallel)
                .into_iter()
                .for_each(|detail| differ(aspect, detail));
        }
        found
    }
}

fn compare_lists(wanted: &[String], got: &[String], any_order: bool) -> Option<String> {
    let (mut wanted, mut got) = (wanted.to_vec(), got.to_vec());
    if any_order {
        wanted.sort();
        got.sort();
    }
    let place = wanted
        .iter()
        .zip(&got)
        .position(|(left, right)| left != right)
        .unwrap_or(wanted.len().min(got.len()));
    match (wanted.get(place), got.get(place)) {
        (None, None) => None,
        (left, right) => Some(format!("{left:?} expected, got {right:?}")),
    }
}
