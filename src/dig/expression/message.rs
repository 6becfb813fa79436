//! The wording of JavaScript errors, as Digdag's engine words them where the two differ.

use super::{Cause, Limits};

/// What a thrown error is, from its name, message and stack; `source` is what was run.
pub fn cause(name: &str, message: &str, stack: &str, source: &str, limits: Limits) -> Cause {
    match (name, message) {
        ("InternalError", "out of memory") => Cause::Memory(limits.memory >> 20),
        ("InternalError", "interrupted") => Cause::Time(limits.time),
        ("TypeError", "not a function") => match callee(stack, source) {
            Some(callee) => Cause::Thrown(format!("TypeError: {callee} is not a function")),
            None => Cause::Thrown("TypeError: not a function".to_owned()),
        },
        (_, "") => Cause::Thrown(name.to_owned()),
        ("", _) => Cause::Thrown(message.to_owned()),
        _ => Cause::Thrown(format!("{name}: {}", reworded(message))),
    }
}

fn reworded(message: &str) -> String {
    for verb in ["read", "set"] {
        if let Some(rest) = message.strip_prefix(&format!("cannot {verb} property ")) {
            return format!("Cannot {verb} property {rest}");
        }
    }
    message.to_owned()
}

/// Lines that `new Function` puts before the source.
const HEADER_LINES: usize = 2;

/// What a template tried to call, read off the source at the place that the stack's first frame names, such as
/// `    at <anonymous> (<input>:6:32)`.
fn callee(stack: &str, source: &str) -> Option<String> {
    let place = stack.lines().next()?.split_once("(<input>:")?.1.strip_suffix(')')?;
    let (line, column) = place.split_once(':')?;
    let line = source.split('\n').nth(line.parse::<usize>().ok()?.checked_sub(HEADER_LINES + 1)?)?;
    let (before, after) = split_at_char(line, column.parse::<usize>().ok()?.checked_sub(1)?)?;
    let name_end = after.find(|c| !is_in_name(c)).unwrap_or(after.len());
    // The column is that of the last name of `a.b.c(...)`, but that of the first argument in `a.b.c ( ... )`.
    let path = if name_end > 0 && after[name_end..].trim_start().starts_with('(') {
        format!("{}{}", last_path(before), &after[..name_end])
    } else {
        last_path(before.trim_end().strip_suffix('(')?.trim_end()).to_owned()
    };
    match path.strip_prefix('.') {
        _ if path.is_empty() => None,
        Some(rest) => Some(format!("(intermediate value).{rest}")),
        None => Some(path),
    }
}

fn split_at_char(text: &str, index: usize) -> Option<(&str, &str)> {
    let at = text.char_indices().nth(index)?.0;
    text.split_at_checked(at)
}

/// The names and dots at the end of the text.
fn last_path(text: &str) -> &str {
    text.rfind(|c| !is_in_name(c) && c != '.').map_or(text, |at| {
        let skipped = text[at..].chars().next().map_or(0, char::len_utf8);
        &text[at + skipped..]
    })
}

fn is_in_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_worded_as_in_digdag() {
        for (name, message, expected) in [
            (
                "TypeError",
                "cannot read property 'w' of undefined",
                "TypeError: Cannot read property 'w' of undefined",
            ),
            ("TypeError", "cannot set property 'w' of null", "TypeError: Cannot set property 'w' of null"),
            ("ReferenceError", "x is not defined", "ReferenceError: x is not defined"),
            ("Error", "", "Error"),
            ("", "oops", "oops"),
            ("TypeError", "not a function", "TypeError: not a function"),
            ("InternalError", "interrupted", "it took longer than 1s"),
            ("InternalError", "out of memory", "it needs more than 64 MiB of memory"),
        ] {
            assert_eq!(cause(name, message, "", "", Limits::default()).to_string(), expected);
        }
    }
}
