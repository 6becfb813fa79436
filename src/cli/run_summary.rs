//! What `run` says at the end: success, or the tasks that failed and why, and where the history is.

use super::colour::flag_error;
use super::output::Output;
use super::{CliError, ErrorKind, Exit};
use crate::model::{Params, Task, TaskState};
use crate::store::StoreError;
use serde_json::Value;
use std::path::Path;

/// How a run ended.
#[derive(Debug, Clone, Copy)]
pub struct RunSummary<'a> {
    pub success: bool,
    pub tasks: &'a [Task],
    pub saved: Saved<'a>,
}

/// What has become of the history of a run.
#[derive(Debug, Clone, Copy)]
pub enum Saved<'a> {
    /// As with `--no-save`.
    Nowhere,
    /// The absolute path of the database.
    At(&'a Path),
    /// Somebody has removed the database, or put another file in its place. The tasks ran all the same.
    Lost(&'a StoreError),
}

impl RunSummary<'_> {
    /// Says it on standard error. `last_lines` gives the last lines that a failed task printed, if they are worth
    /// repeating.
    pub fn tell<'l>(&self, output: &Output, last_lines: impl Fn(&str) -> &'l [String]) -> Exit {
        let text = if self.success { self.success_text() } else { self.failure_text(last_lines) };
        output.note(&flag_error(&text, output.err_has_colours()));
        if self.success { Exit::Success } else { Exit::Failure }
    }

    fn success_text(&self) -> String {
        match self.saved {
            Saved::Nowhere => "Success.".to_owned(),
            Saved::At(path) => format!("Success. {}\n{HINTS}", saved_text(path)),
            Saved::Lost(error) => format!("Success.\n{}", lost_text(error)),
        }
    }

    fn failure_text<'l>(&self, last_lines: impl Fn(&str) -> &'l [String]) -> String {
        let failed: Vec<&Task> = self.tasks.iter().filter(|task| task.state == TaskState::Error).collect();
        let mut text = String::from("error: \n");
        for task in &failed {
            text += &format!("  * {}:\n{}", task.full_name, indented(&message(&task.error), "    "));
            let lines = last_lines(&task.full_name);
            if !lines.is_empty() {
                text += &format!("    last output:\n{}", indented(&lines.join("\n"), "      | "));
            }
        }
        if failed.is_empty() {
            text = CliError::new(ErrorKind::User, "The run was canceled").to_string() + "\n";
        }
        match self.saved {
            Saved::Nowhere => {}
            Saved::At(path) => text += &format!("\n{}\n{HINTS}", saved_text(path)),
            Saved::Lost(error) => text += &format!("\n{}", lost_text(error)),
        }
        text.trim_end().to_owned()
    }
}

const HINTS: &str = "  \
  * Use --session <daily | hourly | \"yyyy-MM-dd[ HH:mm:ss]\"> to not reuse the last session time.
  * Use --rerun, --start +NAME, or --goal +NAME argument to rerun skipped tasks.";

fn saved_text(path: &Path) -> String {
    format!("Task state is saved at {}.", path.display())
}

fn lost_text(error: &StoreError) -> String {
    format!("warning: {error}: the history of this run is lost, and the next run skips nothing of it")
}

/// The message of an error object, without the name of a Java exception before it; the object itself if it has none.
fn message(error: &Params) -> String {
    match error.get("message").and_then(Value::as_str).filter(|message| !message.is_empty()) {
        Some(message) => match message.split_once("Exception: ") {
            Some((class, rest)) if !class.is_empty() => rest.to_owned(),
            _ => message.to_owned(),
        },
        None => Value::Object(error.clone()).to_string(),
    }
}

fn indented(text: &str, indent: &str) -> String {
    text.split('\n').map(|line| format!("{indent}{line}").trim_end().to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::captured::Captured;
    use crate::cli::task_table::tests::task;
    use serde_json::json;

    fn told(summary: RunSummary<'_>, last: &[String]) -> (Exit, String) {
        let (output, captured) = Captured::new();
        let exit = summary.tell(&output, |_| last);
        assert_eq!(captured.out(), "");
        (exit, captured.err())
    }

    fn failed(error: Value) -> Task {
        let mut task = task(2, "+wf+a", TaskState::Error, Some(0), 1);
        task.error = error.as_object().cloned().unwrap_or_default();
        task
    }

    #[test]
    fn success_names_the_database() {
        let saved = Saved::At(Path::new("/p/.dibble.db"));
        let rescued = [failed(json!({"message": "boom"}))];
        let (exit, text) = told(RunSummary { success: true, tasks: &rescued, saved }, &[]);
        assert_eq!(exit, Exit::Success);
        assert_eq!(
            text,
            "Success. Task state is saved at /p/.dibble.db.\n  \
             * Use --session <daily | hourly | \"yyyy-MM-dd[ HH:mm:ss]\"> to not reuse the last session time.\n  \
             * Use --rerun, --start +NAME, or --goal +NAME argument to rerun skipped tasks.\n"
        );
        let (_, text) = told(RunSummary { success: true, tasks: &[], saved: Saved::Nowhere }, &[]);
        assert_eq!(text, "Success.\n");
    }

    #[test]
    fn a_lost_history_is_no_failure() {
        let error = StoreError::Moved { file: "/p/.dibble.db".into() };
        let lost = "warning: /p/.dibble.db was removed or replaced while it was in use: the history of this run is lost, \
                    and the next run skips nothing of it\n";
        let saved = Saved::Lost(&error);
        let (exit, text) = told(RunSummary { success: true, tasks: &[], saved }, &[]);
        assert_eq!((exit, text), (Exit::Success, format!("Success.\n{lost}")));
        let tasks = [failed(json!({"message": "boom"}))];
        let (exit, text) = told(RunSummary { success: false, tasks: &tasks, saved }, &[]);
        assert_eq!((exit, text), (Exit::Failure, format!("error: \n  * +wf+a:\n    boom\n\n{lost}")));
    }

    #[test]
    fn failures_are_listed_with_their_messages() {
        let tasks = [
            task(1, "+wf", TaskState::GroupError, None, 0),
            failed(json!({"message": "boom\nat once"})),
            failed(json!({"message": "java.lang.RuntimeException: why"})),
            failed(json!({"code": 3})),
        ];
        let saved = Saved::At(Path::new("/p/.dibble.db"));
        let (exit, text) = told(RunSummary { success: false, tasks: &tasks, saved }, &[]);
        assert_eq!(exit, Exit::Failure);
        assert_eq!(
            text,
            "error: \n  * +wf+a:\n    boom\n    at once\n  * +wf+a:\n    why\n  * +wf+a:\n    {\"code\":3}\n\n\
             Task state is saved at /p/.dibble.db.\n  \
             * Use --session <daily | hourly | \"yyyy-MM-dd[ HH:mm:ss]\"> to not reuse the last session time.\n  \
             * Use --rerun, --start +NAME, or --goal +NAME argument to rerun skipped tasks.\n"
        );
    }

    #[test]
    fn last_lines_follow_the_message() {
        let tasks = [failed(json!({"message": "Command failed with code 1"}))];
        let lines = ["x".to_owned(), String::new(), "y".to_owned()];
        let (_, text) = told(RunSummary { success: false, tasks: &tasks, saved: Saved::Nowhere }, &lines);
        assert_eq!(
            text,
            "error: \n  * +wf+a:\n    Command failed with code 1\n    last output:\n      | x\n      |\n      | y\n"
        );
    }

    #[test]
    fn a_canceled_run_says_so() {
        let tasks = [task(1, "+wf", TaskState::Canceled, None, 0)];
        let (exit, text) = told(RunSummary { success: false, tasks: &tasks, saved: Saved::Nowhere }, &[]);
        assert_eq!((exit, text.as_str()), (Exit::Failure, "error: The run was canceled\n"));
    }
}
