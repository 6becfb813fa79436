//! The terminal on standard error as the live lines draw on it. One that has gone away (a closed window, a lost
//! connection) is no error: nobody looks any more.

use super::output::Output;
use super::task_table::terminal_columns;
use indicatif::TermLike;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Columns of a terminal that does not tell.
const USUAL_COLUMNS: u16 = 80;

/// Collects what is drawn and writes it at once.
pub(crate) struct ErrTerminal {
    output: Arc<Output>,
    drawn: Mutex<String>,
}

impl ErrTerminal {
    pub(crate) fn new(output: &Arc<Output>) -> Self {
        Self { output: Arc::clone(output), drawn: Mutex::default() }
    }

    fn draw(&self, text: &str) {
        self.drawn().push_str(text);
    }

    /// Moves the cursor: `A` up, `B` down, `C` right, `D` left.
    fn move_cursor(&self, count: usize, way: char) {
        if count > 0 {
            self.draw(&format!("\u{1b}[{count}{way}"));
        }
    }

    fn drawn(&self) -> MutexGuard<'_, String> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ErrTerminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrTerminal").finish_non_exhaustive()
    }
}

impl TermLike for ErrTerminal {
    fn width(&self) -> u16 {
        terminal_columns().unwrap_or(USUAL_COLUMNS)
    }

    fn move_cursor_up(&self, count: usize) -> io::Result<()> {
        self.move_cursor(count, 'A');
        Ok(())
    }

    fn move_cursor_down(&self, count: usize) -> io::Result<()> {
        self.move_cursor(count, 'B');
        Ok(())
    }

    fn move_cursor_right(&self, count: usize) -> io::Result<()> {
        self.move_cursor(count, 'C');
        Ok(())
    }

    fn move_cursor_left(&self, count: usize) -> io::Result<()> {
        self.move_cursor(count, 'D');
        Ok(())
    }

    fn write_line(&self, line: &str) -> io::Result<()> {
        self.draw(line);
        self.draw("\n");
        Ok(())
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.draw(text);
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.draw("\r\u{1b}[2K");
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let drawn = std::mem::take(&mut *self.drawn());
        if !drawn.is_empty() {
            self.output.prompt(&drawn);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::captured::Captured;

    #[test]
    fn what_is_drawn_is_written_at_once() {
        let (output, captured) = Captured::with_terminal(true);
        let terminal = ErrTerminal::new(&Arc::new(output));
        terminal.write_line("one").unwrap();
        terminal.move_cursor_up(2).unwrap();
        terminal.move_cursor_left(0).unwrap();
        terminal.clear_line().unwrap();
        terminal.write_str("two").unwrap();
        assert_eq!(captured.err(), "");
        terminal.flush().unwrap();
        assert_eq!(captured.err(), "one\n\u{1b}[2A\r\u{1b}[2Ktwo");
    }
}
