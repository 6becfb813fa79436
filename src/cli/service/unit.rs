//! The unit: how systemd runs the server, and what it takes away from it and from the commands that it runs.
//!
//! Those commands are the users' own, so only that is taken away which no ordinary job needs: they may still write where
//! they always did, and share `/tmp` with everybody else (no `PrivateTmp`, no `ProtectSystem=strict`, no `ProtectHome`). A
//! server that runs as root does so for jobs of the system, which change `/etc` and `/usr`: nothing of it is protected.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::Duration;

/// What differs from unit to unit.
pub(super) struct Unit {
    pub(super) program: PathBuf,
    /// The options of the server.
    pub(super) server: Vec<OsString>,
    /// None for a service of a user.
    pub(super) run_as: Option<String>,
    /// The directory below `/var/lib` that systemd makes for the database.
    pub(super) state: Option<String>,
    pub(super) stop_timeout: Duration,
}

const SETUID: &str = "\
# Commands get no rights by setuid programs. If they need sudo, set NoNewPrivileges=no by `systemctl edit`.
NoNewPrivileges=yes
RestrictSUIDSGID=yes
";

const SYSTEM: &str = "\
# /usr, /boot and /etc are read-only for them; /tmp, /home, /srv and /var are what they are for everybody.
ProtectSystem=full
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectClock=yes
ProtectHostname=yes
LockPersonality=yes
RestrictRealtime=yes
";

const ROOT: &str = "\
# It runs as root, for commands of the system, which have to change it: nothing is protected from them.
";

impl Unit {
    pub(super) fn text(&self) -> String {
        let mut line = vec![quoted(self.program.as_os_str(), false), "server".to_owned()];
        line.extend(self.server.iter().map(|word| quoted(word, true)));
        let mut service = vec![
            "Type=notify".to_owned(),
            format!("ExecStart={}", line.join(" ")),
            "ExecReload=/bin/kill -HUP $MAINPID".to_owned(),
        ];
        if let Some(user) = &self.run_as {
            service.push(format!("User={}", user.replace('%', "%%")));
        }
        if let Some(state) = &self.state {
            service.push(format!("StateDirectory={state}"));
        }
        let rest = [
            "Restart=on-failure",
            "RestartSec=5",
            "# A wrong command line does not get better.",
            "RestartPreventExitStatus=2",
            "TimeoutStartSec=300",
            "WatchdogSec=180",
            "# The server waits for running commands first (server.shutdown.timeout).",
            &format!("TimeoutStopSec={}", self.stop_timeout.as_secs()),
            "KillMode=mixed",
            "LimitNOFILE=65536",
            "# For the limits of attempts.",
            "Delegate=yes",
        ];
        service.extend(rest.map(str::to_owned));
        let protection = match self.run_as.as_deref() {
            Some("root") => ROOT.to_owned(),
            Some(_) => format!("{SETUID}{SYSTEM}"),
            // What else there is takes privileges that the manager of a user does not have.
            None => SETUID.replace("systemctl edit", "systemctl --user edit"),
        };
        let (wants, target) = match self.run_as {
            Some(_) => ("Wants=network-online.target\nAfter=network-online.target\n", "multi-user.target"),
            None => ("", "default.target"),
        };
        format!(
            "[Unit]\nDescription=Dibble, which runs workflows\n{wants}\n[Service]\n{}\n\n{protection}\n[Install]\n\
             WantedBy={target}\n",
            service.join("\n")
        )
    }
}

/// A word of a command line as systemd reads it: `%` and, but for the program itself, `$` stand for something there.
fn quoted(word: &OsStr, with_variables: bool) -> String {
    let mut text = String::new();
    let mut is_plain = !word.is_empty();
    for chunk in word.as_bytes().utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '%' => text.push_str("%%"),
                '$' if with_variables => text.push_str("$$"),
                '"' | '\\' => text.extend(['\\', c]),
                c if (c as u32) < 0x20 || c == '\u{7f}' => text.push_str(&format!("\\x{:02x}", c as u32)),
                c => text.push(c),
            }
            is_plain &= c.is_alphanumeric() || "/.-_=:,@+%$".contains(c);
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
            is_plain = false;
        }
    }
    if is_plain { text } else { format!("\"{text}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_systemd() {
        for (word, with_variables, expected) in [
            (&b"/srv/jobs"[..], true, "/srv/jobs"),
            (b"", true, "\"\""),
            (b"/my jobs", true, "\"/my jobs\""),
            (b"100%", true, "100%%"),
            (b"$HOME/x", true, "$$HOME/x"),
            (b"/$x", false, "/$x"),
            (b"a\"b\\c'd;", true, "\"a\\\"b\\\\c'd;\""),
            (b"a\nb\xff", true, "\"a\\x0ab\\xff\""),
            ("/ä".as_bytes(), true, "/ä"),
        ] {
            assert_eq!(quoted(OsStr::from_bytes(word), with_variables), expected);
        }
    }

    fn unit(run_as: Option<&str>) -> String {
        let unit = Unit {
            program: "/usr/bin/dibble".into(),
            server: vec!["--database".into(), "/d".into()],
            run_as: run_as.map(str::to_owned),
            state: None,
            stop_timeout: Duration::from_secs(90),
        };
        unit.text()
    }

    #[test]
    fn root_is_not_protected_from_and_users_have_less_to_protect() {
        assert!(!unit(Some("root")).contains("ProtectSystem") && !unit(Some("root")).contains("NoNew"));
        assert!(unit(Some("dibble")).contains("ProtectSystem=full"));
        let user = unit(None);
        assert!(
            !user.contains("ProtectSystem")
                && !user.contains("User=")
                && user.contains("NoNewPrivileges=yes")
        );
        assert!(user.ends_with("WantedBy=default.target\n"));
    }
}
