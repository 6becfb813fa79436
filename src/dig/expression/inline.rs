//! How values become text: strings as they are, null as nothing, everything else as `JSON.stringify` writes it.
//!
//! Objects whose keys look like array indices are refused: JavaScript would list those keys first.

use serde_json::{Number, Value};
use std::fmt::Write;

/// Appends a value as a template shows it. `None`: only JavaScript knows.
pub fn append(value: &Value, out: &mut String) -> Option<()> {
    match value {
        Value::Null => Some(()),
        Value::String(text) => {
            out.push_str(text);
            Some(())
        }
        other => append_json(other, out),
    }
}

fn append_json(value: &Value, out: &mut String) -> Option<()> {
    match value {
        Value::Number(number) => append_number(number, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                append_json(item, out)?;
            }
            out.push(']');
            Some(())
        }
        Value::Object(fields) => {
            out.push('{');
            for (index, (key, item)) in fields.iter().enumerate() {
                if key.starts_with(|c: char| c.is_ascii_digit()) || key == "__proto__" {
                    return None;
                }
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&serde_json::to_string(key).ok()?);
                out.push(':');
                append_json(item, out)?;
            }
            out.push('}');
            Some(())
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {
            out.push_str(&serde_json::to_string(value).ok()?);
            Some(())
        }
    }
}

/// Writes the double nearest to the number as JavaScript does. `None` when it is beyond all doubles.
fn append_number(number: &Number, out: &mut String) -> Option<()> {
    let double: f64 = number.as_str().parse().ok()?;
    if !double.is_finite() {
        return None;
    }
    append_double(double, out);
    Some(())
}

/// ECMAScript's Number::toString: the shortest digits that read back as the same double, plain between 1e-7 and 1e21.
fn append_double(double: f64, out: &mut String) {
    if double == 0.0 {
        out.push('0');
        return;
    }
    if double < 0.0 {
        out.push('-');
    }
    let scientific = format!("{:e}", double.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits = mantissa.replace('.', "");
    let count = digits.len() as i32;
    let point = exponent + 1;
    // Writing to a string cannot fail.
    let _ = match point {
        _ if count <= point && point <= 21 => {
            write!(out, "{digits}{}", "0".repeat((point - count) as usize))
        }
        1..=21 => {
            let (whole, fraction) = digits.split_at(point as usize);
            write!(out, "{whole}.{fraction}")
        }
        -5..=0 => write!(out, "0.{}{digits}", "0".repeat(-point as usize)),
        _ => {
            let (first, rest) = digits.split_at(1);
            let dot = if rest.is_empty() { "" } else { "." };
            let sign = if exponent < 0 { '-' } else { '+' };
            write!(out, "{first}{dot}{rest}e{sign}{}", exponent.abs())
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_javascript_writes_them() {
        for (written, expected) in [
            ("0", "0"),
            ("-0", "0"),
            ("-0.0", "0"),
            ("1.0", "1"),
            ("-1.50", "-1.5"),
            ("9007199254740993", "9007199254740992"),
            ("12345678901234567890", "12345678901234567000"),
            ("100000000000000000000", "100000000000000000000"),
            ("123456789012345678901234", "1.2345678901234569e+23"),
            ("1e21", "1e+21"),
            ("1e20", "100000000000000000000"),
            ("1e-6", "0.000001"),
            ("1.5e-6", "0.0000015"),
            ("1e-7", "1e-7"),
            ("1.25e-7", "1.25e-7"),
            ("5e-324", "5e-324"),
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
            ("0.1", "0.1"),
            ("123.456", "123.456"),
        ] {
            let value: Value = serde_json::from_str(written).unwrap();
            let mut text = String::new();
            append(&value, &mut text).unwrap();
            assert_eq!(text, expected, "{written}");
        }
    }

    #[test]
    fn what_only_javascript_knows_is_refused() {
        for json in ["1e400", r#"{"b":1,"1":2}"#, r#"[{"x":{"0":1}}]"#, r#"{"__proto__":1}"#] {
            let value: Value = serde_json::from_str(json).unwrap();
            assert_eq!(append(&value, &mut String::new()), None, "{json}");
        }
    }
}
