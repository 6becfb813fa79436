//! What the runner does for the operator of one task.

use super::details::details;
use super::job::Job;
use super::secrets::Masking;
use super::shared::Shared;
use crate::confinement::Confinement;
use crate::dig::expression::Evaluator;
use crate::logs::line::file_line;
use crate::logs::{Level, LogRecord, LogTask};
use crate::model::{Params, Settings, Time};
use crate::notifications::{Delivery, Details, Outcome};
use crate::operators::context::{RequireRequest, Required};
use crate::operators::{Cancellation, Host, OperatorError};
use crate::store::notifications::{NewNotification, NotificationKind, NotificationState, Progress};
use crate::store::{Durability, Writer, notifications, stored_params};
use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

pub(super) struct TaskHost<'a> {
    shared: &'a Shared,
    job: &'a Job,
    thread: usize,
    /// As it was when the task began.
    settings: Arc<Settings>,
    masking: OnceLock<Mutex<Masking>>,
}

impl<'a> TaskHost<'a> {
    pub(super) fn new(shared: &'a Shared, job: &'a Job, thread: usize) -> Self {
        Self { shared, job, thread, settings: shared.settings(), masking: OnceLock::new() }
    }

    /// The text without secrets.
    pub(super) fn masked(&self, text: String) -> String {
        match self.masking().text(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(masked) => masked,
        }
    }

    /// The operator has ended: shows what was held back of its output.
    pub(super) fn finish_output(&self) {
        let rest = self.masking().rest();
        self.show(&rest);
    }

    fn masking(&self) -> MutexGuard<'_, Masking> {
        let project = self.job.identity.project_id;
        let masking = || Mutex::new(Masking::new(self.shared.secrets.values(project)));
        self.masking.get_or_init(masking).lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.shared.observer.output(&self.job.identity.full_name, bytes);
            self.shared.append_log(&self.job.log, bytes);
        }
    }
}

impl Host for TaskHost<'_> {
    fn output(&self, bytes: &[u8]) {
        // Held while it is shown, so that pieces come in their order.
        let mut masking = self.masking();
        let bytes = masking.output(bytes);
        self.show(&bytes);
    }

    fn log(&self, level: Level, message: &str) {
        if level > self.shared.options.log_level {
            return;
        }
        let identity = &self.job.identity;
        let task = LogTask {
            thread: self.thread,
            project_id: identity.project_id,
            project_name: &identity.project_name,
            session_id: identity.session_id,
            attempt_id: identity.attempt_id,
            full_name: &identity.full_name,
        };
        let masking = self.masking();
        let message = &masking.text(message);
        let record = LogRecord { time: self.shared.now(), level, task: Some(task), message };
        self.shared.observer.log(&record);
        let line = file_line(&record, &self.shared.zone) + "\n";
        self.shared.append_log(&self.job.log, line.as_bytes());
    }

    fn secret(&self, key: &str) -> Option<String> {
        match self.shared.secrets.secret(self.job.identity.project_id, key) {
            Ok(value) => {
                value.as_deref().inspect(|value| self.masking().learn(value));
                value
            }
            Err(failure) => {
                self.log(Level::Error, &failure.to_string());
                None
            }
        }
    }

    fn template(&self, text: &str, params: &Params) -> Result<String, OperatorError> {
        let zone = &self.job.identity.timezone;
        Evaluator::new()
            .evaluate_template(text, params, zone, self.shared.now())
            .map_err(|error| OperatorError::Config(error.to_string()))
    }

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn own_variables(&self) -> &'static [&'static str] {
        self.shared.options.own_variables
    }

    fn cancellation(&self) -> &Cancellation {
        &self.job.cancellation
    }

    fn confinement(&self) -> Option<&Confinement> {
        self.job.confinement.as_deref()
    }

    fn require(&self, request: &RequireRequest) -> Result<Required, OperatorError> {
        self.shared.starter.require(self.shared, self.job.identity.attempt_id, request)
    }

    fn stored_params(&self, keys: &[String]) -> Result<Vec<Option<String>>, OperatorError> {
        let now = self.shared.now();
        self.shared
            .store
            .read(|reader| stored_params::get(reader, keys, now))
            .map_err(|error| OperatorError::runtime(error.to_string()))
    }

    fn store_params(&self, params: &[(String, String)], expires_at: Time) -> Result<(), OperatorError> {
        let now = self.shared.now();
        self.shared
            .store
            .write(Durability::Full, |writer| stored_params::set(writer, params, expires_at, now))
            .map_err(|error| OperatorError::runtime(error.to_string()))
    }

    fn log_command(&self) -> Option<String> {
        let command = self.shared.options.log_command.as_ref();
        command.map(|command| format!("{command} {}", self.job.identity.attempt_id))
    }

    fn details(&self) -> Details {
        let attempt = self.job.identity.attempt_id;
        let mut details = self.shared.store.read(|reader| details(reader, attempt)).unwrap_or_else(|error| {
            self.log(Level::Warn, &format!("The notification does not say which tasks failed: {error}"));
            Details::default()
        });
        // Once more, with the secrets that have been added since.
        for task in &mut details.failed_tasks {
            task.error = self.masked(std::mem::take(&mut task.error));
        }
        details.last_output = details.last_output.map(|output| self.masked(output));
        details
    }

    fn record_notification(&self, message: &str, payload: &Params, delivery: &Delivery) {
        let identity = &self.job.identity;
        let message = self.masked(message.to_owned());
        let answer = delivery.answer.clone().map(|answer| self.masked(answer));
        let mut payload = payload.clone();
        payload.insert("message".to_owned(), message.as_str().into());
        let new = NewNotification {
            kind: NotificationKind::Task,
            project_name: Some(&identity.project_name),
            workflow_name: Some(&identity.workflow_name),
            attempt: Some(identity.attempt_id),
            message: if message.is_empty() { "(empty)" } else { &message },
            payload: &payload,
        };
        let state = match delivery.outcome {
            Outcome::Sent => NotificationState::Sent,
            Outcome::Failed => NotificationState::Failed,
            Outcome::Dropped => NotificationState::Dropped,
        };
        let progress =
            Progress { tries: delivery.tries, channel: delivery.channel, answer: answer.as_deref() };
        let now = self.shared.now();
        let record = |writer: &Writer| notifications::record(writer, &new, state, &progress, now);
        if let Err(error) = self.shared.store.write(Durability::Normal, record) {
            self.log(Level::Warn, &format!("What has become of the notification is not recorded: {error}"));
        }
    }
}
