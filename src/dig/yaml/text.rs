//! Bytes to text: UTF-8, with or without a byte order mark, without control characters.

use crate::dig::yaml::YamlError;
use std::ops::Range;

/// A text that cannot be YAML: what is wrong, what of it can be shown, and where in that the problem is.
#[derive(Debug, PartialEq)]
pub(super) struct BadText {
    pub problem: YamlError,
    pub shown: String,
    pub range: Range<usize>,
}

/// Decodes a file.
pub(super) fn decode(bytes: Vec<u8>) -> Result<String, BadText> {
    if bytes.starts_with(&[0xFE, 0xFF]) || bytes.starts_with(&[0xFF, 0xFE]) {
        return Err(BadText { problem: YamlError::Utf16, shown: String::new(), range: 0..0 });
    }
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let shown = String::from_utf8_lossy(error.as_bytes()).into_owned();
        BadText { problem: YamlError::NotUtf8, shown, range: at..at + 1 }
    })?;
    if text.starts_with('\u{FEFF}') {
        text.drain(..'\u{FEFF}'.len_utf8());
    }
    match special_character(&text) {
        None => Ok(text),
        Some((at, character)) => Err(BadText {
            problem: YamlError::SpecialCharacter(character),
            shown: text,
            range: at..at + character.len_utf8(),
        }),
    }
}

/// The first character that YAML 1.1 does not know: control characters but for white space and NEL, and U+FFFE, U+FFFF.
fn special_character(text: &str) -> Option<(usize, char)> {
    let bytes = text.as_bytes();
    let mut from = 0;
    // Most bytes are told at a glance; 0xC2 and 0xEF begin characters of which some are refused.
    let suspect =
        |byte: &u8| matches!(byte, ..0x20 | 0x7F | 0xC2 | 0xEF) && !matches!(byte, b'\t' | b'\n' | b'\r');
    while let Some(offset) = bytes[from..].iter().position(suspect) {
        let at = from + offset;
        let character = text[at..].chars().next()?;
        if matches!(character, '\0'..='\u{84}' | '\u{86}'..='\u{9F}' | '\u{FFFE}' | '\u{FFFF}') {
            return Some((at, character));
        }
        from = at + character.len_utf8();
    }
    None
}
