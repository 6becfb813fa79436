//! What Digdag's notifications do not say: which tasks failed, why, what was printed last, and on which machine.

use super::one_line::one_line;
use crate::model::Params;
use serde_json::{Value, json};

/// Fields beside those of Digdag. The texts are without secrets already.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// In the order in which they came into being. No more than [`Details::MOST_TASKS`] are told.
    pub failed_tasks: Vec<FailedTask>,
    /// The end of the log of the first of them.
    pub last_output: Option<String>,
}

/// A task that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedTask {
    /// The full name.
    pub name: String,
    pub error: String,
}

/// The field of a payload with the command that shows the log of the attempt; null when no log is kept.
pub const LOG_COMMAND: &str = "log_command";

/// In bytes.
const LONGEST_ERROR: usize = 500;
const OUTPUT_LINES: usize = 20;
const OUTPUT_BYTES: usize = 2048;

impl Details {
    pub const MOST_TASKS: usize = 10;

    /// Adds the fields `failed_tasks`, `last_output` (null if there is none) and `host` to a payload.
    pub fn add_to(&self, payload: &mut Params) {
        let told = self.failed_tasks.iter().take(Self::MOST_TASKS);
        let tasks: Vec<Value> = told
            .map(|task| json!({"name": task.name, "error": one_line(&task.error, LONGEST_ERROR)}))
            .collect();
        payload.insert("failed_tasks".to_owned(), tasks.into());
        payload.insert("last_output".to_owned(), self.last_output.as_deref().into());
        payload.insert("host".to_owned(), machine().into());
    }

    /// The last lines of a log: 20 at most, with 2 KB at most, and without what would steer a terminal. None when nothing is left.
    pub fn end_of(log: &[u8]) -> Option<String> {
        let text: String = String::from_utf8_lossy(log)
            .chars()
            .filter(|character| !character.is_control() || ['\n', '\t'].contains(character))
            .collect();
        let text = text.trim_end();
        let lines: Vec<&str> = text.lines().collect();
        let text = lines[lines.len().saturating_sub(OUTPUT_LINES)..].join("\n");
        let begin = text.len().saturating_sub(OUTPUT_BYTES);
        let begin = (begin..=text.len()).find(|begin| text.is_char_boundary(*begin)).unwrap_or(0);
        Some(text[begin..].to_owned()).filter(|text| !text.trim().is_empty())
    }

    /// Whether so much of the end of a log is more than is told.
    pub fn is_enough(log: &[u8]) -> bool {
        log.len() > 2 * OUTPUT_BYTES || log.iter().filter(|byte| **byte == b'\n').count() > OUTPUT_LINES
    }
}

/// The name of this machine.
pub fn machine() -> String {
    let name = nix::unistd::gethostname().ok().map(|name| name.to_string_lossy().into_owned());
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "localhost".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_tasks_are_told() {
        let task = |number| FailedTask { name: format!("+m+{number}"), error: "no\nstack".to_owned() };
        let details =
            Details { failed_tasks: (0..12).map(task).collect(), last_output: Some("x".to_owned()) };
        let mut payload = Params::new();
        details.add_to(&mut payload);
        assert_eq!(payload["failed_tasks"].as_array().unwrap().len(), 10);
        assert_eq!(payload["failed_tasks"][0], json!({"name": "+m+0", "error": "no stack"}));
        assert_eq!((&payload["last_output"], &payload["host"]), (&json!("x"), &json!(machine())));
    }

    #[test]
    fn the_end_of_a_log_is_short_and_plain() {
        assert_eq!(Details::end_of(b" \n\n"), None);
        assert_eq!(Details::end_of(b"a\r\n\tb\x1b[0m\xff\n\n").as_deref(), Some("a\n\tb[0m\u{fffd}"));
        let lines: String = (0..30).map(|number| format!("{number}\n")).collect();
        let end = Details::end_of(lines.as_bytes()).unwrap();
        assert_eq!((end.lines().count(), end.lines().next()), (20, Some("10")));
        let long = Details::end_of("é".repeat(3000).as_bytes()).unwrap();
        assert_eq!(long, "é".repeat(1024));
        assert_eq!(Details::end_of(format!("x{long}").as_bytes()).unwrap(), long);
    }
}
