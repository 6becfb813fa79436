//! What a command prints on its standard error: read as it comes, whatever there is of it, and only its end is kept.

use super::one_line::one_line;
use crate::logs::mask::Mask;
use std::io::{self, PipeReader, PipeWriter, Read};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Collects in the background until nobody can print any more.
pub(super) struct Complaints {
    kept: Arc<Mutex<Vec<u8>>>,
    /// Says nothing, and is closed when all has been read.
    ended: Receiver<()>,
}

/// In bytes.
const KEPT: usize = 4096;
const LONGEST_LINE: usize = 300;
/// Something that the command left running may hold its standard error for ever.
const PATIENCE: Duration = Duration::from_secs(1);
/// Shorter words of a command are no secrets, in bytes.
const SHORTEST_SECRET: usize = 8;

impl Complaints {
    /// Begins, and gives what the command is to write to.
    pub(super) fn collect() -> io::Result<(Self, PipeWriter)> {
        let (reader, writer) = io::pipe()?;
        let (alive, ended) = mpsc::channel();
        let kept = Arc::new(Mutex::new(vec![]));
        let shared = Arc::clone(&kept);
        let work = move || {
            read(reader, &shared);
            drop(alive);
        };
        thread::Builder::new().name("complaints".to_owned()).spawn(work)?;
        Ok((Self { kept, ended }, writer))
    }

    /// The last line that is not empty, shortened. The command's own words are not repeated where they may be secret:
    /// shells quote what they cannot run.
    pub(super) fn last_line(&self, command: &str) -> Option<String> {
        let _ = self.ended.recv_timeout(PATIENCE);
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&kept);
        let line = text.lines().rev().find(|line| !line.trim().is_empty())?;
        let line = Mask::new(words(command)).text(line).into_owned();
        Some(one_line(&line, LONGEST_LINE)).filter(|line| !line.is_empty())
    }
}

fn read(mut reader: PipeReader, kept: &Mutex<Vec<u8>>) {
    let mut buffer = [0; KEPT];
    while let Ok(size @ 1..) = reader.read(&mut buffer) {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(&buffer[..size]);
        let surplus = kept.len().saturating_sub(KEPT);
        kept.drain(..surplus);
    }
}

/// The words of a command that may be secret: neither its name nor options nor paths.
fn words(command: &str) -> impl Iterator<Item = &str> {
    let separates = |character: char| character.is_whitespace() || "'\"=`$(){};|&<>".contains(character);
    let words = command.split(separates).filter(|word| !word.is_empty()).skip(1);
    words.filter(|word| word.len() >= SHORTEST_SECRET && !word.starts_with(['/', '.', '-']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn last_line(printed: &[u8], command: &str) -> Option<String> {
        let (complaints, mut writer) = Complaints::collect().unwrap();
        writer.write_all(printed).unwrap();
        drop(writer);
        complaints.last_line(command)
    }

    #[test]
    fn the_last_line_counts() {
        assert_eq!(last_line(b"", "x"), None);
        assert_eq!(last_line(b" \n\n", "x"), None);
        assert_eq!(last_line(b"a\n  b\x1b\tc \n \n", "x").as_deref(), Some("b c"));
        let much = [b"x".repeat(100_000), b"\nend\n".to_vec()].concat();
        assert_eq!(last_line(&much, "x").as_deref(), Some("end"));
        let line = last_line(&b"y".repeat(100_000), "x").unwrap();
        assert_eq!(line, "y".repeat(297) + "...");
    }

    #[test]
    fn words_of_the_command_may_be_secret() {
        let command =
            "curl-to -H 'Authorization: hunter2hunter2' https://hooks.example.com/T0 /usr/bin/thing";
        let line =
            last_line(b"curl-to: hunter2hunter2 https://hooks.example.com/T0 /usr/bin/thing: no", command);
        assert_eq!(line.as_deref(), Some("curl-to: *** *** /usr/bin/thing: no"));
    }
}
