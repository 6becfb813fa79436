//! A web server that takes what is sent to it and answers as it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

/// Listens on a free port of this machine until the test ends.
#[derive(Debug)]
pub struct HttpStub {
    address: String,
    requests: Receiver<String>,
}

impl HttpStub {
    /// Answers each request with the next of these (`200 OK`, and perhaps a body after an empty line), and goes on with the
    /// last one.
    pub fn answering(answers: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (sender, requests) = mpsc::channel();
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let answer = answers[number.min(answers.len() - 1)];
                // The test may have ended meanwhile.
                if stream.is_ok_and(|stream| sender.send(exchange(&stream, answer)).is_err()) {
                    return;
                }
            }
        });
        Self { address, requests }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next request: request line, headers and body, with `\n` between lines.
    #[track_caller]
    pub fn request(&self) -> String {
        self.requests.recv_timeout(Duration::from_secs(60)).expect("a request")
    }

    /// Whether there was no other request so far.
    pub fn is_quiet(&self) -> bool {
        self.requests.try_recv().is_err()
    }
}

fn exchange(mut stream: &TcpStream, answer: &str) -> String {
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        let read = reader.read_line(&mut line).unwrap_or(0);
        let line = line.trim_end();
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
        request += line;
        request += "\n";
        if read == 0 || line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    request += &String::from_utf8(body).unwrap();
    let (status, body) = answer.split_once("\n\n").unwrap_or((answer, ""));
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    // Whoever asked may be gone.
    let _ = stream.write_all((head + body).as_bytes());
    request
}
