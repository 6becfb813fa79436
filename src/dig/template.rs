//! Scanning of templates: which parts of a text are literal and which are `${...}` expressions.
//!
//! Only the shape is decided here; what an expression means is the business of `expression`. Operator templates such as
//! `${secret:key}` stay literal, for the operators that expand them.

use std::borrow::Cow;

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part<'a> {
    /// Text that is copied. `$$` is collapsed already.
    Literal(Cow<'a, str>),
    /// A JavaScript expression, without its braces; never empty, but perhaps blank.
    Expression(&'a str),
}

/// A text taken apart, with what the last scanning step matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template<'a> {
    pub parts: Vec<Part<'a>>,
    /// What follows the `${` of the last step, up to the end of the text; none when the last step met only literal text.
    ///
    /// Digdag leaks this into the expressions (as the globals `m`, `all` and `match`).
    pub last_match: Option<&'a str>,
}

impl<'a> Template<'a> {
    /// Takes a text apart.
    ///
    /// An expression begins at a `${` that is not followed by lower-case letters and a colon. It ends at the brace that
    /// balances it; braces are counted wherever they stand, in strings and comments too. Without such a brace the rest of
    /// the text is literal.
    pub fn scan(text: &'a str) -> Self {
        let mut template = Self { parts: Vec::new(), last_match: None };
        let mut rest = text;
        while !rest.is_empty() {
            let start = expression_start(rest);
            template.push_literal(&rest[..start.unwrap_or(rest.len())]);
            let Some(start) = start else {
                template.last_match = None;
                break;
            };
            let inside = &rest[start + 2..];
            template.last_match = Some(inside);
            let Some(end) = closing_brace(inside) else {
                template.push_literal(&rest[start..]);
                break;
            };
            if end > 0 {
                template.parts.push(Part::Expression(&inside[..end]));
            }
            rest = &inside[end + 1..];
        }
        template
    }

    fn push_literal(&mut self, text: &'a str) {
        if text.is_empty() {
            return;
        }
        let literal = if text.contains("$$") { text.replace("$$", "$").into() } else { text.into() };
        self.parts.push(Part::Literal(literal));
    }
}

/// Where the first expression begins: at a `${` with something behind it that is no operator's template.
fn expression_start(text: &str) -> Option<usize> {
    text.match_indices("${").map(|(at, _)| at).find(|at| {
        let inside = &text[at + 2..];
        !inside.is_empty() && !is_operator_template(inside)
    })
}

/// Whether this begins like `secret:`.
fn is_operator_template(inside: &str) -> bool {
    let name = inside.trim_start_matches(|c: char| c.is_ascii_lowercase());
    name.len() < inside.len() && name.starts_with(':')
}

fn closing_brace(inside: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in inside.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes expressions as `<...>`, so that a whole scan fits in a line.
    fn shape(text: &str) -> String {
        Template::scan(text)
            .parts
            .iter()
            .map(|part| match part {
                Part::Literal(text) => text.to_string(),
                Part::Expression(code) => format!("<{code}>"),
            })
            .collect()
    }

    #[test]
    fn expressions_are_found_by_counting_braces() {
        for (text, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("x${a}y", "x<a>y"),
            ("${a}${b}", "<a><b>"),
            ("${{x:1}}", "<{x:1}>"),
            ("${(function(){return {a:1}})()}", "<(function(){return {a:1}})()>"),
            ("${'}'}", "<'>'}"),
            ("${\"{\"}", "${\"{\"}"),
            ("${a", "${a"),
            ("p${a ${b}", "p${a ${b}"),
            ("${", "${"),
            ("x ${}", "x "),
            ("${}}", "}"),
            ("${ }", "< >"),
            ("${\na\n}", "<\na\n>"),
        ] {
            assert_eq!(shape(text), expected, "{text}");
        }
    }

    #[test]
    fn doubled_dollars_collapse_but_escape_nothing() {
        for (text, expected) in [
            ("$a $ $ {a} #{a}", "$a $ $ {a} #{a}"),
            ("$$", "$"),
            ("$$$", "$$"),
            ("$$$$", "$$"),
            ("a$$b", "a$b"),
            ("$${a}", "$<a>"),
            ("$$${a}", "$<a>"),
            ("$${a}$${b}", "$<a>$<b>"),
            ("\\${a}", "\\<a>"),
            ("${a $$", "${a $"),
            ("${'$$'}", "<'$$'>"),
        ] {
            assert_eq!(shape(text), expected, "{text}");
        }
    }

    #[test]
    fn operator_templates_stay() {
        for (text, expected) in [
            ("${secret:foo.bar} ${a}", "${secret:foo.bar} <a>"),
            ("${a:1}", "${a:1}"),
            ("${secret:a${b}}", "${secret:a<b>}"),
            ("${Secret:foo}", "<Secret:foo>"),
            ("${:a}", "<:a>"),
            ("${a?b:t}", "<a?b:t>"),
            ("${a1:b}", "<a1:b>"),
            ("${a :b}", "<a :b>"),
        ] {
            assert_eq!(shape(text), expected, "{text}");
        }
    }

    #[test]
    fn the_last_step_is_remembered() {
        for (text, expected) in [
            ("x${m}y", None),
            ("x${m}", Some("m}")),
            ("${a} ${m}", Some("m}")),
            ("${m} ${", None),
            ("${m} ${a", Some("a")),
        ] {
            assert_eq!(Template::scan(text).last_match, expected, "{text}");
        }
    }
}
