//! What people are told, and the ways to tell them: a command, an HTTP request, a mail.
//!
//! A [`Sender`] tries once and says what was answered; whoever has it decides when to try again. Nothing is kept here:
//! what was sent, and what still is to be, is in the store.

mod complaints;
mod delivery;
mod details;
mod error;
mod http;
mod mail;
mod mail_body;
mod mail_text;
mod one_line;
mod payload;
mod retries;
mod sender;
mod shell;
mod texts;

pub use delivery::{Delivery, Outcome};
pub use details::{Details, FailedTask, LOG_COMMAND, machine};
pub use error::SendError;
pub use payload::{About, payload};
pub use retries::Retries;
pub use sender::Sender;
pub use shell::Around;
