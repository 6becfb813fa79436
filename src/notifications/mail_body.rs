//! The text of a mail: a template whose `${...}` see the fields of a notification, as templates of workflows see parameters.

use super::payload::{About, payload};
use super::texts::{text, wrong};
use crate::dig::expression::{EvaluationError, Evaluator};
use crate::model::time::SessionTime;
use crate::model::{AttemptId, ConfigError, Params, ProjectId, SessionId, Settings, Time, WorkflowId, Zone};
use std::fs;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BodyTemplate(String);

/// Digdag's, so that rules that people made for its mails go on to work.
const DEFAULT: &str = "\
Digdag Notification

Message: ${message}
Date: ${timestamp}

Site Id: ${site_id}
Project Name: ${project_name}
Project Id: ${project_id}
Workflow Name: ${workflow_name}
Revision: ${revision}
Attempt Id: ${attempt_id}
Session Id: ${session_id}
Task Name: ${task_name}
Time Zone: ${timezone}
Session Uuid: ${session_uuid}
Session Time: ${session_time}";

impl BodyTemplate {
    /// The file of the settings, which must be a good template, or the default.
    pub(super) fn read(settings: &Settings) -> Result<Self, ConfigError> {
        let key = "notification.mail.body_template_file";
        let Some(path) = text(settings, key) else { return Ok(Self(DEFAULT.to_owned())) };
        let failed = |reason: String| wrong(key, &format!("a file with a template, but {path}: {reason}"));
        let template = Self(fs::read_to_string(path).map_err(|error| failed(error.to_string()))?);
        template.try_out().map_err(|error| failed(error.to_string()))?;
        Ok(template)
    }

    pub(super) fn fill(&self, payload: &Params, now: Time) -> Result<String, EvaluationError> {
        let zone = payload.get("timezone").and_then(|zone| Zone::parse(zone.as_str()?).ok());
        Evaluator::new().evaluate_template(&self.0, payload, &zone.unwrap_or_else(Zone::utc), now)
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
        self.fill(&payload("message", &about, now), now).map(drop)
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
        template.fill(&payload("It failed", &about, Time::UNIX_EPOCH), Time::UNIX_EPOCH).unwrap()
    }

    #[test]
    fn the_default_is_digdags() {
        let text = filled(&BodyTemplate::read(&Settings::default()).unwrap());
        let begin = "Digdag Notification\n\nMessage: It failed\nDate: 1970-01-01T00:00:00Z\n\nSite Id: 0\nProject Name: shop\n\
                     Project Id: 7\nWorkflow Name: \n";
        assert!(text.starts_with(begin), "{text}");
        assert!(text.ends_with("Session Time: "), "{text}");
    }

    #[test]
    fn templates_are_those_of_workflows() {
        let template =
            read("<b>${message.toUpperCase()}</b> ${project_id + 1} ${attempt_id || '-'}").unwrap();
        assert_eq!(filled(&template), "<b>IT FAILED</b> 8 -");
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
