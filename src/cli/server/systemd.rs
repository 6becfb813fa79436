//! Telling a service manager how the server is (`Type=notify`, `WatchdogSec=`). Without one nothing is told.

use sd_notify::NotifyState;
use std::time::Duration;

/// The server answers.
pub(super) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The configuration is being read again; `ready` follows.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

pub(super) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// The server is alive.
pub(super) fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// How often it has to be told that the server is alive; none when nobody wants to know.
pub(super) fn watchdog_interval() -> Option<Duration> {
    let mut limit = 0;
    sd_notify::watchdog_enabled(false, &mut limit).then(|| Duration::from_micros(limit) / 2)
}

/// A manager that cannot be told has other ways to find out.
fn tell(states: &[NotifyState<'_>]) {
    let _ = sd_notify::notify(false, states);
}
