//! A mail server that keeps what it is given. It knows as much of SMTP as a client needs, and no encryption.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

/// Listens on a free port of this machine until the test ends.
#[derive(Debug)]
pub struct SmtpStub {
    port: u16,
    mails: Receiver<Mail>,
}

/// A mail as it was handed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mail {
    /// `user password`, if the client proved to be somebody.
    pub login: Option<String>,
    pub from: String,
    pub to: Vec<String>,
    /// Headers and body, with `\n` between lines.
    pub text: String,
}

impl SmtpStub {
    /// Takes every mail.
    pub fn new() -> Self {
        Self::answering("250 2.0.0 Ok: queued as 42", "235 2.7.0 Authentication successful")
    }

    /// Answers `mail` when a mail has been sent, and `login` to a login.
    pub fn answering(mail: &'static str, login: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, mails) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let taken = stream.ok().map(|stream| talk(&stream, mail, login)).unwrap_or_default();
                // The test may have ended meanwhile.
                if taken.is_some_and(|taken| sender.send(taken).is_err()) {
                    return;
                }
            }
        });
        Self { port, mails }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The next mail.
    #[track_caller]
    pub fn mail(&self) -> Mail {
        self.mails.recv_timeout(Duration::from_secs(60)).expect("a mail")
    }

    /// Whether there was no other mail so far.
    pub fn is_quiet(&self) -> bool {
        self.mails.try_recv().is_err()
    }
}

/// Serves one connection; the mail that was handed over, if one was.
fn talk(mut stream: &TcpStream, mail_answer: &str, login_answer: &str) -> Option<Mail> {
    let lines = BufReader::new(stream).lines();
    let mut say = |text: &str| stream.write_all(format!("{text}\r\n").as_bytes()).ok();
    say("220 stub ESMTP")?;
    let (mut mail, mut taken, mut in_data) = (Mail::default(), None, false);
    for line in lines.map_while(Result::ok) {
        if in_data {
            if line == "." {
                in_data = false;
                say(mail_answer)?;
                taken = Some(mail.clone());
            } else {
                mail.text += line.strip_prefix('.').unwrap_or(&line);
                mail.text += "\n";
            }
            continue;
        }
        let upper = line.to_ascii_uppercase();
        let address = || line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        if upper.starts_with("EHLO") {
            say("250-stub\r\n250-8BITMIME\r\n250 AUTH PLAIN")?;
        } else if let Some(secret) = line.strip_prefix("AUTH PLAIN ") {
            let login = String::from_utf8(STANDARD.decode(secret).unwrap()).unwrap();
            mail.login = Some(login.trim_start_matches('\0').replace('\0', " "));
            say(login_answer)?;
        } else if upper.starts_with("MAIL FROM") {
            mail.from = address();
            say("250 2.1.0 Ok")?;
        } else if upper.starts_with("RCPT TO") {
            mail.to.push(address());
            say("250 2.1.5 Ok")?;
        } else if upper == "DATA" {
            in_data = true;
            say("354 End data with <CR><LF>.<CR><LF>")?;
        } else if upper == "QUIT" {
            say("221 2.0.0 Bye");
            break;
        } else {
            say("502 5.5.2 Error: command not recognized")?;
        }
    }
    taken
}
