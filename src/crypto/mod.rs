//! What keeps things secret: encrypted values, where their key is, hashes of passwords, tokens.
//!
//! The ciphers and hashes are those of the RustCrypto crates; here is only which of them, and with which parameters.
//! What is encrypted, and for whom, is the business of `actions` and `store`.

mod error;
mod key_file;
pub mod password;
mod seal;
pub mod token;
mod vault;

pub use error::CryptoError;
pub use seal::SecretKey;
pub use vault::Vault;

/// Random bytes from the system.
///
/// # Errors
///
/// It has none to give.
fn random<const N: usize>() -> Result<[u8; N], CryptoError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(CryptoError::Random)?;
    Ok(bytes)
}
