//! Tokens: what scripts show the server instead of a password. The server keeps a hash, which is enough for what is random
//! and long.

use super::{CryptoError, random};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// By which people, and scanners for secrets, tell a token.
pub const PREFIX: &str = "dibble_";

/// A new token: [`PREFIX`] and 256 random bits as 43 letters, digits, `-` and `_`.
///
/// # Errors
///
/// The system gives no random numbers.
pub fn generate() -> Result<Zeroizing<String>, CryptoError> {
    let bytes = Zeroizing::new(random::<32>()?);
    let letters = Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes));
    Ok(Zeroizing::new([PREFIX, &letters].concat()))
}

/// What is kept of a token.
#[derive(Debug, Clone, Copy)]
pub struct TokenHash(pub [u8; 32]);

impl TokenHash {
    /// Of a token, or of whatever somebody shows instead of one.
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }
}

/// Takes the same time whatever they are.
impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for TokenHash {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_told_apart_by_their_hashes() {
        let (one, two) = (generate().unwrap(), generate().unwrap());
        assert_eq!((one.len(), one.starts_with("dibble_")), (50, true));
        assert!(one[7..].bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        assert_eq!(TokenHash::of(&one), TokenHash::of(&one));
        assert_ne!(TokenHash::of(&one), TokenHash::of(&two));
        let abc = TokenHash::of("abc").0;
        assert_eq!(abc[..4], [0xba, 0x78, 0x16, 0xbf], "SHA-256");
    }
}
