//! Telling a service manager how the server is (`Type=notify`, `WatchdogSec=`). Without one nothing is told.

use nix::time::{ClockId, clock_gettime};
use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// Where the manager is told, and how often it wants to be. Commands of tasks that saw these would tell it in the server's
/// name.
pub(super) const VARIABLES: &[&str] = &["NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"];

/// The server answers.
pub(super) fn ready() {
    tell("READY=1\n");
}

/// The configuration is being read again; `ready` follows.
pub(super) fn reloading() {
    match clock_gettime(ClockId::CLOCK_MONOTONIC) {
        Ok(now) => {
            tell(&format!(
                "RELOADING=1\nMONOTONIC_USEC={}\n",
                now.tv_sec() * 1_000_000 + now.tv_nsec() / 1000
            ));
        }
        Err(_) => tell("RELOADING=1\n"),
    }
}

pub(super) fn stopping() {
    tell("STOPPING=1\n");
}

/// The server is alive.
pub(super) fn alive() {
    tell("WATCHDOG=1\n");
}

/// How often it has to be told that the server is alive; none when nobody wants to know. `WATCHDOG_PID` says that another
/// process is meant: one that started this one, and passed its environment on.
pub(super) fn watchdog_interval(variable: impl Fn(&str) -> Option<String>) -> Option<Duration> {
    let is_meant = variable("WATCHDOG_PID").is_none_or(|pid| pid == std::process::id().to_string());
    let limit = variable("WATCHDOG_USEC").filter(|_| is_meant)?.parse().ok().filter(|&limit| limit > 0)?;
    Some(Duration::from_micros(limit) / 2)
}

/// A manager that cannot be told has other ways to find out.
fn tell(states: &str) {
    if let Some(socket) = env::var_os("NOTIFY_SOCKET") {
        let _ = send(&socket, states.as_bytes());
    }
}

/// Sends a datagram to a socket: a path, or after `@` a name that is no file.
fn send(socket: &OsStr, states: &[u8]) -> io::Result<usize> {
    let sender = UnixDatagram::unbound()?;
    match socket.as_bytes().strip_prefix(b"@") {
        Some(name) => sender.send_to_addr(states, &named(name)?),
        None => sender.send_to(states, socket),
    }
}

#[cfg(target_os = "linux")]
fn named(name: &[u8]) -> io::Result<SocketAddr> {
    use std::os::linux::net::SocketAddrExt;
    SocketAddr::from_abstract_name(name)
}

#[cfg(not(target_os = "linux"))]
fn named(_: &[u8]) -> io::Result<SocketAddr> {
    Err(io::ErrorKind::Unsupported.into())
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

    #[test]
    #[cfg(target_os = "linux")]
    fn sockets_are_files_or_names() {
        let name = format!("dibble-test-{}", std::process::id());
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let at_name = UnixDatagram::bind_addr(&named(name.as_bytes()).unwrap()).unwrap();
        let at_path = UnixDatagram::bind(&path).unwrap();
        for (socket, receiver) in [(format!("@{name}").into(), at_name), (path.into_os_string(), at_path)] {
            assert_eq!(send(&socket, b"READY=1\n").unwrap(), 8);
            let mut bytes = [0; 16];
            assert_eq!(receiver.recv(&mut bytes).unwrap(), 8);
            assert_eq!(&bytes[..8], b"READY=1\n");
        }
    }
}
