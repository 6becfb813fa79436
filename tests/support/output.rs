//! What one call of the program printed, and how it ended.

use super::LogLine;
use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// The result of one call. Shown with `{}` it is one text for a snapshot: paths, versions, thread numbers and UUIDs
/// are replaced by names.
#[must_use = "compare the output, or at least say .success() or .fails(code)"]
#[derive(Debug, Clone)]
pub struct Output {
    pub stdout: String,
    pub stderr: String,
    status: ExitStatus,
    /// Texts that differ from run to run, and their names.
    names: Vec<(String, &'static str)>,
}

/// A task in the `error:` block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub task: String,
    pub message: String,
}

impl Output {
    pub(super) fn new(output: std::process::Output, names: Vec<(String, &'static str)>) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap_or_else(|bad| format!("not UTF-8: {bad}"));
        Self { stdout: text(output.stdout), stderr: text(output.stderr), status: output.status, names }
    }

    /// The call must have ended with 0.
    #[track_caller]
    pub fn success(self) -> Self {
        assert!(self.status.success(), "it failed:\n{self}");
        self.no_panic()
    }

    /// The call must have ended with this exit code, with an error on stderr.
    #[track_caller]
    pub fn fails(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "another exit code was expected:\n{self}");
        assert!(!self.stderr.trim().is_empty(), "it says nothing about the failure:\n{self}");
        self.no_panic()
    }

    #[track_caller]
    fn no_panic(self) -> Self {
        let all = format!("{}{}", self.stdout, self.stderr);
        assert!(!all.contains("panicked at") && !all.contains("RUST_BACKTRACE"), "it panicked:\n{self}");
        self
    }

    /// The exit code, or the number of the signal that ended it as `signal 9`.
    pub fn exit(&self) -> String {
        match (self.status.code(), self.status.signal()) {
            (Some(code), _) => code.to_string(),
            (None, signal) => format!("signal {}", signal.unwrap_or_default()),
        }
    }

    /// stderr must hold all of these texts.
    #[track_caller]
    pub fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.stderr.contains(text), "stderr does not say {text:?}:\n{self}");
        }
        self
    }

    /// What tasks printed: the lines of stdout that are not log.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut failed = false;
        for line in self.stdout.lines() {
            match LogLine::parse(line) {
                Some(log) => {
                    failed = log.level == "ERROR";
                    if !log.before.is_empty() {
                        lines.push(log.before.to_owned());
                    }
                }
                // The message of a failure stands in the lines after its log line.
                None if failed && self.stderr.lines().any(|told| told.trim() == line.trim()) => {}
                None => lines.push(line.to_owned()),
            }
        }
        lines
    }

    /// The same in alphabetical order, for tasks that run at the same time.
    pub fn sorted_lines(&self) -> Vec<String> {
        let mut lines = self.lines();
        lines.sort();
        lines
    }

    /// The log, line by line.
    pub fn log(&self) -> impl Iterator<Item = LogLine<'_>> {
        self.stdout.lines().filter_map(LogLine::parse)
    }

    /// What ran, in order: `+wf+a echo>: hi`. The alert at the end of a failed attempt is left out.
    pub fn operators(&self) -> Vec<String> {
        self.log()
            .filter(|line| line.level == "INFO")
            .filter_map(|line| Some((line.task?, line.message)))
            .filter(|(task, message)| !task.ends_with("^failure-alert") && is_operator(message))
            .map(|(task, message)| format!("{task} {message}"))
            .collect()
    }

    /// The names of the tasks that ran, in order.
    pub fn ran(&self) -> Vec<String> {
        let name = |line: String| line.split(' ').next().unwrap_or_default().to_owned();
        self.operators().into_iter().map(name).collect()
    }

    /// The tasks that had been done before and were not run again.
    pub fn skipped(&self) -> Vec<String> {
        let skipped = |line: &LogLine<'_>| line.level == "WARN" && line.message == "Skipped";
        self.log().filter(skipped).filter_map(|line| line.task.map(str::to_owned)).collect()
    }

    /// The messages of one level, with the tasks they are about.
    pub fn messages(&self, level: &str) -> Vec<String> {
        let about = |line: LogLine<'_>| match line.task {
            Some(task) => format!("{task}: {}", line.message),
            None => line.message.to_owned(),
        };
        self.log().filter(|line| line.level == level).map(about).collect()
    }

    /// The session time it ran for, as the log has it.
    pub fn session_time(&self) -> Option<String> {
        let start = self.log().find(|line| line.message.starts_with("Starting a new session"))?;
        Some(start.message.split_once("session_time=")?.1.to_owned())
    }

    /// The failed tasks and their messages, from the `error:` block.
    pub fn failures(&self) -> Vec<Failure> {
        let mut failures: Vec<Failure> = Vec::new();
        let block = self.stderr.lines().skip_while(|line| !line.starts_with("error:"));
        for line in block.skip(1).take_while(|line| !line.starts_with("Task state is saved")) {
            if let Some(task) = line.strip_prefix("  * ").and_then(|line| line.strip_suffix(':')) {
                failures.push(Failure { task: task.to_owned(), message: String::new() });
            } else if let (Some(failure), Some(text)) = (failures.last_mut(), line.strip_prefix("    ")) {
                let separator = if failure.message.is_empty() { "" } else { "\n" };
                failure.message.push_str(separator);
                failure.message.push_str(text);
            }
        }
        failures
    }

    /// The only failed task and its message.
    #[track_caller]
    pub fn failure(&self) -> (String, String) {
        let failures = self.failures();
        let [failure] = failures.as_slice() else { panic!("one failed task expected:\n{self}") };
        (failure.task.clone(), failure.message.clone())
    }
}

/// `echo>: hi`, `type: notify`
fn is_operator(message: &str) -> bool {
    let word = message.split(' ').next().unwrap_or_default();
    word.ends_with(">:") || message.starts_with("type: ")
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.named(&self.stdout))?;
        if !self.stderr.is_empty() {
            write!(f, "------- stderr -------\n{}", self.named(&self.stderr))?;
        }
        match self.exit().as_str() {
            "0" => Ok(()),
            exit if exit.starts_with("signal") => writeln!(f, "[{exit}]"),
            exit => writeln!(f, "[exit status: {exit}]"),
        }
    }
}

impl Output {
    fn named(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (literal, name) in &self.names {
            text = text.replace(literal, name);
        }
        if !text.is_empty() && !text.ends_with('\n') {
            text.push_str("[no newline]\n");
        }
        text.split_inclusive('\n').map(|line| without_uuids(&without_thread(line))).collect()
    }
}

/// `(0007@[` becomes `(....@[`.
fn without_thread(line: &str) -> String {
    match line.find("@[") {
        Some(at) if at >= 4 && line.as_bytes()[at - 4..at].iter().all(u8::is_ascii_digit) => {
            format!("{}....{}", &line[..at - 4], &line[at..])
        }
        _ => line.to_owned(),
    }
}

/// Replaces UUIDs by `UUID`.
fn without_uuids(line: &str) -> String {
    const LENGTH: usize = 36;
    let is_uuid = |text: &str| {
        text.len() == LENGTH
            && text.bytes().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            })
    };
    let mut rest = line;
    let mut kept = String::new();
    while let Some(first) = rest.chars().next() {
        if rest.get(..LENGTH).is_some_and(is_uuid) {
            kept.push_str("UUID");
            rest = &rest[LENGTH..];
        } else {
            kept.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    kept
}

#[test]
fn what_varies_gets_a_name() {
    let line = "2026-01-02 03:04:05 +0000 [INFO] (0012@[0:default:1:1]+wf): 1138c51f-4aab-4210-a66b-b09ae1b1d6a0 ä\n";
    assert_eq!(
        without_uuids(&without_thread(line)),
        "2026-01-02 03:04:05 +0000 [INFO] (....@[0:default:1:1]+wf): UUID ä\n"
    );
}
