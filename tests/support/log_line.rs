//! One line of the program's log, taken apart.

/// `2026-01-02 03:04:05 +0000 [INFO] (0001@[0:default:1:1]+wf+a): echo>: hi`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLine<'a> {
    /// What stands before it in the same line: output of a task without a line break at its end.
    pub before: &'a str,
    pub level: &'a str,
    /// The task's full name, for lines that are about a task.
    pub task: Option<&'a str>,
    pub message: &'a str,
}

const LEVELS: [&str; 5] = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"];

impl<'a> LogLine<'a> {
    /// Reads a line; `None` when it is not of the log. Recordings have `<NOW>` in place of the time.
    pub fn parse(line: &'a str) -> Option<Self> {
        let bracket = line
            .match_indices(" [")
            .map(|(at, _)| at)
            .find(|&at| ends_with_time(&line[..at]).is_some() && after_level(&line[at..]).is_some())?;
        let before = ends_with_time(&line[..bracket])?;
        let (level, rest) = after_level(&line[bracket..])?;
        let end = closing(rest)?;
        let (place, rest) = (&rest[..end], &rest[end + 1..]);
        let message = rest.split_once(':')?.1;
        Some(Self { before, level, task: task(place), message: message.strip_prefix(' ').unwrap_or(message) })
    }
}

/// What stands before the time at the end of the text.
fn ends_with_time(text: &str) -> Option<&str> {
    if let Some(before) = text.strip_suffix("<NOW>") {
        return Some(before);
    }
    const SHAPE: &str = "0000-00-00 00:00:00 +0000";
    let start = text.len().checked_sub(SHAPE.len())?;
    let time = text.get(start..)?;
    let same = time.bytes().zip(SHAPE.bytes()).all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        b'+' => byte == b'+' || byte == b'-',
        _ => byte == shape,
    });
    same.then(|| &text[..start])
}

/// The level, and the text after the parenthesis that opens behind it.
fn after_level(text: &str) -> Option<(&str, &str)> {
    let (level, rest) = text.strip_prefix(" [")?.split_once("] (")?;
    LEVELS.contains(&level).then_some((level, rest))
}

/// The parenthesis that ends the place. Names of tasks hold none.
fn closing(text: &str) -> Option<usize> {
    text.find(')')
}

fn task(place: &str) -> Option<&str> {
    let (_, rest) = place.split_once("@[")?;
    let (_, name) = rest.split_once(']')?;
    (name.starts_with('+')).then_some(name)
}

#[test]
fn log_lines_are_told_from_output() {
    let line = "2026-01-02 03:04:05 +0000 [INFO] (0001@[0:default:1:1]+wf+a): echo>: hi (x): y";
    let read = LogLine { before: "", level: "INFO", task: Some("+wf+a"), message: "echo>: hi (x): y" };
    assert_eq!(LogLine::parse(line), Some(read));
    let main = LogLine::parse("no newline2026-01-02 03:04:05 -0700 [WARN] (main): Reusing").unwrap();
    assert_eq!((main.before, main.level, main.task, main.message), ("no newline", "WARN", None, "Reusing"));
    assert_eq!(LogLine::parse("<NOW> [INFO] (<THR>@[0:default:1:1]+wf+a): ").unwrap().message, "");
    for output in
        ["", "hi", "2026-01-02 03:04:05 +0000", "2026-01-02 03:04:05 +0000 [NOTE] (x): y", "[INFO] (a): b"]
    {
        assert_eq!(LogLine::parse(output), None, "{output}");
    }
}
