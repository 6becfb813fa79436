//! A server that is measured.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_dibble");

/// A running server and how long it took until it listened.
pub struct Server {
    child: Child,
    pub port: u16,
    pub ready: Duration,
}

impl Server {
    /// Starts it on `dibble.db` in a directory, with these lines of configuration.
    pub fn start(directory: &Path, config: &str) -> Self {
        let info = directory.join("runtime-info");
        let _ = fs::remove_file(&info);
        let file = directory.join("config");
        let text = format!("server.runtime-info.path = {}\n{config}", info.display());
        fs::write(&file, text).expect("a configuration");
        let mut command = Command::new(PROGRAM);
        command.args(["server", "--port", "0", "-o", "dibble.db", "-l", "warn", "-c"]).arg(&file);
        command.current_dir(directory).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let start = Instant::now();
        let child = command.spawn().expect("the program");
        let port = loop {
            let info: Option<Value> =
                fs::read(&info).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
            if let Some(port) = info.and_then(|info| info["local_addresses"][0]["port"].as_u64()) {
                break u16::try_from(port).expect("a port");
            }
            assert!(start.elapsed() < Duration::from_secs(30), "the server does not listen");
            thread::sleep(Duration::from_micros(200));
        };
        let ready = start.elapsed();
        Self { child, port, ready }
    }

    /// User and system time so far, in steps of 10 ms.
    pub fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("its times");
        let fields: Vec<&str> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
        let ticks = |place: usize| fields[place].parse::<u64>().expect("a number");
        Duration::from_millis((ticks(11) + ticks(12)) * 10)
    }

    pub fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    pub fn peak(&self) -> u64 {
        self.status("VmHWM:")
    }

    /// How often any of its threads has gone to sleep so far, which is how often one was woken up.
    pub fn sleeps(&self) -> u64 {
        let tasks = format!("/proc/{}/task", self.child.id());
        let threads = fs::read_dir(tasks).expect("its threads").flatten();
        let statuses = threads.filter_map(|thread| fs::read_to_string(thread.path().join("status")).ok());
        let count = |status: String| {
            let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches:"))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        };
        statuses.filter_map(count).sum()
    }

    fn status(&self, field: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("its memory");
        let line = status.lines().find(|line| line.starts_with(field)).expect("the field");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a number") * 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("a pid"));
        let _ = kill(pid, Signal::SIGTERM);
        let _ = self.child.wait();
    }
}
