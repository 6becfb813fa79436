//! Why a notification was not sent.

use std::io;
use std::process::ExitStatus;

/// Nobody took a notification.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("Notification shell command timed out: {0}")]
    TimedOut(String),
    #[error("Notification shell command failed: {command}, {}", ended(*.status))]
    Failed {
        command: String,
        status: ExitStatus,
        /// The last line that it complained with, without what may be secret.
        complaint: Option<String>,
    },
    #[error("Failed to execute notification shell command: {command}: {source}")]
    NotRun { command: String, source: io::Error },
    /// The server answered, but took nothing.
    #[error("Failed to send HTTP notification: status={status}")]
    Refused { status: String, body: String },
    #[error("Failed to send HTTP notification: {0}")]
    NotAnswered(String),
    #[error("Failed to send mail notification: {0}")]
    Mail(String),
}

impl SendError {
    /// What was answered, for the record: without the command, which may hold a secret.
    pub fn answer(&self) -> String {
        shortened(&match self {
            Self::TimedOut(_) => "timed out".to_owned(),
            Self::Failed { status, complaint: Some(complaint), .. } => {
                format!("{}: {complaint}", ended(*status))
            }
            Self::Failed { status, .. } => ended(*status),
            Self::NotRun { source, .. } => format!("could not be run: {source}"),
            Self::Refused { status, body } if body.is_empty() => status.clone(),
            Self::Refused { status, body } => format!("{status}: {body}"),
            Self::NotAnswered(reason) | Self::Mail(reason) => reason.clone(),
        })
    }
}

/// How a command ended.
pub(super) fn ended(status: ExitStatus) -> String {
    status.code().map_or_else(|| status.to_string(), |code| format!("exit code = {code}"))
}

/// The first 500 bytes of a text, at most.
pub(super) fn shortened(text: &str) -> String {
    let end = (0..=text.len().min(ANSWER_BYTES)).rev().find(|end| text.is_char_boundary(*end));
    text[..end.unwrap_or(0)].to_owned()
}

/// How much of an answer is kept.
pub(super) const ANSWER_BYTES: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_short() {
        let long = format!("x{}", "é".repeat(ANSWER_BYTES));
        let answer = SendError::Mail(long.clone()).answer();
        assert_eq!((answer.len(), long.starts_with(&answer)), (499, true));
        assert_eq!(SendError::Mail("550 no".to_owned()).answer(), "550 no");
    }

    #[test]
    fn commands_are_not_recorded() {
        let timed_out = SendError::TimedOut("curl -H 'Authorization: t'".to_owned());
        assert_eq!(timed_out.answer(), "timed out");
        assert!(timed_out.to_string().ends_with("curl -H 'Authorization: t'"));
    }
}
