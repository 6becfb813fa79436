//! Sends notifications in the way that the configuration names.

use super::error::SendError;
use super::http::HttpRequest;
use super::mail::Mail;
use super::retries::Retries;
use super::shell::{Around, ShellCommand};
use super::texts::text;
use crate::model::settings::comment_hint;
use crate::model::{ConfigError, Params, Settings, Time};

/// Knows whom to tell, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    way: Way,
    retries: Retries,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Way {
    Shell(ShellCommand),
    Http(Box<HttpRequest>),
    Mail(Box<Mail>),
}

impl Sender {
    /// What the `notification.*` of a configuration says; none when nobody is to be told. `variable` reads the
    /// environment, for its proxies.
    ///
    /// # Errors
    ///
    /// A setting is wrong, or is missing. The message names its key.
    pub fn read(
        settings: &Settings,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, ConfigError> {
        let way = match text(settings, "notification.type") {
            None => return Ok(None),
            Some("shell") => Way::Shell(ShellCommand::read(settings)?),
            Some("http") => Way::Http(Box::new(HttpRequest::read(settings, variable)?)),
            Some("mail") => Way::Mail(Box::new(Mail::read(settings)?)),
            Some(other) => {
                let expected = "use 'mail', 'http' or 'shell', or remove the key.";
                return Err(ConfigError::Invalid(format!(
                    "notification.type: '{other}' is not known{}; {expected}",
                    comment_hint(other)
                )));
            }
        };
        Ok(Some(Self { way, retries: Retries::read(settings)? }))
    }

    /// As it is, with commands that do not inherit these variables of the environment.
    #[must_use]
    pub fn without(mut self, variables: &'static [&'static str]) -> Self {
        if let Way::Shell(command) = &mut self.way {
            command.removed = variables;
        }
        self
    }

    /// `shell`, `http` or `mail`.
    pub fn channel(&self) -> &'static str {
        match self.way {
            Way::Shell(_) => "shell",
            Way::Http(_) => "http",
            Way::Mail(_) => "mail",
        }
    }

    /// When to try again.
    pub fn retries(&self) -> &Retries {
        &self.retries
    }

    /// Sends a notification, once. Returns what was answered: 500 bytes at most.
    ///
    /// A command takes as long as `notification.shell.timeout` at most, a request half a minute, and a mail server may
    /// be silent for a minute.
    ///
    /// # Errors
    ///
    /// Nobody took it.
    pub fn send(&self, payload: &Params, now: Time, around: Around<'_>) -> Result<String, SendError> {
        match &self.way {
            Way::Shell(command) => command.send(&json(payload), around),
            Way::Http(request) => request.send(&json(payload)),
            Way::Mail(mail) => mail.send(payload, now),
        }
    }
}

fn json(payload: &Params) -> Vec<u8> {
    serde_json::to_vec(payload).unwrap_or_default()
}
