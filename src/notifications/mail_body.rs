//! The text of a mail: a template whose `${...}` see the fields of a notification, as templates of workflows see parameters,
//! or one of our own.

use super::details::{LOG_COMMAND, machine};
use super::mail_text;
use super::payload::{About, payload};
use super::texts::{text, wrong};
use crate::dig::expression::{EvaluationError, Evaluator};
use crate::model::time::SessionTime;
use crate::model::{AttemptId, ConfigError, Params, ProjectId, SessionId, Settings, Time, WorkflowId, Zone};
use serde_json::{Value, json};
use std::fs;

/// None for the body that says what is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BodyTemplate(Option<String>);

impl BodyTemplate {
    /// The file of the settings, which must be a good template.
    pub(super) fn read(settings: &Settings) -> Result<Self, ConfigError> {
        let key = "notification.mail.body_template_file";
        let Some(path) = text(settings, key) else { return Ok(Self(None)) };
        let failed = |reason: String| wrong(key, &format!("a file with a template, but {path}: {reason}"));
        let template = Self(Some(fs::read_to_string(path).map_err(|error| failed(error.to_string()))?));
        template.try_out().map_err(|error| failed(error.to_string()))?;
        Ok(template)
    }

    pub(super) fn fill(&self, payload: &Params, html: bool, now: Time) -> Result<String, EvaluationError> {
        let Some(template) = &self.0 else { return Ok(mail_text::body(payload, html)) };
        let zone = payload.get("timezone").and_then(|zone| Zone::parse(zone.as_str()?).ok());
        let mut fields = payload.clone();
        // Templates may name them whatever the notification is about.
        for (name, absent) in [
            ("failed_tasks", json!([])),
            ("last_output", Value::Null),
            (LOG_COMMAND, Value::Null),
            ("host", machine().into()),
        ] {
            fields.entry(name).or_insert(absent);
        }
        Evaluator::new().evaluate_template(template, &fields, &zone.unwrap_or_else(Zone::utc), now)
    }

    /// A mistake is better known at the start than when somebody is to be told of a failure.
    fn try_out(&self) -> Result<(), EvaluationError> {
        let (now, zone) = (Time::UNIX_EPOCH, Zone::utc());
        let about = About {
            project: Some(ProjectId(1)),
            project_name: Some("project"),
            workflow_name: Some("workflow"),
            revision: Some("revision"),
            attempt: Some(AttemptId(1)),
            session: Some(SessionId(1)),
            task_name: Some("+workflow+task"),
            timezone: Some(&zone),
            session_uuid: Some("00000000-0000-4000-8000-000000000000"),
            session_time: Some(SessionTime::new(now)),
            workflow: Some(WorkflowId(1)),
        };
        self.fill(&payload("message", &about, now), false, now).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn read(text: &str) -> Result<BodyTemplate, String> {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("body");
        fs::write(&path, text).unwrap();
        let mut settings = Settings::default();
        settings.set("notification.mail.body_template_file", path.display().to_string());
        let text = |error: ConfigError| error.to_string().replace(&path.display().to_string(), "FILE");
        BodyTemplate::read(&settings).map_err(text)
    }

    fn filled(template: &BodyTemplate) -> String {
        let about = About { project_name: Some("shop"), project: Some(ProjectId(7)), ..About::default() };
        template.fill(&payload("It failed", &about, Time::UNIX_EPOCH), false, Time::UNIX_EPOCH).unwrap()
    }

    #[test]
    fn templates_are_those_of_workflows() {
        let template =
            read("<b>${message.toUpperCase()}</b> ${project_id + 1} ${attempt_id || '-'}").unwrap();
        assert_eq!(filled(&template), "<b>IT FAILED</b> 8 -");
        let template = read("${failed_tasks.length} ${last_output} ${host == ''}").unwrap();
        assert_eq!(filled(&template), "0  false");
    }

    #[test]
    fn a_wrong_template_is_told_before_it_is_needed() {
        let error = read("${massage}").unwrap_err();
        let expected = "notification.mail.body_template_file: expected a file with a template, but FILE: ";
        assert!(error.starts_with(expected) && error.contains("massage"), "{error}");
        let mut settings = Settings::default();
        settings.set("notification.mail.body_template_file", "/nowhere/body");
        let error = BodyTemplate::read(&settings).unwrap_err().to_string();
        assert_eq!(
            error,
            expected.replace("FILE", "/nowhere/body") + "No such file or directory (os error 2)"
        );
    }
}
