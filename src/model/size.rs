//! Sizes in bytes as people write and read them: `500M`, `2G`, `1.5 GiB`.

const UNITS: [char; 4] = ['K', 'M', 'G', 'T'];

/// Reads a size in bytes: a number, with a fraction if need be, and a unit. `K`, `M`, `G` and `T` are powers of 1024, with
/// `B` or `iB` after them if one likes; without a unit, or with `B`, the number counts bytes.
pub fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..end], text[end..].trim_start().to_ascii_lowercase());
    let shift = match unit.as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_digits = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // So many digits are exact enough for a terabyte, and their product fits.
    if !is_digits(whole) || !is_digits(fraction) || fraction.len() > 6 {
        return None;
    }
    let whole = whole.parse::<u64>().ok()?.checked_mul(1 << shift)?;
    let parts = fraction.parse::<u64>().ok()? << shift;
    whole.checked_add(parts / 10_u64.pow(u32::try_from(fraction.len()).ok()?))
}

/// A size as settings have it, in the largest unit in which it is a whole number: `2G`, `1536M`, `500`.
pub fn show_size(bytes: u64) -> String {
    let units = [(40, "T"), (30, "G"), (20, "M"), (10, "K")];
    let unit = units.into_iter().find(|(shift, _)| bytes > 0 && bytes.is_multiple_of(1 << shift));
    unit.map_or_else(|| bytes.to_string(), |(shift, name)| format!("{}{name}", bytes >> shift))
}

/// `317 B`, `1.5 KiB`, `2.0 GiB`: with one decimal from 1 KiB on.
pub fn show_rounded_size(bytes: u64) -> String {
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut tenths = bytes.saturating_mul(10) / 1024;
    let mut unit = 0;
    while tenths >= 10 * 1024 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}iB", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [
            ("0", 0),
            ("500", 500),
            ("500 B", 500),
            ("64k", 64 << 10),
            ("500M", 500 << 20),
            (" 2 G ", 2 << 30),
            ("2GB", 2 << 30),
            ("2GiB", 2 << 30),
            ("1.5g", 3 << 29),
            ("0.5K", 512),
            ("1.000001T", (1 << 40) + (1 << 40) / 1_000_000),
            ("1T", 1 << 40),
        ] {
            assert_eq!(parse_size(text), Some(bytes), "{text}");
        }
        for text in
            ["", " ", "G", "-1G", "1.G", ".5G", "1,5G", "1 X", "2 GG", "1.1234567G", "99999999T", "1e3", "é"]
        {
            assert_eq!(parse_size(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_are_shown_in_the_largest_whole_unit() {
        for (bytes, text) in
            [(0, "0"), (500, "500"), (1 << 10, "1K"), (3 << 29, "1536M"), (2 << 30, "2G"), (1 << 40, "1T")]
        {
            assert_eq!(show_size(bytes), text);
        }
    }

    #[test]
    fn sizes_are_shown_with_one_decimal() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            ((1 << 20) - 1, "1023.9 KiB"),
            (2 << 30, "2.0 GiB"),
            (5 << 50, "5120.0 TiB"),
        ] {
            assert_eq!(show_rounded_size(bytes), text);
        }
    }
}
