//! Subject and body of a mail when the configuration has none of its own: what failed, where, why, and how to see more.

use super::details::{LOG_COMMAND, machine};
use super::one_line::one_line;
use crate::model::Params;
use serde_json::Value;

/// In bytes, so that a mailbox shows all that matters.
const LONGEST_NAME: usize = 100;
const LONGEST_MESSAGE: usize = 150;

/// `[HOST] PROJECT/WORKFLOW: MESSAGE`, as far as there is such.
pub(super) fn subject(payload: &Params) -> String {
    let host = text(payload, "host").map_or_else(machine, str::to_owned);
    let names = ["project_name", "workflow_name"].map(|field| text(payload, field));
    let names: Vec<String> = names.into_iter().flatten().map(|name| one_line(name, LONGEST_NAME)).collect();
    let message = one_line(text(payload, "message").unwrap_or_default(), LONGEST_MESSAGE);
    let place = if names.is_empty() { String::new() } else { format!("{}: ", names.join("/")) };
    format!("[{}] {place}{message}", one_line(&host, LONGEST_NAME))
}

/// The same and everything else that is known.
pub(super) fn body(payload: &Params, html: bool) -> String {
    let body = plain(payload);
    if html { format!("<pre>\n{}</pre>\n", escaped(&body)) } else { body }
}

fn plain(payload: &Params) -> String {
    let mut body = format!("{}\n\n", text(payload, "message").unwrap_or_default().trim_end());
    let attempt = payload.get("attempt_id").and_then(Value::as_i64).map(|id| id.to_string());
    let host = text(payload, "host").map_or_else(machine, str::to_owned);
    let facts = [
        ("Project", text(payload, "project_name")),
        ("Workflow", text(payload, "workflow_name")),
        ("Revision", text(payload, "revision")),
        ("Task", text(payload, "task_name").filter(|name| !name.ends_with("^failure-alert"))),
        ("Session time", text(payload, "session_time")),
        ("Attempt", attempt.as_deref()),
        ("Host", Some(host.as_str())),
        ("Sent", text(payload, "timestamp")),
    ];
    for (name, value) in facts {
        let Some(value) = value else { continue };
        let label = format!("{name}:");
        body += &format!("{label:<14}{}\n", one_line(value, usize::MAX));
    }
    let failed = payload.get("failed_tasks").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if !failed.is_empty() {
        body += "\nFailed tasks:\n";
    }
    for task in failed {
        let field = |name: &str| one_line(task[name].as_str().unwrap_or_default(), usize::MAX);
        body += &format!("  {}: {}\n", field("name"), field("error"));
    }
    if let Some(output) = text(payload, "last_output") {
        let whose = failed.first().and_then(|task| task["name"].as_str());
        let of = whose.map(|name| format!(" of {}", one_line(name, usize::MAX))).unwrap_or_default();
        body += &format!("\nLast output{of}:\n");
        body.extend(output.lines().map(|line| format!("  {line}\n")));
    }
    let usual = || attempt.map(|attempt| format!("dibble log {attempt}"));
    if let Some(command) = payload.get(LOG_COMMAND).map_or_else(usual, |it| it.as_str().map(str::to_owned)) {
        body += &format!("\nTo see more: {command}\n");
    }
    body
}

fn text<'a>(payload: &'a Params, field: &str) -> Option<&'a str> {
    payload.get(field).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn payload(fields: Value) -> Params {
        fields.as_object().cloned().unwrap()
    }

    #[test]
    fn the_subject_is_one_line() {
        let whole = json!({"host": "box", "project_name": "shop\nBcc: a@b.c", "workflow_name": "daily", "message": "no\r\n"});
        assert_eq!(subject(&payload(whole)), "[box] shop Bcc: a@b.c/daily: no");
        let alone = json!({"message": "x".repeat(200), "project_name": null});
        assert_eq!(subject(&payload(alone)), format!("[{}] {}...", machine(), "x".repeat(147)));
    }

    #[test]
    fn the_body_says_what_is_known() {
        let little = json!({"host": "box", "message": "The disk is full", "attempt_id": null});
        assert_eq!(body(&payload(little), false), "The disk is full\n\nHost:         box\n");
        for (attempt, end) in [
            (json!({"attempt_id": 7}), "\nTo see more: dibble log 7\n"),
            (
                json!({"attempt_id": 7, "log_command": "dibble log --local 7"}),
                "\nTo see more: dibble log --local 7\n",
            ),
            (json!({"attempt_id": 7, "log_command": null}), "\nHost:         x\n"),
        ] {
            let mut payload = payload(attempt);
            payload.insert("host".to_owned(), "x".into());
            let body = body(&payload, false);
            assert!(body.ends_with(end), "{body}");
        }
        let one = json!({"host": "box", "message": "a < b & c"});
        assert_eq!(body(&payload(one), true), "<pre>\na &lt; b &amp; c\n\nHost:         box\n</pre>\n");
    }
}
