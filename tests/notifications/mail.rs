//! Notifications as mails.

use super::{read, send, send_payload};
use crate::support::SmtpStub;
use chrono::{DateTime, Utc};
use dibble::model::{AttemptId, SessionTime};
use dibble::notifications::{About, Details, FailedTask, Sender, payload};
use std::fs;
use std::net::TcpListener;

fn sender(port: u16, more: &[(&str, &str)]) -> Sender {
    let port = port.to_string();
    let usual = [
        ("type", "mail"),
        ("mail.from", "Dibble <dibble@example.com>"),
        ("mail.to", "ops@example.com"),
        ("mail.host", "127.0.0.1"),
        ("mail.port", &port),
        ("mail.tls", "false"),
    ];
    read(&[&usual, more].concat()).unwrap().unwrap()
}

#[test]
fn a_mail_says_what_failed() {
    let stub = SmtpStub::new();
    let mut payload = payload("It failed", &about(), DateTime::<Utc>::UNIX_EPOCH);
    let failed = |name: &str, error: &str| FailedTask { name: name.to_owned(), error: error.to_owned() };
    let details = Details {
        failed_tasks: vec![failed("+daily+a", "Command failed with code 9"), failed("+daily+b", "no\nway")],
        last_output: Some("one\ntwo".to_owned()),
    };
    details.add_to(&mut payload);
    payload.insert("host".to_owned(), "box".into());
    assert_eq!(
        send_payload(&sender(stub.port(), &[]), &payload),
        Ok("250 2.0.0 Ok: queued as 42".to_owned())
    );
    let mail = stub.mail();
    assert_eq!((mail.login, mail.from.as_str()), (None, "dibble@example.com"));
    assert_eq!(mail.to, ["ops@example.com"]);
    let of_its_own = |line: &&str| !line.starts_with("Message-ID: ");
    let text = mail.text.lines().filter(of_its_own).collect::<Vec<_>>().join("\n");
    let expected = "\
From: Dibble <dibble@example.com>
Sender: Dibble <dibble@example.com>
To: ops@example.com
Subject: [box] shop Bcc: x@example.com/daily: It failed
Date: Thu, 01 Jan 1970 00:00:00 +0000
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 7bit

It failed

Project:      shop Bcc: x@example.com
Workflow:     daily
Revision:     r1
Session time: 1970-01-02T00:00:00+00:00
Attempt:      7
Host:         box
Sent:         1970-01-01T00:00:00Z

Failed tasks:
  +daily+a: Command failed with code 9
  +daily+b: no way

Last output of +daily+a:
  one
  two

To see more: dibble log 7";
    assert_eq!(text.trim_end(), expected);
}

/// Of an attempt whose project has a name that would be a header.
fn about() -> About<'static> {
    About {
        project_name: Some("shop\r\nBcc: x@example.com"),
        workflow_name: Some("daily"),
        revision: Some("r1"),
        attempt: Some(AttemptId(7)),
        task_name: Some("+daily^failure-alert"),
        session_time: SessionTime::from_unix(86_400),
        ..About::default()
    }
}

#[test]
fn everybody_who_is_named_gets_it() {
    let stub = SmtpStub::new();
    let dir = tempfile::tempdir().unwrap();
    let template = dir.path().join("body.html");
    fs::write(&template, "<p>${message.toUpperCase()}</p>").unwrap();
    let template = template.display().to_string();
    let more = [
        ("mail.to", "[\"a@example.com\", \"B <b@example.com>\"]"),
        ("mail.cc", "c@example.com, D <d@example.com>"),
        ("mail.bcc", "secret@example.com"),
        ("mail.subject", "Größe"),
        ("mail.html", "true"),
        ("mail.body_template_file", &template),
        ("mail.username", "me"),
        ("mail.password", "p w"),
    ];
    assert!(send(&sender(stub.port(), &more)).is_ok());
    let mail = stub.mail();
    assert_eq!(mail.login.as_deref(), Some("me p w"));
    let expected = ["a@example.com", "b@example.com", "c@example.com", "d@example.com", "secret@example.com"];
    assert_eq!(mail.to, expected);
    assert!(!mail.text.contains("secret@"), "{}", mail.text);
    assert!(mail.text.contains("Content-Type: text/html; charset=utf-8\n"), "{}", mail.text);
    assert!(mail.text.contains("<p>IT FAILED: "), "{}", mail.text);
    assert!(mail.text.contains("Subject: =?utf-8?b?R3LDtsOfZQ==?=\n"), "{}", mail.text);
}

#[test]
fn refusals_are_told_without_the_password() {
    let stub = SmtpStub::answering("452 4.3.1 Insufficient system storage", "235 ok");
    let (error, answer) = send(&sender(stub.port(), &[])).unwrap_err();
    assert!(answer.contains("452") && answer.contains("Insufficient system storage"), "{answer}");
    assert_eq!(error, format!("Failed to send mail notification: {answer}"));
    let stub = SmtpStub::answering("250 ok", "535 5.7.8 hunter2 is no password");
    let login = [("mail.username", "me"), ("mail.password", "hunter2")];
    let (error, answer) = send(&sender(stub.port(), &login)).unwrap_err();
    assert!(answer.contains("535") && answer.contains("*** is no password"), "{answer}");
    assert!(!error.contains("hunter2"));
    assert!(!format!("{:?}", sender(1, &login)).contains("hunter2"));
}

#[test]
fn a_password_is_not_told_in_the_clear_unless_that_is_wanted() {
    let stub = SmtpStub::new();
    let login = [("mail.username", "me"), ("mail.password", "hunter2"), ("mail.tls", "true")];
    assert!(send(&sender(stub.port(), &login)).is_err());
    assert!(stub.is_quiet());
    // Without a password it is sent all the same: the stub does not offer to encrypt.
    assert!(send(&sender(stub.port(), &[("mail.tls", "true")])).is_ok());
    assert_eq!(stub.mail().login, None);
}

#[test]
fn where_nobody_listens_is_told() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (_, answer) = send(&sender(closed.port(), &[])).unwrap_err();
    assert!(answer.starts_with(&format!("{closed}: ")) && answer.contains("refused"), "{answer}");
}
