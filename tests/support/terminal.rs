//! The program on a terminal of its own.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::File;
use std::io::Read;
use std::process::Command;

/// Runs a command with both streams on a terminal of 100 columns. Returns what was written to it, and the exit code.
#[track_caller]
pub(super) fn run(command: &mut Command) -> (String, i32) {
    let size = nix::pty::Winsize { ws_row: 24, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
    let terminal = nix::pty::openpty(&size, None).expect("a terminal");
    let copy = || terminal.slave.try_clone().expect("another handle of it");
    command.env("TERM", "xterm-256color").stdin(copy()).stdout(copy()).stderr(copy());
    let mut child = command.spawn().expect("the program");
    // The terminal ends when the program's handles, and these, are closed.
    command
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    drop(terminal.slave);
    let mut written = Vec::new();
    let mut chunk = [0; 4096];
    let mut master = File::from(terminal.master);
    // The end of a terminal is an error on Linux.
    while let Ok(size @ 1..) = master.read(&mut chunk) {
        written.extend_from_slice(&chunk[..size]);
    }
    let status = child.wait().expect("its end");
    (String::from_utf8_lossy(&written).replace("\r\n", "\n"), status.code().unwrap_or(-1))
}

/// Runs a command on a terminal that goes away as soon as it shows a text. Returns the exit code, none for a signal.
#[track_caller]
pub(super) fn hang_up(command: &mut Command, text: &str) -> Option<i32> {
    let terminal = nix::pty::openpty(None, None).expect("a terminal");
    let copy = || terminal.slave.try_clone().expect("another handle of it");
    command.env("TERM", "xterm-256color").stdin(copy()).stdout(copy()).stderr(copy());
    let mut child = command.spawn().expect("the program");
    let mut master = File::from(terminal.master);
    let (mut shown, mut chunk) = (Vec::new(), [0; 4096]);
    while !String::from_utf8_lossy(&shown).contains(text) {
        let size = master.read(&mut chunk).expect("what it shows");
        shown.extend_from_slice(&chunk[..size]);
    }
    drop(master);
    // The system sends this to those whose terminal it is.
    let pid = i32::try_from(child.id()).map(Pid::from_raw).expect("a pid");
    kill(pid, Signal::SIGHUP).expect("it runs");
    child.wait().expect("its end").code()
}

/// The text without what moves the cursor or changes colours.
pub fn without_escapes(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        kept.push_str(before);
        let end = after.find(|c: char| c.is_ascii_alphabetic()).map_or(after.len(), |end| end + 1);
        rest = &after[end..];
    }
    kept + rest
}

#[test]
fn escapes_are_taken_out() {
    assert_eq!(without_escapes("a\u{1b}[32mb\u{1b}[0m\u{1b}[2Kc"), "abc");
}
