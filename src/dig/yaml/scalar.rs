//! What a plain scalar means: YAML 1.1 as Digdag narrows it. Times, dates, `yes` and `0.5` are text, `010` is 8.
//!
//! Explicit tags (`!!int "5"`) are in `tag.rs`; both read numbers with the functions here.

use serde_json::{Number, Value};

/// What a plain scalar stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Plain {
    Value(Value),
    /// `<<`
    Merge,
}

/// The text looks like a number and is none, or is a longer one than anybody needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadNumber;

/// Numbers of base 2, 8 and 16 beyond this many digits are refused, because converting them takes quadratic time.
const MAX_DIGITS: usize = 10_000;

/// Gives a scalar without quotes and tag its type.
pub(super) fn resolve(text: &str) -> Result<Plain, BadNumber> {
    let value = match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" => Value::Bool(true),
        "false" | "False" => Value::Bool(false),
        "<<" => return Ok(Plain::Merge),
        _ if is_int(text) => int(text)?,
        _ if is_float(text) => float(text)?,
        _ => Value::String(text.to_owned()),
    };
    Ok(Plain::Value(value))
}

/// `[-+]?0b[01_]+ | [-+]?0[0-7_]+ | [-+]?(0|[1-9][0-9_]*) | [-+]?0x[0-9a-fA-F_]+`
fn is_int(text: &str) -> bool {
    let digits = unsigned(text).as_bytes();
    match digits {
        [b'0'] => true,
        [b'0', b'b', rest @ ..] => !rest.is_empty() && rest.iter().all(|b| matches!(b, b'0' | b'1' | b'_')),
        [b'0', b'x', rest @ ..] => {
            !rest.is_empty() && rest.iter().all(|b| b.is_ascii_hexdigit() || *b == b'_')
        }
        [b'0', rest @ ..] => rest.iter().all(|b| matches!(b, b'0'..=b'7' | b'_')),
        [b'1'..=b'9', rest @ ..] => rest.iter().all(is_digit),
        _ => false,
    }
}

/// `[-+]?(\.[0-9]+|[1-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)? | [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\.[0-9_]*`
/// `| [-+]?\.(inf|Inf|INF) | \.(nan|NaN|NAN)`
fn is_float(text: &str) -> bool {
    let rest = unsigned(text);
    matches!(rest, ".inf" | ".Inf" | ".INF")
        || matches!(text, ".nan" | ".NaN" | ".NAN")
        || is_decimal(rest)
        || is_sexagesimal(rest)
}

fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(unsigned(exponent))),
        None => (text, None),
    };
    let exponent_fits = exponent.is_none_or(|digits| !digits.is_empty() && all_decimal(digits));
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && all_decimal(fraction),
        Some((whole, fraction)) => is_counting_number(whole) && fraction.bytes().all(|b| is_digit(&b)),
        None => is_counting_number(mantissa),
    };
    exponent_fits && mantissa_fits
}

fn is_sexagesimal(text: &str) -> bool {
    let Some((places, fraction)) = text.split_once('.') else { return false };
    let mut places = places.split(':');
    let first = places.next().unwrap_or_default();
    let mut count = 0;
    let fit = places.all(|place| {
        count += 1;
        matches!(place.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9'])
    });
    let first_fits = first.starts_with(|c: char| c.is_ascii_digit()) && first.bytes().all(|b| is_digit(&b));
    fit && count > 0 && first_fits && fraction.bytes().all(|b| is_digit(&b))
}

/// `[1-9][0-9_]*`
fn is_counting_number(text: &str) -> bool {
    text.starts_with(|c: char| matches!(c, '1'..='9')) && text.bytes().all(|b| is_digit(&b))
}

fn is_digit(byte: &u8) -> bool {
    byte.is_ascii_digit() || *byte == b'_'
}

fn all_decimal(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['-', '+']).unwrap_or(text)
}

/// Reads an integer of any size: decimal, `0b`, `0x`, octal with a leading 0, or base 60 (`1:30` is 90).
pub(super) fn int(text: &str) -> Result<Value, BadNumber> {
    let text: String = text.chars().filter(|&c| c != '_').collect();
    let negative = text.starts_with('-');
    let digits = unsigned(&text);
    let magnitude = if let Some(digits) = digits.strip_prefix("0b") {
        in_decimal(digits, 2)?
    } else if let Some(digits) = digits.strip_prefix("0x") {
        in_decimal(digits, 16)?
    } else if let Some(digits) = digits.strip_prefix('0').filter(|digits| !digits.is_empty()) {
        in_decimal(digits, 8)?
    } else if digits.contains(':') {
        base_60(digits)?
    } else if !digits.is_empty() && all_decimal(digits) {
        digits.to_owned()
    } else {
        return Err(BadNumber);
    };
    let sign = if negative && magnitude != "0" { "-" } else { "" };
    number(&format!("{sign}{magnitude}"))
}

fn base_60(digits: &str) -> Result<String, BadNumber> {
    let mut sum: u64 = 0;
    for place in digits.split(':') {
        let place: u64 = place.parse().map_err(|_| BadNumber)?;
        sum = sum.checked_mul(60).and_then(|sum| sum.checked_add(place)).ok_or(BadNumber)?;
    }
    Ok(sum.to_string())
}

/// Writes digits of another base in decimal.
fn in_decimal(digits: &str, base: u32) -> Result<String, BadNumber> {
    const LIMB: u64 = 1_000_000_000;
    if digits.is_empty() || digits.len() > MAX_DIGITS {
        return Err(BadNumber);
    }
    let mut limbs: Vec<u64> = vec![0];
    for digit in digits.chars() {
        let mut carry = u64::from(digit.to_digit(base).ok_or(BadNumber)?);
        for limb in &mut limbs {
            let product = *limb * u64::from(base) + carry;
            *limb = product % LIMB;
            carry = product / LIMB;
        }
        if carry > 0 {
            limbs.push(carry);
        }
    }
    let mut limbs = limbs.iter().rev();
    let head = limbs.next().map(u64::to_string).unwrap_or_default();
    Ok(limbs.fold(head, |text, limb| format!("{text}{limb:09}")))
}

/// Reads a float: decimal, `.inf`, `.nan`, or base 60 (`1:30.5` is 90.5). What JSON has no number for becomes text.
pub(super) fn float(text: &str) -> Result<Value, BadNumber> {
    let text: String = text.chars().filter(|&c| c != '_').collect();
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    let digits = unsigned(&text).to_ascii_lowercase();
    let magnitude = match digits.as_str() {
        ".inf" => f64::INFINITY,
        ".nan" => f64::NAN,
        _ => {
            let mut sum = 0.0;
            for place in digits.split(':') {
                sum = sum * 60.0 + decimal(place)?;
            }
            sum
        }
    };
    let value = sign * magnitude;
    if value.is_nan() {
        return Ok(Value::String("NaN".to_owned()));
    }
    if value.is_infinite() {
        return Ok(Value::String(if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()));
    }
    number(&float_text(value))
}

fn decimal(text: &str) -> Result<f64, BadNumber> {
    let looks_right = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'-' | b'+'));
    if looks_right { text.parse().map_err(|_| BadNumber) } else { Err(BadNumber) }
}

/// A float as Java writes it: `1000.0`, `1.0E10`.
pub(super) fn float_text(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude == 0.0 || (1e-3..1e7).contains(&magnitude) {
        return format!("{value:?}");
    }
    let text = format!("{value:E}");
    match text.split_once('E') {
        Some((mantissa, exponent)) if !mantissa.contains('.') => format!("{mantissa}.0E{exponent}"),
        _ => text,
    }
}

fn number(text: &str) -> Result<Value, BadNumber> {
    text.parse::<Number>().map(Value::Number).map_err(|_| BadNumber)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> String {
        match resolve(text) {
            Ok(Plain::Value(value)) => value.to_string(),
            Ok(Plain::Merge) => "merge".to_owned(),
            Err(BadNumber) => "bad".to_owned(),
        }
    }

    #[test]
    fn numbers() {
        for (text, expected) in [
            ("1", "1"),
            ("-5", "-5"),
            ("+5", "5"),
            ("1_000", "1000"),
            ("123456789012345678901", "123456789012345678901"),
            ("-123456789012345678901", "-123456789012345678901"),
            ("010", "8"),
            ("01", "1"),
            ("0_1", "1"),
            ("-010", "-8"),
            ("0x1F", "31"),
            ("-0x1f", "-31"),
            ("0xFFFFFFFFFFFFFFFFFFFF", "1208925819614629174706175"),
            ("0b101", "5"),
            ("0x3B9ACA00", "1000000000"),
            ("-0", "0"),
            ("00", "0"),
            ("0_", "0"),
            ("1.5", "1.5"),
            ("1.", "1.0"),
            ("1.0", "1.0"),
            (".5", "0.5"),
            ("-.5", "-0.5"),
            ("1e3", "1000.0"),
            ("1E5", "100000.0"),
            ("1e+3", "1000.0"),
            ("1e-3", "0.001"),
            ("1e-4", "1.0e-4"),
            ("1e7", "1.0e+7"),
            ("1.25e10", "1.25e+10"),
            ("1_0.2_5", "10.25"),
            ("1:30.5", "90.5"),
            ("190:20:30.15", "685230.15"),
            ("0:1.", "1.0"),
        ] {
            assert_eq!(json(text), expected, "{text}");
        }
    }

    #[test]
    fn text() {
        for text in [
            "08",
            "0o10",
            "0.5",
            "0.0",
            "00.5",
            "0.50",
            "-0.5",
            "12:30",
            "12:30:45",
            "01:30",
            "07:00:00",
            "30:00",
            "TRUE",
            "FALSE",
            "yes",
            "no",
            "on",
            "off",
            "Yes",
            "On",
            "y",
            "n",
            "2016-01-01",
            "2016-01-01 00:00:00",
            "2016-01-01T00:00:00Z",
            "=",
            "1,000",
            "${x}",
            "foo",
            "0b",
            "0x",
            "0b2",
            "._5",
            "_1",
            "1e",
            "1e+",
            "e3",
            "+",
            "-",
            ".",
            "1:60.5",
            "1:30",
            "1:.5",
            "--1",
            "+-1",
            ".Nan",
            "+.nan",
            "tRUE",
            "nULL",
            "1.5.2",
            "0e3",
            "１",
            "1e5_0",
        ] {
            assert_eq!(json(text), format!("{text:?}"), "{text}");
        }
    }

    #[test]
    fn specials() {
        for (text, expected) in [
            (".inf", "\"Infinity\""),
            ("-.Inf", "\"-Infinity\""),
            (".nan", "\"NaN\""),
            ("1e400", "\"Infinity\""),
            ("true", "true"),
            ("True", "true"),
            ("false", "false"),
            ("False", "false"),
            ("~", "null"),
            ("null", "null"),
            ("Null", "null"),
            ("NULL", "null"),
            ("", "null"),
            ("<<", "merge"),
            ("0x_", "bad"),
        ] {
            assert_eq!(json(text), expected, "{text}");
        }
    }

    #[test]
    fn long_numbers_are_refused_only_where_they_are_slow() {
        assert_eq!(json(&format!("0x{}", "f".repeat(20_000))), "bad");
        assert_eq!(json(&"7".repeat(20_000)).len(), 20_000);
    }
}
