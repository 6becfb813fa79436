//! Telling a service manager how the server is (`Type=notify`, `WatchdogSec=`). Without one nothing is told.

use sd_notify::NotifyState;
use std::time::Duration;

/// Where the manager is told, and how often it wants to be. Commands of tasks that saw these would tell it in the server's
/// name.
pub(super) const VARIABLES: &[&str] = &["NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"];

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

/// How often it has to be told that the server is alive; none when nobody wants to know. `WATCHDOG_PID` says that another
/// process is meant: one that started this one, and passed its environment on.
pub(super) fn watchdog_interval(variable: impl Fn(&str) -> Option<String>) -> Option<Duration> {
    let is_meant = variable("WATCHDOG_PID").is_none_or(|pid| pid == std::process::id().to_string());
    let limit = variable("WATCHDOG_USEC").filter(|_| is_meant)?.parse().ok().filter(|&limit| limit > 0)?;
    Some(Duration::from_micros(limit) / 2)
}

/// A manager that cannot be told has other ways to find out.
fn tell(states: &[NotifyState<'_>]) {
    let _ = sd_notify::notify(false, states);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watchdog_is_told_twice_as_often_as_it_wants() {
        let interval = |limit: Option<&str>, pid: Option<&str>| {
            let own = |name: &str| if name == "WATCHDOG_PID" { pid } else { limit };
            watchdog_interval(|name| own(name).map(str::to_owned))
        };
        let (half, this) = (Some(Duration::from_secs(15)), std::process::id().to_string());
        assert_eq!(interval(Some("30000000"), None), half);
        assert_eq!(interval(Some("30000000"), Some(&this)), half);
        assert_eq!(interval(Some("30000000"), Some("1")), None);
        assert_eq!([interval(None, None), interval(Some("0"), None), interval(Some("x"), None)], [None; 3]);
    }
}
