//! What a secret may be called and hold.

const MAX_KEY_LENGTH: usize = 255;
const MAX_VALUE_LENGTH: usize = 16 * 1024;

/// Whether a secret can have this key: segments with dots between them, each a letter, or begun by a letter, ended by a
/// letter or digit, with `_` and `-` between.
pub fn is_valid_secret_key(key: &str) -> bool {
    let valid_segment = |segment: &str| {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let bytes = segment.as_bytes();
        bytes.first().is_some_and(u8::is_ascii_alphabetic)
            && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
            && bytes.iter().all(|byte| word(*byte))
    };
    key.len() <= MAX_KEY_LENGTH && key.split('.').all(valid_segment)
}

/// Whether a secret can have this value: at most 16384 bytes of UTF-8.
pub fn is_valid_secret_value(value: &str) -> bool {
    value.len() <= MAX_VALUE_LENGTH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_secrets_have_segments() {
        for key in ["a", "A1", "pg.password", "a-b_c.d0", &"a".repeat(255)] {
            assert!(is_valid_secret_key(key), "{key}");
        }
        let long = "a".repeat(256);
        for key in ["", ".", "a.", ".a", "a..b", "1a", "a-", "_a", "a b", "a*", "ä", long.as_str()] {
            assert!(!is_valid_secret_key(key), "{key}");
        }
    }
}
