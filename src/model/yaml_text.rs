//! Parameters as YAML for people to read.

use super::Params;
use serde_json::Value;

/// One line a key, every line indented; nested objects indented further. Texts are quoted, so that `07:00:00` and `1` are
/// recognisable as text. Arrays and everything else are written as JSON, which is YAML too.
pub fn yaml_text(params: &Params, indent: &str) -> String {
    let mut lines = Vec::new();
    push(params, indent, &mut lines);
    if lines.is_empty() { format!("{indent}{{}}") } else { lines.join("\n") }
}

fn push(params: &Params, indent: &str, lines: &mut Vec<String>) {
    for (key, value) in params {
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                lines.push(format!("{indent}{key}:"));
                push(inner, &format!("{indent}  "), lines);
            }
            other => lines.push(format!("{indent}{key}: {other}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_are_quoted_and_objects_nested() {
        let params = json!({"daily>": "07:00:00", "n": 1, "o": {"p": {}, "q": [1, "x"]}, "z": null});
        assert_eq!(
            yaml_text(params.as_object().unwrap(), "  "),
            "  daily>: \"07:00:00\"\n  n: 1\n  o:\n    p: {}\n    q: [1,\"x\"]\n  z: null"
        );
        assert_eq!(yaml_text(&Params::new(), "    "), "    {}");
    }
}
