//! The lines of a crontab: entries, variables, comments.

use super::entry::{Crontab, Entry};
use super::error::{Cause, LineError};
use super::pattern::{Pattern, When};
use super::random::Random;

/// Reads a crontab; `with_user` says that a user stands between time and command. Random numbers depend on `seed`.
pub fn parse(text: &[u8], with_user: bool, seed: u64) -> Crontab {
    let mut reader = Reader { with_user, seed, ..Reader::default() };
    let mut lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    if lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    for (at, line) in lines.into_iter().enumerate() {
        reader.line(at + 1, line);
    }
    let lines = text.iter().filter(|byte| **byte == b'\n').count();
    let mut last = reader.crontab.entries.last_mut();
    if let Some(entry) = last.as_mut().filter(|entry| entry.line > lines) {
        entry.notes.push(
            "the line has no newline at its end: Debian's cron takes no notice of such a line".to_owned(),
        );
    }
    reader.crontab
}

#[derive(Default)]
struct Reader {
    with_user: bool,
    seed: u64,
    crontab: Crontab,
    environment: Vec<(String, String)>,
    zone_line: Option<usize>,
    comments: Vec<String>,
}

impl Reader {
    fn line(&mut self, number: usize, line: &[u8]) {
        let (line, has_return) = line.strip_suffix(b"\r").map_or((line, false), |line| (line, true));
        let begin = line.iter().position(|byte| !is_blank(*byte)).unwrap_or(line.len());
        match &line[begin..] {
            [] => self.comments.clear(),
            [b'#', comment @ ..] => self.comment(number, comment),
            rest => {
                let comments = std::mem::take(&mut self.comments);
                let read = self.entry_or_variable(line, begin, rest, number);
                match read {
                    Ok(None) => {}
                    Ok(Some(mut entry)) => {
                        entry.comments = comments;
                        if has_return {
                            let note = "the line ends with a carriage return, which cron gives to the command; it is left out";
                            entry.notes.push(note.to_owned());
                        }
                        self.crontab.entries.push(entry);
                    }
                    Err((at, cause)) => {
                        self.crontab.errors.push(LineError { line: number, column: at + 1, cause });
                    }
                }
            }
        }
    }

    fn comment(&mut self, number: usize, comment: &[u8]) {
        let text = String::from_utf8_lossy(comment).trim_end().to_owned();
        let words: Vec<&str> = text.split_whitespace().collect();
        // The heading of the columns ends the text that a new crontab comes with.
        if words.starts_with(&["m", "h", "dom", "mon", "dow"]) {
            self.comments.clear();
        } else if self.is_entry(comment) {
            self.crontab.disabled.push((number, text.trim_start().to_owned()));
        } else {
            self.comments.push(text.strip_prefix(' ').unwrap_or(&text).to_owned());
        }
    }

    /// Whether a comment is an entry that somebody has put out of use. Prose is none: no field of it is a time.
    fn is_entry(&self, comment: &[u8]) -> bool {
        let begin = comment.iter().position(|byte| !is_blank(*byte)).unwrap_or(0);
        // The heading that distributions put into /etc/crontab.
        self.entry(comment, begin, 0).is_ok_and(|entry| !entry.command.starts_with(b"command to be executed"))
    }

    fn entry_or_variable(
        &mut self,
        line: &[u8],
        begin: usize,
        rest: &[u8],
        number: usize,
    ) -> Result<Option<Entry>, (usize, Cause)> {
        if let Some(at) = line.iter().position(|byte| *byte == 0) {
            return Err((at, Cause::Nul));
        }
        if let Some((name, value)) = variable(rest) {
            let name = String::from_utf8_lossy(&name).into_owned();
            let value = String::from_utf8(value).map_err(|_| (begin, Cause::NotUtf8(name.clone())))?;
            if name == "CRON_TZ" {
                self.zone_line = Some(number);
            }
            match self.environment.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => *known = value,
                None => self.environment.push((name, value)),
            }
            return Ok(None);
        }
        self.entry(line, begin, number).map(Some)
    }

    fn entry(&self, line: &[u8], begin: usize, number: usize) -> Result<Entry, (usize, Cause)> {
        let mut notes = Vec::new();
        let mut at = begin;
        if line[at..].first() == Some(&b'-') {
            notes.push(
                "the leading - keeps the entry out of the system's log; it has no meaning here".to_owned(),
            );
            at += 1;
        }
        let mut words = Words { line, at };
        let when = self.when(&mut words, number)?;
        if let When::Times(pattern) = &when {
            notes.extend(pattern.notes());
        }
        if matches!(words.rest(), [] | [b'*', ..]) {
            return Err((words.at, Cause::NoCommand));
        }
        let user = self.with_user.then(|| read_user(&mut words)).transpose()?;
        while words.rest().first() == Some(&b'-') {
            let (at, option) = words.word();
            if option != "-n" {
                return Err((at, Cause::Option(option)));
            }
            notes.push("-n makes cron mail failures only, as Dibble does anyway".to_owned());
            if words.rest().is_empty() {
                return Err((words.at, Cause::NoCommand));
            }
        }
        let (command, input) = command_and_input(words.rest());
        Ok(Entry {
            line: number,
            text: String::from_utf8_lossy(&line[begin..]).into_owned(),
            comments: Vec::new(),
            when,
            user,
            environment: self.environment.clone(),
            zone_line: self.zone_line,
            command,
            input,
            notes,
        })
    }

    fn when(&self, words: &mut Words<'_>, number: usize) -> Result<When, (usize, Cause)> {
        let (at, first) = words.word();
        if let Some(word) = first.strip_prefix('@') {
            return Pattern::of_word(word).ok_or((at, Cause::UnknownWord(first)));
        }
        let mut places = vec![(at, first)];
        while places.len() < 5 && !words.rest().is_empty() {
            places.push(words.word());
        }
        let texts: Vec<&str> = places.iter().map(|(_, text)| text.as_str()).collect();
        let Ok(texts) = <[&str; 5]>::try_from(texts) else {
            return Err((at, Cause::NoEntry));
        };
        let mut random = Random::new(self.seed.wrapping_add(number as u64));
        Pattern::parse(texts, &mut random)
            .map(|pattern| When::Times(Box::new(pattern)))
            .map_err(|(wrong, cause)| (places[wrong].0, cause))
    }
}

fn read_user(words: &mut Words<'_>) -> Result<String, (usize, Cause)> {
    let (at, user) = words.word();
    if words.rest().is_empty() {
        return Err((at, Cause::NoCommandAfterUser));
    }
    // What a shell takes after a tilde, and no other command for an option.
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if user.starts_with('-') || !user.chars().all(is_name) {
        return Err((at, Cause::User(user)));
    }
    Ok(user)
}

/// A line being read word by word.
struct Words<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Words<'a> {
    /// The next word with its place, and then on to the one after it.
    fn word(&mut self) -> (usize, String) {
        let begin = self.at;
        self.skip(|byte| !is_blank(byte));
        let word = String::from_utf8_lossy(&self.line[begin..self.at]).into_owned();
        self.skip(is_blank);
        (begin, word)
    }

    fn rest(&self) -> &'a [u8] {
        &self.line[self.at..]
    }

    fn skip(&mut self, is_part: fn(u8) -> bool) {
        self.at += self.rest().iter().take_while(|byte| is_part(**byte)).count();
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// `NAME = value`: both may be in quotes, in which nothing is special; blanks round them do not count.
fn variable(text: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (name, rest) = match text {
        [quote @ (b'"' | b'\''), rest @ ..] => {
            let end = rest.iter().position(|byte| byte == quote)?;
            (&rest[..end], &rest[end + 1..])
        }
        _ => {
            let end = text.iter().position(|byte| is_blank(*byte) || *byte == b'=')?;
            (&text[..end], &text[end..])
        }
    };
    let value = rest.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    if name.is_empty() || name.contains(&b'=') {
        return None;
    }
    let value = match value {
        [quote @ (b'"' | b'\''), rest @ ..] => {
            let end = rest.iter().position(|byte| byte == quote)?;
            rest[end + 1..].trim_ascii_start().is_empty().then_some(&rest[..end])?
        }
        _ => value.trim_ascii_end(),
    };
    Some((name.to_owned(), value.to_owned()))
}

/// Takes the command and its input apart: the first `%` ends the command, further ones end lines of the input, and after
/// a backslash it is just a `%`.
fn command_and_input(text: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
    let mut command = Vec::new();
    let mut rest = text;
    while let [first, after @ ..] = rest {
        match (first, after) {
            (b'\\', [b'%', after @ ..]) => {
                command.push(b'%');
                rest = after;
                continue;
            }
            (b'\\', [second, after @ ..]) => {
                command.extend([b'\\', *second]);
                rest = after;
                continue;
            }
            (b'%', _) => return (command, Some(input(after)).filter(|input| !input.is_empty())),
            _ => command.push(*first),
        }
        rest = after;
    }
    (command, None)
}

fn input(text: &[u8]) -> Vec<u8> {
    let mut input = Vec::new();
    let mut escaped = false;
    for &byte in text {
        match (escaped, byte) {
            (true, b'%') => {
                // In place of the backslash.
                input.pop();
                input.push(b'%');
            }
            (false, b'%') => input.push(b'\n'),
            _ => input.push(byte),
        }
        escaped = byte == b'\\';
    }
    if input.last().is_some_and(|last| *last != b'\n') {
        input.push(b'\n');
    }
    input
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(line: &str) -> Entry {
        let crontab = parse(line.as_bytes(), false, 0);
        assert_eq!(crontab.errors, [], "{line}");
        crontab.entries.into_iter().next().unwrap()
    }

    fn errors(text: &[u8], with_user: bool) -> Vec<String> {
        parse(text, with_user, 0).errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn percent_signs_begin_the_input_and_its_lines() {
        for (line, command, input) in [
            ("a b", "a b", None),
            ("mail x%Hello,%%World%", "mail x", Some("Hello,\n\nWorld\n")),
            (r"date +\%F", "date +%F", None),
            (r"date '+\%F'%in\%put\", "date '+%F'", Some("in%put\\\n")),
            (r"a \\% b", r"a \\", Some(" b\n")),
            (r"a \x\% b\", r"a \x% b\", None),
            ("cat%", "cat", None),
            ("cat%%", "cat", Some("\n")),
            (r"cat%\\%x", "cat", Some("\\%x\n")),
        ] {
            let entry = entry(&format!("* * * * * {line}"));
            let found = entry.input.map(|input| String::from_utf8(input).unwrap());
            assert_eq!(
                (String::from_utf8(entry.command).unwrap().as_str(), found.as_deref()),
                (command, input),
                "{line}"
            );
        }
    }

    #[test]
    fn variables_are_in_force_below_them() {
        let text =
            "A=1\n* * * * * x\n  B = two words  \nA='quoted '\n\"C D\"=\"a # b\"\nE=\n* * * * * y\nF=never";
        let crontab = parse(text.as_bytes(), false, 0);
        assert_eq!(crontab.errors, []);
        let pairs = |at: usize| {
            let variables = crontab.entries[at].environment.iter();
            variables.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
        };
        assert_eq!(pairs(0), ["A=1"]);
        assert_eq!(pairs(1), ["A=quoted ", "B=two words", "C D=a # b", "E="]);
    }

    #[test]
    fn what_is_no_variable() {
        for text in ["* * * * * A=1 x", "@daily A=1", "A='x' y", "A='x", "\"A=\"=x", "=x", "A"] {
            assert_eq!(variable(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn comments_and_entries_out_of_use() {
        let text = "# Edit this file\n# m h  dom mon dow   command\n# at night\n#  twice\n0 3 * * * x\n\n# far\n\n#0 4 * * * y\n# 5 cats sat on the mat\n@daily z";
        let crontab = parse(text.as_bytes(), false, 0);
        assert_eq!(crontab.entries[0].comments, ["at night", " twice"]);
        assert_eq!(crontab.disabled, [(9, "0 4 * * * y".to_owned())]);
        assert_eq!(crontab.entries[1].comments, ["5 cats sat on the mat"]);
    }

    #[test]
    fn entries_of_the_system_have_a_user() {
        let text =
            "17 *\t* * *\troot    cd / && run-parts --report /etc/cron.hourly\n-@daily www-data -n x\n";
        let crontab = parse(text.as_bytes(), true, 0);
        assert_eq!(crontab.errors, []);
        let [first, second] = &crontab.entries[..] else { panic!("{crontab:?}") };
        assert_eq!(first.user.as_deref(), Some("root"));
        assert_eq!(first.command, b"cd / && run-parts --report /etc/cron.hourly");
        assert_eq!((second.user.as_deref(), second.command.as_slice()), (Some("www-data"), &b"x"[..]));
        assert_eq!(second.notes.len(), 2);
    }

    #[test]
    fn mistakes_have_places() {
        for (text, with_user, message) in [
            ("* * * * *", false, "1:10: there is no command after the time"),
            (
                "* * * *",
                false,
                "1:1: neither an entry nor a variable: an entry has five fields for its time, or a word like @daily",
            ),
            ("\n  60 * * * * x", false, "2:3: bad minute \"60\": 60 is not in 0-59"),
            (
                "0 0 1 1 foo x",
                false,
                "1:9: bad day of week \"foo\": \"foo\" is no number nor a name of three letters",
            ),
            (
                "* * * * * root",
                true,
                "1:11: there is no command after the user, who stands between the time and the command",
            ),
            ("* * * * * $x y", true, "1:11: \"$x\" is no name of a user"),
            ("* * * * * -x y", false, "1:11: \"-x\" is no option of cron; only -n is known"),
            ("* * * * * * x", false, "1:11: there is no command after the time"),
            (
                "@often x",
                false,
                "1:1: \"@often\" is none of cron's words: @reboot, @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly",
            ),
            ("* * * * * a\0b", false, "1:12: a NUL byte: cron cuts the line off here"),
        ] {
            assert_eq!(errors(text.as_bytes(), with_user), [message]);
        }
        assert_eq!(errors(b"A=\xff", false), ["1:1: the value of A is not UTF-8, which a workflow must be"]);
    }

    #[test]
    fn anything_can_be_read() {
        for text in [
            &b""[..],
            b"\n",
            b"#",
            b"%",
            b"\"",
            b"'='",
            b"@",
            b"-",
            b"-\n- - -",
            b"* * * * * \xff\xfe",
            b"\r\n\r",
        ] {
            for with_user in [false, true] {
                let _ = parse(text, with_user, 0);
            }
        }
        assert_eq!(entry("* * * * * x\r\n").command, b"x");
        assert_eq!(entry("* * * * * x\r\n").notes.len(), 1);
    }

    #[test]
    fn the_last_line_may_lack_its_newline() {
        assert_eq!(entry("* * * * * x\n").notes, [""; 0]);
        assert_eq!(entry("* * * * * x").notes.len(), 1);
        assert_eq!(entry("A=1\n* * * * * x").notes.len(), 1);
        assert_eq!(entry("* * * * * x\nA=1").notes, [""; 0]);
    }
}
