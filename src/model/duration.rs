//! Durations as workflows write them: `30s`, `1h 30m`, `1d2h3m4s`.

use std::time::Duration;

/// Reads days, hours, minutes and seconds in this order, at least one of them; blanks may stand anywhere between.
///
/// Bare numbers, fractions and weeks are refused.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut seconds: u64 = 0;
    let mut units = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)].into_iter();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|&end| end > 0)?;
        let count: u64 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let unit = rest.chars().next()?.to_ascii_lowercase();
        let (_, factor) = units.find(|&(name, _)| name == unit)?;
        seconds = seconds.checked_add(count.checked_mul(factor)?)?;
        rest = rest[1..].trim_start();
    }
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_in_order() {
        let read = |text| parse_duration(text).map(|duration| duration.as_secs());
        for (text, seconds) in [
            ("10s", 10),
            ("1m", 60),
            ("1h 30m", 5400),
            ("1d2h3m4s", 93_784),
            ("  5 S ", 5),
            ("10 s", 10),
            ("1D", 86_400),
        ] {
            assert_eq!(read(text), Some(seconds), "{text}");
        }
        for text in ["10", "", " ", "1s1m", "1.5h", "1w", "s", "-1s", "99999999999999999999s", "é"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
