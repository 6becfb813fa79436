//! Text of others where one line is expected: headers, records, lists.

/// The text without control characters and line breaks, each run of white space being one blank; so many bytes at most.
pub(super) fn one_line(text: &str, longest: usize) -> String {
    let words = text.split(|character: char| character.is_whitespace() || character.is_control());
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if line.len() <= longest {
        return line;
    }
    let cut = (0..=longest.saturating_sub(DOTS.len())).rev().find(|end| line.is_char_boundary(*end));
    line[..cut.unwrap_or(0)].to_owned() + DOTS
}

const DOTS: &str = "...";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_one_short_line() {
        for (text, expected) in [
            ("", ""),
            ("  a\r\nBcc: b\t\u{85}c\u{2028}\0 ", "a Bcc: b c"),
            ("1234567890", "1234567890"),
            ("12345678901", "1234567..."),
            ("123456é8901", "123456..."),
        ] {
            assert_eq!(one_line(text, 10), expected, "{text:?}");
        }
    }
}
