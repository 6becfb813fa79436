//! A server with recorded answers, for tests of everything that asks one.

use super::{Client, ClientOptions, Endpoint};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// A server that runs until it is dropped.
pub(crate) struct StubServer {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// A request that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// `GET /api/version`
    pub(crate) line: String,
    /// Names are in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// What is answered to a request.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The request's method and target.
    line: String,
    /// The status line and headers of its own; none hangs up.
    head: Option<String>,
    body: Vec<u8>,
}

impl Answer {
    /// `line` is `GET /api/version`.
    pub(crate) fn new(line: &str, status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { line: line.to_owned(), head: Some(format!("HTTP/1.1 {status} X\r\n")), body: body.into() }
    }

    pub(crate) fn ok(line: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new(line, 200, body)
    }

    /// The connection ends without an answer.
    pub(crate) fn hang_up(line: &str) -> Self {
        Self { line: line.to_owned(), head: None, body: vec![] }
    }

    pub(crate) fn header(mut self, header: &str) -> Self {
        self.head = self.head.map(|head| format!("{head}{header}\r\n"));
        self
    }
}

impl StubServer {
    /// Answers of the same request are given one after another, the last one again and again. Other requests get 404.
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let mut answers: Vec<Answer> = answers.into_iter().collect();
        Self::answering(move |Seen { line, .. }| {
            match answers.iter().position(|answer| answer.line == *line) {
                Some(place) if answers[place + 1..].iter().any(|answer| answer.line == *line) => {
                    answers.remove(place)
                }
                Some(place) => answers[place].clone(),
                None => {
                    Answer::new(line, 404, format!(r#"{{"message":"not recorded: {line}","status":404}}"#))
                }
            }
        })
    }

    /// Every request is answered by a function.
    pub(crate) fn answering(mut answer: impl FnMut(&Seen) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, ends) = (Arc::new(Mutex::new(vec![])), Arc::new(AtomicBool::new(false)));
        let (log, ending) = (Arc::clone(&seen), Arc::clone(&ends));
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if ending.load(Ordering::SeqCst) {
                    break;
                }
                let _ = serve(stream.unwrap(), &mut answer, &log);
            }
        });
        Self { address, seen, ends, thread: Some(thread) }
    }

    /// `http://127.0.0.1:41233`
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn client(&self) -> Client {
        self.client_with(&[])
    }

    pub(crate) fn client_with(&self, headers: &[(&str, &str)]) -> Client {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Client::new(ClientOptions {
            endpoint: Endpoint::parse(&self.url()).unwrap(),
            headers,
            proxy: None,
            disable_cert_validation: false,
            disable_direct_download: false,
        })
        .unwrap()
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for StubServer {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// One request for each connection.
fn serve(
    stream: TcpStream,
    answer: &mut impl FnMut(&Seen) -> Answer,
    log: &Mutex<Vec<Seen>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(&stream);
    let mut lines = vec![];
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        lines.push(line.to_owned());
    }
    let Some((first, rest)) = lines.split_first() else { return Ok(()) };
    let header = |line: &String| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_lowercase(), value.to_owned())
    };
    let headers: Vec<(String, String)> = rest.iter().map(header).collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or("0", |(_, value)| value);
    let mut body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut body)?;
    let line = first.trim_end_matches(" HTTP/1.1").to_owned();
    let seen = Seen { line, headers, body: String::from_utf8_lossy(&body).into_owned() };
    log.lock().unwrap().push(seen.clone());
    let answer = answer(&seen);
    let Some(head) = answer.head else { return Ok(()) };
    let mut stream = &stream;
    write!(stream, "{head}Content-Length: {}\r\nConnection: close\r\n\r\n", answer.body.len())?;
    stream.write_all(&answer.body)
}
