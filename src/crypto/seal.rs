//! Encrypts values with XChaCha20-Poly1305. A sealed value is a random nonce and the ciphertext, and opens only for the
//! project and the key it was sealed for: one cannot be put in another's place.

use super::{CryptoError, random};
use crate::model::ProjectId;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroizing;

/// The key with which all values of a database are encrypted.
#[derive(Clone)]
pub struct SecretKey(Zeroizing<[u8; 32]>);

const NONCE: usize = 24;

impl SecretKey {
    /// A new one.
    ///
    /// # Errors
    ///
    /// The system gives no random numbers.
    pub fn generate() -> Result<Self, CryptoError> {
        random().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// Made from Digdag's key: 16 bytes in base64.
    ///
    /// # Errors
    ///
    /// The text is something else.
    pub fn from_digdag(text: &str) -> Result<Self, CryptoError> {
        let wrong = |wrong: String| CryptoError::ConfiguredKey { wrong };
        let bytes = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|error| wrong(error.to_string()))?);
        if bytes.len() != 16 {
            return Err(wrong(format!("it has {} bytes", bytes.len())));
        }
        let mut key = Zeroizing::new([0; 32]);
        let long_enough = Hkdf::<Sha256>::new(None, &bytes).expand(b"dibble secrets", &mut *key);
        long_enough.map_err(|error| wrong(error.to_string()))?;
        Ok(Self(key))
    }

    /// Reads what [`to_text`](Self::to_text) wrote.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(STANDARD.decode(text.trim()).ok()?);
        bytes.as_slice().try_into().ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    pub(super) fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(*self.0))
    }

    /// Encrypts the value of a project's secret.
    ///
    /// # Errors
    ///
    /// The system gives no random numbers.
    pub fn seal(&self, project: ProjectId, key: &str, value: &str) -> Result<Vec<u8>, CryptoError> {
        let nonce: [u8; NONCE] = random()?;
        let place = place(project, key);
        let payload = Payload { msg: value.as_bytes(), aad: &place };
        let mut sealed = nonce.to_vec();
        // Fails for values of 256 GiB only.
        sealed.extend(self.cipher().encrypt(XNonce::from_slice(&nonce), payload).unwrap_or_default());
        Ok(sealed)
    }

    /// Decrypts it; none when it was sealed with another key or for another place, or is damaged.
    pub fn open(&self, project: ProjectId, key: &str, sealed: &[u8]) -> Option<Zeroizing<String>> {
        let (nonce, ciphertext) = sealed.split_at_checked(NONCE)?;
        let place = place(project, key);
        let payload = Payload { msg: ciphertext, aad: &place };
        let value = Zeroizing::new(self.cipher().decrypt(XNonce::from_slice(nonce), payload).ok()?);
        std::str::from_utf8(&value).ok().map(|text| Zeroizing::new(text.to_owned()))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.0).into())
    }
}

/// Whose value it is, so that no two places have the same bytes.
fn place(project: ProjectId, key: &str) -> Vec<u8> {
    [&project.0.to_be_bytes()[..], key.as_bytes()].concat()
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: ProjectId = ProjectId(1);
    const DIGDAG: &str = "MDEyMzQ1Njc4OWFiY2RlZg==";

    #[test]
    fn values_open_where_they_were_sealed_only() {
        let key = SecretKey::generate().unwrap();
        for value in ["", "päss\nword", &"x".repeat(16384)] {
            let sealed = key.seal(P, "a.b", value).unwrap();
            assert_eq!(sealed.len(), NONCE + value.len() + 16);
            assert_ne!(sealed, key.seal(P, "a.b", value).unwrap(), "every nonce is a new one");
            assert_eq!(key.open(P, "a.b", &sealed).unwrap().as_str(), value);
            assert!(key.open(ProjectId(2), "a.b", &sealed).is_none());
            assert!(key.open(P, "a.c", &sealed).is_none());
            assert!(SecretKey::generate().unwrap().open(P, "a.b", &sealed).is_none());
            for place in [0, NONCE, sealed.len() - 1] {
                let mut changed = sealed.clone();
                changed[place] ^= 1;
                assert!(key.open(P, "a.b", &changed).is_none(), "{place}");
            }
            assert!((0..sealed.len().min(60)).all(|length| key.open(P, "a.b", &sealed[..length]).is_none()));
        }
    }

    #[test]
    fn digdags_key_always_gives_the_same_one() {
        let key = SecretKey::from_digdag(DIGDAG).unwrap();
        // HKDF-SHA-256 without salt of `0123456789abcdef`, with the info `dibble secrets`.
        assert_eq!(key.to_text().as_str(), "GM1qYWVQyM55/dVwVfU06UDY6PW1TvNxR1kclf6Gxbk=");
        let sealed = key.seal(P, "k", "v").unwrap();
        let again = SecretKey::from_digdag(&format!(" {DIGDAG}\n")).unwrap();
        assert_eq!(again.open(P, "k", &sealed).unwrap().as_str(), "v");
        for (text, wrong) in [
            ("", "it has 0 bytes"),
            ("MDEyMzQ1Njc4OWFiY2Rl", "it has 15 bytes"),
            ("MDEyMzQ1Njc4OWFiY2RlZg", "Invalid padding"),
            ("not base64 at all", "Invalid symbol 32, offset 3."),
        ] {
            assert_eq!(
                SecretKey::from_digdag(text).unwrap_err().to_string(),
                format!(
                    "digdag.secret-encryption-key must be 16 bytes in base64 ({wrong}); `openssl rand -base64 16` makes one"
                )
            );
        }
    }

    #[test]
    fn keys_are_not_shown() {
        let key = SecretKey::generate().unwrap();
        assert_eq!(format!("{key:?}"), "SecretKey(***)");
        let text = key.to_text();
        assert_eq!(SecretKey::from_text(&format!("{}\n", *text)).unwrap().to_text(), text);
        for text in ["", "x", "AAAA", &text[1..]] {
            assert!(SecretKey::from_text(text).is_none(), "{text}");
        }
    }
}
