//! Lines that are typed without being shown.

use super::CliError;
use super::output::Output;
use nix::sys::termios::{LocalFlags, SetArg, SpecialCharacterIndices, Termios, tcgetattr, tcsetattr};
use std::io::{self, Read, Stdin};

/// Asks the person at the terminal for a line, which is not shown; `what` it is comes in the error.
///
/// # Errors
///
/// Ctrl-C, or the terminal cannot be read.
pub(crate) fn ask(prompt: &str, what: &str, output: &Output) -> Result<String, CliError> {
    output.prompt(prompt);
    let line = unseen_line(&io::stdin());
    output.note("");
    line.map_err(|error| CliError::user(format!("Cannot read {what}: {error}")))
}

/// Reads a line from the terminal without showing it.
fn unseen_line(stdin: &Stdin) -> io::Result<String> {
    let _quiet = Quiet::begin(stdin)?;
    let mut line = Vec::new();
    let mut part = [0; 4096];
    loop {
        let count = stdin.lock().read(&mut part)?;
        line.extend_from_slice(&part[..count]);
        match line.last() {
            Some(&INTERRUPT) | None => return Err(io::Error::other("canceled")),
            Some(b'\n') => break,
            _ if count == 0 => break,
            _ => {}
        }
    }
    let line = String::from_utf8(line).map_err(|_| io::Error::other("it is not UTF-8 text"))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Ctrl-C.
const INTERRUPT: u8 = 3;

/// A terminal that shows nothing of what is typed, until this is dropped. Ctrl-C ends the line instead of the program,
/// which would leave the terminal as it is.
struct Quiet<'a> {
    stdin: &'a Stdin,
    before: Termios,
}

impl<'a> Quiet<'a> {
    fn begin(stdin: &'a Stdin) -> io::Result<Self> {
        let before = tcgetattr(stdin)?;
        let mut quiet = before.clone();
        quiet.local_flags.remove(LocalFlags::ECHO | LocalFlags::ISIG);
        quiet.control_chars[SpecialCharacterIndices::VEOL as usize] = INTERRUPT;
        tcsetattr(stdin, SetArg::TCSAFLUSH, &quiet)?;
        Ok(Self { stdin, before })
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that is gone.
        let _ = tcsetattr(self.stdin, SetArg::TCSAFLUSH, &self.before);
    }
}
