//! Why something cannot be encrypted, decrypted or hashed. Messages never hold a value or a key.

use std::io;
use std::path::PathBuf;

/// Why something cannot be encrypted, decrypted or hashed.
#[derive(Debug, thiserror::Error)]
pub enum CryptoError {
    #[error("the system gives no random numbers: {0}")]
    Random(getrandom::Error),

    #[error(
        "digdag.secret-encryption-key must be 16 bytes in base64 ({wrong}); `openssl rand -base64 16` makes one"
    )]
    ConfiguredKey { wrong: String },

    #[error("cannot read the key of the secrets, {}: {source}", file.display())]
    ReadKey { file: PathBuf, source: io::Error },

    #[error("cannot make a key for the secrets, {}: {source}", file.display())]
    MakeKey { file: PathBuf, source: io::Error },

    #[error(
        "others can read the key of the secrets, {file} (mode {mode:04o}); `chmod 600 {file}` mends that",
        file = file.display()
    )]
    OpenToOthers { file: PathBuf, mode: u32 },

    #[error("{} holds no key of secrets; put the one that was made with the database in its place", file.display())]
    NoKey { file: PathBuf },

    #[error(
        "the key of the secrets, {}, is not there; put back the one that was made with the database, or delete all \
         secrets and set them again", file.display()
    )]
    KeyGone { file: PathBuf },

    #[error(
        "the secret '{secret}' cannot be decrypted with the key {origin}; use the key with which it was set, or set \
         the secret again"
    )]
    WrongKey { secret: String, origin: String },

    #[error("this is no hash of a password; `dibble passwd` makes one")]
    NoPasswordHash,

    #[error("the password cannot be hashed: {0}")]
    Password(argon2::password_hash::Error),
}
