//! The short way for templates whose expressions are all plain look-ups (`${a}`, `${a.b[0]}`): no JavaScript is started.
//!
//! Only what is certain is answered: own keys of objects and items of arrays. Everything else (unknown names, inherited
//! properties, `.length`, all errors) is left to JavaScript.

use super::{Scope, inline};
use crate::dig::template::{Part, Template};
use serde_json::Value;

/// The template's value, or `None` when it takes JavaScript.
pub fn evaluate(template: &Template<'_>, scope: &Scope<'_>) -> Option<String> {
    let mut text = String::new();
    for part in &template.parts {
        match part {
            Part::Literal(literal) => text.push_str(literal),
            Part::Expression(code) => inline::append(resolve(code.trim_ascii(), scope)?, &mut text)?,
        }
    }
    Some(text)
}

fn resolve<'a>(code: &str, scope: &Scope<'a>) -> Option<&'a Value> {
    let (name, mut rest) = identifier(code)?;
    if RESERVED.contains(&name) {
        return None;
    }
    let mut value = scope.get(name)?;
    while !rest.is_empty() {
        let (step, tail) = step(rest)?;
        value = match (value, step) {
            (Value::Object(fields), Step::Key(key)) if key != "__proto__" => fields.get(key)?,
            (Value::Array(items), Step::Index(index)) => items.get(index)?,
            _ => return None,
        };
        rest = tail;
    }
    Some(value)
}

enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// Reads `.name`, `[12]`, `['text']` or `["text"]` off the front.
fn step(code: &str) -> Option<(Step<'_>, &str)> {
    if let Some(rest) = code.strip_prefix('.') {
        let (name, tail) = identifier(rest)?;
        return Some((Step::Key(name), tail));
    }
    let (inside, tail) = code.strip_prefix('[')?.split_once(']')?;
    if let Some(quote) = inside.chars().next().filter(|c| matches!(c, '\'' | '"')) {
        let text = inside.strip_prefix(quote)?.strip_suffix(quote)?;
        let plain = !text.contains(['\'', '"', '\\', '\n', '\r']);
        return plain.then_some((Step::Key(text), tail));
    }
    let canonical = inside == "0" || (!inside.starts_with('0') && inside.bytes().all(|b| b.is_ascii_digit()));
    let index = canonical.then(|| inside.parse().ok())??;
    Some((Step::Index(index), tail))
}

/// Splits an ASCII identifier off the front.
fn identifier(code: &str) -> Option<(&str, &str)> {
    let end = code.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '$')).unwrap_or(code.len());
    let (name, rest) = code.split_at(end);
    let first = name.bytes().next()?;
    (!first.is_ascii_digit()).then_some((name, rest))
}

/// Words that are no variables even when a parameter has that name, or not everywhere.
const RESERVED: [&str; 45] = [
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "interface",
    "let",
    "new",
    "null",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "var",
    "void",
    "while",
    "with",
];

#[cfg(test)]
mod tests {
    use super::super::Base;
    use super::*;
    use crate::model::Params;
    use serde_json::json;

    fn look_up(text: &str) -> Option<String> {
        let params = json!({
            "a": 1, "s": "text", "n": null, "t": true, "f": 1.0, "this": "no", "null": "no", "$x_1": "y",
            "o": {"k": {"q": "v"}, "a b": 7, "list": [[1, "2"], null], "e": "é\u{1}\"\u{2028}"},
        });
        let Value::Object(params) = params else { return None };
        let overlay = Params::from_iter([("over".to_owned(), json!("laid")), ("t".to_owned(), json!(false))]);
        let base = Base::new(&params);
        evaluate(&Template::scan(text), &Scope::new(&base, &overlay))
    }

    #[test]
    fn plain_look_ups_need_no_javascript() {
        for (text, expected) in [
            ("x${a}y", "x1y"),
            ("${ s }-${\ta\n}", "text-1"),
            ("[${n}]", "[]"),
            ("${f}", "1"),
            ("${$x_1}", "y"),
            ("${over} ${t}", "laid false"),
            ("${o.k.q} ${o.k}", "v {\"q\":\"v\"}"),
            ("${o['a b']} ${o[\"k\"].q}", "7 v"),
            ("${o.list[0][1]} ${o.list}", "2 [[1,\"2\"],null]"),
            ("${o.list[1]}", ""),
            ("${o.e}", "é\u{1}\"\u{2028}"),
        ] {
            assert_eq!(look_up(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn whatever_is_unusual_is_left_to_javascript() {
        for text in [
            "${missing}",
            "${o.missing}",
            "${s.length}",
            "${o.toString}",
            "${o.list.length}",
            "${this}",
            "${null}",
            "${a+1}",
            "${a}${a()}",
            "${o.list[9]}",
            "${o.list[01]}",
            "${o['a\\u0020b']}",
            "${n.x}",
            "${o .k}",
            "${1}",
            "${ }",
            "${[a][0]}",
            "${é}",
            "${o.list['0']}",
            "${o.k.}",
            "${o.__proto__}",
            "${o['k']q}",
        ] {
            assert_eq!(look_up(text), None, "{text}");
        }
    }
}
