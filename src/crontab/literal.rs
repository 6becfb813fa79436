//! Texts as they are, in a file where `${...}` is evaluated and where YAML has its say.

/// The text in which a template evaluates to `text`.
///
/// Templates know no escape: an expression that gives the dollar sign stands for the one before a brace, and two dollar
/// signs are one.
pub(super) fn template_of(text: &str) -> String {
    let mut template = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        template.push_str(&rest[..at]);
        let dollars = rest[at..].len() - rest[at..].trim_start_matches('$').len();
        rest = &rest[at + dollars..];
        let before_brace = usize::from(rest.starts_with('{'));
        let plain = dollars - before_brace;
        template.push_str(&"$".repeat(if plain + before_brace > 1 { plain * 2 } else { plain }));
        template.push_str(["", "${'$'}"][before_brace]);
    }
    template + rest
}

/// Whether an operator would take a part of the text for a place of a secret: `${a:b}`, whatever lies between.
pub(super) fn looks_like_a_secret(text: &str) -> bool {
    let after = |text: &str, sign: &str, skip: usize| text.find(sign).map(|at| at + sign.len() + skip);
    let Some(begin) = after(text, "${", 0) else { return false };
    let Some(colon) = after(&text[begin..], ":", 0) else { return false };
    text[begin + colon..].char_indices().skip(1).any(|(_, c)| c == '}')
}

/// A key or an item with a text of several lines: a block where that keeps the text, otherwise quoted.
/// `text` ends with a newline in a block and has none otherwise when `keep` says so.
pub(super) fn block(key: &str, text: &str, indent: &str) -> String {
    let lines = text.strip_suffix('\n');
    let Some(lines) = lines.filter(|lines| fits_block(lines)) else {
        return format!("{indent}{key}: {}\n", quoted(text));
    };
    let body: String = lines
        .split('\n')
        .map(|line| if line.is_empty() { "\n".to_owned() } else { format!("{indent}  {line}\n") })
        .collect();
    format!("{indent}{key}: |\n{body}")
}

/// A text in double quotes.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if is_plain(c) => quoted.push(c),
            c if c as u32 > 0xFFFF => quoted.push_str(&format!("\\U{:08X}", c as u32)),
            c => quoted.push_str(&format!("\\u{:04X}", c as u32)),
        }
    }
    quoted.push('"');
    quoted
}

/// A comment of one line.
pub(super) fn comment(text: &str) -> String {
    let text: String = text.chars().map(|c| if is_plain(c) || c == '\t' { c } else { '\u{FFFD}' }).collect();
    format!("# {text}").trim_end().to_owned() + "\n"
}

/// The indentation is read off the first line, and the last line must not be empty, for one newline ends a block.
fn fits_block(lines: &str) -> bool {
    let first = lines.chars().next();
    first.is_some_and(|c| !matches!(c, ' ' | '\t' | '\n'))
        && !lines.ends_with('\n')
        && lines.chars().all(|c| is_plain(c) || matches!(c, '\t' | '\n'))
}

/// Whether every YAML parser takes the character as it is.
fn is_plain(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{A0}'..='\u{2027}' | '\u{202A}'..='\u{D7FF}' | '\u{E000}'..='\u{FEFE}' | '\u{FF00}'..='\u{FFFD}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dig::template::{Part, Template};

    /// What a template evaluates to whose only expression is a dollar sign.
    fn evaluate(template: &str) -> String {
        let part = |part: &Part<'_>| match part {
            Part::Literal(text) => text.to_string(),
            Part::Expression(code) => {
                assert_eq!(*code, "'$'", "{template}");
                "$".to_owned()
            }
        };
        Template::scan(template).parts.iter().map(part).collect()
    }

    #[test]
    fn dollar_signs_survive_templates() {
        for text in [
            "",
            "a",
            "$",
            "$$",
            "$$$",
            "$a",
            "${a}",
            "$${a}",
            "$$${a}",
            "$$$${a}",
            "${",
            "$ {",
            "${a:1}",
            "${secret:x}",
            "$(a $$ ${b:-c} ${d}$$)",
            "{}${}{",
            "}$}",
            "${'$'}",
        ] {
            assert_eq!(evaluate(&template_of(text)), text);
        }
        assert_eq!(template_of("echo $HOME ${A}"), "echo $HOME ${'$'}{A}");
    }

    #[test]
    fn what_an_operator_takes_for_a_secret() {
        for (text, expected) in [
            ("${a:b}", true),
            ("${a}; http://x {y}", true),
            ("${a:}", false),
            ("${a:}}", true),
            ("${a}", false),
            ("$a:b}", false),
            ("a:b ${c}", false),
        ] {
            assert_eq!(looks_like_a_secret(text), expected, "{text}");
        }
    }

    #[test]
    fn texts_are_blocks_or_quoted() {
        assert_eq!(block("k", "a: #b\n\n\tc\n", "  "), "  k: |\n    a: #b\n\n    \tc\n");
        assert_eq!(block("k", " a\n", ""), "k: \" a\\n\"\n");
        assert_eq!(block("k", "a", ""), "k: \"a\"\n");
        assert_eq!(block("k", "a\n\n", ""), "k: \"a\\n\\n\"\n");
        assert_eq!(quoted("\u{1}\u{7f}\u{85}\"\\é😀"), "\"\\u0001\\u007F\\u0085\\\"\\\\é\\U0001F600\"");
    }
}
