//! Notifications: the ways to send them, one file each, and what a server does with them.

mod http;
mod mail;
mod run;
mod server;
mod settings;

use chrono::{DateTime, Utc};
use dibble::model::{Params, Settings};
use dibble::notifications::{About, Sender, payload};
use nix::unistd::Pid;

/// What keys of `notification.*` make.
fn read(pairs: &[(&str, &str)]) -> Result<Option<Sender>, String> {
    let mut settings = Settings::default();
    pairs.iter().for_each(|(key, value)| settings.set(format!("notification.{key}"), *value));
    Sender::read(&settings, |_| None).map_err(|error| error.to_string())
}

/// Sends "It failed" of a project `shop`: what was answered, or the error with what is recorded of it.
fn send(sender: &Sender) -> Result<String, (String, String)> {
    let about = About { project_name: Some("shop"), ..About::default() };
    send_payload(sender, &payload("It failed: größer", &about, DateTime::<Utc>::UNIX_EPOCH))
}

fn send_payload(sender: &Sender, payload: &Params) -> Result<String, (String, String)> {
    let alone = |_: Pid, wait: &mut dyn FnMut()| wait();
    let sent = sender.send(payload, DateTime::<Utc>::UNIX_EPOCH, &alone);
    sent.map_err(|error| (error.to_string(), error.answer()))
}
