//! The running program: for tests that look at it, or send it signals, before it ends.

use super::Output;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long a condition may take to come true. Far above what is needed, so that a busy machine fails no test.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until the condition holds; fails the test, with `what`, when it never does.
#[track_caller]
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A started program. It is killed when it is dropped before its end.
#[derive(Debug)]
pub struct Program {
    child: Child,
    stdout: Arc<Mutex<Vec<u8>>>,
    readers: Vec<JoinHandle<Vec<u8>>>,
    names: Vec<(String, &'static str)>,
}

impl Program {
    /// Starts it with both streams read in the background, and with `input` as its stdin.
    #[track_caller]
    pub(super) fn start(
        command: &mut Command,
        input: Option<&[u8]>,
        names: Vec<(String, &'static str)>,
    ) -> Self {
        command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let copy = Arc::clone(&seen);
        let readers = vec![thread::spawn(move || read_out(out, &copy)), thread::spawn(move || read_all(err))];
        if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
            // A program that does not read its input is no fault of the test.
            let _ = stdin.write_all(input);
        }
        Self { child, stdout: seen, readers, names }
    }

    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("the program is still there");
    }

    /// Waits until a line with this text is on stdout.
    #[track_caller]
    pub fn wait_for(&self, text: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.printed().contains(text) {
            assert!(Instant::now() < end, "{text:?} was never printed:\n{}", self.printed());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// What is on stdout so far.
    pub fn printed(&self) -> String {
        String::from_utf8_lossy(&lock(&self.stdout)).into_owned()
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it can be waited for").is_some()
    }

    /// Waits for the end.
    #[track_caller]
    pub fn end(mut self) -> Output {
        let end = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                break status;
            }
            assert!(Instant::now() < end, "it does not end:\n{}", self.printed());
            thread::sleep(Duration::from_millis(1));
        };
        let mut texts = std::mem::take(&mut self.readers).into_iter().map(|reader| reader.join().unwrap());
        let (stdout, stderr) = (texts.next().unwrap(), texts.next().unwrap());
        Output::new(std::process::Output { status, stdout, stderr }, std::mem::take(&mut self.names))
    }

    /// Ends it with `kill -9` and waits until it is gone.
    pub fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it can be waited for");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_out(stream: impl Read, seen: &Mutex<Vec<u8>>) -> Vec<u8> {
    let mut reader = BufReader::new(stream);
    let mut all = Vec::new();
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|size| size > 0) {
        lock(seen).extend_from_slice(&line);
        all.append(&mut line);
    }
    all
}

fn read_all(mut stream: impl Read) -> Vec<u8> {
    let mut all = Vec::new();
    // What came before a failed read is shown all the same.
    let _ = stream.read_to_end(&mut all);
    all
}

fn lock(seen: &Mutex<Vec<u8>>) -> MutexGuard<'_, Vec<u8>> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
