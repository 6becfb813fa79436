//! A mail with a notification, handed over to a mail server.

use super::error::{SendError, shortened};
use super::mail_body::BodyTemplate;
use super::mail_text;
use super::one_line::one_line;
use super::texts::{flag, required, text, wrong};
use crate::model::{ConfigError, Params, Settings, Time};
use lettre::message::header::{ContentType, MIME_VERSION_1_0};
use lettre::message::{Mailbox, Mailboxes, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::response::Response;
use lettre::{Message, SmtpTransport, Transport};
use std::error::Error;
use std::time::Duration;
use std::{fmt, io};

/// How long the mail server may be silent.
const TIMEOUT: Duration = Duration::from_secs(60);
/// In bytes.
const LONGEST_SUBJECT: usize = 500;

/// Whom to write, and over which mail server.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Mail {
    from: Mailbox,
    to: Vec<Mailbox>,
    cc: Vec<Mailbox>,
    bcc: Vec<Mailbox>,
    subject: Option<String>,
    body: BodyTemplate,
    html: bool,
    host: String,
    port: u16,
    encryption: Encryption,
    login: Option<Login>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encryption {
    None,
    /// When the server offers it.
    StartTls,
    /// From the first byte on.
    Whole,
}

#[derive(Clone, PartialEq, Eq)]
struct Login {
    username: String,
    password: String,
}

impl Mail {
    pub(super) fn read(settings: &Settings) -> Result<Self, ConfigError> {
        let [from_key, to_key, port_key] =
            ["from", "to", "port"].map(|name| format!("notification.mail.{name}"));
        let from = required(settings, &from_key)?.parse();
        required(settings, &to_key)?;
        let username = text(settings, "notification.mail.username");
        let encryption = match (
            flag(settings, "notification.mail.ssl", false)?,
            flag(settings, "notification.mail.tls", true)?,
        ) {
            (true, _) => Encryption::Whole,
            (false, true) => Encryption::StartTls,
            (false, false) => Encryption::None,
        };
        Ok(Self {
            from: from.map_err(|_| wrong(&from_key, ONE_ADDRESS))?,
            to: addresses(settings, &to_key)?,
            cc: addresses(settings, "notification.mail.cc")?,
            bcc: addresses(settings, "notification.mail.bcc")?,
            subject: text(settings, "notification.mail.subject")
                .map(|subject| one_line(subject, LONGEST_SUBJECT)),
            body: BodyTemplate::read(settings)?,
            html: flag(settings, "notification.mail.html", false)?,
            host: required(settings, "notification.mail.host")?.to_owned(),
            port: required(settings, &port_key)?
                .parse()
                .map_err(|_| wrong(&port_key, "the number of a port, such as 587"))?,
            encryption,
            login: username.map(|username| Login {
                username: username.to_owned(),
                // A password may begin and end with blanks.
                password: settings.get("notification.mail.password").unwrap_or_default().to_owned(),
            }),
        })
    }

    pub(super) fn send(&self, payload: &Params, now: Time) -> Result<String, SendError> {
        let message = self.message(payload, now).map_err(SendError::Mail)?;
        let response = self.transport().and_then(|transport| transport.send(&message));
        response.map(|response| answer(&response)).map_err(|error| SendError::Mail(self.failure(&error)))
    }

    fn message(&self, payload: &Params, now: Time) -> Result<Message, String> {
        let body = self.body.fill(payload, self.html, now).map_err(|error| error.to_string())?;
        let mut builder = Message::builder().from(self.from.clone()).sender(self.from.clone());
        builder = self.to.iter().cloned().fold(builder, MessageBuilder::to);
        builder = self.cc.iter().cloned().fold(builder, MessageBuilder::cc);
        builder = self.bcc.iter().cloned().fold(builder, MessageBuilder::bcc);
        builder
            .subject(self.subject.clone().unwrap_or_else(|| mail_text::subject(payload)))
            .date(now.into())
            .message_id(None)
            .header(MIME_VERSION_1_0)
            .header(if self.html { ContentType::TEXT_HTML } else { ContentType::TEXT_PLAIN })
            .body(body)
            .map_err(|error| error.to_string())
    }

    fn transport(&self) -> Result<SmtpTransport, lettre::transport::smtp::Error> {
        let parameters = || TlsParameters::new(self.host.clone());
        let tls = match self.encryption {
            Encryption::None => Tls::None,
            Encryption::Whole => Tls::Wrapper(parameters()?),
            // A password is not told to whoever listens only because the offer to encrypt was left out on the way.
            Encryption::StartTls if self.login.is_some() => Tls::Required(parameters()?),
            Encryption::StartTls => Tls::Opportunistic(parameters()?),
        };
        let mut builder = SmtpTransport::builder_dangerous(&self.host).port(self.port).tls(tls);
        if let Some(login) = &self.login {
            builder = builder.credentials(Credentials::new(login.username.clone(), login.password.clone()));
        }
        Ok(builder.timeout(Some(TIMEOUT)).build())
    }

    /// What went wrong, without the password, whatever the server repeats.
    fn failure(&self, error: &lettre::transport::smtp::Error) -> String {
        let place = format!("{}:{}", self.host, self.port);
        let text = match error.status() {
            Some(_) => error.to_string(),
            None if is_timeout(error) => format!("{place} does not answer in time"),
            None => format!("{place}: {error}"),
        };
        let password = self.login.as_ref().map_or("", |login| login.password.trim());
        if password.is_empty() { text } else { text.replace(password, "***") }
    }
}

/// Whether the server was silent for too long. A socket says then that there is nothing to be read yet.
fn is_timeout(error: &lettre::transport::smtp::Error) -> bool {
    let mut next = error.source();
    while let Some(cause) = next {
        if let Some(cause) = cause.downcast_ref::<io::Error>() {
            return matches!(cause.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock);
        }
        next = cause.source();
    }
    false
}

fn answer(response: &Response) -> String {
    let lines: Vec<&str> = response.message().collect();
    shortened(format!("{} {}", response.code(), lines.join(" ")).trim_end())
}

const ONE_ADDRESS: &str = "the address of a mailbox, such as ops@example.com or Ops <ops@example.com>";

/// The addresses of a list: separated by commas, or as JSON.
fn addresses(settings: &Settings, key: &str) -> Result<Vec<Mailbox>, ConfigError> {
    let malformed = || wrong(key, "addresses of mailboxes, such as ops@example.com, separated by commas");
    let Some(text) = text(settings, key) else { return Ok(vec![]) };
    let one = |text: &str| text.trim().parse::<Mailbox>().map_err(|_| malformed());
    match serde_json::from_str::<Vec<String>>(text) {
        Ok(list) => list.iter().map(|text| one(text)).collect(),
        Err(_) => text.parse::<Mailboxes>().map(|list| list.into_iter().collect()).map_err(|_| malformed()),
    }
}

/// Without the login.
impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}
