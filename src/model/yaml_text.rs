//! Parameters as YAML for people to read.

use super::Params;
use serde_json::Value;

/// One line a key, every line indented; nested objects indented further, items of arrays after dashes. Texts are quoted, so
/// that `07:00:00` and `1` are recognisable as text.
pub fn yaml_text(params: &Params, indent: &str) -> String {
    let mut lines = Vec::new();
    push_object(params, indent, &mut lines);
    if lines.is_empty() { format!("{indent}{{}}") } else { lines.join("\n") }
}

fn push_object(params: &Params, indent: &str, lines: &mut Vec<String>) {
    for (key, value) in params {
        let key = if is_plain(key) { key.clone() } else { Value::from(key.as_str()).to_string() };
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                lines.push(format!("{indent}{key}:"));
                push_object(inner, &format!("{indent}  "), lines);
            }
            Value::Array(items) if !items.is_empty() => {
                lines.push(format!("{indent}{key}:"));
                push_array(items, indent, lines);
            }
            other => lines.push(format!("{indent}{key}: {other}")),
        }
    }
}

fn push_array(items: &[Value], indent: &str, lines: &mut Vec<String>) {
    let deeper = format!("{indent}  ");
    for item in items {
        let begin = lines.len();
        match item {
            Value::Object(inner) if !inner.is_empty() => push_object(inner, &deeper, lines),
            Value::Array(inner) if !inner.is_empty() => push_array(inner, &deeper, lines),
            other => lines.push(format!("{deeper}{other}")),
        }
        // The dash stands in the place of the deeper indentation of the first line.
        if let Some(first) = lines.get_mut(begin) {
            first.replace_range(indent.len()..deeper.len(), "- ");
        }
    }
}

/// Whether a key can stand without quotes and still be a text.
fn is_plain(key: &str) -> bool {
    let is_word = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-.>^/".contains(c));
    let other = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    is_word && !other.iter().any(|other| key.eq_ignore_ascii_case(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_are_quoted_and_objects_nested() {
        let params = json!({
            "daily>": "07:00:00", "n": 1, "_o": {"p": {}, "q": [1, "x", {"a": [[]], "+b": null}, [2, [true]]]},
            "+z": [], "é": "a\nb",
        });
        assert_eq!(
            yaml_text(params.as_object().unwrap(), "  "),
            "  daily>: \"07:00:00\"\n  \"n\": 1\n  _o:\n    p: {}\n    q:\n    - 1\n    - \"x\"\n    - a:\n      \
             - []\n      \"+b\": null\n    - - 2\n      - - true\n  \"+z\": []\n  \"é\": \"a\\nb\""
        );
        assert_eq!(yaml_text(&Params::new(), "    "), "    {}");
    }
}
