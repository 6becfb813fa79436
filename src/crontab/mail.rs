//! `MAILTO`: to whom the server sends its alerts.

use super::entry::Entry;

/// The lines of the configuration, and what is to be known about them.
///
/// `owner` is whom cron mails when the crontab does not say; `host` is the machine.
pub fn mail_settings(entries: &[Entry], owner: &str, host: &str) -> (Vec<String>, Vec<String>) {
    let mut addresses: Vec<&str> = Vec::new();
    let mut silent = Vec::new();
    for entry in entries {
        match entry.variable("MAILTO") {
            None => {}
            Some("") => silent.push(entry.line.to_string()),
            Some(to) => {
                for address in to.split(',').map(str::trim).filter(|address| !address.is_empty()) {
                    if !addresses.contains(&address) {
                        addresses.push(address);
                    }
                }
            }
        }
    }
    let from = entries.iter().find_map(|entry| entry.variable("MAILFROM")).filter(|from| !from.is_empty());
    let from = qualified(from.unwrap_or("dibble"), host);
    let mut lines = vec![
        "# Read by `dibble server -c`. cron mails what its commands print; Dibble keeps that in its history and sends a".to_owned(),
        "# mail when one of them fails, which for cron is no reason.".to_owned(),
    ];
    let settings = |to: &str| {
        [
            ("type", "mail"),
            ("mail.to", to),
            ("mail.from", &from),
            ("mail.host", "localhost"),
            ("mail.port", "25"),
            ("mail.tls", "false"),
        ]
        .map(|(key, value)| format!("notification.{key} = {}", property(value)))
    };
    let mut notes = Vec::new();
    let is_silent = !entries.is_empty() && silent.len() == entries.len();
    if is_silent {
        lines.push("# MAILTO is empty: no mail is sent.".to_owned());
    } else if addresses.is_empty() {
        lines.push(format!(
            "# The crontab has no MAILTO: cron mails {owner} on this machine. To be mailed by Dibble:"
        ));
        lines.extend(settings(&qualified(owner, host)).iter().map(|line| format!("# {line}")));
    } else {
        let addresses: Vec<String> = addresses.iter().map(|address| qualified(address, host)).collect();
        lines.extend(settings(&addresses.join(", ")));
        if addresses.len() > 1 {
            notes.push("MAILTO has several addresses: each failure is mailed to all of them".to_owned());
        }
        if !silent.is_empty() {
            let of = if silent.len() == 1 { "line" } else { "lines" };
            notes.push(format!(
                "MAILTO is empty for {of} {}: failures are mailed all the same",
                silent.join(", ")
            ));
        }
    }
    lines.push(
        "# Dibble runs later what was missed while it was down. To leave it out, as cron does:".to_owned(),
    );
    lines.push("# schedule.catch_up = none".to_owned());
    (lines, notes)
}

/// The address of a user of the machine, who needs no more than a name for cron.
fn qualified(address: &str, host: &str) -> String {
    if address.contains('@') { address.to_owned() } else { format!("{address}@{host}") }
}

/// A value of a properties file.
fn property(value: &str) -> String {
    value.replace('\\', "\\\\")
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn settings(text: &str) -> (Vec<String>, Vec<String>) {
        let (lines, notes) = mail_settings(&parse(text.as_bytes(), false, 0).entries, "ann", "box");
        let is_setting = |line: &String| !line.starts_with("# ") || line.starts_with("# not");
        (lines.into_iter().filter(is_setting).collect(), notes)
    }

    #[test]
    fn addresses_become_settings() {
        let (lines, notes) = settings("MAILTO=a@x, b@x\nMAILFROM=c@x\n@daily x\nMAILTO=\n@daily y\n");
        assert_eq!(
            lines,
            [
                "notification.type = mail",
                "notification.mail.to = a@x, b@x",
                "notification.mail.from = c@x",
                "notification.mail.host = localhost",
                "notification.mail.port = 25",
                "notification.mail.tls = false",
            ]
        );
        assert_eq!(
            notes,
            [
                "MAILTO has several addresses: each failure is mailed to all of them",
                "MAILTO is empty for line 5: failures are mailed all the same"
            ]
        );
    }

    #[test]
    fn users_of_the_machine_have_addresses_there() {
        let (lines, _) = settings("MAILTO=root,a@x\nMAILFROM=cron\n@daily x\n");
        assert_eq!(
            lines[1..3],
            ["notification.mail.to = root@box, a@x", "notification.mail.from = cron@box"]
        );
    }

    #[test]
    fn without_an_address_nothing_is_sent() {
        assert_eq!(settings("MAILTO=\"\"\n@daily x\n"), (vec![], vec![]));
        let (lines, _) = settings("@daily x\n");
        assert_eq!(lines[..2], ["# notification.type = mail", "# notification.mail.to = ann@box"]);
        assert_eq!(lines[2], "# notification.mail.from = dibble@box");
    }
}
