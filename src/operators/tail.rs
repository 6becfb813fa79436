//! The end of a task's output, kept in little memory, so that it can be shown beside the task's error.
//!
//! Whoever takes the output keeps the tail, after secrets were masked; operators know nothing of it.

/// How much is kept at least, in bytes.
const KEPT: usize = 4096;

/// The last bytes of an output.
#[derive(Debug, Default, Clone)]
pub struct Tail {
    bytes: Vec<u8>,
    cut: bool,
}

impl Tail {
    /// Adds the next piece of output.
    pub fn push(&mut self, piece: &[u8]) {
        let piece = if piece.len() > KEPT {
            self.bytes.clear();
            self.cut = true;
            &piece[piece.len() - KEPT..]
        } else {
            piece
        };
        self.bytes.extend_from_slice(piece);
        // Cutting only at twice the size moves every byte once at most.
        if self.bytes.len() > 2 * KEPT {
            self.bytes.drain(..self.bytes.len() - KEPT);
            self.cut = true;
        }
    }

    /// The last lines, at most `count`, without the line ends. What is not UTF-8 is replaced; a line that is cut off at
    /// its begin starts with `…`.
    pub fn lines(&self, count: usize) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.bytes);
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        if self.cut {
            if lines.len() > 1 {
                lines.remove(0);
            } else if let Some(line) = lines.first_mut() {
                line.insert(0, '…');
            }
        }
        lines.split_off(lines.len().saturating_sub(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_whatever_the_pieces() {
        let mut tail = Tail::default();
        for piece in ["on", "e\ntwo\r\n", "", "thr", "ee"] {
            tail.push(piece.as_bytes());
        }
        assert_eq!(tail.lines(10), ["one", "two", "three"]);
        assert_eq!(tail.lines(2), ["two", "three"]);
        assert!(Tail::default().lines(3).is_empty());
    }

    #[test]
    fn memory_stays_small_and_cut_lines_are_not_shown_as_whole() {
        let mut tail = Tail::default();
        for number in 0..100_000 {
            tail.push(format!("line {number}\n").as_bytes());
        }
        assert_eq!(tail.lines(2), ["line 99998", "line 99999"]);
        assert!(tail.lines(usize::MAX).iter().all(|line| line.starts_with("line 99")));
        assert!(tail.bytes.capacity() <= 4 * KEPT);

        tail.push(&vec![b'x'; 1_000_000]);
        assert_eq!(tail.lines(1), [format!("…{}", "x".repeat(KEPT))]);
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        let mut tail = Tail::default();
        tail.push(b"a\xffb\n");
        assert_eq!(tail.lines(1), ["a\u{fffd}b"]);
    }
}
