//! The syntax of Java properties files: `key = value`, comments, continued lines, `\uXXXX`.

/// Reads the text of a properties file, in order; a key may come several times.
///
/// # Errors
///
/// A `\u` that is not followed by four hexadecimal digits.
pub fn parse_properties(text: &str) -> Result<Vec<(String, String)>, MalformedEscape> {
    logical_lines(text).map(|(number, line)| entry(&line).ok_or(MalformedEscape { line: number })).collect()
}

/// The text of a properties file: UTF-8 if it is that, otherwise ISO-8859-1 as Java has it.
pub fn decode(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect())
}

/// A `\u` without four hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: \\u must be followed by four hexadecimal digits")]
pub struct MalformedEscape {
    pub line: usize,
}

/// The lines that hold something, with the number of their first line; lines ending in a backslash are joined.
fn logical_lines(text: &str) -> impl Iterator<Item = (usize, String)> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut continues = false;
    for (place, line) in text.split('\n').enumerate() {
        let line = line.trim_start_matches(BLANKS);
        if !continues {
            if line.is_empty() || line.starts_with(['#', '!']) {
                continue;
            }
            lines.push((place + 1, String::new()));
        }
        let backslashes = line.chars().rev().take_while(|&c| c == '\\').count();
        continues = backslashes % 2 == 1;
        if let Some((_, joined)) = lines.last_mut() {
            joined.push_str(if continues { &line[..line.len() - 1] } else { line });
        }
    }
    lines.into_iter()
}

const BLANKS: [char; 3] = [' ', '\t', '\u{c}'];

/// Splits at the first `=`, `:` or blank that is not escaped. None for a malformed escape.
fn entry(line: &str) -> Option<(String, String)> {
    let mut escaped = false;
    let end = line.find(|c: char| {
        let ends = !escaped && (c == '=' || c == ':' || BLANKS.contains(&c));
        escaped = c == '\\' && !escaped;
        ends
    });
    let (key, rest) = line.split_at(end.unwrap_or(line.len()));
    let rest = rest.trim_start_matches(BLANKS);
    let value = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start_matches(BLANKS);
    Some((unescape(key)?, unescape(value)?))
}

fn unescape(text: &str) -> Option<String> {
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let push = |units: &mut Vec<u16>, c: char| units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            push(&mut units, c);
            continue;
        }
        match rest.next() {
            Some('t') => push(&mut units, '\t'),
            Some('n') => push(&mut units, '\n'),
            Some('r') => push(&mut units, '\r'),
            Some('f') => push(&mut units, '\u{c}'),
            Some('u') => {
                let digits =
                    rest.as_str().get(..4).filter(|four| four.chars().all(|c| c.is_ascii_hexdigit()))?;
                units.push(u16::from_str_radix(digits, 16).ok()?);
                rest = rest.as_str()[4..].chars();
            }
            Some(other) => push(&mut units, other),
            None => {}
        }
    }
    Some(String::from_utf16_lossy(&units))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_as_java_reads_them() {
        for (text, key, value) in [
            ("a=b", "a", "b"),
            ("  a.b : c d ", "a.b", "c d "),
            ("a b=c", "a", "b=c"),
            ("a\t=  b", "a", "b"),
            ("a", "a", ""),
            ("a==b", "a", "=b"),
            (r"a\=b\:c\ d=e", "a=b:c d", "e"),
            (r"a=x\ty\nz\\", "a", "x\ty\nz\\"),
            (r"a=\u00e9\uD83D\ude00\q", "a", "é😀q"),
            ("a=1,\\\n   2,\\\n  3", "a", "1,2,3"),
            ("a=1\\\\\r\n#c", "a", "1\\"),
            ("a=b\\", "a", "b"),
            ("\n# no\n ! no\na=#yes", "a", "#yes"),
        ] {
            assert_eq!(parse_properties(text), Ok(vec![(key.to_owned(), value.to_owned())]), "{text:?}");
        }
    }

    #[test]
    fn malformed_escapes_are_located() {
        assert_eq!(parse_properties("a=b\n\nc=\\u00g1"), Err(MalformedEscape { line: 3 }));
        assert_eq!(parse_properties(r"a=\u12"), Err(MalformedEscape { line: 1 }));
    }

    #[test]
    fn other_encodings_are_latin_1() {
        assert_eq!(decode(b"a=\xe9".to_vec()), "a=é");
        assert_eq!(decode("a=é".into()), "a=é");
    }
}
