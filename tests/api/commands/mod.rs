//! The client's commands, called as a user calls them, on a server that is a process of its own: the same steps as were
//! recorded with Digdag, one file for each family of commands.

mod delete;
mod errors;
mod kill;
mod listing;
mod log;
mod push_and_download;
mod schedules;
mod secrets;
mod start_and_retry;
mod version;

use crate::support::Server;
use std::fs;

/// The project `p1` of the recordings.
const FILES: [(&str, &str); 5] = [
    (
        "daily.dig",
        "timezone: UTC\nschedule:\n  daily>: 07:00:00\n+a:\n  echo>: hello ${session_time}\n+b:\n  sh>: echo from sh\n",
    ),
    ("data/x.txt", "x\n"),
    ("fails.dig", "timezone: UTC\n+bad:\n  sh>: echo out; exit 3\n+never:\n  echo>: never\n"),
    (
        "plain.dig",
        "timezone: UTC\n+a:\n  echo>: plain p=${typeof p}\n+g:\n  for_each>: {v: [1, two]}\n  _do:\n    echo>: ${v}\n",
    ),
    (
        "slow.dig",
        "timezone: UTC\n+s:\n  sh>: echo begun; while ! test -e $GATE; do sleep 0.01; done\n+t:\n  echo>: after\n",
    ),
];

/// A server, and a directory in which commands are called. The clock of both stands at 2026-11-22 03:30:00 UTC.
struct Console {
    server: Server,
}

impl Console {
    /// The directory holds the files of the project `p1`; the server knows nothing yet.
    #[track_caller]
    fn new() -> Self {
        let server =
            Server::new().env("DIBBLE_NOW", "2026-11-22T03:30:00Z").env("GATE", "{project}/gate").start();
        let console = Self { server };
        for (path, text) in FILES {
            console.file(path, text);
        }
        let config = console.server.project.home().join(".config/digdag");
        fs::create_dir_all(&config).unwrap();
        fs::write(config.join("config"), format!("client.http.endpoint = {}\n", console.server.url()))
            .unwrap();
        console
    }

    /// The server has the project already, as revision r1.
    #[track_caller]
    fn with_project() -> Self {
        let console = Self::new();
        let _ = console.run("dibble push p1 -r r1");
        console
    }

    #[track_caller]
    fn file(&self, path: &str, text: &str) {
        let path = self.server.project.path("here").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Lets the workflow `slow` go on.
    fn open_gate(&self) {
        fs::write(self.server.project.path("gate"), "").unwrap();
    }

    /// Calls lines of a shell, in which `$PORT` is the port of the server, and shows each with what it printed: stdout,
    /// then stderr with `2>` before each line, then the exit code when it is not 0. The greeting with the version and the
    /// details of usages are left out. A pipe fails with its first part.
    #[track_caller]
    fn run(&self, script: &str) -> String {
        let lines = script.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.map(|line| format!("$ {line}\n{}", self.call(line))).collect()
    }

    #[track_caller]
    fn call(&self, line: &str) -> String {
        let port = self.server.address().rsplit(':').next().unwrap();
        let before = format!("PORT={port}; dibble() {{ \"$DIBBLE\" \"$@\"; }}; cd here; set -o pipefail");
        let out = self.server.project.shell(&format!("{before}; {line}"));
        let shown = out.to_string().replace(self.server.address(), "$SERVER");
        let shown = shown.replace(concat!("version: ", env!("CARGO_PKG_VERSION")), "version: VERSION");
        let (stdout, rest) = shown.split_once("------- stderr -------\n").unwrap_or((&shown, ""));
        let mut text = without_archive_name(stdout);
        let mut in_usage = false;
        for line in rest.lines().filter(|line| !line.ends_with(": Dibble vVERSION")) {
            let is_exit = line.starts_with("[exit status: ");
            if is_exit || !in_usage || line.starts_with("error: ") {
                text += &format!("{}{line}\n", if is_exit { "" } else { "2> " });
            }
            in_usage |= line.starts_with("Usage: ");
        }
        text
    }
}

/// `archive-Ab12.tar.gz` becomes `archive-NAME.tar.gz`.
fn without_archive_name(text: &str) -> String {
    let named = |line: &str| match line.split_once("/archive-") {
        Some((before, after)) => match after.split_once(".tar.gz") {
            Some((_, after)) => format!("{before}/archive-NAME.tar.gz{after}"),
            None => line.to_owned(),
        },
        None => line.to_owned(),
    };
    text.split_inclusive('\n').map(named).collect()
}
