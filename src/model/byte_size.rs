//! Sizes in bytes as people write and read them: `500M`, `2GiB`, `1.5 GiB`.

const UNITS: [char; 4] = ['K', 'M', 'G', 'T'];

/// Reads a whole number of bytes, or of a unit: `K`, `M`, `G`, `T` and `KiB` … `TiB` count by 1024, `KB` … `TB` by 1000.
/// Neither case nor blanks before the unit matter. None for anything else, and for what is too large.
pub fn parse_byte_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let count: u64 = text[..end].parse().ok()?;
    let unit = text[end..].trim_start().to_ascii_uppercase();
    let factor = match unit.as_str() {
        "" | "B" => 1,
        _ => {
            let power = UNITS.iter().position(|known| unit.starts_with(*known))? as u32 + 1;
            match &unit[1..] {
                "" | "IB" => 1024_u64.pow(power),
                "B" => 1000_u64.pow(power),
                _ => return None,
            }
        }
    };
    count.checked_mul(factor)
}

/// `317 B`, `1.5 KiB`, `2.0 GiB`: with one decimal from 1 KiB on.
pub fn show_byte_size(bytes: u64) -> String {
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
            (" 4096 ", 4096),
            ("17B", 17),
            ("2k", 2048),
            ("500M", 500 << 20),
            ("2G", 2 << 30),
            ("2 GiB", 2 << 30),
            ("3MB", 3_000_000),
            ("1T", 1 << 40),
        ] {
            assert_eq!(parse_byte_size(text), Some(bytes), "{text}");
        }
        for text in ["", "G", "-1", "1.5G", "2P", "2GBi", "1 2", "99999999999T", "é"] {
            assert_eq!(parse_byte_size(text), None, "{text}");
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
            assert_eq!(show_byte_size(bytes), text);
        }
    }
}
