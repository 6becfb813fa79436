//! What has become of a notification.

/// How the sending of a notification ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub outcome: Outcome,
    /// How it was sent last: `shell`, `http` or `mail`.
    pub channel: Option<&'static str>,
    /// What was answered then, for a person.
    pub answer: Option<String>,
    pub tries: u64,
}

/// Whether somebody has taken a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Sent,
    /// Nobody would take it.
    Failed,
    /// The configuration names nobody to send it to.
    Dropped,
}
