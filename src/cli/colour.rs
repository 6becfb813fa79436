//! Colours on the terminal, as escape sequences.

use std::fmt::Display;

/// How a piece of text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    Red,
    Green,
    Yellow,
    Blue,
    Magenta,
    White,
    Dim,
}

impl Colour {
    /// The text in this colour, or as it is when colours are off.
    pub fn paint(self, text: impl Display, colours: bool) -> String {
        if colours { format!("\u{1b}[{}m{text}\u{1b}[0m", self.code()) } else { text.to_string() }
    }

    fn code(self) -> u8 {
        match self {
            Self::Red => 31,
            Self::Green => 32,
            Self::Yellow => 33,
            Self::Blue => 34,
            Self::Magenta => 35,
            Self::White => 37,
            Self::Dim => 2,
        }
    }
}

/// An error message whose `error:` stands out.
pub(crate) fn flag_error(text: &str, colours: bool) -> String {
    text.strip_prefix("error:")
        .map_or_else(|| text.to_owned(), |rest| Colour::Red.paint("error:", colours) + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_can_be_off() {
        assert_eq!(Colour::Green.paint("ok", true), "\u{1b}[32mok\u{1b}[0m");
        assert_eq!(Colour::Green.paint("ok", false), "ok");
        assert_eq!(flag_error("error: no", true), "\u{1b}[31merror:\u{1b}[0m no");
        assert_eq!(flag_error("error: no", false), "error: no");
    }
}
