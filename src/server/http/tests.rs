//! The server against real sockets: friendly clients and hostile ones.

use super::{Bind, Exchange, HttpServer, Limits, Service};
use crate::server::request::{Method, Request};
use crate::server::response::{Body, Response};
use crate::server::router::BodyLimit;
use std::io::{self, Cursor, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Answers with what it got; some paths do what their names say.
#[derive(Default)]
struct Echo {
    /// `/wait` tells that it has begun and ends when it is told to.
    gate: Mutex<Option<(Sender<()>, Receiver<()>)>>,
    log: Mutex<Vec<String>>,
}

impl Service for Echo {
    fn admit(&self, request: &mut Request) -> Result<BodyLimit, Response> {
        match request.target.raw_path() {
            "/forbidden" => Err(Response::error(403, "forbidden")),
            "/archive" => Ok(BodyLimit::Archive),
            _ => Ok(BodyLimit::Json),
        }
    }

    fn answer(&self, request: &Request) -> Response {
        match request.target.raw_path() {
            "/panic" => panic!("a handler that panics"),
            "/wait" => {
                let gate = self.gate.lock().unwrap().take();
                let (begun, end) = gate.unwrap();
                begun.send(()).unwrap();
                let _ = end.recv();
                Response::text(200, "waited")
            }
            "/stream" => Response {
                body: Body::Stream(Box::new(Cursor::new(vec![b'x'; 100_000])), None),
                ..Response::empty(200)
            },
            "/large" => Response::gzip_file(vec![b'x'; 16 << 20]),
            "/inject" => Response::empty(200).with_header("X", request.query().text("x").unwrap_or_default()),
            path => {
                let body = String::from_utf8_lossy(&request.body);
                Response::text(200, format!("{} {path} {} {body}", request.method, body.len()))
            }
        }
    }

    fn finish(&self, _: &Request, response: Response) -> Response {
        response.with_header("X-Finished", "yes")
    }

    fn answered(&self, exchange: &Exchange<'_>) {
        let Exchange { request, status, size, .. } = exchange;
        self.log.lock().unwrap().push(format!("{} {} {status} {size}", request.method, request.target.raw()));
    }
}

struct Server {
    http: HttpServer,
    address: SocketAddr,
    echo: Arc<Echo>,
}

fn server(limits: &Limits) -> Server {
    let echo = Arc::new(Echo::default());
    let bind = Bind { host: "127.0.0.1".to_owned(), port: 0, is_admin: false };
    let service: Arc<dyn Service> = Arc::clone(&echo) as _;
    let http = HttpServer::start(&[bind], limits, service).unwrap();
    let address = http.addresses().next().unwrap();
    Server { http, address, echo }
}

impl Server {
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// Sends a text and reads until the server closes the connection.
    fn exchange(&self, text: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(text.as_bytes()).unwrap();
        read_to_end(&mut stream)
    }

    fn status(&self, text: &str) -> u16 {
        status_of(&self.exchange(text))
    }

    /// That others are answered.
    #[track_caller]
    fn assert_answers(&self) {
        assert_eq!(self.status("GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), 200);
    }
}

fn read_to_end(stream: &mut TcpStream) -> String {
    let mut bytes = vec![];
    stream.read_to_end(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Reads one response with `Content-Length`.
fn read_response(stream: &mut TcpStream) -> (u16, String) {
    let mut head = vec![];
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap_or("0");
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    (status_of(&head), String::from_utf8(body).unwrap())
}

fn status_of(text: &str) -> u16 {
    let status = text.split(' ').nth(1).unwrap_or_else(|| panic!("no response: {text:?}"));
    status.parse().unwrap()
}

/// That the server closes without a word.
#[track_caller]
fn assert_closed(stream: &mut TcpStream) {
    let mut bytes = vec![];
    match stream.read_to_end(&mut bytes) {
        Ok(_) => assert_eq!(String::from_utf8_lossy(&bytes), ""),
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset),
    }
}

fn short(head: u64, body: u64, idle: u64) -> Limits {
    Limits {
        head_time: Duration::from_millis(head),
        body_time: Duration::from_millis(body),
        idle: Duration::from_millis(idle),
        ..Limits::default()
    }
}

#[test]
fn one_connection_carries_many_requests() {
    let server = server(&Limits::default());
    let mut stream = server.connect();
    for number in 0..3 {
        let body = "b".repeat(number);
        write!(stream, "PUT /{number}?q HTTP/1.1\r\nHost: x\r\nContent-Length: {number}\r\n\r\n{body}")
            .unwrap();
        assert_eq!(read_response(&mut stream), (200, format!("PUT /{number} {number} {body}")));
    }
    // Sent together, answered in order.
    stream.write_all(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\nPUT /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\nGET /c HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    assert_eq!(read_response(&mut stream), (200, "GET /a 0 ".to_owned()));
    assert_eq!(read_response(&mut stream), (200, "PUT /b 2 hi".to_owned()));
    assert_eq!(read_response(&mut stream), (200, "GET /c 0 ".to_owned()));
    assert_eq!(
        server.echo.log.lock().unwrap()[..3],
        ["PUT /0?q 200 9", "PUT /1?q 200 10", "PUT /2?q 200 11"]
    );
}

#[test]
fn old_clients_and_heads_are_answered() {
    let server = server(&Limits::default());
    let text = server.exchange("GET /x HTTP/1.0\r\n\r\n");
    assert!(text.starts_with("HTTP/1.0 200 OK\r\nConnection: close\r\n"), "{text}");
    assert!(text.ends_with("\r\n\r\nGET /x 0 "), "{text}");
    let text = server.exchange("HEAD /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(text.contains("\r\nContent-Length: 10\r\n") && text.ends_with("\r\n\r\n"), "{text}");
    assert!(text.contains("\r\nX-Finished: yes\r\n"), "{text}");
    let text = server.exchange("GET /stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(
        text.contains("\r\nTransfer-Encoding: chunked\r\n") && text.ends_with("\r\n0\r\n\r\n"),
        "{}",
        text.len()
    );
    assert!(text.len() > 100_000);
}

#[test]
fn clients_may_ask_before_they_send() {
    let server = server(&Limits::default());
    let mut stream = server.connect();
    let head = |path, length| {
        format!("PUT {path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n")
    };
    stream.write_all(head("/x", 2).as_bytes()).unwrap();
    let mut answer = [0; 25];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"hi").unwrap();
    assert_eq!(read_response(&mut stream), (200, "PUT /x 2 hi".to_owned()));
    // Nobody asks for a body that is not wanted.
    assert_eq!(server.status(&head("/forbidden", 2)), 403);
    assert_eq!(server.status(&head("/x", 2 << 20)), 413);
    assert_eq!(server.status("PUT /x HTTP/1.1\r\nHost: x\r\nExpect: cake\r\n\r\n"), 417);
}

#[test]
fn bodies_are_limited_before_they_are_read() {
    let server = server(&Limits::default());
    let put = |path: &str, header: &str| format!("PUT {path} HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n");
    for (text, expected) in [
        (put("/x", "Content-Length: 1000000000000"), 413),
        (put("/archive", "Content-Length: 99999999999999999999999999"), 400),
        (put("/x", "Transfer-Encoding: chunked") + "FFFFFFFFFF\r\n", 413),
        (put("/x", "Content-Length: 5\r\nTransfer-Encoding: chunked") + "0\r\n\r\n", 400),
        (put("/x", "Transfer-Encoding: chunked") + "zz\r\n", 400),
        (put("/x", "Content-Length: -1"), 400),
        (format!("GET /{} HTTP/1.1\r\n", "a".repeat(9000)), 414),
        (put("/x", &format!("X: {}", "y".repeat(40_000))), 431),
        (put("/x", &"X: y\r\n".repeat(101)), 431),
        (put("/x", "Content-Encoding: gzip\r\nContent-Length: 5\r\nConnection: close") + "hello", 400),
        ("\x16\x03\x01\x02\0\x01\0\x01\u{fc}\n".to_owned(), 400),
    ] {
        assert_eq!(server.status(&text), expected, "{}", &text[..text.len().min(80)]);
    }
    // The message says more, and what the client goes on sending does not take it away.
    let mut stream = server.connect();
    stream.write_all(put("/x", "Content-Length: 3000000").as_bytes()).unwrap();
    let _ = stream.write_all(&vec![b'a'; 3_000_000]);
    let text = read_to_end(&mut stream);
    assert!(
        text.ends_with(r#"{"message":"The body of the request is longer than 1048576 bytes","status":413}"#),
        "{text}"
    );
    let body = "a".repeat(2_000_000);
    let text = server.exchange(&(put("/archive", "Content-Length: 2000000\r\nConnection: close") + &body));
    assert!(text.contains("PUT /archive 2000000 aaa"), "{}", &text[..200]);
}

#[test]
fn packed_bodies_are_unpacked() {
    let mut packed = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    packed.write_all(b"hello").unwrap();
    let packed = packed.finish().unwrap();
    let server = server(&Limits::default());
    let mut stream = server.connect();
    let length = packed.len();
    write!(
        stream,
        "PUT /x HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n"
    )
    .unwrap();
    stream.write_all(&packed).unwrap();
    assert_eq!(read_response(&mut stream), (200, "PUT /x 5 hello".to_owned()));
}

#[test]
fn half_open_connections_do_not_keep_others_waiting() {
    let server = server(&Limits { connections: 300, ..Limits::default() });
    let silent: Vec<TcpStream> = (0..400).map(|_| server.connect()).collect();
    server.assert_answers();
    let begun: Vec<TcpStream> = (0..400)
        .map(|_| {
            let mut stream = server.connect();
            // Those that were closed to make room may find out here.
            let _ = stream.write_all(b"PUT /x HTTP/1.1\r\nHost: x\r\nContent-Le");
            stream
        })
        .collect();
    server.assert_answers();
    drop((silent, begun));
    server.assert_answers();
}

#[test]
fn slow_clients_have_deadlines() {
    let server = server(&short(300, 300, 300));
    let mut silent = server.connect();
    let mut head = server.connect();
    let mut body = server.connect();
    body.write_all(b"PUT /x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab").unwrap();
    // A byte now and then does not move the deadline.
    let mut drip = head.try_clone().unwrap();
    let dripping = std::thread::spawn(move || {
        let begin = Instant::now();
        for byte in b"GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".iter().cycle() {
            let is_over = begin.elapsed() > Duration::from_secs(10);
            if is_over || drip.write_all(&[*byte]).is_err() {
                return begin.elapsed();
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
        unreachable!()
    });
    server.assert_answers();
    assert_eq!(read_response(&mut head).0, 408);
    drop(head);
    assert!(dripping.join().unwrap() < Duration::from_secs(10));
    assert_eq!(read_response(&mut body).0, 408);
    assert_closed(&mut silent);
}

#[test]
fn clients_that_do_not_read_are_left() {
    let server =
        server(&Limits { response_time: Duration::from_millis(200), threads: 1, ..Limits::default() });
    let mut deaf = server.connect();
    deaf.write_all(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    server.assert_answers();
    let mut bytes = vec![];
    let _ = deaf.read_to_end(&mut bytes);
    assert!(bytes.len() < 16 << 20);
}

#[test]
fn a_busy_server_says_so() {
    let server = server(&Limits { threads: 1, queue: 1, ..Limits::default() });
    let ((begun, begins), (end, ends)) = (channel(), channel());
    *server.echo.gate.lock().unwrap() = Some((begun, ends));
    let mut waiting = server.connect();
    waiting.write_all(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    begins.recv().unwrap();
    // One of the two waits for the thread, the other is told to come again.
    let mut both = [server.connect(), server.connect()];
    for stream in &mut both {
        stream.write_all(b"GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    }
    let [mut one, mut two] = both;
    let refused = read_to_end(&mut two);
    assert!(refused.starts_with("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"), "{refused}");
    assert!(refused.contains("\r\nRetry-After: 1\r\n"), "{refused}");
    drop(end);
    assert_eq!(read_response(&mut waiting), (200, "waited".to_owned()));
    assert_eq!(read_response(&mut one).0, 200);
    server.assert_answers();
}

#[test]
fn bodies_that_come_have_a_common_limit() {
    let server = server(&Limits { receiving: 1000, ..Limits::default() });
    let put = |length: usize| {
        let body = "a".repeat(length);
        format!("PUT /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2000\r\n\r\n{body}")
    };
    for _ in 0..3 {
        assert_eq!(server.status(&put(1500)), 503);
    }
    // What has been refused or given up does not count any more.
    let mut left = server.connect();
    left.write_all(put(900).as_bytes()).unwrap();
    left.shutdown(Shutdown::Write).unwrap();
    assert_closed(&mut left);
    let mut stream = server.connect();
    stream.write_all(put(900).as_bytes()).unwrap();
    server.assert_answers();
    stream.write_all("a".repeat(1100).as_bytes()).unwrap();
    assert_eq!(read_response(&mut stream).0, 200);
}

#[test]
fn nothing_gets_into_the_headers() {
    let server = server(&Limits::default());
    for attempt in ["%0d%0aSet-Cookie:a=b", "a%0ab", "%00", "%0d%0a%0d%0a<html>"] {
        let text = server
            .exchange(&format!("GET /inject?x={attempt} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        assert_eq!(status_of(&text), 500, "{text}");
        assert!(!text.contains("Set-Cookie") && !text.contains("<html>"), "{text}");
    }
    server.assert_answers();
}

#[test]
fn a_handler_that_panics_fails_its_request_only() {
    let server = server(&Limits { threads: 1, ..Limits::default() });
    let mut stream = server.connect();
    for _ in 0..2 {
        stream.write_all(b"GET /panic HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let expected = r#"{"message":"The server failed to answer this request","status":500}"#;
        assert_eq!(read_response(&mut stream), (500, expected.to_owned()));
    }
}

#[test]
fn stopping_waits_for_what_has_begun() {
    let server = server(&Limits::default());
    let ((begun, begins), (end, ends)) = (channel(), channel());
    *server.echo.gate.lock().unwrap() = Some((begun, ends));
    let mut idle = server.connect();
    idle.write_all(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    assert_eq!(read_response(&mut idle).0, 200);
    let mut waiting = server.connect();
    waiting.write_all(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    begins.recv().unwrap();
    let (http, address) = (server.http, server.address);
    let stopping = std::thread::spawn(move || http.stop(Duration::from_secs(60)));
    assert_closed(&mut idle);
    drop(end);
    let text = read_to_end(&mut waiting);
    assert!(text.contains("\r\nConnection: close\r\n") && text.ends_with("waited"), "{text}");
    assert!(stopping.join().unwrap());
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn stopping_does_not_wait_for_ever() {
    let server = server(&Limits::default());
    let ((begun, begins), (end, ends)) = (channel(), channel());
    *server.echo.gate.lock().unwrap() = Some((begun, ends));
    let mut waiting = server.connect();
    waiting.write_all(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    begins.recv().unwrap();
    assert!(!server.http.stop(Duration::from_millis(50)));
    drop(end);
}

#[test]
fn several_addresses_are_listened_to() {
    let bind = |is_admin| Bind { host: "localhost".to_owned(), port: 0, is_admin };
    let http =
        HttpServer::start(&[bind(false), bind(true)], &Limits::default(), Arc::new(Echo::default())).unwrap();
    let (one, two) = (http.addresses().next().unwrap(), http.admin_addresses().next().unwrap());
    assert!(one.port() != 0 && two.port() != 0 && one != two);
    let taken = Bind { host: "127.0.0.1".to_owned(), port: one.port(), is_admin: false };
    let error = HttpServer::start(&[taken], &Limits::default(), Arc::new(Echo::default())).err().unwrap();
    assert!(error.to_string().starts_with("Cannot listen on 127.0.0.1:"), "{error}");
}

#[test]
fn methods_of_any_name_are_passed_on() {
    let server = server(&Limits::default());
    let text = server.exchange("BREW /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(text.ends_with("BREW /x 0 "), "{text}");
    assert_eq!(Method::parse("BREW"), Method::Other("BREW".to_owned()));
}
